"""What tells payloads apart refuses a kind it does not know, and leaves out none that there is.

A table that passed over an unknown kind would test less than it says, on both sides alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from random import Random
from typing import cast, get_args

import pytest

from lockstep.campaign import health
from lockstep.campaign.health import KINDS
from lockstep.case import reading, text, writing
from lockstep.case.documents import SignedDocument
from lockstep.case.file import Record, from_bytes, to_bytes
from lockstep.case.values import Case, Intent
from lockstep.compare.invariants import broken_invariants
from lockstep.corpus import behaviours
from lockstep.explore.book import Book
from lockstep.explore.moves import Amount, Move
from lockstep.explore.moves import Kind as MoveKind
from lockstep.generate import forecast, mutate
from lockstep.generate.accounts import decode_terms
from lockstep.generate.estimate import Estimate
from lockstep.generate.fees import estimated_fee
from lockstep.generate.mixture import case_at
from lockstep.generate.mutate import Surroundings
from lockstep.generate.payloads import aim
from lockstep.generate.situation import Situation
from lockstep.generate.slots import Shape
from lockstep.shrink import edits, numbers, simplicity, structure
from lockstep.targets.labu import projection
from lockstep.targets.labu.projection import PROJECTED_KINDS
from lockstep.targets.program import needs, transactions
from lockstep.targets.program.capabilities import PAYLOADS
from lockstep.targets.program.ledger_messages import SignedMessage
from lockstep_ledger import wire
from lockstep_ledger.block import Block, Envelope
from lockstep_ledger.model import (
    NATIVE,
    Asset,
    Burn,
    FeeType,
    NonceBump,
    Payload,
    Policy,
    SetMultisig,
    Transaction,
    Transfer,
    Transfers,
)
from lockstep_ledger.outcome import NO_CHANGES, Code, Outcome, Receipt
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.credits import outputs_of
from lockstep_parallel.rules.access import access_list, burns_cannot_overflow
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.prefetch import wanted_by
from lockstep_parallel.rules.rules import Rules
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.drivers.scheduled import Scheduled
from lockstep_reference import rules as reference
from lockstep_reference.block import execute
from lockstep_reference.state import Layer
from tests.harness.small import ALICE, BOB, FEE, block, case_of

KNOWN: tuple[type, ...] = get_args(Payload)
EXAMPLES: tuple[Payload, ...] = (
    Transfers((Transfer(NATIVE, BOB, 1),)),
    Burn(NATIVE, 1),
    SetMultisig(1, (BOB,)),
    NonceBump(),
)
SCHEME = SCHEMES["keyed-hash"]
CASE = case_of()


@dataclass(frozen=True, slots=True)
class Sweep:
    """A made-up payload that nothing knows: send all there is above a floor."""

    asset: Asset
    floor: int


SWEEP = cast("Payload", Sweep(NATIVE, 1))
INTENT = Intent("t0", ALICE, SWEEP, nonce=0, fee=FEE)
SWEEPING = case_of(block(INTENT))
BY_FEE = Transaction(3, ALICE, SWEEP, FEE, FeeType.TOS, 0, bytes(64))
BY_ENERGY = replace(BY_FEE, fee_type=FeeType.ENERGY, fee=0)
ENVELOPE = Envelope(BY_FEE, b"signing bytes", 232, bytes(32), b"wire")
BLOCK = Block((ENVELOPE,), Policy.SKIP)


class PaysNothing(Rules):
    """The rules, but for what a transaction spends, which is asked for first."""

    def spending(self, transaction: Transaction) -> dict[Asset, int]:
        return {}


def check(transaction: Transaction = BY_FEE) -> reference.Check:
    below = Layer(MemoryStorage(CASE.state), 0)
    return reference.Check(transaction, ENVELOPE, below, 3, SCHEME)


def overlay() -> Overlay:
    return Overlay(BlockState(MemoryStorage(CASE.state)))


def situation() -> Situation:
    terms = decode_terms(bytes(80), Shape.DENSE)
    return Situation(terms, Estimate(CASE.state), Shape.DENSE, index=0, sender=ALICE)


def all_of(offered: Callable[[Case], Iterable[Case]]) -> list[Case]:
    return list(offered(SWEEPING))


def invariants() -> object:
    success = Receipt(0, bytes(32), Code.SUCCESS, 0)
    return broken_invariants(BLOCK, CASE.state, Outcome((success,), NO_CHANGES))


TABLES: dict[str, Callable[[], object]] = {
    "wire": lambda: wire.encode(BY_FEE),
    "reference, energy": lambda: reference.r3_fee_type(check(BY_ENERGY)),
    "reference, least fee": lambda: reference.r4_minimum_fee(check()),
    "reference, payload": lambda: reference.r7_payload(check()),
    "reference, funds": lambda: reference.r10_funds(check()),
    "reference, effects": lambda: reference.r11_effects(check()),
    "executors, energy": lambda: Rules(SCHEME).check_fee_type(BY_ENERGY),
    "executors, least fee": lambda: Rules(SCHEME).minimum_fee(BY_FEE, 232),
    "executors, payload": lambda: asyncio.run(Rules(SCHEME).check_payload(BY_FEE, overlay())),
    "executors, spending": lambda: Rules(SCHEME).spending(BY_FEE),
    "executors, effects": lambda: asyncio.run(PaysNothing(SCHEME).apply(BY_FEE, overlay())),
    "executors, access list": lambda: access_list(ENVELOPE, burns_commute=True),
    "executors, burns": lambda: burns_cannot_overflow((ENVELOPE,), 0),
    "executors, reading ahead": lambda: wanted_by(BLOCK),
    "executors, credits": lambda: outputs_of(ENVELOPE),
    "case file": lambda: writing.step_document(block(INTENT)),
    "case file, reading": lambda: reading._payload_of(cast("SignedDocument", SWEEP)),
    "text": lambda: text.intent_text(INTENT),
    "generator, fee": lambda: estimated_fee(SWEEP, None),
    "generator, aim": lambda: aim(0, SWEEP, FEE, situation()),
    "generator, forecast": lambda: forecast._goes_through(INTENT, Estimate(CASE.state)),
    "neighbours": lambda: mutate._payload(INTENT, Surroundings(CASE, CASE, Random(0))),
    "neighbours, amounts": lambda: mutate._largest_amount(SWEEP),
    "shrinking, outputs": lambda: all_of(structure.drop_outputs),
    "shrinking, plainer": lambda: all_of(simplicity.simplify_intents),
    "shrinking, numbers": lambda: all_of(numbers.lower_numbers),
    "invariants": invariants,
    "behaviour": lambda: behaviours._roles(BY_FEE),
    "health": lambda: health._parties(BY_FEE),
    "labu": lambda: projection._payload(INTENT, CASE.state),
    "messages": lambda: transactions._write_signed(BY_FEE, ENVELOPE, None),
    "messages, by wire": lambda: transactions._payload_arrives(SWEEP),
    "messages, reading": lambda: transactions._read_payload(cast("SignedMessage", SWEEP)),
}


@pytest.mark.parametrize("table", list(TABLES))
def test_what_tells_payloads_apart_refuses_one_it_does_not_know(table: str) -> None:
    with pytest.raises(AssertionError, match=r"Sweep|floor"):
        TABLES[table]()


@pytest.mark.parametrize("payload", EXAMPLES, ids=lambda each: type(each).__name__)
def test_what_tells_payloads_apart_takes_those_there_are(payload: Payload) -> None:
    case = case_of(block(replace(INTENT, payload=payload)))
    read = from_bytes(to_bytes(Record(case, {"kind": "hand-written"})))
    assert read.case == case
    assert wire.encode(replace(BY_FEE, payload=payload))
    assert text.intent_text(replace(INTENT, payload=payload))


def test_there_is_an_example_of_every_kind_here() -> None:
    assert tuple(map(type, EXAMPLES)) == KNOWN


def test_the_reference_gives_no_outcome_for_a_payload_it_does_not_know() -> None:
    with pytest.raises(AssertionError, match="Sweep"):
        execute(BLOCK, MemoryStorage(CASE.state), SCHEME)


def test_an_executor_gives_no_outcome_for_a_payload_it_does_not_know() -> None:
    with pytest.raises(AssertionError, match="Sweep"):
        Batched(SCHEME).execute(BLOCK, MemoryStorage(CASE.state), Scheduled())


def test_campaigns_count_every_kind() -> None:
    assert sorted(KINDS) == sorted(each.__name__ for each in KNOWN)
    assert set(PROJECTED_KINDS) == set(KINDS) - {NonceBump.__name__}


def test_the_protocol_has_a_name_for_every_kind() -> None:
    named = {needs.kind_of(replace(BY_FEE, payload=each)) for each in EXAMPLES}
    assert named == set(PAYLOADS) - {"undecodable", "unsupported"}
    assert len(named) == len(KNOWN)
    with pytest.raises(KeyError, match="Sweep"):
        needs.kind_of(BY_FEE)


def test_the_generator_makes_every_kind() -> None:
    cases = [case_at("kinds", number, "keyed-hash") for number in range(50)]
    assert {type(each.payload) for case in cases for each in intents_of(case)} == set(KNOWN)


def test_small_scopes_have_every_kind() -> None:
    book = Book.opening(3)
    moves = (Move(kind, (0, 1, 2)[: kind.arity], Amount.FITS) for kind in MoveKind)
    assert {type(book.intent(each, "t0").payload) for each in moves} == set(KNOWN)


def intents_of(case: Case) -> list[Intent]:
    return [intent for intent, _ in edits.intents_of(case) if isinstance(intent, Intent)]
