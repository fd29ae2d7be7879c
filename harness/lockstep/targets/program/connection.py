"""A conversation with one outside executor: its process, started when needed, and typed answers.

Invariant: whatever goes wrong is one ``NoOutcome`` with a verdict; after a fault of the process it
has been ended with its group, and the next request starts a new one. An answer ``error`` leaves the
process running.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.metadata import version

import msgspec

from lockstep.faults import HarnessFault
from lockstep.targets.program.child import Broken, Child
from lockstep.targets.program.frames import packed
from lockstep.targets.program.messages import (
    MINOR,
    PROTOCOL,
    Answer,
    Bye,
    ErrorAnswer,
    ExecuteBlock,
    Hello,
    HelloAnswer,
    Request,
)
from lockstep.targets.program.program import Program
from lockstep.targets.program.scalars import ContractError, read_u64
from lockstep.verdict import ABSENT, Difference, NoOutcome, Verdict

DEADLINE = 10.0
"""Seconds in which anything but a block is answered."""
GOODBYE = 1.0
"""Seconds in which a goodbye is answered, and in which the process then ends."""

_VERDICTS = {
    "unsupported": Verdict.UNSUPPORTED,
    "deadline": Verdict.HANG,
    "internal": Verdict.CRASH,
}
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Answer)


class Connection:
    """The conversation; ``starts`` counts processes, ``introduced`` is the last hello."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.starts = 0
        self._child: Child | None = None
        self._hello: HelloAnswer | None = None
        self.introduced: HelloAnswer | None = None
        self._next_id = 1

    @property
    def is_open(self) -> bool:
        """Tell whether a process is running that has said hello."""
        return self._child is not None

    def hello(self) -> HelloAnswer:
        """Return what the executor says of itself, starting it if it is not running."""
        if self._child is None or self._hello is None:
            self._start()
        assert self._hello is not None
        return self._hello

    def ask(self, *requests: Request) -> list[Answer]:
        """Send ``requests`` at once and return their answers, each awaited until its own deadline.

        Raises ``NoOutcome`` if one is answered by an error or not as the contract says.
        """
        self.hello()
        return self._converse(requests)

    def discard(self) -> str:
        """End the process with its group; return the end of its standard error."""
        child, self._child, self._hello = self._child, None, None
        return "" if child is None else child.end()

    def close(self) -> None:
        """Say goodbye, if there is a process, and end it."""
        if self._hello is None:
            self.discard()
        elif self._child is not None:
            try:
                self._converse([Bye(id=0)])
                assert self._child is not None
                self._child.finish(GOODBYE)
            except NoOutcome:
                pass
            finally:
                self.discard()

    def _start(self) -> None:
        self.discard()
        try:
            self._child = self.program.start()
        except OSError as error:
            raise HarnessFault(
                f"cannot start {self.program.command[0]}: {error.strerror or error}"
            ) from error
        self.starts += 1
        self._next_id = 1
        name = f"lockstep {version('lockstep')}"
        greeting = Hello(id=0, protocol=PROTOCOL, minor=MINOR, harness=name)
        [answer] = self._converse([greeting])
        assert isinstance(answer, HelloAnswer)
        if answer.protocol != PROTOCOL:
            text = f"protocol {answer.protocol}, not {PROTOCOL}"
            raise self._fault(Broken(Verdict.PROTOCOL_ERROR, "version", text))
        heights = answer.capabilities.heights
        try:
            if heights is not None:
                read_u64(heights.lowest), read_u64(heights.highest)
        except ContractError as error:
            broken = Broken(Verdict.PROTOCOL_ERROR, "heights", str(error))
            raise self._fault(broken) from error
        self._hello = self.introduced = answer

    def _converse(self, requests: Sequence[Request]) -> list[Answer]:
        child = self._child
        assert child is not None
        try:
            for request in requests:
                request.id = self._next_id
                self._next_id += 1
            child.send(b"".join(packed(_ENCODER.encode(request)) for request in requests))
            answers = [
                _answer(request, child.receive(time.monotonic() + _patience(request)))
                for request in requests
            ]
            if child.has_more:
                raise Broken(Verdict.PROTOCOL_ERROR, "unasked", "bytes that no request asked for")
        except Broken as broken:
            raise self._fault(broken) from broken
        for answer in answers:
            if isinstance(answer, ErrorAnswer):
                raise _refusal(answer)
        return answers

    def _fault(self, broken: Broken) -> NoOutcome:
        stderr = self.discard()
        more = [Difference("stderr", "", ABSENT, stderr)] if stderr else []
        return NoOutcome.because(broken.verdict, broken.where, str(broken), *more)


def _patience(request: Request) -> float:
    """Return the seconds in which ``request`` is to be answered."""
    match request:
        case ExecuteBlock():
            return request.deadline_ms / 1000
        case Bye():
            return GOODBYE
        case _:
            return DEADLINE


def _answer(request: Request, payload: bytes) -> Answer:
    """Return the answer in ``payload``. Raises ``Broken`` if it does not answer ``request``."""
    try:
        answer: Answer = _DECODER.decode(payload)
    except msgspec.ValidationError as error:
        raise Broken(Verdict.PROTOCOL_ERROR, "answer", str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        text = f"no JSON: {error}, from {payload[:40]!r}"
        raise Broken(Verdict.PROTOCOL_ERROR, "answer", text) from error
    if answer.id != request.id and not (isinstance(answer, ErrorAnswer) and answer.id is None):
        text = f"id {answer.id} for request {request.id}"
        raise Broken(Verdict.PROTOCOL_ERROR, "answer", text)
    if not isinstance(answer, ErrorAnswer) and _tag(answer) != _tag(request):
        text = f"{_tag(answer)} for {_tag(request)}"
        raise Broken(Verdict.PROTOCOL_ERROR, "answer", text)
    return answer


def _refusal(answer: ErrorAnswer) -> NoOutcome:
    verdict = _VERDICTS.get(answer.code, Verdict.PROTOCOL_ERROR)
    return NoOutcome.because(verdict, f"error {answer.code}", answer.text)


def _tag(message: Request | Answer) -> str:
    return str(message.__struct_config__.tag)
