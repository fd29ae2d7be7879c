"""The executor in JavaScript keeps to the protocol, agrees, and fails where a fault is planted."""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lockstep.case.file import Setting, load
from lockstep.case.values import BlockStep
from lockstep.check import blocks, execution, samples
from lockstep.check.subject import Subject
from lockstep.check.suite import greeting
from lockstep.check.wire import Message, Wire
from lockstep.cli.main import main
from lockstep.run.stores import MemoryStores
from lockstep.schedules.mix import Mix
from lockstep.targets.named import open_lane
from lockstep.targets.program.program import program_named
from lockstep.verdict import Verdict
from tests.repository import REPOSITORY

MAIN = REPOSITORY / "examples" / "javascript-executor" / "main.js"
RIGHT = f"cmd:node {MAIN}"
WRONG = f"{RIGHT} --wrong lost-update"
LEAST_NODE = 18
SURPRISES: tuple[Any, ...] = (None, True, -1, 1.5, 2**64, "x", "", [], {})


def _why_not() -> str:
    """Return why these tests cannot run here, nothing if they can."""
    node = shutil.which("node")
    if node is None:
        return "no node in PATH"
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - the node that will run the tests
    version = asked.stdout.strip()
    found = re.match(r"v(\d+)\.", version)
    if found is None or int(found[1]) < LEAST_NODE:
        return f"node {version or 'without a version'} is older than {LEAST_NODE}"
    return ""


WHY_NOT = _why_not()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "it can run")


