from __future__ import annotations

from itertools import permutations
from random import Random

import pytest

from lockstep_ledger.block import Block, Envelope, Rewards
from lockstep_ledger.model import NATIVE, U64_MAX, Policy
from lockstep_ledger.outcome import Code, Outcome
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.credits import BatchedCredits, CreditState, DagCredits
from lockstep_parallel.executors.dag import Dag
from lockstep_parallel.executors.interface import Executor
from lockstep_parallel.executors.turns import predecessors
from lockstep_parallel.rules.access import Credit, conflict
from lockstep_parallel.steps.drivers.scheduled import Scheduled
from lockstep_parallel.steps.drivers.threads import Threads
from lockstep_parallel.steps.ops import Kind
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
    run,
    to,
)

RICH = account(10 * FEE, gold=10)
EVERYONE = (A, B, C, D, M)

each_executor = pytest.mark.parametrize("executor", [BatchedCredits(SCHEME), DagCredits(SCHEME)])


def batches_of(*transactions: Envelope, storage: DictReader | None = None) -> list[list[int]]:
    executor = BatchedCredits(SCHEME)
    state = CreditState(storage or reader({}))
    accesses = executor.access_lists(Block(transactions, Policy.SKIP), state)
    return [list(batch) for batch in executor.batches(accesses)]


def shuffled(seed: int) -> Scheduled:
    random = Random(seed)
    return Scheduled(lambda runnable: random.randrange(len(runnable)))


@pytest.mark.parametrize(
    ("executor", "name"),
    [(BatchedCredits(SCHEME), "batched-credits"), (DagCredits(SCHEME), "dag-credits")],
)
def test_they_are_executors_by_these_names(executor: Executor, name: str) -> None:
    assert executor.name == name


# Who shares a batch


def test_two_credits_of_one_account_do_not_conflict_and_all_else_at_it_does() -> None:
    credit, own = frozenset((Credit(A),)), frozenset((A,))
    assert not conflict(credit, credit)
    assert conflict(credit, own)
    assert conflict(own, credit)
    assert conflict(own, own)
    assert not conflict(credit, frozenset((B, Credit(C))))


def test_payments_to_one_receiver_share_a_batch() -> None:
    assert batches_of(pay(A, to(D, 1)), pay(B, to(D, 1), to(M, 1)), pay(C, to(M, 1))) == [[0, 1, 2]]


def test_a_receiver_that_pays_in_turn_ends_the_batch_whichever_comes_first() -> None:
    assert batches_of(pay(A, to(B, 1)), pay(B, to(C, 1))) == [[0], [1]]
    assert batches_of(pay(B, to(C, 1)), pay(A, to(B, 1))) == [[0], [1]]


def test_credits_that_might_overflow_together_are_kept_in_order() -> None:
    block = (pay(A, to(C, 4)), pay(B, to(C, 4)))
    assert batches_of(*block, storage=reader({C: account(U64_MAX - 8)})) == [[0, 1]]
    assert batches_of(*block, storage=reader({C: account(U64_MAX - 7)})) == [[0], [1]]


def test_room_is_counted_for_each_asset() -> None:
    block = (pay(A, to(C, 4)), pay(B, to(C, 4, GOLD)))
    storage = reader({C: account(U64_MAX - 4, gold=U64_MAX - 4)})
    assert batches_of(*block, storage=storage) == [[0, 1]]


def test_room_is_counted_after_the_rewards() -> None:
    driver = Scheduled()
    outcome = run(
        reader({A: RICH, B: RICH, M: account(U64_MAX - 8)}),
        pay(A, to(M, 4)),
        pay(B, to(M, 4)),
        rewards=Rewards(D, 0, M, 1),
        driver=driver,
        executor=BatchedCredits(SCHEME),
    )
    assert [each.code for each in outcome.receipts] == [Code.SUCCESS, Code.OVERFLOW]
    assert driver.rounds == 2


def test_in_the_dag_payments_to_one_receiver_do_not_wait_for_each_other() -> None:
    executor = DagCredits(SCHEME)
    block = Block((pay(A, to(C, 1)), pay(B, to(C, 1)), pay(C, to(D, 1))), Policy.SKIP)
    accesses = executor.access_lists(block, CreditState(reader({})))
    assert predecessors(accesses) == [(), (), (0, 1)]


# Effects


def test_a_credit_is_an_addition_that_reads_nothing() -> None:
    driver = Scheduled()
    executor = BatchedCredits(SCHEME)
    run(
        reader({A: RICH, B: RICH}),
        pay(A, to(C, 1)),
        pay(B, to(C, 2)),
        driver=driver,
        executor=executor,
    )
    additions = [step.operation for step in driver.trace if step.operation.kind is Kind.ADD]
    assert [each.label for each in additions] == ["credit", "credit"]
    assert {each.keys for each in additions} == {(("balance", (C, NATIVE)), ("exists", C))}
    reads = [each.operation.keys for each in driver.trace if each.operation.kind is Kind.READ]
    assert (("balance", (C, NATIVE)),) not in reads


