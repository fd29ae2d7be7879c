"""Campaigns, replays and the commands on a labu server: comparable cases, honest counts."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from lockstep.campaign.health import LEAST_TRANSACTIONS, Measure
from lockstep.campaign.plan import Plan
from lockstep.campaign.worker import Worker
from lockstep.case.file import Setting, load, save
from lockstep.case.realise import realise
from lockstep.case.values import BlockStep, Case
from lockstep.cli.main import main
from lockstep.compare.post_state import post_state
from lockstep.generate.mixture import case_at
from lockstep.serve.http import Server
from lockstep.serve.ledger import Ledger, served
from lockstep.streams import stream
from lockstep.targets.labu.documents import not_expressible
from lockstep.targets.labu.judge import RECEIPTS
from lockstep.targets.labu.projection import project
from lockstep_ledger.model import Policy
from lockstep_ledger.outcome import Code, Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.wire import decode
from lockstep_reference.block import execute
from tests.harness.serve.serving import serving
from tests.harness.small import block, case_of, pays, record
from tests.harness.targets.labu.faulty import answering, faulty, gone

AGREE, DIVERGENCE, USAGE, FAULT, GATE = range(5)
CASES = 300


def lockstep(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def fuzz(folder: Path, *executors: str, cases: int = 25, more: tuple[object, ...] = ()) -> Result:
    named = [part for each in executors for part in ("--executor", each)]
    budget = ("--cases", cases, "--seed", "one", "--storage", "memory", "--findings", folder)
    return lockstep("fuzz", *budget, *named, *more)


def rows(result: Result) -> list[tuple[str, str]]:
    """Return the rows of the table a campaign ends with."""
    lines = (line.split("│") for line in result.stdout.splitlines() if line.startswith("│"))
    return [(label.strip(), value.strip()) for _, label, value, _ in lines]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(Ledger(served("reference"), 1)) as server:
        yield server


# Projected cases.


@pytest.fixture(scope="module")
def projected() -> tuple[Case, ...]:
    return tuple(
        project(case_at("seed", number), stream("seed", number)) for number in range(CASES)
    )


def outcomes(case: Case) -> Iterator[Outcome]:
    """Yield the reference's outcome of every block."""
    state = case.state
    for step in case.steps:
        assert isinstance(step, BlockStep)
        block = realise(step, case.scheme)
        outcome = execute(block, MemoryStorage(state), SCHEMES[case.scheme])
        state = post_state(state, outcome.changes)
        yield outcome


def test_a_projected_case_is_one_that_labu_can_express(projected: tuple[Case, ...]) -> None:
    for case in projected:
        assert case.scheme == "schnorr"
        assert not_expressible(case.state) is None
        for step in case.steps:
            assert isinstance(step, BlockStep)
            assert (step.policy, step.rewards, step.fees_to) == (Policy.ATOMIC, None, None)
            for envelope in realise(step, case.scheme).transactions:
                assert decode(envelope.wire) == envelope.content


def test_projected_blocks_succeed_fail_and_set_multisigs_in_a_healthy_mixture(
    projected: tuple[Case, ...],
) -> None:
    found = [outcome for case in projected for outcome in outcomes(case)]
    rejected = {each.rejection.code for each in found if each.rejection is not None}
    failing = sum(each.rejection is not None for each in found)
    assert 0.1 < failing / len(found) < 0.5
    assert len(rejected) >= 10
    assert Code.INVALID_SIGNATURE in rejected
    assert sum(bool(each.changes.modified_multisigs) for each in found) > 10
    assert sum(len(each.receipts) > 3 for each in found) > 10


def test_projection_depends_on_the_case_and_the_stream_alone(projected: tuple[Case, ...]) -> None:
    again = [project(case_at("seed", number), stream("seed", number)) for number in range(20)]
    assert tuple(again) == projected[:20]


def test_a_plan_projects_its_cases_if_and_only_if_it_has_a_labu_server() -> None:
    inside = Plan("one", (Setting("batched"),), storage="memory")
    both = Plan("one", (Setting("batched"), Setting("http://127.0.0.1:1")), storage="memory")
    assert Worker(inside, "x").case(3) == case_at("one", 3)
    assert Worker(both, "x").case(3) != case_at("one", 3)
    assert Worker(both, "x").case(3).scheme == "schnorr"


def test_projected_cases_pass_the_health_gate() -> None:
    plan = Plan("one", (Setting("batched"), Setting("http://127.0.0.1:1")), storage="memory")
    bench, measure = Worker(plan, "x"), Measure(possible=plan.payloads())
    for number in range(200):
        measure.see(bench.lanes[0].run_plain(bench.case(number)))
    assert measure.transactions >= LEAST_TRANSACTIONS
    assert measure.complaints() == []


# Campaigns.


def test_a_campaign_on_the_served_reference_agrees_and_says_what_it_left_out(
    server: Server, tmp_path: Path
) -> None:
    result = fuzz(tmp_path, server.url)
    assert result.exit_code == AGREE, result.output
    assert ("verdict agree", "25") in rows(result)
    assert f"25: {RECEIPTS}" in result.stdout
    assert "verdict unsupported" not in dict(rows(result))


