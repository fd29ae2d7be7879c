"""The limits of payloads: their outputs, extra data, participants and size."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lockstep.case.values import Intent
from lockstep.generate.fees import estimated_fee
from lockstep.generate.limits.limit import Limit, Spot, with_rich_sender
from lockstep_ledger.model import NATIVE, Address, SetMultisig, Transfer, Transfers

MOST_OUTPUTS = 500
MOST_EXTRA_DATA = 128
MOST_EXTRA_DATA_TOGETHER = 4096
MOST_PARTICIPANTS = 255
FEE_STEP = 1024
"""The size in bytes above which a transaction costs more."""


def strangers(count: int) -> tuple[Address, ...]:
    """Return addresses that nobody has the keys of."""
    return tuple((0xA11 + number).to_bytes(32, "little") for number in range(count))


def _outputs(spot: Spot, limit: int) -> Intent:
    return spot.intent(_paying(spot, (None,) * (limit + spot.beside)))


def _extra_data(spot: Spot) -> Intent:
    return spot.intent(_paying(spot, (MOST_EXTRA_DATA + spot.beside,)))


def _extra_data_together(spot: Spot) -> Intent:
    full, rest = divmod(MOST_EXTRA_DATA_TOGETHER + spot.beside, MOST_EXTRA_DATA)
    return spot.intent(_paying(spot, (*(MOST_EXTRA_DATA,) * full, rest)))


def _size(spot: Spot) -> Intent:
    """Return a transaction of about 1024 bytes that pays as one of 1024 does."""
    fitting = _paying(spot, (None,) * 4 + (116,) * 3)
    longer = _paying(spot, (*(None,) * 4, 116, 116, 116 + spot.beside))
    return spot.intent(longer, fee=estimated_fee(fitting, None))


def _paying(spot: Spot, extra_data: tuple[int | None, ...]) -> Transfers:
    """Return transfers of little to everybody in turn, with so many bytes of extra data each."""
    others = spot.others
    return Transfers(
        tuple(
            Transfer(
                NATIVE, others[number % len(others)], 1, None if length is None else bytes(length)
            )
            for number, length in enumerate(extra_data)
        )
    )


def _participants(spot: Spot, limit: int) -> Intent:
    return spot.intent(SetMultisig(1, strangers(limit + spot.beside)))


def _threshold(spot: Spot, limit: int, participants: int) -> Intent:
    return spot.intent(SetMultisig(limit + spot.beside, strangers(participants)))


def _of(name: str, aim: Callable[[Spot], Intent], *needs: str) -> Limit:
    return Limit(name, aim, with_rich_sender, needs)


PAYLOADS = (
    _of("extra data", _extra_data),
    _of("extra data together", _extra_data_together, "several_outputs"),
    _of("most outputs", partial(_outputs, limit=MOST_OUTPUTS), "several_outputs"),
    _of("fewest outputs", partial(_outputs, limit=1), "several_outputs"),
    _of("size", _size, "several_outputs", "flaws"),
    _of("most participants", partial(_participants, limit=MOST_PARTICIPANTS), "multisigs"),
    _of("fewest participants", partial(_participants, limit=1), "multisigs"),
    _of("highest threshold", partial(_threshold, limit=3, participants=3), "multisigs"),
    _of("lowest threshold", partial(_threshold, limit=1, participants=3), "multisigs"),
)
