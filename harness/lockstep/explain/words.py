"""What locations, values and steps are called in an explanation."""

from __future__ import annotations

from lockstep.case.names import account_name, asset_name
from lockstep.compare.outcomes import describe
from lockstep.explain.observe import Touch
from lockstep.schedules.deviations import place_text
from lockstep_ledger.model import NATIVE
from lockstep_parallel.steps.ops import Key

LONGEST_VALUE = 48


def location_text(location: Key) -> str:
    """Return what a location is called, as "bob's balance"."""
    match location:
        case ("balance", (bytes() as address, bytes() as asset)):
            what = "balance" if asset == NATIVE else f"{asset_name(asset)} balance"
            return f"{account_name(address)}'s {what}"
        case ("exists", bytes() as address):
            return f"account {account_name(address)}"
        case ("nonce" | "multisig" | "energy" as what, bytes() as address):
            return f"{account_name(address)}'s {what}"
        case ("burned",):
            return "the burned counter"
        case ("failed",):
            return "the lowest failure"
        case _:
            return " ".join(part for part in (str(location[0]), place_text(location)) if part)


def asset_location_text(location: Key) -> str:
    """Return what a location is called with the asset of a balance, native or not."""
    match location:
        case ("balance", (bytes() as address, bytes() as asset)):
            return f"{account_name(address)}'s {asset_name(asset)} balance"
        case _:
            return location_text(location)


def value_text(value: object) -> str:
    """Return a value, cut if it is long."""
    match value:
        case True:
            return "present"
        case False:
            return "absent"
        case None:
            return "none"
        case other:
            text = describe(other)
            return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."


def percent_text(share: float) -> str:
    """Return a share in whole percent; only what is never or always so is 0 or 100."""
    percent = round(share * 100)
    if 0 < share < 1:
        percent = min(max(percent, 1), 99)
    return f"{percent} %"


def did(touch: Touch) -> str:
    """Return what a step did, without the value: "read bob's balance"."""
    verb = "published" if touch.writes else "read"
    return f"{verb} {location_text(touch.location)}"


def verb_of(touch: Touch) -> str:
    """Return what a step does, a write in the executor's own word."""
    return touch.address[1] if touch.writes else "read"


def held_text(touch: Touch) -> str:
    """Return what a location held after a step: "bob's balance = 3"."""
    return f"{location_text(touch.location)} = {value_text(touch.value)}"
