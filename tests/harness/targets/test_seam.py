"""The seam: no room asks what kind of target it has, and another kind takes one file.

The other kind is written here: an executor behind a Unix socket, which speaks JSON lines.
"""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from lockstep.case.file import Setting
from lockstep.case.manner import Manner
from lockstep.case.values import Case
from lockstep.cli.main import main
from lockstep.run.ask import ask
from lockstep.run.drivers import Ways
from lockstep.run.result import Run, StepFailure
from lockstep.run.session import run_case
from lockstep.run.stores import Stores
from lockstep.schedules.mix import Mix
from lockstep.targets.named import find_inside
from lockstep.targets.program.blocks import read_block, write_block
from lockstep.targets.program.ledger_messages import BlockMessage, StateMessage
from lockstep.targets.program.outcome_messages import OutcomeMessage
from lockstep.targets.program.outcomes import read_outcome, write_outcome
from lockstep.targets.program.states import read_state, write_state
from lockstep.targets.repeated import RepeatedLane, only
from lockstep.targets.target import Target
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Changes, Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import Reader, Storage
from lockstep_parallel.steps.drivers.scheduled import Scheduled
from tests.repository import REPOSITORY

SOCKET = "socket-of-the-seam"
"""In the folder that the command runs in."""
NAME = "tests.harness.targets.test_seam:SocketTarget"
ROOMS = REPOSITORY / "harness" / "lockstep"

ASKS = re.compile(
    r"isinstance\([^)]*(Target|Lane)\)"
    r"|startswith\([^)]*(cmd:|http|PROGRAM|SERVER|PREFIX)"
    r"|case (Inside|Program|Labu|Steered|Repeated)(Target|Lane)\("
    r"|is_outside|is_labu"
)
"""Ways to ask what kind of target something is."""


def test_no_room_but_targets_and_findings_asks_what_kind_of_target_it_has() -> None:
    asking = [
        f"{path.relative_to(ROOMS)}: {line.strip()}"
        for path in sorted(ROOMS.rglob("*.py"))
        if path.relative_to(ROOMS).parts[0] not in ("targets", "findings")
        for line in path.read_text().splitlines()
        if ASKS.search(line)
    ]
    assert asking == []


@pytest.mark.parametrize(
    "line",
    [
        "if isinstance(target, LabuTarget):",
        'if name.startswith("cmd:"):',
        "    case SteeredLane():",
        "if is_outside(name):",
    ],
)
def test_asking_would_be_seen(line: str) -> None:
    assert ASKS.search(line)


class SocketTarget(Target):
    """An executor behind the socket ``SOCKET`` of the current folder."""

    def open(self, setting: Setting, stores: Stores) -> SocketLane:
        return SocketLane(setting, stores)


class SocketLane(RepeatedLane):
    """One connection for every block."""

    def __init__(self, setting: Setting, stores: Stores) -> None:
        super().__init__(setting)
        self._stores = stores

    def run_in(self, case: Case, manners: Ways[Manner]) -> Run:
        return run_case(case, _OverSocket(case.scheme), manners, self._stores)

    def run_mixed(self, case: Case, random: Random, mix: Mix) -> Run:
        return self.run_in(case, only(self.plain, 2))

    def execute(
        self, block: Block, before: State, scheme: str
    ) -> tuple[Outcome | None, StepFailure | None]:
        return ask(_OverSocket(scheme), block, before, MemoryStorage(before), self.plain)

    def close(self) -> None:
        """Nothing is kept open."""


class _OverSocket:
    reads_storage = False

    def __init__(self, scheme: str) -> None:
        self._scheme = scheme

    def plain(self) -> Manner:
        return Manner()

    def execute(self, block: Block, before: State, reader: Reader, way: Manner) -> Outcome:
        question = {
            "scheme": self._scheme,
            "state": msgspec.to_builtins(write_state(before)),
            "block": msgspec.to_builtins(write_block(block, self._scheme)),
        }
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(SOCKET)
            connection.sendall(json.dumps(question).encode() + b"\n")
            with connection.makefile("rb") as answer:
                return read_outcome(msgspec.json.decode(answer.readline(), type=OutcomeMessage))

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        storage.merge(changes, topoheight)


@pytest.fixture
def executor() -> str:
    return "batched"


@pytest.fixture
def answering(executor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Answer blocks over the socket by a built-in executor."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(SOCKET)
        listener.listen()
        thread = threading.Thread(target=_answer_all, args=(listener, executor), daemon=True)
        thread.start()
        yield
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _answer_all(listener: socket.socket, executor: str) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as asked:
            answer = _outcome(json.loads(asked.readline()), executor)
            connection.sendall(msgspec.json.encode(write_outcome(answer)) + b"\n")


def _outcome(question: dict[str, Any], executor: str) -> Outcome:
    state = read_state(msgspec.convert(question["state"], StateMessage))
    block = read_block(msgspec.convert(question["block"], BlockMessage))
    built = find_inside(executor).build(SCHEMES[question["scheme"]], 4)
    return built.execute(block, MemoryStorage(state), Scheduled())


@pytest.mark.usefixtures("answering")
def test_a_campaign_on_another_kind_of_target_agrees() -> None:
    result = CliRunner().invoke(
        main, ["fuzz", "--cases", "40", "--seed", "s", "--storage", "memory", "--executor", NAME]
    )
    assert result.exit_code == 0, result.output
    assert f"fuzzing {NAME} on memory" in result.output


@pytest.mark.parametrize("executor", ["canary"])
@pytest.mark.usefixtures("answering")
def test_its_failures_are_measured_shrunk_kept_and_replayed() -> None:
    command = ["fuzz", "--cases", "40", "--seed", "s", "--storage", "memory", "--executor", NAME]
    result = CliRunner().invoke(main, [*command, "--findings", "found"])
    assert result.exit_code == 1, result.output
    assert "reproduction: 30 of 30 runs fail" in result.output
    replayed = CliRunner().invoke(main, ["replay", "--trust", "found"])
    assert replayed.exit_code == 1, replayed.output
    assert "0 agree" in replayed.output
