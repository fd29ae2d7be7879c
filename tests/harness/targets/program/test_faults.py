"""Whatever a program does wrong is one verdict of its case, and leaves nothing behind."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lockstep.case.file import Setting
from lockstep.faults import HarnessFault
from lockstep.run.result import Run
from lockstep.run.stores import MemoryStores
from lockstep.targets.program import child
from lockstep.targets.program.program import Program
from lockstep.targets.program.target import ProgramLane
from lockstep.verdict import Verdict
from tests.harness.small import payment
from tests.harness.targets.program.storm import STORM, storm

PROGRAM = Path(__file__).with_name("misbehaving.py")
MEGABYTE = 1024 * 1024


def program(*words: str, deadline: float = 10.0) -> Program:
    command = (sys.executable, "-IS", str(PROGRAM), *words)
    return Program(command, memory=1536 * MEGABYTE, deadline=deadline)


def run(*words: str, deadline: float = 10.0) -> Run:
    """Run one payment on the misbehaving program."""
    with lane_of(program(*words, deadline=deadline)) as each:
        return each.run_plain(payment())


def lane_of(started: Program) -> ProgramLane:
    return ProgramLane(started, Setting("bad"), MemoryStores())


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Hold every test here to leaving no process, dead or alive, and no open pipe."""
    before, there = open_files(), set(psutil.Process().children(recursive=True))
    yield
    assert set(psutil.Process().children(recursive=True)) <= there
    assert open_files() <= before


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


SLOW = ("hang", "half", "child")
FAULTS = {
    "exit": (Verdict.CRASH, "process", "exit code 3"),
    "exit-well": (Verdict.CRASH, "process", "exit code 0"),
    "kill": (Verdict.CRASH, "process", "SIGKILL"),
    "abort": (Verdict.CRASH, "process", "SIGABRT"),
    "memory": (Verdict.CRASH, "process", "exit code 1"),
    "stderr": (Verdict.CRASH, "process", "exit code 1"),
    "hang": (Verdict.HANG, "deadline", "no answer in time"),
    "half": (Verdict.HANG, "deadline", "bytes of a frame"),
    "child": (Verdict.HANG, "deadline", "no answer in time"),
    "garbage": (Verdict.PROTOCOL_ERROR, "frame", "Segmentation fault"),
    "empty-frame": (Verdict.PROTOCOL_ERROR, "frame", "a length of 0"),
    "oversize": (Verdict.PROTOCOL_ERROR, "frame", "67108865"),
    "truncated": (Verdict.PROTOCOL_ERROR, "truncated frame", "exit code 0"),
    "no-json": (Verdict.PROTOCOL_ERROR, "answer", "no JSON"),
    "no-utf8": (Verdict.PROTOCOL_ERROR, "answer", "no JSON"),
    "deep": (Verdict.PROTOCOL_ERROR, "answer", "object"),
    "twice": (Verdict.PROTOCOL_ERROR, "unasked", "no request"),
    "wrong-id": (Verdict.PROTOCOL_ERROR, "answer", "id"),
    "wrong-type": (Verdict.PROTOCOL_ERROR, "answer", "reset for execute_block"),
    "unknown-type": (Verdict.PROTOCOL_ERROR, "answer", "surprise"),
    "no-outcome": (Verdict.PROTOCOL_ERROR, "answer", "outcome"),
    "bad-number": (Verdict.PROTOCOL_ERROR, "outcome", "-1"),
    "wide-number": (Verdict.PROTOCOL_ERROR, "outcome", "outside"),
    "bad-hex": (Verdict.PROTOCOL_ERROR, "outcome", "hex"),
    "bad-code": (Verdict.PROTOCOL_ERROR, "outcome", "NO_SUCH_CODE"),
    "bad-mode": (Verdict.PROTOCOL_ERROR, "statistics", "sideways"),
    "error-malformed": (Verdict.PROTOCOL_ERROR, "error malformed", "as asked"),
    "error-deadline": (Verdict.HANG, "error deadline", "as asked"),
    "error-internal": (Verdict.CRASH, "error internal", "as asked"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_one_verdict_of_its_case(fault: str) -> None:
    verdict, where, words = FAULTS[fault]
    seen = run(fault, deadline=0.3 if fault in SLOW else 10.0)
    assert seen.verdict is verdict, seen.differences
    first = seen.differences[0]
    assert (first.field, first.where) == ("executor", where)
    assert words in first.actual


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("error-unsupported", "error unsupported: as asked"),
        ("sequential", "parallel path not taken: too small"),
    ],
)
def test_what_is_unsupported_says_why(fault: str, reason: str) -> None:
    seen = run(fault)
    assert seen.verdict is Verdict.UNSUPPORTED
    assert (seen.differences, seen.not_compared) == ((), (reason,))


