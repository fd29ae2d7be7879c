"""How commands end: in one way for every signal, told whatever ends them, with nothing left.

The processes are real, and so are the signals and the terminals.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lockstep.case.file import Setting, load, save
from lockstep.cli import ends
from lockstep.cli.ends import SIGNALS, signals_handled
from lockstep.undisturbed import undisturbed
from tests.attack.commands import MARK, Place, seconds_until_gone
from tests.attack.ends import Run, _look_after, rows
from tests.harness.cli.command_line import DIVERGENCE, FAULT, PROGRAM
from tests.harness.small import record
from tests.repository import REPOSITORY

DEADLY = "tests.harness.deadly_executors"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place.under(tmp_path, f"test-{tmp_path.name}-{os.getpid()}")
    yield made
    left = made.processes()
    for each in left:
        each.kill()
    assert left == []


def lockstep(place: Place, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - this checkout's own program
        [*PROGRAM, *map(str, words)],
        cwd=REPOSITORY,
        env=place.environment() | environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def fuzz(place: Place, executor: str, *words: object) -> subprocess.CompletedProcess[str]:
    common = ("--seed", "one", "--storage", "memory", "--findings", place.findings)
    return lockstep(place, "fuzz", "--executor", executor, *common, *words)


# Inside of one process.


@contextmanager
def ended_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    codes: list[int] = []
    monkeypatch.setattr(ends.os, "_exit", codes.append)  # type: ignore[attr-defined]
    yield codes


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_of_any_kind_is_an_interrupt(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), signals_handled():
        signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_a_second_signal_ends_at_once_but_not_if_it_is_the_same_one_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ended_at_once(monkeypatch) as codes, signals_handled():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert codes == []
        monkeypatch.setattr(ends, "SAME_SECONDS", 0.0)
        signal.raise_signal(signal.SIGINT)
    assert codes == [FAULT]


def test_a_signal_that_was_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals_handled():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_interrupt_waits_for_work_that_is_not_to_be_disturbed() -> None:
    done: list[str] = []

    def work() -> None:
        with undisturbed():
            signal.raise_signal(signal.SIGTERM)
            done.append("inner")
        done.append("outer")

    with pytest.raises(KeyboardInterrupt), signals_handled(), undisturbed():
        work()
    assert done == ["inner", "outer"]


# Ended from inside.


@pytest.mark.parametrize(
    ("name", "how"), [("Ending", "with exit code 0"), ("Segfault", "by SIGSEGV")]
)
def test_a_process_that_its_executor_ends_is_a_fault_that_names_the_case(
    name: str, how: str, place: Place
) -> None:
    ended = fuzz(place, f"{DEADLY}:{name}", "--cases", 400)
    assert ended.returncode == FAULT
    assert f"lockstep: the process was ended from inside, {how}\n" in ended.stderr
    said = re.search(r"it was at case (\d+) of seed one, .*; --isolate", ended.stderr)
    assert said is not None
    assert place.left() == []
    patient = ("--jobs", 2, "--deadline", 60)
    again = fuzz(place, f"{DEADLY}:{name}", "--cases", 400, *patient)
    assert again.returncode == FAULT
    (file,) = place.findings.rglob("*.json")
    assert int(load(file).origin["case"]) >= int(said[1]), "none before the case told kills"
    assert load(file).verdict == "crash"


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_executor_that_raises_what_ctrl_c_does_has_crashed(jobs: int, place: Place) -> None:
    ended = fuzz(place, f"{DEADLY}:Interrupting", "--cases", 250, "--jobs", jobs)
    assert ended.returncode == FAULT
    assert "crash: executor[KeyboardInterrupt]" in ended.stdout
    assert "interrupted" not in ended.stdout + ended.stderr
    (file,) = place.findings.rglob("*.json")
    assert load(file).verdict == "crash"


def test_an_executor_that_closes_the_files_of_a_worker_has_crashed(place: Place) -> None:
    ended = fuzz(place, f"{DEADLY}:Closing", "--cases", 250, "--jobs", 2)
    assert ended.returncode in (FAULT, DIVERGENCE), "in a process of its own it may be flaky"
    assert "crash: executor[process]: expected an outcome" in ended.stdout
    assert list(place.findings.rglob("*.json"))
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "words", [("--time", "2s"), ("--deadline", "0.5")], ids=["budget", "deadline"]
)
def test_an_executor_that_takes_every_exception_for_nothing_is_ended_all_the_same(
    words: tuple[str, ...], place: Place
) -> None:
    ended = fuzz(place, f"{DEADLY}:Deaf", *words)
    assert ended.returncode == FAULT
    assert "takes no exception and is ended, in execute (deadly_executors.py:" in ended.stderr
    assert re.search(r"it was at case \d+ of seed one", ended.stderr)
    assert place.left() == []


def test_one_signal_ends_an_executor_that_takes_every_exception_for_nothing(
    place: Place,
) -> None:
    with running(place, "fuzz", "--executor", f"{DEADLY}:Deaf") as process:
        process.stdout.readline()  # type: ignore[union-attr]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == FAULT


def test_what_is_killed_with_its_parent_is_told_by_the_next_run(place: Place) -> None:
    with running(place, "fuzz", "--time", "10m", "--executor", f"{DEADLY}:Slow") as process:
        process.stdout.readline()  # type: ignore[union-attr]
        time.sleep(2)
        process.kill()
    assert seconds_until_gone(place, 2.0) is not None
    ended = fuzz(place, "batched", "--cases", 1)
    assert re.search(
        rf"a campaign before this one ended without a word at case \d+ of seed one, {DEADLY}:Slow",
        ended.stdout,
    )
    assert "before this one" not in fuzz(place, "batched", "--cases", 1).stdout


@contextmanager
def running(place: Place, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    common = ("--seed", "one", "--storage", "memory", "--findings", str(place.findings))
    with subprocess.Popen(  # noqa: S603 - this checkout's own program
        [*PROGRAM, *words, *common],
        cwd=REPOSITORY,
        env=place.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        yield process


# Budgets bind.


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    "executor",
    [f"{DEADLY}:Slow", f"{DEADLY}:LoopingAlways", f"{DEADLY}:Swallowing", "cmd:sleep 1000"],
)
def test_time_ends_what_does_not_end_by_itself(executor: str, jobs: int, place: Place) -> None:
    ended = fuzz(place, executor, "--time", "2s", "--jobs", jobs, "--deadline", 60)
    seconds = re.search(r"cases +│ \d+ in (\d+\.\d) s", ended.stdout)
    assert seconds is not None, ended.stdout + ended.stderr
    assert 2 <= float(seconds[1]) < 4
    assert ended.returncode != 0
    assert place.left() == []


def test_a_hang_is_told_after_its_deadline_with_the_place_and_the_campaign_goes_on(
    place: Place,
) -> None:
    ended = fuzz(place, f"{DEADLY}:Looping", "--deadline", 0.5, "--time", "20s")
    assert ended.returncode == FAULT
    assert "no outcome within 0.5 s, in execute (deadly_executors.py:" in ended.stdout
    assert re.search(r"verdict agree +│ [1-9]", ended.stdout)


@pytest.mark.parametrize("command", ["replay", "explain", "shrink"])
@pytest.mark.parametrize(
    "setting",
    [
        Setting(f"{DEADLY}:LoopingAlways", deadline=0.5),
        Setting(storage="tests.harness.faulty_stores:ExportHangs", deadline=0.5),
    ],
    ids=["executor", "store"],
)
def test_a_saved_case_that_hangs_is_told_after_its_deadline(
    setting: Setting, command: str, place: Place, tmp_path: Path
) -> None:
    path = save(record(setting=setting, verdict="hang"), tmp_path)
    ended = lockstep(place, command, path, "--trust")
    assert ended.returncode == FAULT, ended.stderr
    assert "no outcome within 0.5 s, in " in ended.stdout


def test_nothing_but_hangs_ends_with_what_to_do(place: Place) -> None:
    words = ("--deadline", 0.5, "--cases", 100, "--time", "60s")
    ended = fuzz(place, f"{DEADLY}:LoopingAlways", *words)
    assert ended.returncode == FAULT
    assert "the first 3 cases all ended in hang" in ended.stderr
    assert "--deadline more, or --isolate" in ended.stderr


def test_progress_is_shown_also_at_a_few_cases_a_second(place: Place) -> None:
    ended = fuzz(place, f"{DEADLY}:Slow", "--time", "5s")
    assert re.search(r"^ +[1-4] s +[1-9]\d* cases ", ended.stderr, re.MULTILINE)


# With signals and kills.


def test_commands_that_are_killed_or_asked_to_end_leave_nothing_and_lose_nothing() -> None:
    tried = list(rows(f"test-{os.getpid()}", 4, 6))
    assert [row.lost for row in tried] == [()] * len(tried)
    assert sum(row.times for row in tried) >= 6


@pytest.mark.parametrize("command", ["explore", "audit"])
def test_a_worker_of_an_exploration_or_an_audit_that_dies_is_one_line(
    command: str, place: Place
) -> None:
    words = {
        "explore": ("explore", "--executor", f"{DEADLY}:EndingAlways", "--jobs", "2"),
        "audit": ("audit", "--executor", f"{DEADLY}:EndingAlways", "--jobs", "2"),
    }[command]
    more = ("--certificate", str(place.findings / "c.json")) if command == "explore" else ()
    ended = lockstep(place, *words, *more)
    assert ended.returncode == FAULT
    text = ended.stdout + ended.stderr
    assert "Traceback" not in text
    told = [line for line in text.splitlines() if "it ended with exit code 7" in line]
    where = r"at blocks \d+ to \d+: it" if command == "explore" else "seed audit-0"
    assert [line for line in told if re.search(where, line)]
    assert place.left() == []


def test_what_an_interrupted_grow_had_found_is_in_its_folder(place: Place) -> None:
    into = place.findings
    words = ("corpus", "grow", "--seed", "a", "--cases", "100000", "--into", str(into))
    with subprocess.Popen(  # noqa: S603 - this checkout's own program
        [*PROGRAM, *words],
        cwd=REPOSITORY,
        env=place.environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        until = time.monotonic() + 60
        while not list(into.glob("*.json")) and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate()
    found = [load(path) for path in into.glob("*.json")]
    assert found
    assert f"interrupted: {len(found)} cases that did something new are in {into}" in said
    assert process.returncode == FAULT


# The attack itself sees what is wrong.


def test_the_attack_sees_a_process_that_stays_and_a_finding_that_is_gone(place: Place) -> None:
    orphan = subprocess.Popen(
        (sys.executable, "-c", "import time; time.sleep(100)"),
        env=os.environ | {MARK: place.mark},
        start_new_session=True,
    )
    said = place.findings.with_suffix(".txt")
    said.write_text("met 0123abcd, diverge: ...\nTraceback (most recent call last):\n")
    place.findings.mkdir()
    (place.findings / "broken.json").write_text("{")
    run = Run("fuzz", place, (), 0.0)
    _look_after(run, str(said))
    orphan.wait()
    words = " ".join(run.wrong)
    assert f"process {orphan.pid} stays" in words
    assert "finding 0123abcd was told and is in no file" in words
    assert "it said 'Traceback" in words
    assert "broken.json: " in words


def test_a_divergence_that_was_met_is_the_exit_code_of_an_interrupted_campaign(
    place: Place,
) -> None:
    with running(place, "fuzz", "--time", "10m", "--executor", "canary") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"met "):
                break
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read().decode()
    assert process.returncode == DIVERGENCE
    assert "interrupted: stopped before the budget was spent" in rest
    assert all(load(path).case for path in place.findings.rglob("*.json"))
