"""The limits of the wire form: its length, and the numbers in it that mean something."""

from __future__ import annotations

from collections.abc import Callable

from lockstep.case.values import RawIntent
from lockstep.generate.limits.limit import Limit, Spot, with_rich_sender
from lockstep.generate.limits.payloads import MOST_OUTPUTS
from lockstep_ledger.model import (
    NATIVE,
    SIGNATURE_LENGTH,
    ChainId,
    Payload,
    Transaction,
    Transfer,
    Transfers,
)
from lockstep_ledger.wire import HIGHEST_FEE_TYPE, KNOWN_TYPES, encode

VERSION_AT, TYPE_AT = 0, 34
TAIL = 1 + 8 + 32 + 8 + 1 + SIGNATURE_LENGTH
"""How long what follows the fee is: its type, nonce, reference, no multisig part, signature."""


def _number(place: int, limit: int) -> Callable[[Spot], RawIntent]:
    """Return what has a number near ``limit`` at this place."""

    def aim(spot: Spot) -> RawIntent:
        wire = bytearray(_wire(spot, spot.plain))
        wire[place] = limit + spot.beside
        return RawIntent(spot.key, bytes(wire))

    return aim


def _length(spot: Spot) -> RawIntent:
    """Return what ends a byte early, in time or a byte late."""
    wire = _wire(spot, spot.plain) + b"\0"
    return RawIntent(spot.key, wire[: len(wire) - 1 + spot.beside])


def _outputs(spot: Spot) -> RawIntent:
    outputs = (Transfer(NATIVE, spot.others[0], 0),) * (MOST_OUTPUTS + spot.beside)
    return RawIntent(spot.key, _wire(spot, Transfers(outputs)))


def _wire(spot: Spot, payload: Payload) -> bytes:
    """Return a transaction on the wire that is right but for its signature."""
    intent = spot.intent(payload)
    return encode(
        Transaction(
            chain_id=ChainId.DEVNET,
            source=spot.sender,
            payload=payload,
            fee=intent.fee,
            fee_type=intent.fee_type,
            nonce=intent.nonce,
            signature=bytes(SIGNATURE_LENGTH),
        )
    )


def _of(name: str, aim: Callable[[Spot], RawIntent]) -> Limit:
    return Limit(name, aim, with_rich_sender, ("flaws",))


def _ends(numbers: frozenset[int]) -> list[int]:
    """Return the first and the last number of every gapless run, but for 0."""
    return sorted(each for each in numbers if each and not {each - 1, each + 1} <= numbers)


WIRES = (
    _of("length on the wire", _length),
    _of("version", _number(VERSION_AT, 1)),
    _of("fee type", _number(-TAIL, HIGHEST_FEE_TYPE)),
    _of("outputs on the wire", _outputs),
    *(_of(f"type {each}", _number(TYPE_AT, each)) for each in _ends(KNOWN_TYPES)),
)
