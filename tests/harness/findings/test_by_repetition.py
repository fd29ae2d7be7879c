"""A failure of a program is measured, shrunk as often as it takes, and told with its rate."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lockstep.campaign.versus import versus
from lockstep.case.file import Record, Setting, from_bytes, load, to_bytes
from lockstep.case.manner import Manner
from lockstep.case.reproduction import MOST_RUNS, Reproduction
from lockstep.case.values import Case
from lockstep.cli.main import main
from lockstep.findings.finding import Finding
from lockstep.findings.replay import replay
from lockstep.findings.replayed import Rung
from lockstep.report.finding import finding_lines
from lockstep.run.result import Run
from lockstep.run.stores import MemoryStores
from lockstep.schedules.mix import Mix
from lockstep.targets.program.target import ProgramLane, ProgramTarget
from lockstep.targets.target import Lane
from lockstep.verdict import Verdict
from tests.harness.check.flaws import counts_its_workers, wrong_with
from tests.harness.findings.keeping import kept_finding, load_finding
from tests.harness.small import block, case_of, pays
from tests.harness.targets.program.inside import Flaw, Inside, inside, right
from tests.repository import REPOSITORY

MISBEHAVING = REPOSITORY / "tests/harness/targets/program/misbehaving.py"
TWO = case_of(block(pays("t0", 0), pays("t1", 1)), block(pays("t2", 2)))


def target(flaw: Flaw, name: str = "program") -> ProgramTarget:
    return ProgramTarget(name, inside("batched", flaw))


def lane_of(flaw: Flaw, name: str = "program") -> ProgramLane:
    return target(flaw, name).open(Setting(name), MemoryStores())


def failing(each: Lane, case: Case) -> Run:
    run = each.run_mixed(case, Random(0), Mix(1))
    assert run.verdict.is_failure
    return run


def found(flaw: Flaw, folder: Path) -> Finding:
    with lane_of(flaw) as each:
        return kept_finding(TWO, failing(each, TWO), each, folder)


def replayed(finding: Finding, flaw: Flaw) -> tuple[Run, Rung]:
    again = replay(load_finding(finding), MemoryStores(), Setting("program"), target(flaw))
    return again.run, again.rung


def every(period: int) -> Flaw:
    """Return a flaw that shows in every so many blocks of transfers."""

    def flaw(process: Inside, request: Any, answer: Callable[[Any], Any]) -> Any:
        answered = answer(request)
        if isinstance(request, dict) and request.get("type") == "execute_block":
            process.notes["count"] = process.notes.get("count", 0) + 1
            if process.notes["count"] % period == 0:
                answered["outcome"]["fees"] = "1"
        return answered

    return flaw


def once(process: Inside, request: Any, answer: Callable[[Any], Any]) -> Any:
    """Go wrong in the second block of the process and never again."""
    answered = answer(request)
    if isinstance(request, dict) and request.get("type") == "execute_block":
        process.notes["count"] = process.notes.get("count", 0) + 1
        if process.notes["count"] == 2:
            answered["outcome"]["fees"] = "1"
    return answered


@pytest.mark.parametrize(
    ("failed", "runs", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (1, 100, 0.0018, 0.0545),
    ],
)
def test_the_interval_is_that_of_wilson(failed: int, runs: int, low: float, high: float) -> None:
    assert Reproduction(failed, runs, Manner()).interval == pytest.approx((low, high), abs=1e-4)


def test_a_rarer_failure_needs_more_runs_to_be_met() -> None:
    runs = [Reproduction(failed, 30, Manner()).runs_to_meet() for failed in (30, 15, 3, 0)]
    assert runs == sorted(runs)
    assert runs[0] < 5
    assert runs[-1] == MOST_RUNS


def test_a_failure_that_always_comes_is_shrunk_like_any_other(tmp_path: Path) -> None:
    finding = found(wrong_with("transfers"), tmp_path)
    assert finding.run.verdict is Verdict.DIVERGE
    assert finding.settled.repeatable
    assert finding.case.transactions() == 1
    assert finding.settled.reproduction == Reproduction(30, 30, Manner())
    run, rung = replayed(finding, wrong_with("transfers"))
    assert (run.verdict, rung) == (Verdict.DIVERGE, Rung.DEVIATIONS)


def test_a_failure_under_some_workers_only_is_a_divergence_from_itself(tmp_path: Path) -> None:
    finding = found(counts_its_workers, tmp_path)
    assert finding.run.verdict is Verdict.SELF_DIVERGE
    assert finding.settled.reproduction is not None
    assert finding.settled.reproduction.manner.workers == 8
    assert finding.settled.reproduction.is_certain
    assert finding.run.differences[-1].field == "itself"
    run, rung = replayed(finding, counts_its_workers)
    assert (run.verdict, rung) == (Verdict.SELF_DIVERGE, Rung.DEVIATIONS)


def test_a_failure_that_comes_now_and_then_is_flaky_and_tells_its_rate(tmp_path: Path) -> None:
    finding = found(every(3), tmp_path)
    assert finding.run.verdict is Verdict.FLAKY
    assert not finding.settled.repeatable
    assert finding.settled.reproduction is not None
    assert 0 < finding.settled.reproduction.failed < finding.settled.reproduction.runs
    [line] = [each for each in finding_lines(finding) if "reproduction" in each]
    assert "95% interval" in line
    assert finding.case.transactions() < TWO.transactions()
    run, rung = replayed(finding, every(3))
    assert (run.verdict, rung) == (Verdict.FLAKY, Rung.DEVIATIONS)


def test_a_failure_that_never_comes_back_is_kept_unshrunk_with_its_rate_of_0(
    tmp_path: Path,
) -> None:
    finding = found(once, tmp_path)
    assert finding.run.verdict is Verdict.FLAKY
    assert finding.case == TWO
    assert finding.settled.reproduction is not None
    assert finding.settled.reproduction.failed == 0


def test_a_recorded_failure_that_is_mended_does_not_come_back(tmp_path: Path) -> None:
    run, rung = replayed(found(every(3), tmp_path), right)
    assert (run.verdict, rung) == (Verdict.AGREE, Rung.NONE)


def test_a_reproduction_survives_the_case_file() -> None:
    reproduction = Reproduction(7, 30, Manner(workers=8, seed=2**63))
    record = Record(TWO, {"kind": "fuzz"}, reproduction=reproduction)
    assert from_bytes(to_bytes(record)) == record


def test_a_finding_says_who_differs_from_whom(tmp_path: Path) -> None:
    finding = found(wrong_with("transfers"), tmp_path)

    def told(flaw: Flaw) -> str:
        with lane_of(flaw, "other") as other:
            [line] = versus(finding.case, finding.run, "program", [other])
        return line

    assert told(right) == "other agrees with the reference: it differs from program"
    assert told(wrong_with("transfers")) == (
        "other gives what program gives: both differ from the reference"
    )
    assert "differs from the reference in another way (crash" in told(_crashing)


def _crashing(_: Inside, request: Any, answer: Callable[[Any], Any]) -> Any:
    if isinstance(request, dict) and request.get("type") == "execute_block":
        return {"type": "error", "id": request["id"], "code": "internal", "text": "no"}
    return answer(request)


def fuzz(tmp_path: Path, *words: str, cases: int) -> Result:
    program = f"cmd:{sys.executable} -IS {MISBEHAVING} {' '.join(words)}"
    arguments = ["fuzz", "--cases", str(cases), "--seed", "one", "--storage", "memory"]
    arguments += ["--executor", program, "--findings", str(tmp_path / "findings")]
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize("fault", ["sequential", "error-unsupported"])
def test_a_campaign_of_nothing_but_unsupported_fails(tmp_path: Path, fault: str) -> None:
    result = fuzz(tmp_path, fault, cases=30)
    assert result.exit_code == 4, result.output
    assert "verdict unsupported" in result.output
    assert "nothing was compared" in result.output
    assert "verdict agree" not in result.output


def test_a_campaign_on_a_program_that_ends_at_every_block_says_so_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockstep.findings.by_repetition.TRIALS", 2)
    monkeypatch.setattr("lockstep.findings.by_repetition.BUDGETS", {Verdict.CRASH: 4})
    result = fuzz(tmp_path, "exit", cases=10)
    assert result.exit_code == 3, result.output
    assert "verdict crash" in result.output
    assert "the first 3 cases all ended in crash" in result.output
    assert "giving up" in result.output
    [path] = (tmp_path / "findings").rglob("*.json")
    assert load(path).verdict == "crash"
    assert load(path).origin["stderr"] == "giving up\n"


def test_shrinking_a_saved_failure_of_a_program_measures_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockstep.findings.by_repetition.TRIALS", 3)
    monkeypatch.setattr("lockstep.findings.by_repetition.BUDGETS", {Verdict.PROTOCOL_ERROR: 8})
    program = f"cmd:{sys.executable} -IS {MISBEHAVING} bad-number"
    record = Record(TWO, {"kind": "hand-written"}, setting=Setting(program))
    path = tmp_path / "case.json"
    path.write_bytes(to_bytes(replace(record, verdict="protocol_error")))
    result = CliRunner().invoke(main, ["shrink", "--trust", str(path)])
    assert result.exit_code == 3, result.output
    assert "reproduction: 3 of 3 runs fail" in result.output
