from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Any

import pytest

from lockstep_ledger.block import Block, Envelope, Rewards
from lockstep_ledger.model import U64_MAX, Policy, SetMultisig, Transaction
from lockstep_ledger.outcome import NO_CHANGES, Code, Outcome, Rejection
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.interface import Executor, WorkersError
from lockstep_parallel.executors.optimistic.chain import Found
from lockstep_parallel.executors.optimistic.executor import Optimistic
from lockstep_parallel.executors.optimistic.memory import Executed, Location, Memory
from lockstep_parallel.executors.optimistic.progress import Progress
from lockstep_parallel.executors.optimistic.rounds import OptimisticByRounds
from lockstep_parallel.executors.optimistic.speculative import Speculative
from lockstep_parallel.rules.rules import Rules
from lockstep_parallel.rules.view import View
from lockstep_parallel.steps.drivers.protocol import WORKERS_FROM, Driver
from lockstep_parallel.steps.drivers.scheduled import Pending, Scheduled
from lockstep_parallel.steps.drivers.threads import Threads
from tests.parallel.world import (
    FEE,
    GOLD,
    SCHEME,
    A,
    B,
    C,
    D,
    DictReader,
    M,
    account,
    burn,
    pay,
    reader,
    seal_signed,
    set_multisig,
    to,
)

RICH = account(10 * FEE, gold=9)
ACCOUNTS = (A, B, C, D, M)


@pytest.fixture(params=["scheduled", "shuffled", "threads"])
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    match request.param:
        case "scheduled":
            yield Scheduled()
        case "shuffled":
            yield shuffled(5)
        case _:
            with Threads(delay_seed=2, patience=5) as threads:
                yield threads


def shuffled(seed: int) -> Scheduled:
    random = Random(seed)
    return Scheduled(lambda runnable: random.randrange(len(runnable)), step_limit=50_000)


def execute(
    storage: DictReader,
    *transactions: Envelope,
    policy: Policy = Policy.SKIP,
    driver: Driver | None = None,
    executor: Executor | None = None,
) -> Outcome:
    block = Block(transactions, policy)
    return (executor or Optimistic(SCHEME)).execute(block, storage, driver or Scheduled())


def labels(trace: Sequence[Pending]) -> list[str]:
    return [step.operation.label for step in trace]


def test_it_is_an_executor_by_the_name_of_optimistic() -> None:
    executor: Executor = Optimistic(SCHEME)
    assert executor.name == "optimistic"


@pytest.mark.parametrize("workers", [0, True, "4"])
def test_fewer_than_one_worker_is_refused(workers: Any) -> None:
    with pytest.raises(WorkersError):
        Optimistic(SCHEME, workers=workers)


# Like one transaction after another


def some_transaction(random: Random) -> Envelope:
    source = random.choice(ACCOUNTS)
    others = [each for each in ACCOUNTS if each != source]
    nonce = random.choice((0, 0, 0, 1, 1, 2))
    match random.randrange(8):
        case 0:
            return burn(source, random.choice((1, 4)), nonce=nonce)
        case 1:
            return set_multisig(source, 1, random.choice(others), nonce=nonce)
        case 2:
            config = SetMultisig(0, ())
            return seal_signed(source, config, nonce, cosigners=[(0, random.choice(others))])
        case _:
            outputs = [
                to(each, random.choice((0, 1, 5)), GOLD)
                if random.random() < 0.3
                else to(each, random.choice((0, 1, FEE, 3 * FEE)))
                for each in random.sample(others, random.choice((1, 1, 2)))
            ]
            return pay(source, *outputs, nonce=nonce)


def some_block(random: Random) -> tuple[Block, DictReader]:
    balances = (0, FEE, 2 * FEE, 3 * FEE, 10 * FEE, U64_MAX)
    accounts = {
        each: account(random.choice(balances), gold=random.choice((0, 5)))
        for each in ACCOUNTS
        if random.random() < 0.8
    }
    transactions = tuple(some_transaction(random) for _ in range(random.randint(1, 5)))
    rewards = random.choice((None, Rewards(D, 1, M, FEE)))
    fees_to = random.choice((None, M))
    block = Block(transactions, random.choice(list(Policy)), rewards, fees_to)
    return block, reader(accounts, burned=random.choice((0, U64_MAX - 5)))


