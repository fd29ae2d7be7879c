"""The executor in Rust builds, keeps to the protocol, agrees, and is caught with a fault in it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner, Result

from lockstep.case.file import Setting
from lockstep.case.values import Case, Intent
from lockstep.check.blocks import execute_request, expected_of, load_request, outcome_in
from lockstep.check.samples import ALICE, BOB, one, pays, to
from lockstep.check.subject import Subject
from lockstep.check.suite import greeting
from lockstep.check.wire import encoded
from lockstep.cli.main import main
from lockstep.export.conversations import write_conversations
from lockstep.run.stores import MemoryStores
from lockstep.targets.named import open_lane
from lockstep.targets.program.frames import packed
from lockstep.targets.program.program import program_named
from lockstep.verdict import Verdict
from lockstep_ledger.identities import address_of
from lockstep_ledger.model import NATIVE, Account, Chain, State, Transfer, Transfers
from tests.repository import REPOSITORY

PROJECT = REPOSITORY / "examples" / "rust-executor"
WRONG = "--wrong overwritten-credit"
RICH = 10**9


def cargo(*words: str, seconds: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the words stand in this file
        [shutil.which("cargo") or "cargo", *words],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


@pytest.fixture(scope="session")
def program() -> str:
    """Build the executor; cargo itself lets one process build at a time, and the others wait."""
    if shutil.which("cargo") is None:
        pytest.skip("no cargo: the executor in Rust is not built")
    least = tomllib.loads((PROJECT / "Cargo.toml").read_text())["package"]["rust-version"]
    version = re.search(r"\d+\.\d+", cargo("--version", seconds=60).stdout)
    if version is None or numbers(version[0]) < numbers(least):
        pytest.skip(f"the executor in Rust needs cargo {least}")
    try:
        fetched = cargo("fetch", "--locked", seconds=120)
    except subprocess.TimeoutExpired:
        pytest.skip("the crates of the executor in Rust could not be fetched in 120 s")
    if fetched.returncode:
        pytest.skip(
            f"the crates of the executor in Rust cannot be fetched: {fetched.stderr[-300:]}"
        )
    built = cargo("build", "--release", "--locked", "--offline", seconds=500)
    assert built.returncode == 0, built.stderr
    return f"cmd:'{PROJECT / 'target' / 'release' / 'rust-executor'}'"


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def lockstep(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def fuzz(executor: str, cases: int, findings: Path) -> Result:
    campaign = ("fuzz", "--seed", "rust", "--storage", "memory", "--cases", str(cases))
    return lockstep(*campaign, "--executor", executor, "--findings", str(findings))


def counted(output: str, row: str) -> int:
    found = re.search(rf"{row} *│ (\d+)", output)
    return int(found[1]) if found else 0


def test_it_passes_every_check_of_the_protocol(program: str) -> None:
    result = lockstep("check-executor", program)
    assert result.exit_code == 0, result.output
    assert re.search(r"\d+ ok, 0 WRONG, 2 not declared", result.output), result.output


def test_recorded_conversations_are_played_by_cargo_alone(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right answers pass; where one that was recorded is another, the test says which."""
    assert program
    words = ("test", "--release", "--locked", "--offline", "--", "--ignored", "--nocapture")
    folder = tmp_path / "conversations"
    count = write_conversations(folder)
    monkeypatch.setenv("LOCKSTEP_CONVERSATIONS", str(folder))
    passed = cargo(*words, seconds=500)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert f"{count} conversations" in passed.stdout
    recorded = folder / "burn-nothing.json"
    changed = recorded.read_text().replace('"INVALID_AMOUNT"', '"SUCCESS"')
    assert changed != recorded.read_text()
    recorded.write_text(changed)
    failed = cargo(*words, seconds=500)
    assert failed.returncode != 0
    assert "burn-nothing.json" in failed.stdout + failed.stderr


def test_a_campaign_of_2000_cases_agrees_and_leaves_none_out(program: str, tmp_path: Path) -> None:
    result = fuzz(program, 2000, tmp_path)
    assert result.exit_code == 0, result.output
    assert counted(result.output, "verdict agree") == 2000, result.output
    assert counted(result.output, "verdict unsupported") == 0, result.output


def test_its_planted_fault_is_caught_and_replays(program: str, tmp_path: Path) -> None:
    result = fuzz(f"{program} {WRONG}", 150, tmp_path)
    assert result.exit_code == 1, result.output
    assert counted(result.output, "verdict diverge") > 0, result.output
    finding = str(next(tmp_path.rglob("*.json")))
    assert lockstep("replay", "--trust", finding).exit_code == 1
    assert lockstep("replay", finding, "--executor", program).exit_code == 0


