"""Faults from outside: every executor bears them, and what does not bear them is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product

import pytest

from lockstep.case.file import Record, Setting, from_bytes, to_bytes
from lockstep.case.text import case_lines
from lockstep.case.values import (
    BlockStep,
    Case,
    Column,
    Intent,
    MergeDies,
    Onlooker,
    PlannedFault,
    ReadsFail,
)
from lockstep.findings.by_schedule import shrink
from lockstep.generate.mixture import case_at
from lockstep.run.outside_faults import expected_of_the_others
from lockstep.run.result import Run
from lockstep.run.stores import MemoryStores, open_stores
from lockstep.run.unreadable import UnreadableError, UnreadableReader
from lockstep.streams import stream
from lockstep.targets.named import BUILT_IN, open_steered
from lockstep.verdict import Verdict
from lockstep_ledger.block import Block, Rewards
from lockstep_ledger.model import (
    NATIVE,
    Account,
    Address,
    Asset,
    Chain,
    Policy,
    State,
    Transfer,
    Transfers,
)
from lockstep_ledger.outcome import Changes, Code, Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.access import ACCESS_MODES
from lockstep_ledger.storage.fetched import Wanted
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import Reader, Storage
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.steps.drivers.protocol import Driver
from tests.harness.small import (
    ALICE,
    BOB,
    CAROL,
    FEE,
    RICH,
    block,
    case_of,
    payment,
    pays,
    run_on,
)

FAULTS = (MergeDies(0), MergeDies(1), ReadsFail(ALICE), ReadsFail(BOB), Onlooker())
CASES = 120

RIGHT = [name for name in sorted(BUILT_IN) if not name.endswith("canary")]

each_fault = pytest.mark.parametrize("fault", FAULTS, ids=str)


def under(fault: PlannedFault | None, case: Case) -> Case:
    """Put ``fault`` upon every block."""
    return replace(
        case,
        steps=tuple(
            replace(step, fault=fault) if isinstance(step, BlockStep) else step
            for step in case.steps
        ),
    )


def drawn(number: int) -> Case:
    """Return a generated case under a drawn fault."""
    case = case_at("injection", number)
    random = stream("injection", "fault", number)
    accounts = sorted(case.state.accounts) or [ALICE]
    chosen = (MergeDies(random.randrange(3)), ReadsFail(random.choice(accounts)), Onlooker())
    return under(random.choice(chosen), case)


# The case.


@each_fault
def test_a_fault_is_written_read_and_told(fault: PlannedFault) -> None:
    record = Record(under(fault, payment()), {})
    assert from_bytes(to_bytes(record)) == record
    assert set(case_lines(record.case)) != set(case_lines(payment()))


@each_fault
def test_shrinking_drops_a_fault_that_a_failure_does_not_need(fault: PlannedFault) -> None:
    with open_steered(Setting("canary"), MemoryStores()) as lane:
        case = under(fault, payment())
        run = lane.run_sequential(replace(case, steps=(*payment().steps, *case.steps)))
        reduced = shrink(case, run, lane)
    assert [step.fault for step in reduced.case.steps if isinstance(step, BlockStep)] == [None]


# Executors without a fault of their own.


@pytest.mark.parametrize(
    "executor", [name for name in sorted(BUILT_IN) if not name.endswith("canary")]
)
def test_an_executor_agrees_under_every_fault(executor: str) -> None:
    with open_steered(Setting(executor), MemoryStores()) as lane:
        for number in range(CASES):
            run = lane.run_random(drawn(number), stream("injection", "walk", number))
            assert run.verdict is Verdict.AGREE, (number, run.differences)


@pytest.mark.parametrize("access", ACCESS_MODES)
@pytest.mark.parametrize("driver", ["scheduled", "threads"])
def test_every_driver_and_access_mode_agrees_under_every_fault(driver: str, access: str) -> None:
    with (
        open_stores("rocksdb") as stores,
        open_steered(Setting("batched", 2, driver, access), stores) as lane,
    ):
        for number in range(CASES // 6):
            run = lane.run_random(drawn(number), stream("injection", "walk", number))
            assert run.verdict is Verdict.AGREE, (number, run.differences)


@pytest.mark.parametrize("executor", RIGHT)
@pytest.mark.parametrize("storage", ["memory", "rocksdb"])
def test_an_account_that_cannot_be_read_is_no_asset_of_the_same_bytes(
    executor: str, storage: str
) -> None:
    named_as_alice = ALICE
    rich = Account(0, {NATIVE: RICH, named_as_alice: 7})
    steps = []
    for nonce, (unreadable, asset) in enumerate(product((NATIVE, ALICE), (NATIVE, named_as_alice))):
        payload = Transfers((Transfer(asset, CAROL, 1),))
        intent = Intent(f"t{nonce}", BOB, payload, nonce, FEE)
        steps.append(BlockStep((intent,), Policy.SKIP, fault=ReadsFail(unreadable)))
    case = Case(State(Chain(), {ALICE: rich, BOB: rich}), tuple(steps))
    with open_stores(storage) as stores, open_steered(Setting(executor), stores) as lane:
        run = lane.run_sequential(case)
    assert (run.verdict, run.differences) == (Verdict.AGREE, ())
    receipts = [receipt for each in run.blocks for receipt in each.expected.receipts]
    assert [receipt.code for receipt in receipts] == [Code.SUCCESS] * 4


# What cannot be read.


def asked_of(reader: Reader, address: Address) -> list[str]:
    """Return what ``reader`` cannot read of an account, asked one by one and by fetches."""
    failed = []
    here = {address: None}
    questions: dict[str, tuple[Callable[[], object], Wanted]] = {
        "existence": (partial(reader.exists, address), Wanted(existence=here)),
        "nonce": (partial(reader.nonce, address), Wanted(nonces=here)),
        "multisig": (partial(reader.multisig, address), Wanted(multisigs=here)),
        "energy": (partial(reader.energy, address), Wanted(energies=here)),
    }
    for name, asset in (("native", NATIVE), ("alice", ALICE)):
        wanted = Wanted(balances={(address, asset): None})
        questions[f"balance {name}"] = (partial(reader.balance, address, asset), wanted)
    for name, (question, wanted) in questions.items():
        refusals = [refuses(question), refuses(partial(reader.fetch, partial(replace, wanted)))]
        assert len({*refusals}) == 1, f"{name}: a fetch and a read differ"
        failed += [name] * refusals[0]
    return failed


def refuses(question: Callable[[], object]) -> bool:
    try:
        question()
    except UnreadableError:
        return True
    return False


@pytest.mark.parametrize(
    ("column", "asset", "failing"),
    [
        (
            None,
            None,
            ["existence", "nonce", "multisig", "energy", "balance native", "balance alice"],
        ),
        (Column.EXISTENCE, None, ["existence"]),
        (Column.NONCE, None, ["nonce"]),
        (Column.MULTISIG, None, ["multisig"]),
        (Column.ENERGY, None, ["energy"]),
        (Column.BALANCE, None, ["balance native", "balance alice"]),
        (None, NATIVE, ["balance native"]),
        (Column.BALANCE, ALICE, ["balance alice"]),
    ],
    ids=[
        "all",
        "existence",
        "nonce",
        "multisig",
        "energy",
        "balances",
        "native balance",
        "one balance",
    ],
)
def test_an_account_a_column_of_it_or_one_balance_cannot_be_read(
    column: Column | None, asset: Asset | None, failing: list[str]
) -> None:
    stored = MemoryStorage(payment().state)
    reader = UnreadableReader(stored, ALICE, column, asset)
    assert asked_of(reader, ALICE) == failing
    assert asked_of(reader, BOB) == []
    assert reader.chain() == stored.chain()


def others(policy: Policy, *codes: Code) -> Outcome:
    """Return what a block of payments gives where bob cannot be read; a success pays bob."""
    intents = (
        pays(f"t{index}", 0 if code is Code.SUCCESS else 9) for index, code in enumerate(codes)
    )
    with open_steered(Setting(), MemoryStores()) as lane:
        run = lane.run_sequential(case_of(block(*intents, policy=policy)))
    (executed,) = run.blocks
    reader = UnreadableReader(MemoryStorage(executed.before), BOB)
    expected = expected_of_the_others(executed.block, reader, SCHEMES["keyed-hash"])
    assert expected.outcome is not None
    assert not expected.may_raise
    return expected.outcome


def test_who_needs_what_cannot_be_read_has_a_fault_and_the_others_their_receipts() -> None:
    outcome = others(Policy.SKIP, Code.SUCCESS, Code.NONCE_TOO_HIGH)
    assert [each.index for each in outcome.faults] == [0]
    assert [(each.index, each.code) for each in outcome.receipts] == [(1, Code.NONCE_TOO_HIGH)]
    assert outcome.changes == Changes(height=1)


def test_an_atomic_block_ends_with_a_fault_or_with_the_failure_before_it() -> None:
    broken = others(Policy.ATOMIC, Code.SUCCESS, Code.NONCE_TOO_HIGH)
    assert ([each.index for each in broken.faults], broken.receipts) == ([0], ())
    assert (broken.rejection, broken.changes) == (None, Changes())
    rejected = others(Policy.ATOMIC, Code.NONCE_TOO_HIGH, Code.SUCCESS)
    assert (rejected.faults, len(rejected.receipts)) == ((), 1)
    assert rejected.rejection is not None


# Executors with one.


class SwallowsErrors(Batched):
    """Takes a block that it cannot read for an empty one."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        """Drop the transactions of a block with a fault."""
        outcome = super().execute(block, storage, driver)
        if not outcome.faults:
            return outcome
        return super().execute(replace(block, transactions=()), storage, driver)


class MergesWithoutABatch(Batched):
    """Writes a block twice over, the height first."""

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Merge the height, take it back, merge all."""
        storage.merge(Changes(height=changes.height), topoheight)
        storage.rewind(topoheight - 1)
        super().merge(changes, storage, topoheight)