@pytest.mark.parametrize("kind", [Optimistic, OptimisticByRounds])
@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_any_block_ends_like_one_batch_after_another(
    seed: int, workers: int, kind: type[Speculative]
) -> None:
    random = Random(f"{seed}/{workers}")
    for number in range(100):
        block, storage = some_block(random)
        expected = Batched(SCHEME).execute(block, storage, Scheduled())
        found = kind(SCHEME, workers).execute(block, storage, shuffled(number))
        assert found == expected


@pytest.mark.parametrize("kind", [Optimistic, OptimisticByRounds])
def test_any_block_ends_so_on_real_threads(kind: type[Speculative]) -> None:
    random = Random(7)
    with Threads(delay_seed=3, patience=5) as threads:
        for _ in range(60):
            block, storage = some_block(random)
            expected = Batched(SCHEME).execute(block, storage, Scheduled())
            assert kind(SCHEME, 3).execute(block, storage, threads) == expected


def test_an_empty_block_only_advances_the_height() -> None:
    outcome = execute(reader({}))
    assert outcome.receipts == ()
    assert outcome.changes.height == 1


def test_nothing_is_kept_between_blocks() -> None:
    executor, storage = Optimistic(SCHEME), reader({A: RICH})
    first = execute(storage, pay(A, to(B, 1)), executor=executor)
    assert execute(storage, pay(A, to(B, 1)), executor=executor) == first


def test_the_workers_are_the_tasks() -> None:
    driver = Scheduled()
    execute(reader({A: RICH}), pay(A, to(B, 1)), pay(A, to(B, 1), nonce=1), driver=driver)
    assert {step.task for step in driver.trace} == {WORKERS_FROM, WORKERS_FROM + 1}


# Speculation


def test_burns_that_cannot_overflow_do_not_touch_the_counter(driver: Driver) -> None:
    storage = reader({A: RICH, B: RICH}, burned=7)
    outcome = execute(storage, burn(A, 1), burn(B, 4), driver=driver)
    assert outcome.changes.burned == 5
    if isinstance(driver, Scheduled):
        assert not any(("burned",) in step.operation.keys for step in driver.trace)


def test_burns_that_may_overflow_read_the_counter_in_order(driver: Driver) -> None:
    storage = reader({A: RICH, B: RICH, C: RICH}, burned=U64_MAX - 5)
    outcome = execute(storage, burn(A, 4), burn(B, 4), burn(C, 1), driver=driver)
    assert [each.code for each in outcome.receipts] == [
        Code.SUCCESS,
        Code.OVERFLOW,
        Code.SUCCESS,
    ]
    assert outcome.changes.burned == 5


def test_an_atomic_block_is_rejected_by_its_lowest_failure(driver: Driver) -> None:
    outcome = execute(
        reader({A: RICH, C: RICH}),
        pay(A, to(B, 2 * FEE)),
        pay(B, to(D, 5 * FEE)),
        pay(C, to(D, 1), nonce=7),
        policy=Policy.ATOMIC,
        driver=driver,
    )
    assert [each.code for each in outcome.receipts] == [Code.SUCCESS, Code.INSUFFICIENT_BALANCE]
    assert outcome.rejection == Rejection(1, Code.INSUFFICIENT_BALANCE)
    assert outcome.changes == NO_CHANGES


CHAIN = (pay(A, to(B, 5 * FEE)), pay(B, to(C, FEE)), pay(C, to(D, 0)))
"""Each can pay by what it got from the one before."""


def test_what_read_too_early_is_aborted_and_run_again() -> None:
    driver = shuffled(1)
    outcome = execute(reader({A: RICH}), *CHAIN, driver=driver)
    assert [each.code for each in outcome.receipts] == [Code.SUCCESS] * 3
    assert {"abort", "retry"} <= set(labels(driver.trace))


def test_some_schedule_meets_an_estimate_and_waits() -> None:
    storage = reader({A: account(2 * FEE), B: account(FEE), C: RICH})
    block = (pay(A, to(B, FEE)), pay(B, to(A, FEE)), pay(C, to(B, 1)), pay(B, to(D, 0), nonce=1))
    met: set[str] = set()
    for seed in range(200):
        driver = shuffled(seed)
        execute(storage, *block, driver=driver, executor=Optimistic(SCHEME, workers=3))
        met |= set(labels(driver.trace))
    assert {"wait", "estimate", "abort", "retry", "take", "executed", "valid"} <= met


