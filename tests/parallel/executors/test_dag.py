from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import pytest

from lockstep_ledger.block import Block, Envelope
from lockstep_ledger.model import NATIVE, Policy, Transaction
from lockstep_ledger.outcome import NO_CHANGES, Code, Rejection
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.dag import Dag
from lockstep_parallel.executors.interface import Executor
from lockstep_parallel.executors.turns import predecessors
from lockstep_parallel.rules.access import Credit, Touched, access_list, conflict
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
    M,
    account,
    burn,
    pay,
    reader,
    run,
    to,
)

RICH = account(10 * FEE)
EVERYONE = (A, B, C, D, M)


def highest_first(runnable: Sequence[Pending]) -> int:
    return len(runnable) - 1


def shuffled(seed: int) -> Scheduled:
    random = Random(seed)
    return Scheduled(lambda runnable: random.randrange(len(runnable)))


@pytest.fixture(params=["lowest first", "highest first", "shuffled", "threads"])
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    match request.param:
        case "lowest first":
            yield Scheduled()
        case "highest first":
            yield Scheduled(highest_first)
        case "shuffled":
            yield shuffled(5)
        case _:
            with Threads(delay_seed=2, patience=5) as threads:
                yield threads


def steps(driver: Scheduled, label: str) -> list[int]:
    """Return the transactions that took a step of this label, in the order they did."""
    return [step.task for step in driver.trace if step.operation.label == label]


def accesses(*transactions: Envelope) -> list[frozenset[bytes | Credit]]:
    return [access_list(each, burns_commute=True) for each in transactions]


def random_block(random: Random) -> list[Envelope]:
    nonces = dict.fromkeys(EVERYONE, 0)
    transactions = []
    for _ in range(random.randrange(1, 9)):
        source, destination = random.sample(EVERYONE, 2)
        if random.random() < 0.3:
            transactions.append(burn(source, random.randrange(6), GOLD, nonces[source]))
        else:
            amount = random.choice((0, 7 * FEE, 12 * FEE))
            transactions.append(pay(source, to(destination, amount), nonce=nonces[source]))
        nonces[source] += random.random() < 0.9
    return transactions


STORAGE = reader({each: account(20 * FEE, gold=10) for each in EVERYONE[:4]})


def test_it_is_an_executor_by_the_name_of_dag() -> None:
    executor: Executor = Dag(SCHEME)
    assert executor.name == "dag"


# Queues


def test_a_transaction_follows_the_last_before_it_at_each_account() -> None:
    block = (pay(A, to(B, 1)), pay(C, to(D, 1)), pay(B, to(C, 1)), pay(A, to(M, 1)))
    assert predecessors(accesses(*block)) == [(), (), (0, 1), (0,)]


def test_of_several_before_it_at_one_account_only_the_last_is_waited_for() -> None:
    block = (pay(A, to(B, 1)), pay(A, to(B, 1), nonce=1), pay(A, to(C, 1), nonce=2))
    assert predecessors(accesses(*block)) == [(), (0,), (1,)]


def test_credits_wait_for_the_owner_before_them_and_the_owner_for_all_credits() -> None:
    credit, own = frozenset((Credit(A),)), frozenset((A,))
    assert predecessors([credit, credit, own, credit, credit, own]) == [
        (),
        (),
        (0, 1),
        (2,),
        (2,),
        (2, 3, 4),
    ]


def test_whoever_conflicts_with_a_transaction_is_before_it_in_some_queue() -> None:
    random = Random(3)
    touched: list[Touched] = [*EVERYONE, *map(Credit, EVERYONE)]
    for _ in range(300):
        lists = [frozenset(random.sample(touched, 2)) for _ in range(8)]
        lists = [each - {Credit(one) for one in each if isinstance(one, bytes)} for each in lists]
        direct = predecessors(lists)
        reached: list[set[int]] = []
        for before in direct:
            reached.append(set(before).union(*(reached[each] for each in before)))
        for later, access in enumerate(lists):
            conflicting = {each for each in range(later) if conflict(lists[each], access)}
            assert conflicting <= reached[later]


