"""Signatures ahead, decisions in order: the same outcome, and every signature checked once."""

from __future__ import annotations

from collections import Counter
from random import Random
from threading import Lock

import pytest

from lockstep_ledger.block import Block, Envelope
from lockstep_ledger.model import Multisig, NonceBump, Policy
from lockstep_ledger.outcome import Code
from lockstep_ledger.signatures import KeyPair
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.pipelined import Auto, Pipelined
from lockstep_parallel.rules.verify import CHUNK
from lockstep_parallel.steps.drivers.protocol import WORKERS_FROM
from lockstep_parallel.steps.drivers.scheduled import Scheduled
from lockstep_parallel.steps.drivers.threads import Threads
from tests.parallel.world import (
    FEE,
    SCHEME,
    A,
    B,
    C,
    D,
    account,
    pay,
    reader,
    seal_signed,
    set_multisig,
    to,
)


class Counting:
    """The plain scheme, counting how often each signature is checked."""

    def __init__(self, name: str = "plain") -> None:
        self.name = name
        self.checks: Counter[tuple[bytes, bytes, bytes]] = Counter()
        self._lock = Lock()

    def sign(self, pair: KeyPair, message: bytes) -> bytes:
        return SCHEME.sign(pair, message)

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        with self._lock:
            self.checks[public, message, signature] += 1
        return SCHEME.verify(public, message, signature)


def block(*transactions: Envelope, policy: Policy = Policy.SKIP) -> Block:
    return Block(transactions, policy)


CHAIN = block(
    pay(A, to(B, 5)),
    pay(B, to(C, 5)),
    pay(C, to(D, 4)),
    pay(A, to(B, 1), nonce=1),
    pay(D, to(A, 1)),
)
STATE = reader({A: account(10 * FEE), B: account(FEE), C: account(FEE), D: account(FEE)})


@pytest.mark.parametrize("executor", [Pipelined, Auto])
@pytest.mark.parametrize("workers", [1, 2, 8])
def test_a_chain_of_payments_ends_as_under_batches(executor: type[Pipelined], workers: int) -> None:
    expected = Batched(SCHEME).execute(CHAIN, STATE, Scheduled())
    assert {each.code for each in expected.receipts} == {Code.SUCCESS}
    assert executor(SCHEME, workers).execute(CHAIN, STATE, Scheduled()) == expected
    with Threads(delay_seed=1) as threads:
        assert executor(SCHEME, workers).execute(CHAIN, STATE, threads) == expected


def test_every_signature_is_checked_exactly_once_and_ahead() -> None:
    scheme, driver = Counting(), Scheduled()
    Pipelined(scheme).execute(CHAIN, STATE, driver)
    assert set(scheme.checks.values()) == {1}
    assert len(scheme.checks) == len(CHAIN.transactions)
    assert {step.operation.label for step in driver.trace} == {"verify"}
    assert all(step.task >= WORKERS_FROM for step in driver.trace)


def test_signatures_are_checked_in_chunks_that_any_schedule_may_order() -> None:
    bumps = block(*(seal_signed(A, NonceBump(), nonce) for nonce in range(2 * CHUNK + 1)))
    rich = reader({A: account(1_000 * FEE)})
    random, driver = Random(5), Scheduled()
    driver.choose = lambda runnable: random.randrange(len(runnable))
    outcome = Pipelined(SCHEME).execute(bumps, rich, driver)
    assert len(driver.trace) == 3
    assert outcome == Batched(SCHEME).execute(bumps, rich, Scheduled())


def test_a_configuration_set_in_the_block_is_checked_when_it_is_known() -> None:
    scheme = Counting()
    bound = block(
        set_multisig(A, 1, B),
        seal_signed(A, NonceBump(), 1),
        seal_signed(A, NonceBump(), 1, cosigners=[(0, B)]),
        seal_signed(A, NonceBump(), 2, cosigners=[(0, C)]),
    )
    outcome = Pipelined(scheme).execute(bound, STATE, Scheduled())
    assert [each.code for each in outcome.receipts] == [
        Code.SUCCESS,
        Code.INVALID_PAYLOAD,
        Code.SUCCESS,
        Code.INVALID_SIGNATURE,
    ]


def test_cosignatures_for_a_stored_configuration_are_checked_ahead() -> None:
    scheme = Counting()
    stored = reader({A: account(10 * FEE, multisig=Multisig(1, (B,)))})
    signed = block(seal_signed(A, NonceBump(), cosigners=[(0, B)]))
    outcome = Pipelined(scheme).execute(signed, stored, Scheduled())
    assert outcome.receipts[0].code is Code.SUCCESS
    assert sorted(scheme.checks.values()) == [1, 1]


def test_an_atomic_block_ends_at_its_first_failure() -> None:
    failing = block(
        pay(A, to(B, 5)), pay(B, to(C, 10 * FEE)), pay(C, to(D, 4)), policy=Policy.ATOMIC
    )
    outcome = Pipelined(SCHEME).execute(failing, STATE, Scheduled())
    assert outcome == Batched(SCHEME).execute(failing, STATE, Scheduled())
    assert [each.code for each in outcome.receipts] == [Code.SUCCESS, Code.INSUFFICIENT_BALANCE]


def test_a_crash_in_a_decision_is_a_fault_of_its_transaction() -> None:
    broken = reader({A: account(10 * FEE), B: account(FEE)}, broken=C)
    outcome = Pipelined(SCHEME).execute(
        block(pay(A, to(B, 1)), pay(A, to(C, 1), nonce=1)), broken, Scheduled()
    )
    assert [each.index for each in outcome.faults] == [1]
    assert [each.index for each in outcome.receipts] == [0]


@pytest.mark.parametrize(
    ("name", "gil", "workers", "length", "ahead"),
    [
        ("schnorr", True, 2, 5, True),
        ("schnorr", True, 1, 5, False),
        ("schnorr", False, 1, 5, False),
        ("plain", True, 2, 5, False),
        ("plain", False, 2, 5, True),
        ("schnorr", True, 2, 3, False),
    ],
)
def test_auto_checks_ahead_only_where_it_can_pay(
    name: str, gil: bool, workers: int, length: int, ahead: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockstep_parallel.rules.verify.gil_is_on", lambda: gil)
    driver = Scheduled()
    few = block(*CHAIN.transactions[:length])
    outcome = Auto(Counting(name), workers).execute(few, STATE, driver)
    assert bool(driver.trace) is ahead
    assert outcome == Batched(SCHEME).execute(few, STATE, Scheduled())


@pytest.mark.parametrize(
    ("gil", "workers", "independent", "shared"),
    [
        (True, 4, True, False),
        (False, 2, True, False),
        (False, 4, True, True),
        (False, 4, False, False),
    ],
)
def test_auto_runs_transactions_side_by_side_where_many_workers_have_something_to_do(
    gil: bool, workers: int, independent: bool, shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockstep_parallel.executors.pipelined.gil_is_on", lambda: gil)
    sources = (A, B, C, D) if independent else (A, A, A, A)
    bumps = [seal_signed(each, NonceBump(), number) for number, each in enumerate(sources)]
    assert Auto(SCHEME, workers).can_share(block(*bumps)) is shared
