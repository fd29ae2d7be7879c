from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from lockstep_ledger.block import Block, Envelope, Rewards
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Multisig,
    NonceBump,
    Policy,
    SetMultisig,
    Transaction,
)
from lockstep_ledger.outcome import NO_CHANGES, Changes, Code, Rejection
from lockstep_ledger.storage.protocol import Storage
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.interface import Executor, WorkersError
from lockstep_parallel.rules.rules import Rules
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.rules.view import View
from lockstep_parallel.steps.drivers.protocol import Driver
from lockstep_parallel.steps.drivers.scheduled import Scheduled
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
    run,
    seal_signed,
    set_multisig,
    to,
)

RICH = account(10 * FEE)
OVERFLOWED = Rejection(None, Code.OVERFLOW)


@pytest.fixture(params=["scheduled", "shuffled", "threads"])
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    random = Random(5)
    match request.param:
        case "scheduled":
            yield Scheduled()
        case "shuffled":
            yield Scheduled(lambda runnable: random.randrange(len(runnable)))
        case _:
            with Threads(delay_seed=2) as threads:
                yield threads


def batches_of(*transactions: Envelope, burned: int = 0) -> list[list[int]]:
    executor = Batched(SCHEME)
    block = Block(transactions, Policy.SKIP)
    accesses = executor.access_lists(block, BlockState(reader({}, burned)))
    return [list(batch) for batch in executor.batches(accesses)]


def codes(*expected: Code) -> list[tuple[int, Code]]:
    return list(enumerate(expected))


def test_it_is_an_executor_by_the_name_of_batched() -> None:
    executor: Executor = Batched(SCHEME)
    assert executor.name == "batched"


@pytest.mark.parametrize("workers", [0, -1, True, 2.0, "4", None])
def test_fewer_than_one_worker_is_refused(workers: Any) -> None:
    with pytest.raises(WorkersError, match="workers must be an integer of at least 1"):
        Batched(SCHEME, workers=workers)


# Batches


def test_disjoint_transactions_share_a_batch() -> None:
    assert batches_of(pay(A, to(B, 1)), pay(C, to(D, 1))) == [[0, 1]]


def test_a_batch_ends_at_the_first_transaction_that_conflicts_with_it() -> None:
    assert batches_of(pay(A, to(B, 1)), pay(B, to(C, 1)), pay(D, to(M, 1)), pay(A, to(C, 1))) == [
        [0],
        [1, 2],
        [3],
    ]


def test_a_shared_receiver_is_a_conflict() -> None:
    assert batches_of(pay(A, to(C, 1)), pay(B, to(D, 1), to(C, 1))) == [[0], [1]]


def test_burns_share_a_batch_only_if_they_cannot_overflow() -> None:
    burns = (burn(A, 4), burn(B, 4))
    assert batches_of(*burns, burned=U64_MAX - 8) == [[0, 1]]
    assert batches_of(*burns, burned=U64_MAX - 7) == [[0], [1]]


def test_an_empty_block_has_no_batch_and_only_advances_the_height() -> None:
    assert batches_of() == []
    outcome = run(reader({}))
    assert (outcome.receipts, outcome.changes) == ((), Changes(height=1))


def test_a_lone_transaction_outside_a_block_does_not_advance_the_height() -> None:
    block = Block((pay(A, to(B, 1)),), Policy.ATOMIC, advances_height=False)
    outcome = Batched(SCHEME).execute(block, reader({A: RICH}), Scheduled())
    assert outcome.rejection is None
    assert outcome.changes.height == 0


# Effects


def test_a_later_transaction_sees_all_earlier_effects(driver: Driver) -> None:
    outcome = run(
        reader({A: account(FEE + 10 + FEE), D: RICH}),
        pay(A, to(B, FEE + 10)),
        pay(D, to(M, 0)),
        pay(B, to(C, 10)),
        driver=driver,
    )
    assert [(each.index, each.code) for each in outcome.receipts] == codes(*[Code.SUCCESS] * 3)
    changes = outcome.changes
    assert changes.modified_nonces == {A: 1, B: 1, D: 1}
    assert changes.modified_balances == {(A, NATIVE): 0, (C, NATIVE): 10, (D, NATIVE): 9 * FEE}
    assert changes.created == {B, C, M}
    assert outcome.fees == 3 * FEE