class PaysBlindly(Batched):
    """Executes a block without its rewards where they cannot be paid."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        """Try with the rewards first."""
        try:
            return super().execute(block, storage, driver)
        except UnreadableError:
            return super().execute(replace(block, rewards=None), storage, driver)


def found(executor: type[Batched], fault: PlannedFault | None) -> Run:
    return run_on(executor, under(fault, payment()))


def test_a_crash_that_is_not_told_is_a_divergence() -> None:
    assert found(SwallowsErrors, None).verdict is Verdict.AGREE
    run = found(SwallowsErrors, ReadsFail(ALICE))
    assert (run.verdict, run.differences[0].field) == (Verdict.DIVERGE, "faults")


def test_a_merge_of_several_writes_is_found_where_it_dies_and_by_an_onlooker() -> None:
    assert found(MergesWithoutABatch, None).verdict is Verdict.AGREE
    assert found(MergesWithoutABatch, MergeDies(0)).verdict is Verdict.AGREE
    torn = found(MergesWithoutABatch, MergeDies(1))
    assert (torn.verdict, torn.differences[0].field) == (Verdict.DIVERGE, "stored state")
    seen = found(MergesWithoutABatch, Onlooker())
    assert (seen.verdict, seen.differences[0].field) == (Verdict.DIVERGE, "state seen")


def test_a_merge_that_dies_after_its_last_write_has_stored_the_block() -> None:
    run = found(MergesWithoutABatch, MergeDies(3))
    assert (run.verdict, run.differences) == (Verdict.AGREE, ())


def test_a_block_whose_own_terms_cannot_be_read_has_no_outcome() -> None:
    empty = BlockStep((), Policy.SKIP, Rewards(BOB, 0, BOB, 1), fault=ReadsFail(BOB))
    assert run_on(Batched, case_of(empty)).verdict is Verdict.AGREE
    run = run_on(PaysBlindly, case_of(empty))
    assert (run.verdict, run.differences[0].expected) == (Verdict.DIVERGE, "an exception")
