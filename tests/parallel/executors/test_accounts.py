from __future__ import annotations

from random import Random

import pytest

from lockstep.schedules.conflict import dependent
from lockstep_ledger.model import NATIVE, NonceBump, Policy
from lockstep_ledger.outcome import Code
from lockstep_parallel.executors.accounts import BatchedAccounts, DagAccounts, account_of
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.interface import Executor
from lockstep_parallel.steps.drivers.scheduled import Scheduled
from lockstep_parallel.steps.ops import Operation
from tests.parallel.world import (
    FEE,
    SCHEME,
    A,
    B,
    C,
    D,
    account,
    burn,
    pay,
    reader,
    run,
    seal_signed,
    to,
)

RICH = account(10 * FEE, gold=5, energy=2)

each_executor = pytest.mark.parametrize("executor", [BatchedAccounts(SCHEME), DagAccounts(SCHEME)])


def operations(executor: Executor) -> list[Operation]:
    driver = Scheduled()
    block = (pay(A, to(B, 1)), seal_signed(C, NonceBump(), fee=0, fee_type=1), burn(D, 1))
    outcome = run(reader({A: RICH, C: RICH, D: RICH}), *block, driver=driver, executor=executor)
    assert [each.code for each in outcome.receipts] == [Code.SUCCESS] * 3
    return [step.operation for step in driver.trace]


@pytest.mark.parametrize(
    ("executor", "name"),
    [(BatchedAccounts(SCHEME), "batched-accounts"), (DagAccounts(SCHEME), "dag-accounts")],
)
def test_they_are_executors_by_these_names(executor: Executor, name: str) -> None:
    assert executor.name == name


def test_a_balance_belongs_to_the_account_of_its_account_like_any_field() -> None:
    assert account_of(("balance", (A, NATIVE))) == account_of(("nonce", A)) == ("account", A)


@each_executor
def test_every_step_on_a_field_names_the_account_too(executor: Executor) -> None:
    fields = {"exists", "nonce", "balance", "multisig", "energy"}
    seen = set()
    for operation in operations(executor):
        for key in operation.keys:
            if key[0] in fields:
                assert account_of(key) in operation.keys
                seen.add(key[0])
    assert seen == fields


def test_a_write_of_one_field_conflicts_with_a_read_of_another() -> None:
    steps = operations(BatchedAccounts(SCHEME))
    (published,) = [each for each in steps if each.label == "publish" and ("nonce", A) in each.keys]
    read = next(each for each in steps if each.label == "multisig" and ("multisig", A) in each.keys)
    assert ("multisig", A) not in published.keys
    assert dependent(published, read)


def test_reads_of_one_account_do_not_conflict() -> None:
    reads = [each for each in operations(BatchedAccounts(SCHEME)) if ("account", A) in each.keys][
        :2
    ]
    assert not dependent(*reads)


@each_executor
def test_the_outcome_is_that_of_single_fields(executor: Executor) -> None:
    random = Random(2)
    storage = reader(dict.fromkeys((A, B, C), account(20 * FEE)))
    for _ in range(40):
        block = [
            pay(source, to(random.choice((C, D)), random.choice((1, 15 * FEE))), nonce=nonce)
            for nonce in range(2)
            for source in (A, B)
        ]
        policy = random.choice(list(Policy))
        expected = run(storage, *block, policy=policy, executor=Batched(SCHEME))
        shuffled = Scheduled(lambda runnable: random.randrange(len(runnable)))
        assert run(storage, *block, policy=policy, driver=shuffled, executor=executor) == expected
