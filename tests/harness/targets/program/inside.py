"""A served executor in this process in place of a program, with flaws to be made on purpose.

It stands where a started process stands, so a flaw costs no start; what only a process can do wrong
is for ``misbehaving.py``.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

from lockstep.serve.served import Served
from lockstep.serve.stdio import answer_to
from lockstep.targets.inside import InsideTarget
from lockstep.targets.named import find_inside
from lockstep.targets.program.capabilities import MAXIMUM_FRAME
from lockstep.targets.program.child import Broken, Child
from lockstep.targets.program.frames import LENGTH
from lockstep.targets.program.program import Program
from lockstep.verdict import Verdict

Flaw = Callable[["Inside", Any, Callable[[Any], Any]], Any]
"""Given the process, a request and the right way to answer: what is answered instead."""


def right(_inside: Inside, request: Any, answer: Callable[[Any], Any]) -> Any:
    return answer(request)


class Inside:
    """Answers like a process; ``notes`` is for a flaw to remember things in."""

    pid = 0

    def __init__(self, served: Served, flaw: Flaw) -> None:
        self.served = served
        self.flaw = flaw
        self.notes: dict[str, Any] = {}
        self.ended: int | None = None
        self._incoming = bytearray()
        self._answers: deque[bytes] = deque()

    @property
    def has_more(self) -> bool:
        return bool(self._answers)

    def send(self, data: bytes) -> None:
        self._incoming += data
        while len(self._incoming) >= LENGTH.size and self.ended is None:
            (length,) = LENGTH.unpack_from(self._incoming)
            if length > MAXIMUM_FRAME:
                self._answers.append(b'{"type":"error","id":null,"code":"too_large"}')
                self.ended = 1
                return
            if len(self._incoming) < LENGTH.size + length:
                return
            payload = bytes(self._incoming[LENGTH.size : LENGTH.size + length])
            del self._incoming[: LENGTH.size + length]
            self._answers.append(self._answer(payload))
            if payload and b'"bye"' in payload:
                self.ended = 0

    def receive(self, deadline: float) -> bytes:
        if self._answers:
            return self._answers.popleft()
        if self.ended is not None:
            raise Broken(Verdict.CRASH, "process", f"it ended with exit code {self.ended}")
        raise Broken(Verdict.HANG, "deadline", "no answer in time")

    def close_input(self) -> None:
        self.ended = 0

    def finish(self, seconds: float) -> int | None:
        return self.ended

    def end(self) -> str:
        self.ended = self.ended or 0
        return ""

    def _answer(self, payload: bytes) -> bytes:
        def rightly(request: Any) -> Any:
            data = request if isinstance(request, bytes) else json.dumps(request).encode()
            return json.loads(msgspec.json.encode(answer_to(data, self.served)))

        try:
            request = json.loads(payload)
        except ValueError:
            request = payload
        return json.dumps(self.flaw(self, request, rightly)).encode()


@dataclass(frozen=True, slots=True)
class InsideProgram(Program):
    """A program whose process is an ``Inside``."""

    target: InsideTarget | None = None
    flaw: Flaw = field(default=right)
    precomputed: bool = False

    def start(self) -> Child:
        served = Served("inside", self.target, precomputed=self.precomputed)
        return cast("Child", Inside(served, self.flaw))


def inside(name: str = "", flaw: Flaw = right, *, precomputed: bool = False) -> InsideProgram:
    """Return a program that serves the executor ``name``, the reference if it is empty."""
    target = find_inside(name) if name else None
    return InsideProgram(("inside",), target=target, flaw=flaw, precomputed=precomputed)