def test_transactions_without_a_common_account_are_in_progress_at_once(program: str) -> None:
    """Threads are the system's to run, so one of many blocks has to show it."""
    case = apart(40, 100)
    subject = subject_of(program)
    with subject.wire() as wire:
        for _ in range(100):
            wire.done(load_request(case))
            answer = wire.done(execute_request(case, subject, workers=4))
            assert outcome_in(answer) == expected_of(case)
            if answer["statistics"]["highest_concurrency"] > 1:
                return
    pytest.fail("never more than one transaction in progress")


def test_the_planted_fault_is_in_the_parallel_path_alone(program: str) -> None:
    case = one(*(pays(f"t{at}", ALICE, 7 + at, to(BOB, 1)) for at in range(2)))
    subject = subject_of(f"{program} {WRONG}")
    right = []
    with subject.wire() as wire:
        for mode in ("parallel", "sequential"):
            wire.done(load_request(case))
            answer = wire.done(execute_request(case, subject, mode=mode))
            assert answer["statistics"]["mode"] == mode
            right.append(outcome_in(answer) == expected_of(case))
    assert right == [False, True]


def test_a_panic_in_a_thread_is_a_fault_of_the_block_and_the_state_stays(program: str) -> None:
    case = one(pays("t0", ALICE, 7, to(BOB, 1)), pays("t1", ALICE, 8, to(bytes([1]) * 32, 1)))
    crashing = f"{program} --wrong crash"
    subject = subject_of(crashing)
    with subject.wire() as wire:
        wire.done(load_request(case))
        answer = wire.done(execute_request(case, subject, workers=4))
        [fault] = answer["outcome"]["faults"]
        assert fault["index"] == 1
        assert "no account" in fault["error"]
        again = wire.done(execute_request(case, subject, mode="sequential"))
        assert outcome_in(again) == expected_of(case)
    with open_lane(Setting(crashing), MemoryStores()) as lane:
        assert lane.run_plain(case).verdict is Verdict.CRASH


def test_a_small_block_takes_the_parallel_path_only_if_that_is_forced(program: str) -> None:
    case = one(pays("t0", ALICE, 7, to(BOB, 1)))
    subject = subject_of(program)
    with subject.wire() as wire:
        for forced, mode in ((True, "parallel"), (False, "sequential")):
            wire.done(load_request(case))
            answer = wire.done(execute_request(case, subject, force_parallel=forced))
            assert answer["statistics"]["mode"] == mode
            assert (answer["statistics"]["fallback"] is None) is forced


def test_garbled_requests_are_answered_and_never_crash_it(program: str) -> None:
    case = one(pays("t0", ALICE, 7, to(BOB, 1)), pays("t1", ALICE, 8, to(BOB, 2)))
    subject = subject_of(program)
    load = load_request(case)
    requests = [encoded(load), encoded(execute_request(case, subject))]
    random = Random("garbled")
    met = set()
    with subject.wire() as wire:
        for number in range(1500):
            wire.child.send(packed(garbled(requests[number % 2], random)))
            answer = wire.hear()
            met.add(answer["code"] if answer["type"] == "error" else answer["type"])
            assert not answer.get("outcome", {}).get("faults"), answer
        wire.done(load)
        assert outcome_in(wire.done(execute_request(case, subject))) == expected_of(case)
    assert met >= {"malformed", "load_state", "execute_block"}
    assert "internal" not in met


@pytest.mark.parametrize("words", [["--wrong", "nonsense"], ["--wrong"], ["--stdio", "x"]])
def test_unknown_arguments_are_a_usage_error(program: str, words: list[str]) -> None:
    path = program.removeprefix("cmd:").strip("'")
    ended = subprocess.run([path, *words], capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert ended.returncode == 2
    assert ended.stderr.startswith("usage:")


def subject_of(executor: str) -> Subject:
    program = program_named(executor)
    return Subject(program, greeting(program).capabilities)


def apart(payers: int, outputs: int) -> Case:
    """Return a block of transfers to many, of which no two share an account."""
    sources = [address_of(f"k{number}") for number in range(11, 11 + payers)]
    accounts = {source: Account(0, {NATIVE: RICH}) for source in sources}
    intents = []
    for number, source in enumerate(sources):
        receivers = (bytes([1, number, output]) + bytes(29) for output in range(outputs))
        payload = Transfers(tuple(Transfer(NATIVE, receiver, 1) for receiver in receivers))
        intents.append(Intent(f"t{number}", source, payload, 0, RICH // 2))
    return one(*intents, before=State(Chain(), accounts))


def garbled(request: bytes, random: Random) -> bytes:
    """Return ``request`` with a few bytes exchanged for others that stand in it, or cut short."""
    changed = bytearray(request)
    for _ in range(random.randint(1, 3)):
        changed[random.randrange(len(changed))] = random.choice(request)
    return (
        bytes(changed)
        if random.random() < 0.9
        else bytes(changed[: random.randrange(len(changed))])
    )
