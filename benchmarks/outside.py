"""Blocks a second through one program over stdio, and what each side of the pipe costs."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil

from benchmarks.rows import AtLeast, Row, Topic
from benchmarks.timing import timed
from lockstep.case.manner import Manner
from lockstep.case.realise import realise
from lockstep.case.values import BlockStep, Intent
from lockstep.targets.program.executor import ProgramExecutor
from lockstep.targets.program.messages import ExecuteBlockAnswer
from lockstep.targets.program.outcome_messages import StatisticsMessage
from lockstep.targets.program.outcomes import write_outcome
from lockstep.targets.program.program import Program
from lockstep_ledger.block import Block
from lockstep_ledger.identities import address_of
from lockstep_ledger.model import NATIVE, Account, Chain, Policy, State, Transfer, Transfers
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_reference import block as reference

NOTE = """\
Blocks of 4 transfers over 4 accounts, `keyed-hash`, all JSON included. Both processes share one
core. The state is sent with every block, as for one that is repeated. A canned program has one
stored answer and executes nothing: the one in Python reads no JSON, the one on Node reads and
writes all of it. The served reference executes in Python, so most of its time is its own. The
times of both sides together say what the rate is on a core that nobody else uses."""

BLOCKS = 3_000
"""Blocks over which processor time is counted, which the system tells in hundredths."""
SCHEME = SCHEMES["keyed-hash"]
HERE = Path(__file__).parent
SERVE = (sys.executable, "-c", "from lockstep.cli.entry import main; main()", "serve", "--stdio")


def measure(_full: bool) -> Topic:
    """Measure the programs there are."""
    state, block = _four()
    with _one_core(), tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        answer.write_bytes(_answer(state, block))
        programs = {
            "canned, Python": (sys.executable, "-IS", str(HERE / "canned.py"), str(answer)),
            "the served reference": SERVE,
        }
        if node := shutil.which("node"):
            programs["canned, Node"] = (node, str(HERE / "canned.mjs"), str(answer))
        rows = [
            row
            for name, command in programs.items()
            for row in _rows(name, Program(command), state, block)
        ]
    return Topic("Programs over stdio", NOTE, tuple(rows))


def _rows(name: str, program: Program, state: State, block: Block) -> list[Row]:
    executor = ProgramExecutor(program, SCHEME, 4)
    storage, manner = MemoryStorage(state), Manner()

    def execute() -> None:
        executor.execute(block, state, storage, manner)

    try:
        rate = timed(execute).per_second()
        [child] = psutil.Process().children()
        here, there = time.process_time(), _spent(child)
        for _ in range(BLOCKS):
            execute()
        here, there = time.process_time() - here, _spent(child) - there
    finally:
        executor.close()
    return [
        Row.of(f"blocks, {name}", rate, "/s", AtLeast(2_000)),
        Row(f"processor time a block, the harness, with {name}", here / BLOCKS * 1e6, "µs"),
        Row(f"processor time a block, {name}", there / BLOCKS * 1e6, "µs"),
    ]


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _four() -> tuple[State, Block]:
    """Return four accounts, and a block in which each pays the next."""
    accounts = [address_of(name) for name in ("alice", "bob", "carol", "dave")]
    state = State(Chain(), {each: Account(0, {NATIVE: 10**9}) for each in accounts})
    pairs = zip(accounts, accounts[1:] + accounts[:1], strict=True)
    intents = tuple(
        Intent(f"t{number}", source, Transfers((Transfer(NATIVE, to, 5),)), 0, 15_000)
        for number, (source, to) in enumerate(pairs)
    )
    return state, realise(BlockStep(intents, Policy.SKIP), "keyed-hash")


def _answer(state: State, block: Block) -> bytes:
    outcome = reference.execute(block, MemoryStorage(state), SCHEME)
    statistics = StatisticsMessage(mode="parallel")
    answer = ExecuteBlockAnswer(id=0, outcome=write_outcome(outcome), statistics=statistics)
    return msgspec.json.encode(answer)


@contextmanager
def _one_core() -> Iterator[None]:
    """Keep this process, and those it starts, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
