"""Optimistic executors whose credits commute: who only adds is never aborted for it."""

from __future__ import annotations

from random import Random

import pytest

from lockstep_ledger.block import Block, Envelope
from lockstep_ledger.model import NATIVE, U64_MAX, Policy
from lockstep_ledger.outcome import Code
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.interface import Executor
from lockstep_parallel.executors.optimistic.credits import (
    OptimisticByRoundsCredits,
    OptimisticCredits,
)
from lockstep_parallel.executors.optimistic.executor import Optimistic
from lockstep_parallel.executors.optimistic.speculative import Speculative
from lockstep_parallel.steps.drivers.scheduled import Scheduled
from lockstep_parallel.steps.drivers.threads import Threads
from tests.parallel.executors.test_optimistic import shuffled, some_block
from tests.parallel.world import FEE, SCHEME, A, B, C, D, M, account, pay, reader, run, to

RICH = account(10 * FEE)
TO_ONE = (pay(A, to(D, 1)), pay(B, to(D, 2)), pay(C, to(D, 3), to(M, 4)))
KINDS = (OptimisticCredits, OptimisticByRoundsCredits)

each_kind = pytest.mark.parametrize("kind", KINDS)


def aborts(executor: Executor, *transactions: Envelope, amount: int = FEE) -> int:
    """Count the aborts in some shuffled executions of a block of rich senders."""
    storage = reader({**dict.fromkeys((A, B, C), RICH), D: account(amount)})
    count = 0
    for seed in range(30):
        driver = shuffled(seed)
        run(storage, *transactions, executor=executor, driver=driver)
        count += sum(step.operation.label == "estimate" for step in driver.trace)
    return count


def test_they_are_executors_by_these_names() -> None:
    executors: list[Executor] = [kind(SCHEME) for kind in KINDS]
    names = [executor.name for executor in executors]
    assert names == ["optimistic-credits", "optimistic-rounds-credits"]


@each_kind
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_block_ends_like_one_batch_after_another(kind: type[Speculative], workers: int) -> None:
    random = Random(f"credits/{workers}")
    for number in range(80):
        block, storage = some_block(random)
        expected = Batched(SCHEME).execute(block, storage, Scheduled())
        assert kind(SCHEME, workers).execute(block, storage, shuffled(number)) == expected


def test_they_agree_on_real_threads() -> None:
    random = Random("credits on threads")
    with Threads(delay_seed=1, patience=5) as threads:
        for _ in range(30):
            block, storage = some_block(random)
            expected = Batched(SCHEME).execute(block, storage, Scheduled())
            assert OptimisticCredits(SCHEME).execute(block, storage, threads) == expected


def test_payments_to_one_receiver_abort_nobody() -> None:
    assert aborts(OptimisticCredits(SCHEME), *TO_ONE) == 0
    assert aborts(Optimistic(SCHEME), *TO_ONE) > 0


def test_where_the_receiver_might_overflow_its_credits_are_in_order() -> None:
    assert aborts(OptimisticCredits(SCHEME), *TO_ONE, amount=U64_MAX - 5) > 0


@each_kind
def test_a_reader_sees_every_addition_below_itself_and_none_above(kind: type[Speculative]) -> None:
    spends_all = pay(D, to(M, 3), fee=FEE)
    storage = reader({**dict.fromkeys((A, B, C), RICH), D: account(FEE)})
    block = (pay(A, to(D, 1)), pay(B, to(D, 2)), spends_all, pay(C, to(D, 4)))
    for seed in range(60):
        outcome = run(storage, *block, executor=kind(SCHEME), driver=shuffled(seed))
        assert {each.code for each in outcome.receipts} == {Code.SUCCESS}
        assert outcome.changes.modified_balances[D, NATIVE] == 4


@each_kind
def test_an_addition_that_is_taken_back_leaves_nothing(kind: type[Speculative]) -> None:
    storage = reader({A: account(2 * FEE), D: account(FEE)})
    block = (pay(A, to(B, 1)), pay(A, to(C, 5)), pay(D, to(M, 0)))
    for seed in range(60):
        outcome = run(storage, *block, executor=kind(SCHEME), driver=shuffled(seed))
        assert [each.code is Code.SUCCESS for each in outcome.receipts] == [True, False, True]
        assert C not in outcome.changes.created


@each_kind
def test_a_block_that_is_given_up_is_executed_in_order(kind: type[Speculative]) -> None:
    storage = reader({A: RICH, D: account(FEE)})
    block = Block((pay(A, to(D, FEE)), pay(D, to(B, FEE))), Policy.SKIP)
    expected = Batched(SCHEME).execute(block, storage, Scheduled())
    for seed in range(20):
        executor = kind(SCHEME, retries=0)
        assert executor.execute(block, storage, shuffled(seed)) == expected
