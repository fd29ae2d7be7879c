"""Decodes one slot into one transaction: who, what, and how it is paid and signed."""

from __future__ import annotations

from dataclasses import replace

from lockstep.case.values import AnyIntent, Cosigner, Intent, RawIntent
from lockstep.generate.accounts import Terms
from lockstep.generate.estimate import Estimate
from lockstep.generate.fees import estimated_fee
from lockstep.generate.forecast import move_on
from lockstep.generate.limits.table import Goal
from lockstep.generate.payloads import aim, decode_payload
from lockstep.generate.situation import Situation, pick_sender
from lockstep.generate.slots import GHOST_AT, REPEATS_AT, Bytes, Shape
from lockstep_ledger.model import NATIVE, U64_MAX, ChainId, FeeType, NonceBump, Payload, Transfers

_HEAD = bytes((1, ChainId.DEVNET)) + bytes(32)
_RAW = (b"", b"\1", _HEAD + b"\1\0\0", _HEAD + b"\5", _HEAD + b"\6", bytes(100))


class Decoding:
    """A case in progress: its terms and the transactions so far, called by ``prefix`` and place.

    Where the case has a ``goal``, one of its transactions is aimed at that.
    """

    __slots__ = ("begun", "earlier", "goal", "prefix", "repeated", "shape", "terms")

    def __init__(
        self, terms: Terms, shape: Shape, prefix: str = "t", goal: Goal | None = None
    ) -> None:
        self.terms = terms
        self.shape = shape
        self.prefix = prefix
        self.goal = goal
        self.begun: list[AnyIntent] = []
        self.earlier: list[AnyIntent] = []
        self.repeated: list[AnyIntent] = []

    def begin(self, block: int) -> None:
        """Let a block begin; it may repeat what was in those before it."""
        repeats = self.terms.course.repeats_at(block) and self.terms.swarm.duplicates
        self.begun = self.earlier.copy() if repeats else []

    def expect_again(self, count: int) -> None:
        """Let the next slots become the newest ``count`` transactions once more."""
        self.repeated = self.earlier[-count:][::-1] if count else []


def decode_transaction(slot: bytes, decoding: Decoding, estimate: Estimate) -> AnyIntent:
    """Decode ``slot`` into the next transaction; any bytes will do."""
    key = f"{decoding.prefix}{len(decoding.earlier)}"
    if decoding.repeated:
        intent: AnyIntent = replace(decoding.repeated.pop(), id=key)
    elif decoding.goal is not None and decoding.goal.place == len(decoding.earlier):
        intent = decoding.goal.intent(key, estimate)
    elif decoding.begun and slot[REPEATS_AT : REPEATS_AT + 1] >= b"\x80":
        intent = replace(_repeated(slot, decoding.begun, estimate), id=key)
    else:
        intent = _decoded(key, Bytes(slot), decoding, estimate)
    decoding.earlier.append(intent)
    if isinstance(intent, Intent):
        ghost = decoding.terms.ghosts.failures and slot[GHOST_AT:] >= b"\x60"
        move_on(intent, estimate, ghost)
    else:
        estimate.doubts += 1
    return intent


def _repeated(slot: bytes, begun: list[AnyIntent], estimate: Estimate) -> AnyIntent:
    """Return a transaction of an earlier block; often one that failed and is in turn now."""
    which = Bytes(slot[REPEATS_AT:])
    choice = which.byte()
    in_turn = [
        each
        for each in begun
        if isinstance(each, Intent) and each.nonce == estimate.nonce(each.source)
    ]
    offered = in_turn if in_turn and choice & 1 else begun
    return offered[which.below(len(offered))]


def _decoded(key: str, source: Bytes, decoding: Decoding, estimate: Estimate) -> AnyIntent:
    terms, earlier = decoding.terms, decoding.earlier
    swarm = terms.swarm
    flaw = source.byte()
    if flaw >= 253 and swarm.flaws:
        return RawIntent(key, source.pick(_RAW))
    if 247 <= flaw < 253 and earlier and swarm.duplicates:
        return replace(earlier[source.below(len(earlier))], id=key)
    sender = pick_sender(source.byte(), terms, estimate, decoding.shape, len(earlier))
    situation = Situation(terms, estimate, decoding.shape, len(earlier), sender)
    payload = decode_payload(source, situation)
    cosigners = _cosigners(source.byte(), situation)
    fee_type, fee = _fee(source.byte(), payload, cosigners, situation)
    choice, expected = source.byte(), estimate.nonce(sender)
    return Intent(
        id=key,
        source=sender,
        payload=aim(choice, payload, fee, situation) if swarm.boundaries else payload,
        nonce=_nonce(source.byte(), expected) if swarm.wrong_nonces else expected,
        fee=fee,
        fee_type=fee_type,
        chain_id=ChainId.MAINNET if 244 <= flaw < 247 and swarm.flaws else ChainId.DEVNET,
        cosigners=cosigners,
        valid=not (240 <= flaw < 244 and swarm.flaws),
    )


def _cosigners(choice: int, situation: Situation) -> tuple[Cosigner, ...] | None:
    sender, config = situation.sender, situation.estimate.config(situation.sender)
    if config is None:
        if choice < 252 or not situation.terms.swarm.flaws:
            return None
        return () if choice < 254 else (Cosigner(0, sender),)
    right = [
        Cosigner(number, participant)
        for number, participant in enumerate(config.participants[: config.threshold])
    ]
    last = right[-1]
    match choice:
        case _ if choice < 192 or not situation.terms.swarm.flaws:
            return tuple(right)
        case _ if choice < 212:
            return None
        case _ if choice < 224:
            return (*right[:-1], replace(last, valid=False))
        case _ if choice < 232:
            return (*right, Cosigner(len(right), config.participants[-1]))
        case _ if choice < 238:
            return tuple(right[:-1])
        case _ if choice < 242:
            return (*right[:-1], replace(last, signer_id=200))
        case _ if choice < 246:
            return (right[0],) * len(right)
        case _:
            return tuple(reversed(right))


def _fee(
    choice: int, payload: Payload, cosigners: tuple[Cosigner, ...] | None, situation: Situation
) -> tuple[int, int]:
    estimate, sender = situation.estimate, situation.sender
    least = estimated_fee(payload, None if cosigners is None else len(cosigners))
    if choice >= 240 and not situation.terms.swarm.flaws:
        return FeeType.TOS, least
    if choice >= 252:
        return ((2, least), (FeeType.ENERGY, 1), (7, 0), (FeeType.TOS, U64_MAX))[choice & 3]
    if choice >= 248:
        return FeeType.ENERGY, 0
    if choice >= 240:
        beside = (least - 1, least + 1, estimate.balance(sender, NATIVE), least - 1)
        return FeeType.TOS, beside[choice & 3]
    by_energy = isinstance(payload, Transfers | NonceBump) and estimate.energies.get(sender, 0) > 0
    if by_energy and choice >= 128:
        return FeeType.ENERGY, 0
    return FeeType.TOS, least


def _nonce(choice: int, expected: int) -> int:
    if choice < 232:
        return expected
    beside = (expected - 1, expected + 1, expected - 1, 0, U64_MAX, expected + 2)[choice % 6]
    return min(U64_MAX, max(0, beside))