def credited(executor: Executor, order: tuple[int, ...]) -> Outcome:
    """Execute three payments to one account that does not exist, finishing in this order."""
    driver = Scheduled(
        lambda runnable: min(range(len(runnable)), key=lambda at: order[runnable[at].task])
    )
    return run(
        reader({A: RICH, B: RICH, C: RICH}),
        pay(A, to(D, 1)),
        pay(B, to(D, 2), to(D, 3)),
        pay(C, to(D, 4), to(D, 5, GOLD)),
        driver=driver,
        executor=executor,
    )


@each_executor
def test_credits_sum_up_and_create_the_account_once_in_any_order(executor: Executor) -> None:
    for order in permutations(range(3)):
        outcome = credited(executor, order)
        assert outcome.changes.modified_balances[D, NATIVE] == 10
        assert outcome.changes.modified_balances[D, GOLD] == 5
        assert outcome.changes.created == {D}


@each_executor
def test_a_credit_of_nothing_creates_the_account(executor: Executor) -> None:
    outcome = run(reader({A: RICH}), pay(A, to(D, 0)), executor=executor)
    assert outcome.changes.created == {D}
    assert (D, NATIVE) not in outcome.changes.modified_balances


@each_executor
def test_what_was_credited_can_be_spent_in_the_same_block(executor: Executor) -> None:
    block = (pay(A, to(D, FEE)), pay(B, to(D, 1)), pay(D, to(C, 1)))
    for seed in range(20):
        outcome = run(reader({A: RICH, B: RICH}), *block, driver=shuffled(seed), executor=executor)
        assert [each.code for each in outcome.receipts] == [Code.SUCCESS] * 3
        assert outcome.changes.modified_balances[C, NATIVE] == 1


@each_executor
def test_where_credits_overflow_the_order_of_the_block_decides_who_fails(
    executor: Executor,
) -> None:
    block = (pay(A, to(D, 3)), pay(B, to(D, 3)), pay(C, to(D, 1)))
    storage = reader({A: RICH, B: RICH, C: RICH, D: account(U64_MAX - 4)})
    for seed in range(20):
        outcome = run(storage, *block, driver=shuffled(seed), executor=executor)
        codes = [each.code for each in outcome.receipts]
        assert codes == [Code.SUCCESS, Code.OVERFLOW, Code.SUCCESS]
        assert outcome.changes.modified_balances[D, NATIVE] == U64_MAX


@each_executor
def test_a_failing_payment_credits_nobody(executor: Executor) -> None:
    outcome = run(
        reader({A: RICH, B: RICH}), pay(A, to(D, 1), nonce=1), pay(B, to(C, 1)), executor=executor
    )
    assert outcome.changes.created == {C}


@each_executor
def test_a_balance_that_cannot_be_read_is_the_fault_of_who_needs_it(executor: Executor) -> None:
    storage = reader({A: RICH, B: RICH}, broken=D)
    outcome = run(storage, pay(A, to(D, 1)), pay(B, to(C, 1)), executor=executor)
    assert [each.index for each in outcome.faults] == [0]
    assert [each.index for each in outcome.receipts] == [1]


# As a whole


@pytest.mark.parametrize("kind", [BatchedCredits, DagCredits])
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_outcome_is_that_of_the_executor_without_the_option(
    kind: type[BatchedCredits | DagCredits], workers: int
) -> None:
    random = Random(workers)
    storage = reader(
        {A: account(20 * FEE), B: account(20 * FEE), C: account(U64_MAX - 20 * FEE), D: RICH}
    )
    plain = Batched(SCHEME, 1) if kind is BatchedCredits else Dag(SCHEME, 1)
    for seed in range(60):
        block = random_block(random)
        policy = random.choice(list(Policy))
        expected = run(storage, *block, policy=policy, executor=plain)
        driver, executor = shuffled(seed), kind(SCHEME, workers)
        assert run(storage, *block, policy=policy, driver=driver, executor=executor) == expected


def random_block(random: Random) -> list[Envelope]:
    nonces = dict.fromkeys(EVERYONE, 0)
    transactions = []
    for _ in range(random.randrange(2, 9)):
        source = random.choice((A, A, B, B, C, D, M))
        if random.random() < 0.2:
            transactions.append(burn(source, random.randrange(1, 6), nonce=nonces[source]))
        else:
            others = [each for each in (C, C, D, A, M) if each != source]
            outputs = [to(random.choice(others), random.choice((0, 7 * FEE, 12 * FEE)))]
            outputs += [to(random.choice(others), 1)] * random.randrange(2)
            transactions.append(pay(source, *outputs, nonce=nonces[source]))
        nonces[source] += random.random() < 0.9
    return transactions


@each_executor
def test_no_credit_is_lost_on_real_threads(executor: Executor) -> None:
    block = [pay(source, to(D, 1), nonce=nonce) for nonce in range(8) for source in (A, B, C)]
    storage = reader(dict.fromkeys((A, B, C), account(20 * FEE)))
    with Threads(delay_seed=3, patience=5) as threads:
        outcome = run(storage, *block, driver=threads, executor=executor)
    assert outcome.changes.modified_balances[D, NATIVE] == 24