def test_a_campaign_on_a_served_canary_keeps_a_small_case_that_replays(tmp_path: Path) -> None:
    with serving(Ledger(served("canary"), 4)) as server:
        result = fuzz(tmp_path, server.url, cases=6)
        assert result.exit_code == DIVERGENCE, result.output
        (path, *_) = sorted(tmp_path.rglob("*.json"))
        assert load(path).case.transactions() == 1
        assert lockstep("replay", "--trust", path).exit_code == DIVERGENCE
    with serving(Ledger(served("batched"), 4)) as server:
        fixed = lockstep("replay", path, "--executor", server.url)
    assert fixed.exit_code == AGREE
    assert "1 recorded failures did not come back" in fixed.stdout


def test_two_executors_get_the_same_projected_cases(server: Server, tmp_path: Path) -> None:
    result = fuzz(tmp_path, server.url, "batched", cases=10)
    assert result.exit_code == AGREE, result.output
    values = {value for label, value in rows(result) if label in ("verdict agree", "")}
    assert {each for each in values if each.startswith("10: ")} == {
        "10: batched",
        f"10: {server.url}",
    }


def test_a_campaign_of_nothing_but_unsupported_cases_fails_its_gate(tmp_path: Path) -> None:
    refusal = json.dumps({"success": False, "error": "not today"}).encode()
    with faulty("/state/load", answering(400, refusal), times=1_000) as server:
        result = fuzz(tmp_path, "batched", server.url, cases=5)
    assert result.exit_code == GATE, result.output
    assert "5: the server refuses the state: not today" in result.stdout
    assert f"every run of {server.url} was unsupported" in result.stdout


def test_a_server_that_breaks_now_and_then_is_a_finding_and_the_campaign_goes_on(
    tmp_path: Path,
) -> None:
    with faulty("/block/execute", gone, times=1) as server:
        result = fuzz(tmp_path, server.url, cases=10)
    assert result.exit_code == FAULT
    assert "closed without an answer" in result.stdout
    assert "reproduction: 0 of 30 runs fail" in result.stdout
    assert ("verdict crash", "1") in rows(result)
    assert ("verdict agree", "9") in rows(result)
    (path,) = tmp_path.rglob("*.json")
    assert load(path).verdict == "flaky"


def test_several_processes_cannot_share_the_one_state_of_a_server(
    server: Server, tmp_path: Path
) -> None:
    result = fuzz(tmp_path, server.url, more=("--jobs", 2))
    assert result.exit_code == USAGE
    assert "--jobs 1" in result.stderr


@pytest.mark.parametrize("command", ["fuzz", "replay", "vectors"])
def test_a_command_on_a_server_that_is_not_there_is_one_line(
    command: str, tmp_path: Path, published_directory: Path
) -> None:
    with serving(Ledger(served("reference"), 1)) as ended:
        pass
    subject = {"fuzz": [], "replay": [save(record(), tmp_path)], "vectors": [published_directory]}
    result = lockstep(command, *subject[command], "--executor", ended.url)
    assert result.exit_code == FAULT
    assert result.stderr == f"lockstep: no labu server at {ended.url}: connection refused\n"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("explore", "is outside"),
        ("devnet", "executes on no chain but its own"),
        ("explain", "is outside"),
    ],
)
def test_what_chooses_interleavings_or_holds_the_chain_refuses_a_server(
    command: str, reason: str, server: Server, tmp_path: Path
) -> None:
    saved = save(record(setting=Setting(server.url)), tmp_path)
    named = [saved, "--trust"] if command == "explain" else ["--executor", server.url]
    result = lockstep(command, *named)
    assert result.exit_code == USAGE
    assert reason in result.stderr


# Replay.


def test_replaying_only_unsupported_cases_is_not_green(server: Server, tmp_path: Path) -> None:
    path = save(record(case_of(block(pays("t0", 1)))), tmp_path)
    result = lockstep("replay", path, "--executor", server.url)
    assert result.exit_code == GATE
    assert "unsupported 1: a block with policy skip" in result.stdout
    assert "0 agree, 0 do not, 1 unsupported" in result.stdout


def test_a_server_runs_a_case_file_once_whatever_drivers_there_are(
    server: Server, tmp_path: Path
) -> None:
    result = lockstep("replay", save(record(), tmp_path), "--executor", server.url)
    assert result.exit_code == AGREE
    assert f"not compared 1: {RECEIPTS}" in result.stdout
    assert "1 cases, 1 runs: 1 agree" in result.stdout


# The command that serves.


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_prints_where_it_is_and_ends_cleanly_with_one_line(number: signal.Signals) -> None:
    program = [
        sys.executable,
        "-c",
        "from lockstep.cli.main import main; main()",
        "serve",
        "--http",
        "0",
    ]
    with subprocess.Popen(  # noqa: S603 - the program is this one
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline().decode()
        assert line.startswith("serving reference at http://127.0.0.1:")
        address = urlsplit(line.split()[3])
        connection = HTTPConnection("127.0.0.1", address.port or 0, timeout=10)
        connection.request("GET", "/health")
        assert connection.getresponse().read() == b"OK\n"
        connection.close()
        process.send_signal(number)
        rest, errors = process.stdout.read(), process.stderr.read()
    assert (process.returncode, rest, errors) == (0, b"stopped after 1 requests\n", b"")


@pytest.mark.parametrize(
    "arguments", [("--http", "70000"), ("--http", "x"), (), ("--http", "0", "--executor", "nobody")]
)
def test_serve_refuses_what_it_cannot_serve(arguments: tuple[str, ...]) -> None:
    assert lockstep("serve", *arguments).exit_code == USAGE


def test_serve_on_a_taken_port_is_one_line(server: Server) -> None:
    result = lockstep("serve", "--http", server.server_port)
    assert result.exit_code == USAGE
    assert "cannot listen" in result.stderr