# Order


def test_no_transaction_takes_a_step_before_all_it_conflicts_with_have_ended() -> None:
    random = Random(8)
    for seed in range(100):
        block = random_block(random)
        driver = shuffled(seed)
        run(STORAGE, *block, driver=driver, executor=Dag(SCHEME, random.randrange(1, 5)))
        lists = accesses(*block)
        ended: set[int] = set()
        for step in (each for each in driver.trace if each.task < WORKERS_FROM):
            before = {e for e in range(step.task) if conflict(lists[e], lists[step.task])}
            assert before <= ended
            if step.operation.label == "done":
                ended.add(step.task)
        assert len(ended) == len(block)


def test_independent_transactions_overlap_however_far_apart_they_stand() -> None:
    driver = Scheduled(highest_first)
    block = (pay(A, to(B, 1)), pay(B, to(A, 1)), pay(A, to(B, 1), nonce=1), pay(C, to(D, 1)))
    outcome = run(reader({A: RICH, B: RICH, C: RICH}), *block, driver=driver, executor=Dag(SCHEME))
    assert steps(driver, "done") == [3, 0, 1, 2]
    assert {each.code for each in outcome.receipts} == {Code.SUCCESS}


def test_the_steps_of_independent_transactions_interleave() -> None:
    taken = 0

    def alternate(runnable: Sequence[Pending]) -> int:
        nonlocal taken
        taken += 1
        return taken % len(runnable)

    driver = Scheduled(alternate)
    block = (pay(A, to(B, 1)), pay(C, to(D, 1)))
    run(reader({A: RICH, C: RICH}), *block, driver=driver, executor=Dag(SCHEME))
    assert [step.task for step in driver.trace[:6]] in ([0, 1] * 3, [1, 0] * 3)


def test_what_a_guard_reads_is_what_its_step_names() -> None:
    driver = Scheduled()
    block = (pay(A, to(B, 1)), pay(C, to(D, 1)), pay(B, to(C, 1)))
    run(reader({A: RICH, C: RICH}), *block, driver=driver, executor=Dag(SCHEME))
    (start,) = [step for step in driver.trace if step.operation.label == "start"]
    assert start.task == 2
    assert start.operation.keys == (("done", 0), ("done", 1))
    assert start.operation.guard is not None


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_every_schedule_and_number_of_workers_gives_the_sequential_outcome(workers: int) -> None:
    random = Random(workers)
    for seed in range(60):
        block, policy = random_block(random), random.choice(list(Policy))
        expected = run(STORAGE, *block, policy=policy, executor=Batched(SCHEME, 1))
        for driver in (shuffled(seed), Scheduled(highest_first)):
            executor = Dag(SCHEME, workers)
            assert run(STORAGE, *block, policy=policy, driver=driver, executor=executor) == expected


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_real_threads_never_wait_for_a_transaction_that_no_thread_will_begin(workers: int) -> None:
    chains = [pay(source, to(B, 1), nonce=nonce) for nonce in range(12) for source in (A, C)]
    with Threads(delay_seed=workers, patience=5) as threads:
        outcome = run(
            reader({A: account(20 * FEE), C: account(20 * FEE)}),
            *chains,
            driver=threads,
            executor=Dag(SCHEME, workers),
        )
    assert [each.code for each in outcome.receipts] == [Code.SUCCESS] * 24
    assert outcome.changes.modified_balances[B, NATIVE] == 24


def test_an_empty_block_only_advances_the_height(driver: Driver) -> None:
    outcome = run(reader({}), driver=driver, executor=Dag(SCHEME))
    assert (outcome.receipts, outcome.changes.height) == ((), 1)


# Failures


