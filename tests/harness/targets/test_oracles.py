"""Whose outcome counts: a node by its own sequential mode, or by an executor that is named."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from lockstep.case.file import Setting
from lockstep.case.judging import EXACTLY, Codes, Judging, Part
from lockstep.case.values import BlockStep, Case, ReadsFail
from lockstep.faults import UsageError
from lockstep.generate.mixture import case_at
from lockstep.run.result import NOT_FORESEEN, Run
from lockstep.run.stores import MemoryStores
from lockstep.schedules.mix import Mix
from lockstep.targets.named import open_lane
from lockstep.targets.steered import STEP_LIMIT
from lockstep.verdict import Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.identities import address_of
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.steps.drivers.protocol import Driver
from tests.harness.small import block, case_of, payment, pays

RULES = "tests.harness.other_rules"
OTHER, RACING, CRASHING = (
    f"{RULES}:{name}" for name in ("OtherRules", "OtherRulesRacing", "OtherRulesCrashing")
)
SEQUENTIAL = Judging("sequential")
CASES = range(120)
DAVE = address_of("dave")


def runs(executor: str, judging: Judging, cases: range = CASES) -> list[Run]:
    """Run generated cases as a campaign does."""
    with open_lane(Setting(executor, judging=judging), MemoryStores()) as lane:
        return [
            lane.run_mixed(case_at("judged", each), Random(each), Mix.for_one_case(STEP_LIMIT))
            for each in cases
        ]


def verdicts(executor: str, judging: Judging) -> Counter[Verdict]:
    return Counter(run.verdict for run in runs(executor, judging))


def test_a_node_with_other_rules_fails_by_ours_and_never_by_its_own() -> None:
    assert verdicts(OTHER, EXACTLY)[Verdict.DIVERGE] > len(CASES) // 2
    assert verdicts(OTHER, SEQUENTIAL) == {Verdict.AGREE: len(CASES)}


def test_its_race_is_met_by_its_own_rules_alone() -> None:
    found = verdicts(RACING, SEQUENTIAL)
    assert found.keys() == {Verdict.AGREE, Verdict.DIVERGE}
    assert found[Verdict.DIVERGE] > 10


def test_any_executor_can_be_the_oracle() -> None:
    assert verdicts("dag", Judging("batched")) == {Verdict.AGREE: len(CASES)}
    assert verdicts(RACING, Judging(OTHER))[Verdict.DIVERGE] > 10
    assert verdicts("dag", Judging(OTHER))[Verdict.DIVERGE] > len(CASES) // 2


def test_a_fault_of_both_modes_is_no_difference_between_them() -> None:
    """Which is why the reference is the default."""
    assert verdicts("canary", SEQUENTIAL) == {Verdict.AGREE: len(CASES)}
    asked = verdicts("canary", Judging("sequential", invariants=True))
    assert asked[Verdict.INVARIANT] > len(CASES) // 2


def test_what_other_rules_differ_in_can_be_left_out_of_the_comparison() -> None:
    parts = (Part.BURNED, Part.FEES, Part.GAS)
    assert verdicts(OTHER, Judging(codes=Codes.CLASS, ignored=parts)) == {Verdict.AGREE: len(CASES)}
    for fewer in (parts[:2], parts[1:], (parts[0], parts[2])):
        lacking = Judging(codes=Codes.CLASS, ignored=fewer)
        assert verdicts(OTHER, lacking)[Verdict.DIVERGE] > 0
    assert verdicts(OTHER, Judging(ignored=parts))[Verdict.DIVERGE] > 0


def test_what_is_left_out_is_told_and_where_it_differed() -> None:
    judging = Judging(ignored=(Part.FEES, Part.GAS))
    with open_lane(Setting(OTHER, judging=judging), MemoryStores()) as lane:
        run = lane.run_plain(payment())
        empty = lane.run_plain(case_of(block()))
    both = ("fees, left out", "gas, left out")
    assert run.verdict is empty.verdict is Verdict.AGREE
    assert run.not_compared == (*both, "fees, which differed", "gas, which differed")
    assert empty.not_compared == both


def test_the_chain_goes_on_from_what_the_target_says_of_what_is_left_out() -> None:
    case = case_of(block(pays("t0", 0)), block(pays("t1", 1)))
    with open_lane(
        Setting("canary", judging=Judging(ignored=(Part.BALANCES,))), MemoryStores()
    ) as lane:
        run = lane.run_plain(case)
    assert run.verdict is Verdict.AGREE
    assert "modified_balances, which differed" in run.not_compared
    first, second = run.blocks
    assert first.actual is not None
    alice = next(iter(case.state.accounts))
    assert second.before.accounts[alice].balances == case.state.accounts[alice].balances


def test_an_oracle_that_gives_no_outcome_ends_the_case_under_its_own_name() -> None:
    [run] = runs(CRASHING, SEQUENTIAL, range(1))
    assert run.verdict is Verdict.CRASH
    assert run.differences[0].where == "oracle RuntimeError"
    assert run.blocks == ()


def test_an_oracle_whose_outcome_cannot_be_merged_judges_nothing() -> None:
    with open_lane(
        Setting("batched", judging=Judging("tests.harness.targets.test_oracles:Inventing")),
        MemoryStores(),
    ) as lane:
        run = lane.run_plain(payment())
    assert run.verdict is Verdict.PROTOCOL_ERROR
    assert run.differences[0].where == "oracle dave"


def test_reads_that_fail_are_judged_by_the_reference_alone() -> None:
    case = _failing_reads()
    with open_lane(Setting("batched", judging=SEQUENTIAL), MemoryStores()) as lane:
        assert lane.run_plain(case).not_compared == (NOT_FORESEEN,)
    with open_lane(Setting("batched"), MemoryStores()) as lane:
        assert lane.run_plain(case).not_compared == ()


@pytest.mark.parametrize(
    ("executor", "oracle", "words"),
    [
        ("http://127.0.0.1:1", "sequential", "http://127.0.0.1:1 has no sequential mode"),
        ("batched", "http://127.0.0.1:1", "http://127.0.0.1:1 has no sequential mode"),
        ("batched", "nobody", "unknown executor 'nobody'"),
        ("tests.harness.targets.test_seam:SocketTarget", "sequential", "by the reference alone"),
        ("tests.harness.targets.test_seam:SocketTarget", "batched", "by the reference alone"),
    ],
)
def test_where_there_is_no_such_oracle_one_line_says_so(
    executor: str, oracle: str, words: str
) -> None:
    with pytest.raises(UsageError, match="(?s)" + words):
        open_lane(Setting(executor, judging=Judging(oracle)), MemoryStores())


def _failing_reads() -> Case:
    case = payment()
    [step] = case.steps
    account = next(iter(case.state.accounts))
    assert isinstance(step, BlockStep)
    return replace(case, steps=(replace(step, fault=ReadsFail(account)),))


class Inventing(Batched):
    """Changes an account that is not there."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        outcome = super().execute(block, storage, driver)
        return replace(outcome, changes=replace(outcome.changes, modified_nonces={DAVE: 1}))