def lockstep(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def fuzz(directory: Path, executor: str, cases: int, seed: str) -> Result:
    return lockstep(
        *("fuzz", "--cases", str(cases), "--seed", seed, "--storage", "memory"),
        *("--findings", str(directory), "--executor", executor),
    )


@pytest.fixture
def subject() -> Subject:
    program = program_named(RIGHT)
    return Subject(program, greeting(program).capabilities)


def test_it_keeps_to_the_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every check of the suite passes and none is left out for want of a capability."""
    monkeypatch.setattr(blocks, "GENERATED", 40)
    monkeypatch.setattr(execution, "CASES", 10)
    result = lockstep("check-executor", RIGHT)
    assert result.exit_code == 0, result.output
    assert re.search(r"^\d\d ok, 0 WRONG, 0 not declared$", result.output, re.MULTILINE)


@pytest.mark.parametrize("seed", ["javascript", "ecmascript"])
def test_a_campaign_agrees_on_every_case(tmp_path: Path, seed: str) -> None:
    result = fuzz(tmp_path, RIGHT, 500, seed)
    assert result.exit_code == 0, result.output
    assert re.search(r"verdict agree +│ 500 ", result.output), result.output
    assert "result codes met     │ 15 of 15" in result.output


def test_it_agrees_on_every_vector() -> None:
    """One process executes them all, so none leaves anything behind for the next."""
    vectors = sorted((REPOSITORY / "corpora" / "vectors").glob("*.json"))
    assert vectors
    with open_lane(Setting(RIGHT), MemoryStores()) as lane:
        for path in vectors:
            run = lane.run_mixed(load(path).case, Random(0), Mix(1000))
            assert run.verdict is Verdict.AGREE, (path.name, run.verdict, run.differences)


def test_a_lost_update_is_found_shrunk_to_few_transactions_and_replays(tmp_path: Path) -> None:
    result = fuzz(tmp_path, WRONG, 150, "lost")
    assert result.exit_code == 1, result.output
    findings = sorted(tmp_path.rglob("*.json"))
    assert findings
    smallest = min(findings, key=_transactions)
    assert _transactions(smallest) <= 3
    assert lockstep("replay", "--trust", str(smallest)).exit_code == 1
    assert lockstep("replay", str(smallest), "--executor", RIGHT).exit_code == 0


def _transactions(path: Path) -> int:
    steps = load(path).case.steps
    return sum(len(step.transactions) for step in steps if isinstance(step, BlockStep))


def test_a_lost_update_needs_two_transactions_in_progress(subject: Subject) -> None:
    """The planted fault is one of concurrency: on the sequential path it does not show."""
    case = samples.crowded(8)
    expected = blocks.expected_of(case)
    outcomes = []
    with Wire(program_named(WRONG)) as wire:
        for mode in ("sequential", "parallel"):
            wire.done(blocks.load_request(case))
            request = blocks.execute_request(case, subject, mode=mode, workers=4)
            outcomes.append(blocks.outcome_in(wire.done(request)))
    assert outcomes[0] == expected
    assert outcomes[1] != expected


def test_tasks_really_interleave_and_the_seed_decides_how(subject: Subject) -> None:
    """Transfers that share nothing are in progress together, in an order that the seed gives."""
    transfers = (
        samples.pays("t0", samples.ALICE, 7, samples.to(samples.MINER, 1)),
        samples.pays("t1", samples.CAROL, 2**60, samples.to(samples.BOB, 1)),
    )
    case = samples.one(*transfers)
    traces = set()
    with subject.wire() as wire:
        for seed in range(8):
            wire.done(blocks.load_request(case))
            schedule = {"seed": str(seed)}
            answer = wire.done(blocks.execute_request(case, subject, schedule=schedule))
            assert answer["statistics"]["highest_concurrency"] == 2
            traces.add(tuple(answer["trace"]))
    assert len(traces) > 1
    assert any(_switches(trace) > 1 for trace in traces)


def test_a_small_block_takes_the_parallel_path_only_if_that_is_forced(subject: Subject) -> None:
    case = samples.crowded(1)
    with subject.wire() as wire:
        for forced, mode in ((True, "parallel"), (False, "sequential")):
            wire.done(blocks.load_request(case))
            answer = wire.done(blocks.execute_request(case, subject, force_parallel=forced))
            assert answer["statistics"]["mode"] == mode
            assert (answer["statistics"]["fallback"] is None) is forced


def test_whatever_stands_in_a_field_is_answered(subject: Subject) -> None:
    """A request with any one value replaced is done or refused, and never an internal error."""
    case = samples.PAYLOADS["set_multisig"]["replace, then the new one counts"]
    refused = 0
    with subject.wire() as wire:
        load, execute = blocks.load_request(case), blocks.execute_request(case, subject)
        wire.done(load)
        for request in (load, execute):
            for odd in _odd_ones(request):
                answer = wire.ask(odd)
                if answer["type"] == "error":
                    assert answer["code"] in ("malformed", "unsupported"), (odd, answer)
                    refused += 1
        wire.done(load)
        assert blocks.outcome_in(wire.done(execute)) == blocks.expected_of(case)
    assert refused > 100


SUFFICE: tuple[str, ...] = (
    "kind",
    "hash",
    "size",
    "chain_id",
    "source",
    "fee",
    "fee_type",
    "nonce",
)
SUFFICE += ("signature_valid", "cosignatures", "outputs", "asset", "amount", "threshold")
SUFFICE += ("participants",)


def test_twelve_fields_of_a_transaction_suffice(subject: Subject) -> None:
    """Everything else of the samples is left out, and the outcomes are the same."""
    for cases in samples.PAYLOADS.values():
        for case in cases.values():
            request = blocks.execute_request(case, subject)
            transactions = request["block"]["transactions"]
            for at, each in enumerate(transactions):
                transactions[at] = {name: each[name] for name in each if name in SUFFICE}
                assert len(transactions[at]) <= 12
            with subject.wire() as wire:
                wire.done(blocks.load_request(case))
                assert blocks.outcome_in(wire.done(request)) == blocks.expected_of(case)


def _switches(trace: tuple[str, ...]) -> int:
    tasks = [step.split()[0] for step in trace]
    return sum(one != other for one, other in pairwise(tasks))


def _odd_ones(request: Message) -> Iterator[Message]:
    """Yield ``request`` with each value below its type and id replaced by each surprise."""
    for path in _paths(request):
        if path in (("type",), ("id",)):
            continue
        for surprise in SURPRISES:
            odd = copy.deepcopy(request)
            holder: Any = odd
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = surprise
            yield odd


def _paths(value: object, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    steps: Any = ()
    if isinstance(value, dict):
        steps = value.items()
    elif isinstance(value, list):
        steps = enumerate(value[:2])
    for step, inside in steps:
        yield (*before, step)
        yield from _paths(inside, (*before, step))


def test_an_unknown_fault_is_a_usage_error() -> None:
    node = shutil.which("node")
    assert node is not None
    ended = subprocess.run(  # noqa: S603 - our own program
        [node, str(MAIN), "--wrong", "nonsense"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("usage:")