def test_a_failure_that_is_skipped_leaves_nothing_and_stops_nobody(driver: Driver) -> None:
    outcome = run(
        reader({A: RICH, B: RICH}),
        pay(A, to(C, 1), nonce=1),
        pay(A, to(D, 1)),
        pay(B, to(A, 1)),
        driver=driver,
        executor=Dag(SCHEME),
    )
    assert [each.code for each in outcome.receipts] == [
        Code.NONCE_TOO_HIGH,
        Code.SUCCESS,
        Code.SUCCESS,
    ]
    assert outcome.changes.created == {D}


def two_failures() -> tuple[Envelope, ...]:
    return (pay(A, to(B, 1)), pay(C, to(B, 1), nonce=1), pay(D, to(M, 1)), pay(M, to(D, 99 * FEE)))


def test_the_lowest_failure_rejects_an_atomic_block_whatever_failed_first(driver: Driver) -> None:
    outcome = run(
        reader({A: RICH, C: RICH, D: RICH, M: RICH}),
        *two_failures(),
        policy=Policy.ATOMIC,
        driver=driver,
        executor=Dag(SCHEME),
    )
    assert outcome.rejection == Rejection(1, Code.NONCE_TOO_HIGH)
    assert [each.index for each in outcome.receipts] == [0, 1]
    assert (outcome.changes, outcome.fees, outcome.faults) == (NO_CHANGES, 0, ())


def test_a_later_failure_that_comes_first_stops_no_earlier_transaction() -> None:
    driver = Scheduled(highest_first)
    storage = reader({A: RICH, C: RICH, D: RICH, M: RICH})
    run(storage, *two_failures(), policy=Policy.ATOMIC, driver=driver, executor=Dag(SCHEME))
    assert steps(driver, "fail") == [3, 1]
    assert steps(driver, "publish") == [2, 0]


def test_a_transaction_after_a_known_failure_is_spared() -> None:
    driver = Scheduled()
    storage = reader({A: RICH, C: RICH, D: RICH, M: RICH})
    run(storage, *two_failures(), policy=Policy.ATOMIC, driver=driver, executor=Dag(SCHEME))
    labels = [step.operation.label for step in driver.trace if step.task == 2]
    assert labels == ["failed", "done"]


# Faults


class CrashingRules(Rules):
    async def debit(self, transaction: Transaction, view: View) -> None:
        if transaction.source in (A, D):
            raise RuntimeError("planted")
        await super().debit(transaction, view)


class Crashing(Dag):
    rules_class = CrashingRules


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_crash_is_a_fault_and_those_that_follow_go_on(driver: Driver, workers: int) -> None:
    outcome = run(
        reader({A: RICH, B: RICH, C: RICH}),
        pay(A, to(B, 1)),
        pay(B, to(A, 2)),
        pay(C, to(B, 3)),
        driver=driver,
        executor=Crashing(SCHEME, workers),
    )
    assert [(each.index, each.error[:21]) for each in outcome.faults] == [
        (0, "RuntimeError: planted")
    ]
    assert [(each.index, each.code) for each in outcome.receipts] == [
        (1, Code.SUCCESS),
        (2, Code.SUCCESS),
    ]
    assert outcome.changes.modified_nonces == {B: 1, C: 1}


def test_a_crash_ends_an_atomic_block_and_no_later_one_is_told(driver: Driver) -> None:
    outcome = run(
        reader({A: RICH, C: RICH, D: RICH}),
        pay(C, to(B, 1)),
        pay(A, to(B, 1)),
        pay(D, to(M, 1)),
        policy=Policy.ATOMIC,
        driver=driver,
        executor=Crashing(SCHEME),
    )
    assert [each.index for each in outcome.receipts] == [0]
    assert [each.index for each in outcome.faults] == [1]
    assert (outcome.changes, outcome.rejection) == (NO_CHANGES, None)


def test_an_executor_keeps_nothing_between_blocks() -> None:
    executor = Dag(SCHEME)
    block = Block(two_failures(), Policy.ATOMIC)
    storage = reader({A: RICH, C: RICH, D: RICH, M: RICH})
    first = executor.execute(block, storage, Scheduled())
    assert executor.execute(block, storage, Scheduled(highest_first)) == first