def test_a_failing_transaction_is_skipped_without_any_effect(driver: Driver) -> None:
    outcome = run(
        reader({A: RICH, B: RICH, C: account(U64_MAX)}),
        pay(A, to(D, 1), to(C, 1)),
        pay(A, to(D, 2)),
        pay(B, to(M, 0), nonce=1),
        driver=driver,
    )
    assert [(each.index, each.code, each.gas_used) for each in outcome.receipts] == [
        (0, Code.OVERFLOW, 0),
        (1, Code.SUCCESS, FEE),
        (2, Code.NONCE_TOO_HIGH, 0),
    ]
    assert outcome.rejection is None
    assert outcome.changes == Changes(
        modified_nonces={A: 1},
        modified_balances={(A, NATIVE): 9 * FEE - 2, (D, NATIVE): 2},
        created=frozenset((D,)),
        height=1,
    )


def test_the_first_failure_rejects_an_atomic_block(driver: Driver) -> None:
    outcome = run(
        reader({A: RICH, B: RICH, C: RICH}),
        pay(A, to(D, 1)),
        pay(B, to(M, 1), nonce=7),
        pay(C, to(C, 1)),
        pay(A, to(D, 1), nonce=1),
        policy=Policy.ATOMIC,
        driver=driver,
    )
    assert [(each.index, each.code, each.gas_used) for each in outcome.receipts] == [
        (0, Code.SUCCESS, FEE),
        (1, Code.NONCE_TOO_HIGH, 0),
    ]
    assert outcome.changes == NO_CHANGES
    assert outcome.rejection == Rejection(1, Code.NONCE_TOO_HIGH)
    assert outcome.fees == 0


def test_an_atomic_block_stops_after_the_batch_that_failed() -> None:
    scheduled = Scheduled()
    run(
        reader({A: RICH}),
        pay(A, to(B, 1), nonce=7),
        pay(A, to(C, 1)),
        policy=Policy.ATOMIC,
        driver=scheduled,
    )
    assert {step.task for step in scheduled.trace} == {0}


def test_what_ends_as_it_began_is_not_modified() -> None:
    outcome = run(
        reader({A: account(2 * FEE), B: account(2 * FEE, gold=5)}),
        pay(B, to(A, 5, GOLD)),
        pay(A, to(B, 5, GOLD)),
    )
    assert outcome.changes.modified_balances == {(A, NATIVE): FEE, (B, NATIVE): FEE}
    assert outcome.changes.created == frozenset()


def test_a_zero_transfer_creates_its_receiver() -> None:
    outcome = run(reader({A: RICH}), pay(A, to(B, 0)))
    assert outcome.changes.created == {B}
    assert (B, NATIVE) not in outcome.changes.modified_balances


def test_a_configuration_is_set_enforced_and_deleted_within_a_block() -> None:
    outcome = run(
        reader({A: RICH}),
        set_multisig(A, 1, B),
        pay(A, to(C, 1), nonce=1),
        seal_signed(A, SetMultisig(0, ()), 1, cosigners=[(0, B)]),
        pay(A, to(C, 1), nonce=2),
    )
    assert [each.code for each in outcome.receipts] == [
        Code.SUCCESS,
        Code.INVALID_PAYLOAD,
        Code.SUCCESS,
        Code.SUCCESS,
    ]
    assert outcome.changes.modified_multisigs == {}


def test_a_modified_configuration_keeps_the_order_of_its_participants() -> None:
    old = Multisig(1, (B, C))
    change = seal_signed(A, SetMultisig(1, (C, B)), cosigners=[(0, B)])
    outcome = run(reader({A: account(FEE, multisig=old)}), change)
    assert outcome.changes.modified_multisigs == {A: Multisig(1, (C, B))}
    delete = seal_signed(A, SetMultisig(0, ()), cosigners=[(0, B)])
    outcome = run(reader({A: account(FEE, multisig=old)}), delete)
    assert outcome.changes.modified_multisigs == {A: None}


def test_an_energy_fee_takes_energy_and_no_coin() -> None:
    outcome = run(reader({A: account(5, energy=3)}), seal_signed(A, NonceBump(), fee=0, fee_type=1))
    assert outcome.changes.modified_energies == {A: 2}
    assert outcome.changes.modified_balances == {}
    assert outcome.changes.modified_nonces == {A: 1}
    assert outcome.fees == 0


