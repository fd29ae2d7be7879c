"""A value outside its width is told as such, and what holds it is written without it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lockstep.case.file import from_bytes, to_bytes
from lockstep.compare.outcomes import compare_outcomes
from lockstep.compare.widths import SUM_MAX
from lockstep.findings.investigate import met_record
from lockstep.run.stores import MemoryStores
from lockstep.targets.inside import InsideTarget
from lockstep.targets.named import open_steered
from lockstep.verdict import Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import NATIVE, U64_MAX
from lockstep_ledger.outcome import Changes, Code, Outcome, Receipt
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.steps.drivers.protocol import Driver
from tests.harness.small import ALICE, SETTING, payment

RIGHT = Outcome((Receipt(0, bytes(32), Code.SUCCESS, 1),), Changes(), 1)


@pytest.mark.parametrize("beyond", [-1, U64_MAX + 1])
@pytest.mark.parametrize(
    ("where", "changes"),
    [
        ("modified_nonces alice", lambda value: {"modified_nonces": {ALICE: value}}),
        ("modified_energies alice", lambda value: {"modified_energies": {ALICE: value}}),
        (
            "modified_balances alice native",
            lambda value: {"modified_balances": {(ALICE, NATIVE): value}},
        ),
        ("burned", lambda value: {"burned": value}),
        ("height", lambda value: {"height": value}),
    ],
)
def test_a_number_outside_its_width_is_the_first_difference(
    where: str, changes: object, beyond: int
) -> None:
    assert callable(changes)
    wrong = replace(RIGHT, changes=Changes(**changes(beyond)))
    first = compare_outcomes(RIGHT, wrong)[0]
    assert (first.field, first.where, first.actual) == ("width", where, str(beyond))
    within = replace(RIGHT, changes=Changes(**changes(U64_MAX)))
    assert all(each.field != "width" for each in compare_outcomes(RIGHT, within))


def test_fees_may_be_as_wide_as_a_sum_and_no_wider() -> None:
    first = compare_outcomes(RIGHT, replace(RIGHT, fees=SUM_MAX + 1))[0]
    assert (first.field, first.where) == ("width", "fees")
    assert compare_outcomes(RIGHT, replace(RIGHT, fees=SUM_MAX))[0].field == "fees"


class Overdrawn(Batched):
    """Takes more than there is."""

    name = "overdrawn"

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        outcome = super().execute(block, storage, driver)
        changes = replace(outcome.changes, modified_energies={ALICE: -1})
        return replace(outcome, changes=changes)


def test_a_finding_with_such_a_value_is_readable() -> None:
    case = payment()
    with open_steered(SETTING, MemoryStores(), InsideTarget("ours", Overdrawn)) as lane:
        run = lane.run_sequential(case)
        assert run.verdict is Verdict.DIVERGE
        record = met_record(case, run, lane, {"kind": "test"})
    assert from_bytes(to_bytes(record)) == record