def test_a_crash_that_the_executor_survived_is_a_crash() -> None:
    seen = run("fault")
    assert seen.verdict is Verdict.CRASH
    assert "caught" in seen.differences[0].actual


def test_an_output_that_is_closed_while_the_process_goes_on_is_a_crash() -> None:
    seen = run("close")
    assert seen.verdict is Verdict.CRASH
    assert "closed its output and went on" in seen.differences[0].actual


@pytest.mark.parametrize("fault", ["exit", "garbage", "wrong-id", "no-json"])
@pytest.mark.parametrize("when", ["hello", "load_state"])
def test_faults_before_the_block_are_the_same_verdicts(fault: str, when: str) -> None:
    assert run(fault, when).verdict is FAULTS[fault][0]


def test_another_version_is_a_protocol_error() -> None:
    seen = run("version", "hello")
    assert seen.verdict is Verdict.PROTOCOL_ERROR
    assert "protocol 2, not 1" in seen.differences[0].actual


def test_the_end_of_standard_error_is_kept_with_the_failure() -> None:
    [_, stderr] = run("exit").differences
    assert (stderr.field, stderr.actual) == ("stderr", "giving up\n")
    [_, stderr] = run("stderr").differences
    assert len(stderr.actual) == 8 * 1024
    assert stderr.actual.endswith("noise the end")


def test_the_next_case_gets_a_new_process() -> None:
    with lane_of(program("exit")) as lane:
        verdicts = {lane.run_plain(payment()).verdict for _ in range(3)}
    assert verdicts == {Verdict.CRASH}


def test_an_error_answer_does_not_cost_the_process() -> None:
    with lane_of(program("error-malformed")) as lane:
        for _ in range(5):
            assert lane.run_plain(payment()).verdict is Verdict.PROTOCOL_ERROR
        assert lane.executor("keyed-hash").connection.starts == 1


def test_a_program_that_waits_to_be_read_and_one_that_waits_to_read_do_not_block_each_other() -> (
    None
):
    """The request is far larger than a pipe, and so is what the program writes before it reads."""
    started = Program(
        (
            sys.executable,
            "-ISc",
            "import sys, time; sys.stderr.write('x' * 1_000_000); sys.stderr.flush(); "
            "sys.stdout.write('y' * 10); sys.stdout.flush(); time.sleep(60)",
        ),
        deadline=1.0,
    )
    with lane_of(started) as lane:
        assert lane.run_plain(payment()).verdict is Verdict.PROTOCOL_ERROR


def test_hundreds_of_faults_leave_no_process_and_no_open_pipe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(child, "GRACE", 0.02)
    assert set(storm(300).values()) == {300 // len(STORM)}


def test_the_children_of_a_program_end_with_it() -> None:
    [_, stderr] = run("child", deadline=0.5).differences
    grandchild = int(stderr.actual)
    deadline = time.monotonic() + 5
    while psutil.pid_exists(grandchild):
        assert time.monotonic() < deadline, "it is still there"


def test_a_program_that_cannot_be_started_is_a_fault_of_the_harness() -> None:
    started = Program(("/no/such/program",))
    with (
        lane_of(started) as lane,
        pytest.raises(HarnessFault, match="cannot start /no/such/program"),
    ):
        lane.run_plain(payment())
