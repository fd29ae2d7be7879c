"""A started program, spoken to in raw messages, so that it can also be told what is wrong."""

from __future__ import annotations

import json
import time
from types import TracebackType
from typing import Any, TypeAlias

import msgspec

from lockstep.case.values import Case
from lockstep.run.result import Run
from lockstep.targets.program.child import Broken
from lockstep.targets.program.connection import DEADLINE
from lockstep.targets.program.frames import LENGTH, packed
from lockstep.targets.program.messages import PROTOCOL
from lockstep.targets.program.program import Program

Message: TypeAlias = dict[str, Any]


class Wrong(Exception):
    """The program did something else than the contract says; the text says what.

    ``case`` is the case that it was told by, if it was one, and ``run`` how that went.
    """

    def __init__(self, text: str, case: Case | None = None, run: Run | None = None) -> None:
        super().__init__(text)
        self.case = case
        self.run = run


class Undeclared(Exception):
    """The program does not claim what this check is about."""


class Wire:
    """One process; a context manager that ends it. Every wait has a deadline."""

    def __init__(self, program: Program) -> None:
        self.child = program.start()

    def greet(self) -> Message:
        """Say hello and return the answer."""
        return self.ask({"type": "hello", "id": 1, "protocol": PROTOCOL, "harness": "check"})

    def tell(self, message: object) -> None:
        """Send a message as one frame."""
        self.child.send(packed(encoded(message)))

    def hear(self, seconds: float = DEADLINE) -> Message:
        """Return the next answer."""
        payload = self.child.receive(time.monotonic() + seconds)
        try:
            answer = json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise Wrong(f"an answer that is no JSON: {payload[:40]!r}") from error
        if not isinstance(answer, dict):
            raise Wrong(f"an answer that is no object: {payload[:40]!r}")
        return answer

    def ask(self, message: Message, seconds: float = DEADLINE) -> Message:
        """Send a message and return the answer, which must have its type and id or be an error."""
        self.tell(message)
        answer = self.hear(seconds)
        if answer.get("id") != message["id"]:
            raise Wrong(f"{message['type']} with id {message['id']} got id {answer.get('id')!r}")
        if answer.get("type") not in (message["type"], "error"):
            raise Wrong(f"{message['type']} was answered by {answer.get('type')!r}")
        return answer

    def done(self, message: Message, seconds: float = DEADLINE) -> Message:
        """Send a message and return its answer, which must be no error."""
        answer = self.ask(message, seconds)
        if answer["type"] == "error":
            raise Wrong(f"{message['type']} got error {answer.get('code')}: {answer.get('text')}")
        return answer

    def refused(self, message: Message, code: str) -> None:
        """Send a message that must be answered by the error ``code``."""
        self.expect_error(self.ask(message), code, str(message["type"]))

    def expect_error(self, answer: Message, code: str, what: str) -> None:
        """Hold ``answer`` to being the error ``code``."""
        if answer.get("type") != "error" or answer.get("code") != code:
            got = answer.get("code") if answer.get("type") == "error" else answer.get("type")
            raise Wrong(f"{what} got {got!r}, not the error {code}")

    def still_answers(self, after: str) -> None:
        """Hold the program to answering the next request."""
        try:
            self.done({"type": "echo", "id": 77, "text": "still there"})
        except Broken as broken:
            raise Wrong(f"after {after}: {broken}") from broken

    def claim(self, length: int) -> None:
        """Send the length of a frame alone."""
        self.child.send(LENGTH.pack(length))

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.child.end()


def encoded(message: object) -> bytes:
    """Return the JSON of ``message``."""
    return msgspec.json.encode(message)


def plain(message: msgspec.Struct) -> Message:
    """Return ``message`` as an object that can be changed."""
    made: Message = msgspec.to_builtins(message)
    return made
