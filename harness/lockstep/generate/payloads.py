"""Decodes payloads, and aims their amounts at the boundaries that matter."""

from __future__ import annotations

from typing import assert_never

from lockstep.case.names import GOLD, SILVER
from lockstep.generate.situation import Situation
from lockstep.generate.slots import Bytes
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Asset,
    Burn,
    NonceBump,
    Payload,
    SetMultisig,
    Transfer,
    Transfers,
)

_ASSETS = (*(NATIVE,) * 12, *(GOLD,) * 3, SILVER)
_KINDS = ("transfer",) * 9 + ("burn",) * 2 + ("multisig",) * 3 + ("bump",) * 2

FAVOURED_BELOW = 176
"""Bytes below this one make a transaction of the favoured kind, where the case has one."""

ROOM_FROM, AIMED_FROM, U64_CHOICE = 96, 160, 161
"""Bytes from which an amount is what there is room for (every other one), what the sender has left;
the one byte that makes it the maximum."""


def decode_payload(source: Bytes, situation: Situation) -> Payload:
    """Decode a payload of any kind, its amounts small."""
    choice, asset = source.byte(), source.pick(_ASSETS)
    terms, swarm = situation.terms, situation.terms.swarm
    if not swarm.other_assets:
        asset = NATIVE
    if terms.favoured is not None and choice < FAVOURED_BELOW:
        kind = terms.favoured
    else:
        kind = _KINDS[choice * len(_KINDS) >> 8]
    count, receiver, amount = source.byte(), source.byte(), source.byte()
    match kind:
        case "burn" if swarm.burns:
            return Burn(asset, amount + 1 if amount < 250 else 0)
        case "multisig" if swarm.multisigs:
            return _configuration(count, receiver, amount, situation)
        case "bump" if swarm.bumps:
            return NonceBump()
        case _:
            if not swarm.several_outputs:
                count = 0
            return _transfers(source, situation, asset, (count, receiver, amount))


def aim(choice: int, payload: Payload, fee: int, situation: Situation) -> Payload:
    """Set the last amount of ``payload`` to a boundary, for part of the choices."""
    estimate = situation.estimate
    match payload:
        case Transfers((*first, last)):
            spent = sum(each.amount for each in first if each.asset == last.asset)
            left = _left(last.asset, spent, fee, situation)
            room = U64_MAX - estimate.balance(last.destination, last.asset)
            amount = _aimed(choice, last.amount, left, room)
            aimed = Transfer(last.asset, last.destination, amount, last.extra_data)
            return Transfers((*first, aimed))
        case Burn(asset, amount):
            left = _left(asset, 0, fee, situation)
            room = U64_MAX - estimate.burned if asset == NATIVE else U64_MAX
            return Burn(asset, _aimed(choice, amount, left, room))
        case Transfers() | SetMultisig() | NonceBump():
            return payload
        case unknown:
            assert_never(unknown)


def _aimed(choice: int, amount: int, left: int, room: int) -> int:
    """Return an amount near ``room``, if the sender has more than that left, or near ``left``."""
    if choice == U64_CHOICE:
        return U64_MAX
    if choice >= ROOM_FROM and choice & 1 and room < left:
        return _about(room, choice >> 1)
    return _affordable(left, choice >> 1) if choice >= AIMED_FROM else amount


def _transfers(
    source: Bytes, situation: Situation, asset: Asset, first: tuple[int, int, int]
) -> Transfers:
    count, receiver, amount = first
    outputs = []
    for position in range(_output_count(count)):
        if position:
            receiver, amount = source.byte(), source.byte()
            asset = NATIVE if amount & 1 else asset
        destination = situation.receiver(receiver)
        outputs.append(Transfer(asset, destination, amount + 1, _extra_data(count, amount)))
    return Transfers(tuple(outputs))


def _output_count(choice: int) -> int:
    if choice >= 252:
        return (0, 33, 4, 2)[choice & 3]
    return 1 if choice < 150 else 2 if choice < 215 else 3


def _extra_data(count: int, amount: int) -> bytes | None:
    if count >= 252:
        return bytes(128)
    if amount < 248:
        return None
    return bytes((0, 1, 128, 129)[amount & 3])


def _configuration(form: int, choice: int, threshold: int, situation: Situation) -> SetMultisig:
    current = situation.estimate.config(situation.sender)
    if form >= 170 and (current is not None or form >= 250):
        return SetMultisig(0, ())
    others = situation.others()
    participants = tuple(others[: 1 + choice % min(3, len(others))])
    if choice >= 128:
        participants = participants[::-1]
    match threshold:
        case 239:
            return SetMultisig(0, participants)
        case 240:
            return SetMultisig(1, ())
        case 241:
            return SetMultisig(1, (*participants, participants[0]))
        case 242:
            return SetMultisig(len(participants) + 1, participants)
        case 243:
            return SetMultisig(1, (*participants, situation.sender))
        case same if same > 243 and current is not None:
            return SetMultisig(current.threshold, current.participants)
        case _:
            return SetMultisig(1 + threshold % len(participants), participants)


def _about(room: int, choice: int) -> int:
    """Return an amount that just fits, one that does not, or one that fits once but not twice."""
    return (room, room // 2 + 1, room + 1, room // 2 + 1)[choice & 3]


def _affordable(left: int, choice: int) -> int:
    half = left // 2
    values = (left, half, left + 1, half + 1, max(0, left - 1), left, 0, half)
    return min(U64_MAX, values[choice & 7])


def _left(asset: Asset, spent: int, fee: int, situation: Situation) -> int:
    balance = situation.estimate.balance(situation.sender, asset)
    return max(0, balance - spent - (fee if asset == NATIVE else 0))