# Faults


class CrashingRules(Rules):
    async def debit(self, transaction: Transaction, view: View) -> None:
        if await view.nonce(C) == 0:
            raise RuntimeError("planted")
        await super().debit(transaction, view)


class Crashing(Optimistic):
    rules_class = CrashingRules


class CrashingInOrder(Batched):
    rules_class = CrashingRules


def test_a_crash_on_reads_that_hold_is_the_fault_of_its_transaction(driver: Driver) -> None:
    storage = reader({A: RICH, D: RICH})
    executor = Crashing(SCHEME)
    outcome = execute(storage, pay(A, to(B, 1)), driver=driver, executor=executor)
    (fault,) = outcome.faults
    assert fault.index == 0
    assert fault.error.startswith("RuntimeError: planted")
    assert outcome.receipts == ()


class CrashingWithoutGold(Rules):
    """Breaks on what is only there speculatively: the source's gold not yet received."""

    async def debit(self, transaction: Transaction, view: View) -> None:
        if transaction.source == B:
            assert await view.balance(B, GOLD) == 5, "planted"
        await super().debit(transaction, view)


class Asserting(Optimistic):
    rules_class = CrashingWithoutGold


def test_a_crash_on_reads_that_do_not_hold_is_forgotten() -> None:
    storage = reader({A: RICH, B: account(FEE)})
    crashed = 0
    for seed in range(40):
        driver = shuffled(seed)
        outcome = execute(
            storage,
            pay(A, to(B, 5, GOLD)),
            pay(B, to(C, 0)),
            driver=driver,
            executor=Asserting(SCHEME),
        )
        crashed += "abort" in labels(driver.trace)
        assert [each.code for each in outcome.receipts] == [Code.SUCCESS] * 2
        assert outcome.faults == ()
    assert crashed


def test_crashes_after_an_atomic_failure_do_not_surface(driver: Driver) -> None:
    outcome = execute(
        reader({A: RICH, D: RICH}),
        pay(A, to(B, 1), nonce=4),
        pay(D, to(B, 1)),
        policy=Policy.ATOMIC,
        driver=driver,
        executor=Crashing(SCHEME),
    )
    assert outcome.faults == ()
    assert outcome.rejection == Rejection(0, Code.NONCE_TOO_HIGH)


class _Unannounced(Memory):
    def is_wider(self, record: Executed, previous: Any) -> bool:
        self.chain(("nonce", M))
        return super().is_wider(record, previous)


class TouchingMore(Optimistic):
    memory_class = _Unannounced


def test_an_unannounced_access_ends_the_block_and_leaves_nobody_waiting() -> None:
    storage = reader({A: RICH, C: RICH})
    with pytest.raises(AssertionError, match="a worker ended: UnannouncedAccess"):
        execute(
            storage,
            pay(A, to(B, 1)),
            pay(C, to(D, 1)),
            driver=shuffled(3),
            executor=TouchingMore(SCHEME),
        )


class _NeverResuming(Progress):
    def lower_execution(self, index: int) -> None:
        pass


class LeavingOut(Optimistic):
    progress_class = _NeverResuming


def test_a_transaction_left_out_is_noticed() -> None:
    storage = reader({A: account(2 * FEE), B: account(FEE), C: RICH})
    block = (pay(A, to(B, FEE)), pay(B, to(A, FEE)), pay(C, to(B, 1)), pay(B, to(D, 0), nonce=1))
    executor = LeavingOut(SCHEME, workers=3)
    with pytest.raises(AssertionError, match="a transaction was left out"):
        _under_many_schedules(executor, storage, block)


def _under_many_schedules(
    executor: Executor, storage: DictReader, block: Sequence[Envelope]
) -> None:
    for seed in range(200):
        execute(storage, *block, driver=shuffled(seed), executor=executor)


# The limit


def test_beyond_the_retries_the_block_is_executed_in_order() -> None:
    storage = reader({A: RICH})
    fallen_back = 0
    for seed in range(40):
        driver = shuffled(seed)
        outcome = execute(storage, *CHAIN, driver=driver, executor=Optimistic(SCHEME, retries=0))
        assert outcome == execute(storage, *CHAIN, executor=Batched(SCHEME))
        fallen_back += any(step.task < WORKERS_FROM for step in driver.trace)
    assert fallen_back


