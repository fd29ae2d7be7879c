"""A failure that is not the recorded one is never taken for it, however it was met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from lockstep.case.file import Record, Setting, save
from lockstep.case.manner import Manner
from lockstep.case.reproduction import Reproduction
from lockstep.case.values import Case
from lockstep.findings.by_repetition import ByRepetition
from lockstep.findings.replay import Replayed, replay
from lockstep.findings.replayed import Rung, fails_as_recorded
from lockstep.findings.shrink_file import shrink_file
from lockstep.report.shrunk import shrunk_lines
from lockstep.run.drivers import Ways
from lockstep.run.fingerprint import signature_of
from lockstep.run.result import Run
from lockstep.run.stores import MemoryStores
from lockstep.schedules.mix import Mix
from lockstep.targets.canary import Canary
from lockstep.targets.repeated import RepeatedLane
from lockstep.targets.steered import SteeredLane
from lockstep.verdict import Difference, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from tests.harness.cli.command_line import DIVERGENCE, FAULT, TARGETS, lockstep
from tests.harness.small import record, run_on

CANARY = "diverge modified_balances of a sender too much"


def written(description: str, verdict: str = "diverge", executor: str = "canary") -> Record:
    return record(description=description, verdict=verdict, setting=Setting(executor))


def replayed(written: Record, *, strict: bool = False) -> Replayed:
    return replay(written, MemoryStores(), strict=strict)


@pytest.mark.parametrize("strict", [False, True])
def test_the_recorded_failure_is_known_again(strict: bool) -> None:
    assert replayed(written(CANARY), strict=strict).rung is Rung.DEVIATIONS


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("description", "verdict"),
    [
        ("diverge receipts SUCCESS for absent", "diverge"),
        ("diverge", "diverge"),
        ("crash executor ValueError boom", "crash"),
        ("what the executor does wrong, in words", "crash"),
        ("", "hang"),
    ],
)
def test_another_kind_or_verdict_is_another_failure(
    description: str, verdict: str, strict: bool
) -> None:
    found = replayed(written(description, verdict), strict=strict)
    assert found.rung is Rung.ANOTHER
    assert found.run.verdict is Verdict.DIVERGE


@pytest.mark.parametrize("description", ["", "A payment must be taken from who pays.", "divergent"])
def test_where_the_file_says_the_verdict_alone_that_decides(description: str) -> None:
    assert replayed(written(description)).rung is Rung.DEVIATIONS


def test_no_failure_is_not_another_one() -> None:
    assert replayed(written(CANARY, executor="batched")).rung is Rung.NONE
    assert replayed(written("", verdict="", executor="canary")).rung is Rung.DEVIATIONS
    assert replayed(written("", verdict="agree", executor="canary")).rung is Rung.DEVIATIONS


def test_the_recorded_failure_is_looked_for_behind_another(monkeypatch: pytest.MonkeyPatch) -> None:
    crash = Run(Verdict.CRASH, (Difference("executor", "ValueError", "an outcome", "boom"),), ())
    runs = [crash, crash, crash]

    def run_once(lane: object, case: Case, choosing: object) -> Run:
        return runs.pop() if runs else real(lane, case, choosing)

    real: Callable[..., Run] = SteeredLane.run_once
    monkeypatch.setattr(SteeredLane, "run_once", run_once)
    found = replayed(written(CANARY))
    assert (found.rung, found.run.verdict) == (Rung.NEARBY, Verdict.DIVERGE)
    runs += [crash]
    assert replayed(written(CANARY), strict=True).rung is Rung.ANOTHER


def test_a_failure_that_differs_from_itself_or_is_flaky_is_known_by_its_kind() -> None:
    run = run_on_canary()
    kind = " ".join(signature_of(run)[1:])
    for verdict in ("self_diverge", "flaky"):
        assert fails_as_recorded(written(f"{verdict} {kind}", verdict), run)
        assert not fails_as_recorded(written(f"{verdict} burned", verdict), run)
    assert not fails_as_recorded(written(f"crash {kind}", "crash"), run)


def run_on_canary() -> Run:
    return run_on(Canary)


# By repetition.


class Scripted(RepeatedLane):
    """Gives the runs of a script, the last of them for ever."""

    def __init__(self, *runs: Run) -> None:
        super().__init__(Setting("scripted"))
        self._runs = list(runs)
        self.count = 0

    def run_in(self, case: Case, manners: Ways[Manner]) -> Run:
        self.count += 1
        return self._runs[min(self.count, len(self._runs)) - 1]

    def run_mixed(self, case: Case, random: Random, mix: Mix) -> Run:
        return self.run_plain(case)

    def execute(self, block: Block, before: State, scheme: str) -> tuple[None, None]:
        return None, None

    def close(self) -> None:
        """Release nothing."""


AGREES = Run(Verdict.AGREE, (), ())
WANTED = Run(Verdict.DIVERGE, (Difference("burned", "", "1", "2"),), ())
OTHER = Run(Verdict.CRASH, (Difference("executor", "process", "an outcome", "it ended"),), ())
UNSUPPORTED = Run(Verdict.UNSUPPORTED, (), ())


@pytest.mark.parametrize(
    ("runs", "rung", "ended"),
    [
        ((WANTED,), Rung.DEVIATIONS, WANTED),
        ((AGREES, OTHER, AGREES, WANTED), Rung.DEVIATIONS, WANTED),
        ((AGREES, OTHER, AGREES), Rung.ANOTHER, OTHER),
        ((AGREES,), Rung.NONE, AGREES),
        ((AGREES, UNSUPPORTED), Rung.NONE, UNSUPPORTED),
    ],
    ids=["at once", "behind another", "another alone", "none", "unsupported"],
)
def test_a_failure_is_repeated_until_it_is_the_recorded_one(
    runs: tuple[Run, ...], rung: Rung, ended: Run
) -> None:
    known = Reproduction(15, 30, Manner())
    asked = replace(written("diverge burned"), reproduction=known)
    back = ByRepetition(Scripted(*runs)).replay(asked, strict=False)
    assert back.rung is rung
    assert (back.run is ended) or rung is Rung.NONE


# The command line.


def test_another_failure_is_said_to_be_one_and_ends_with_1(tmp_path: Path) -> None:
    path = save(written("diverge receipts SUCCESS for absent"), tmp_path)
    result = lockstep("replay", path)
    assert result.exit_code == DIVERGENCE
    assert f"diverge {path} (canary, 4 workers, scheduled; another failure" in result.stdout
    assert "1 failed in another way than recorded" in result.stdout


def test_a_crash_in_place_of_a_divergence_ends_with_1_too(tmp_path: Path) -> None:
    path = save(written(CANARY), tmp_path)
    result = lockstep("replay", path, "--executor", f"{TARGETS}:Crashing")
    assert result.exit_code == DIVERGENCE
    assert result.stdout.startswith("crash ")
    recorded = save(written("", "crash"), tmp_path)
    assert lockstep("replay", recorded, "--executor", f"{TARGETS}:Crashing").exit_code == FAULT


def test_shrinking_says_that_it_is_another_failure(tmp_path: Path) -> None:
    path = save(written("diverge receipts SUCCESS for absent"), tmp_path)
    lines = list(shrunk_lines(shrink_file(path, tmp_path / "shrunk")))
    assert "  another failure than the file records: diverge receipts SUCCESS for absent" in lines
    lines = list(shrunk_lines(shrink_file(save(written(CANARY), tmp_path), tmp_path / "shrunk")))
    assert not any("another failure" in line for line in lines)
