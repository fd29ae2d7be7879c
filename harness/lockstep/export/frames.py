"""A finding of a program as files: the exact bytes in and out, a script, the block as JSON.

Invariant: the bytes are those of one process, from its start to the failure; piped into the program
they are the same conversation, with no lockstep at the other end.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from lockstep.case.file import Record, Setting
from lockstep.case.judging import EXACTLY
from lockstep.export.script import script
from lockstep.faults import UsageError
from lockstep.findings.replayed import Rung, rung_of
from lockstep.run.result import Run
from lockstep.run.standard import Standard
from lockstep.run.stores import MemoryStores
from lockstep.schedules.mix import Mix
from lockstep.streams import stream
from lockstep.targets.named import open_oracle
from lockstep.targets.program.frames import FrameError, read_frame
from lockstep.targets.program.outcomes import write_outcome
from lockstep.targets.program.program import Program
from lockstep.targets.program.states import write_state
from lockstep.targets.program.tap import Tap
from lockstep.targets.program.target import ProgramTarget
from lockstep.targets.repeated import only

_EVERYTHING = 2**32


@dataclass(frozen=True, slots=True)
class Recorded:
    """The bytes of a conversation, the run it was, and whether that was the failure on file."""

    sent: bytes
    came: bytes
    run: Run
    failed: bool


def record_frames(record: Record, setting: Setting, program: Program) -> Recorded:
    """Run ``record`` on ``program`` until it fails as it says, and return the conversation.

    If it never does, within as many runs as should have met it, that of the last run.
    """
    known = record.reproduction
    for _ in range(1 if known is None else known.runs_to_meet()):
        tap = Tap()
        tapped = ProgramTarget(setting.executor, replace(program, tap=tap))
        with tapped.open(setting, MemoryStores()) as lane:
            if setting.judging != EXACTLY:
                oracle = open_oracle(setting, ProgramTarget(setting.executor, program))
                lane.standard = Standard(oracle, setting.judging)
            if known is None:
                run = lane.run_mixed(record.case, stream("replay", "program"), Mix(1))
            else:
                run = lane.run_in(record.case, only(known.manner))
            sent, came = bytes(tap.sent), bytes(tap.came)
        failed = run.verdict.is_failure and rung_of(record, run) is Rung.DEVIATIONS
        if failed:
            break
    return Recorded(sent, came, run, failed)


def write_frames(recorded: Recorded, program: Program, folder: Path) -> list[Path]:
    """Write ``recorded`` into ``folder`` and return the files. Raises ``UsageError``."""
    files: dict[str, bytes] = {
        "in.bin": recorded.sent,
        "out.bin": recorded.came,
        "messages.jsonl": b"".join(map(_line, _messages(recorded))),
        "run.sh": script(program.command, Path.cwd()).encode(),
    }
    if recorded.run.blocks:
        files["block.json"] = msgspec.json.format(json.dumps(_block(recorded)).encode(), indent=1)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            path = folder / name
            path.write_bytes(data)
            written.append(path)
        (folder / "run.sh").chmod(0o755)
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror or error}") from error
    return written


def payloads(stream_of_frames: bytes) -> Iterator[bytes]:
    """Give the payload of every whole frame; what comes after the last is left out."""
    stream = io.BytesIO(stream_of_frames)
    try:
        while (payload := read_frame(stream, _EVERYTHING)) is not None:
            yield payload
    except FrameError:
        return


def _messages(recorded: Recorded) -> Iterator[dict[str, Any]]:
    """Give every request with the answer to it, None if there is none."""
    answers = map(_decoded, payloads(recorded.came))
    for request in payloads(recorded.sent):
        yield {"request": _decoded(request), "answer": next(answers, None)}


def _block(recorded: Recorded) -> dict[str, Any]:
    """Return the block that failed, with the state before it and what it ought to give."""
    block = recorded.run.blocks[-1]
    exchanges = [each for each in _messages(recorded) if _executes(each["request"])]
    last = exchanges[-1] if exchanges else {"request": None, "answer": None}
    return {
        "verdict": recorded.run.verdict.value,
        "differences": [str(each) for each in recorded.run.differences],
        "state": msgspec.to_builtins(write_state(block.before)),
        **last,
        "expected": msgspec.to_builtins(write_outcome(block.expected)),
    }


def _executes(request: Any) -> bool:
    return isinstance(request, dict) and request.get("type") == "execute_block"


def _decoded(payload: bytes) -> Any:
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return payload.decode("utf-8", "replace")


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"