def test_in_the_order_of_the_block_nothing_is_aborted() -> None:
    driver = Scheduled()
    execute(reader({A: RICH}), *CHAIN, driver=driver, executor=Optimistic(SCHEME, retries=0))
    assert all(step.task >= WORKERS_FROM for step in driver.trace)
    assert "abort" not in labels(driver.trace)


class _NothingHolds(Memory):
    def is_current(self, index: int, location: Location, found: Found) -> bool:
        return False


class NeverValid(Optimistic):
    memory_class = _NothingHolds


@pytest.mark.parametrize("policy", list(Policy))
def test_an_executor_that_never_validates_still_ends_like_the_others(
    policy: Policy, driver: Driver
) -> None:
    storage = reader({A: RICH})
    block = (*CHAIN, pay(A, to(B, 1), nonce=9), pay(A, to(B, 1), nonce=1))
    outcome = execute(storage, *block, policy=policy, driver=driver, executor=NeverValid(SCHEME))
    assert outcome == execute(storage, *block, policy=policy, executor=Batched(SCHEME))


class _NothingRemoved(Memory):
    def remove(self, index: int, locations: Iterable[Location]) -> None:
        pass


class KeepingEstimates(Optimistic):
    memory_class = _NothingRemoved


def test_an_estimate_that_stays_is_noticed_at_once() -> None:
    storage = reader({A: account(2 * FEE), B: RICH})
    block = (pay(B, to(A, FEE)), pay(A, to(C, 1)), pay(A, to(D, 1)), pay(C, to(D, 1)))
    with pytest.raises(AssertionError, match=r"outlived|was left of a block"):
        _under_many_schedules(KeepingEstimates(SCHEME, workers=3), storage, block)


# Rounds


def rounds_of(driver: Scheduled) -> list[set[int]]:
    return [
        {step.task for step in driver.trace if step.round == number}
        for number in range(driver.rounds)
    ]


def test_one_round_is_enough_in_the_order_of_the_block() -> None:
    driver = Scheduled()
    execute(reader({A: RICH}), *CHAIN, driver=driver, executor=OptimisticByRounds(SCHEME))
    assert rounds_of(driver) == [{0, 1, 2}]


def highest_first(runnable: Sequence[Pending]) -> int:
    return len(runnable) - 1


def test_a_round_runs_only_what_is_not_valid() -> None:
    driver = Scheduled(highest_first)
    executor = OptimisticByRounds(SCHEME)
    outcome = execute(reader({A: RICH}), *CHAIN, driver=driver, executor=executor)
    assert outcome == execute(reader({A: RICH}), *CHAIN, executor=Batched(SCHEME))
    assert rounds_of(driver) == [{0, 1, 2}, {1}, {2}]


def test_after_too_many_rounds_the_block_is_executed_in_order() -> None:
    driver = Scheduled(highest_first)
    executor = OptimisticByRounds(SCHEME, retries=1)
    outcome = execute(reader({A: RICH}), *CHAIN, driver=driver, executor=executor)
    assert outcome == execute(reader({A: RICH}), *CHAIN, executor=Batched(SCHEME))
    assert rounds_of(driver) == [{0, 1, 2}, {1}, {0}, {1}, {2}]


def test_an_estimate_postpones_to_the_next_round() -> None:
    storage = reader({A: account(2 * FEE), B: account(FEE), C: RICH})
    block = (pay(A, to(B, FEE)), pay(B, to(A, FEE)), pay(C, to(B, 1)), pay(B, to(D, 0), nonce=1))
    expected = execute(storage, *block, executor=Batched(SCHEME))
    postponed = 0
    for seed in range(100):
        driver = shuffled(seed)
        executor = OptimisticByRounds(SCHEME)
        assert execute(storage, *block, driver=driver, executor=executor) == expected
        published = sum(step.operation.label == "publish" for step in driver.trace)
        postponed += published < sum(map(len, rounds_of(driver)))
    assert postponed


def test_what_breaks_outside_of_the_rules_ends_the_block() -> None:
    class Touching(OptimisticByRounds):
        memory_class = _Unannounced

    with pytest.raises(AssertionError, match="an incarnation ended: UnannouncedAccess"):
        execute(reader({A: RICH}), pay(A, to(B, 1)), executor=Touching(SCHEME))