def test_only_native_burns_are_counted_and_none_is_lost(driver: Driver) -> None:
    rich = account(10 * FEE, gold=5)
    outcome = run(
        reader({A: rich, B: rich, C: rich, D: rich}, burned=9),
        burn(A, 1),
        burn(B, 2),
        burn(C, 4),
        burn(D, 5, GOLD),
        driver=driver,
    )
    assert outcome.changes.burned == 7
    assert outcome.changes.modified_balances[D, GOLD] == 0


def test_the_burned_counter_is_cumulative_over_the_block(driver: Driver) -> None:
    outcome = run(
        reader({A: RICH, B: RICH}, burned=U64_MAX - 5), burn(A, 4), burn(B, 4), driver=driver
    )
    assert [each.code for each in outcome.receipts] == [Code.SUCCESS, Code.OVERFLOW]
    assert outcome.changes.burned == 4


def test_the_same_transaction_twice_gives_two_receipts() -> None:
    twice = pay(A, to(B, 1))
    outcome = run(reader({A: RICH}), twice, twice)
    assert [(each.index, each.code) for each in outcome.receipts] == codes(
        Code.SUCCESS, Code.NONCE_TOO_LOW
    )


# Rewards and fees


def test_rewards_can_be_spent_in_their_block() -> None:
    outcome = run(
        reader({}),
        pay(M, to(B, 5)),
        rewards=Rewards(dev=D, dev_amount=0, miner=M, miner_amount=FEE + 5),
    )
    assert outcome.receipts[0].code is Code.SUCCESS
    assert outcome.changes.created == {B, D, M}
    assert outcome.changes.modified_balances == {(B, NATIVE): 5}


def test_dev_and_miner_may_be_the_same_account() -> None:
    outcome = run(reader({M: account(1)}), rewards=Rewards(M, 2, M, 4))
    assert outcome.changes.modified_balances == {(M, NATIVE): 7}
    assert outcome.changes.created == frozenset()


@pytest.mark.parametrize("policy", list(Policy))
@pytest.mark.parametrize("rewards", [Rewards(D, 2, M, 0), Rewards(M, 0, D, 2)])
def test_a_reward_that_overflows_rejects_the_block(policy: Policy, rewards: Rewards) -> None:
    outcome = run(
        reader({A: RICH, D: account(U64_MAX - 1)}),
        pay(A, to(B, 1)),
        rewards=rewards,
        policy=policy,
    )
    assert (outcome.receipts, outcome.changes, outcome.fees) == ((), NO_CHANGES, 0)
    assert outcome.rejection == OVERFLOWED


def test_the_miner_gets_the_fees_of_successes_after_the_last_transaction() -> None:
    outcome = run(
        reader({A: RICH, B: RICH}),
        pay(A, to(C, 1)),
        pay(B, to(C, 1), nonce=1),
        pay(M, to(C, 0)),
        fees_to=M,
    )
    assert outcome.receipts[2].code is Code.ACCOUNT_NOT_FOUND
    assert outcome.changes.modified_balances[M, NATIVE] == FEE == outcome.fees
    assert M in outcome.changes.created


def test_no_fees_leave_their_receiver_alone() -> None:
    outcome = run(reader({A: RICH}), pay(A, to(C, 1), nonce=1), fees_to=M)
    assert outcome.changes == Changes(height=1)


def test_fees_that_overflow_reject_the_block() -> None:
    outcome = run(reader({A: RICH, M: account(U64_MAX)}), pay(A, to(C, 1)), fees_to=M)
    assert (outcome.receipts, outcome.changes, outcome.fees) == ((), NO_CHANGES, 0)
    assert outcome.rejection == OVERFLOWED


def test_fees_vanish_without_a_receiver() -> None:
    outcome = run(reader({A: RICH}), pay(A, to(C, 1)))
    assert outcome.changes.modified_balances == {(A, NATIVE): 9 * FEE - 1, (C, NATIVE): 1}
    assert outcome.fees == FEE


# Faults


class CrashingRules(Rules):
    async def debit(self, transaction: Transaction, view: View) -> None:
        if transaction.source == A:
            raise RuntimeError("planted")
        await super().debit(transaction, view)


class Crashing(Batched):
    rules_class = CrashingRules


def test_a_crash_is_a_fault_that_shifts_no_receipt(driver: Driver) -> None:
    outcome = run(
        reader({A: RICH, C: RICH}),
        pay(A, to(B, 1)),
        pay(C, to(D, 1)),
        driver=driver,
        executor=Crashing(SCHEME),
    )
    assert [(each.index, each.code) for each in outcome.receipts] == [(1, Code.SUCCESS)]
    (fault,) = outcome.faults
    assert fault.index == 0
    assert fault.error.startswith("RuntimeError: planted")
    assert outcome.changes.modified_nonces == {C: 1}
    assert outcome.changes.created == {D}


def test_a_crash_stops_an_atomic_block(driver: Driver) -> None:
    outcome = run(
        reader({A: RICH, C: RICH, D: RICH}),
        pay(C, to(D, 1)),
        pay(A, to(B, 1)),
        pay(D, to(B, 1)),
        policy=Policy.ATOMIC,
        driver=driver,
        executor=Crashing(SCHEME),
    )
    assert [(each.index, each.code) for each in outcome.receipts] == codes(Code.SUCCESS)
    assert [each.index for each in outcome.faults] == [1]
    assert (outcome.changes, outcome.rejection, outcome.fees) == (NO_CHANGES, None, 0)


def test_a_storage_error_is_the_fault_of_the_transaction_that_met_it() -> None:
    outcome = run(reader({A: RICH, C: RICH}, broken=A), pay(A, to(B, 1)), pay(C, to(D, 1)))
    assert [each.index for each in outcome.faults] == [0]
    assert [each.index for each in outcome.receipts] == [1]


def test_a_crash_outside_the_transactions_propagates() -> None:
    with pytest.raises(OSError, match="disk"):
        run(reader({M: RICH}, broken=M), rewards=Rewards(M, 1, M, 1))


# The executor as a whole


def test_an_executor_keeps_nothing_between_blocks() -> None:
    executor = Batched(SCHEME)
    storage = reader({A: RICH})
    first = run(storage, pay(A, to(B, 1)), executor=executor)
    assert run(storage, pay(A, to(B, 1)), executor=executor) == first


def test_a_merge_is_the_storages() -> None:
    class Recording(DictReader):
        def merge(self, changes: Changes, topoheight: int) -> None:
            merged.append((changes, topoheight))

    merged: list[tuple[Changes, int]] = []
    storage: Any = Recording(reader({}).state)
    typed: Storage = storage
    Batched(SCHEME).merge(Changes(height=1), typed, 7)
    assert merged == [(Changes(height=1), 7)]


def test_schedule_and_workers_do_not_change_the_outcome() -> None:
    random = Random(1)
    everyone = (A, B, C, D, M)
    storage = reader({each: account(20 * FEE, gold=10) for each in everyone[:4]})
    for _ in range(60):
        nonces = dict.fromkeys(everyone, 0)
        transactions = []
        for _ in range(random.randrange(1, 8)):
            source, destination = random.sample(everyone, 2)
            if random.random() < 0.3:
                transactions.append(burn(source, random.randrange(6), GOLD, nonces[source]))
            else:
                amount = random.choice((0, 7 * FEE, 12 * FEE))
                transactions.append(pay(source, to(destination, amount), nonce=nonces[source]))
            nonces[source] += random.random() < 0.9
        policy = random.choice(list(Policy))
        sequential = run(storage, *transactions, policy=policy, executor=Batched(SCHEME, 1))
        for _ in range(3):
            shuffled = Scheduled(lambda runnable: random.randrange(len(runnable)))
            executor = Batched(SCHEME, random.randrange(1, 5))
            outcome = run(storage, *transactions, policy=policy, driver=shuffled, executor=executor)
            assert outcome == sequential


def test_labels_of_operations_are_short_and_stable() -> None:
    scheduled = Scheduled()
    storage = reader({A: RICH, B: account(1, energy=1)})
    run(storage, burn(A, 1), seal_signed(B, NonceBump(), fee=0, fee_type=1), driver=scheduled)
    assert [step.operation.label for step in scheduled.trace if step.task == 0] == [
        "exists",
        "nonce",
        "balance",
        "multisig",
        "burned",
        "publish",
    ]
    assert [step.operation.label for step in scheduled.trace if step.task == 1] == [
        "exists",
        "nonce",
        "energy",
        "multisig",
        "publish",
    ]
