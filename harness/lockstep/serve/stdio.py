"""Serves an executor of ours, or the reference, over frames: the other end of the contract.

Invariant: every request gets exactly one answer, in order; whatever is wrong with a request leaves
the state that is held as it was. Nothing but frames is written to the output.
"""

from __future__ import annotations

from typing import BinaryIO

import msgspec

from lockstep.foreign.text import named_error, shown
from lockstep.serve.served import NoStateError, Served, UnsupportedError
from lockstep.targets.program.capabilities import MAXIMUM_FRAME
from lockstep.targets.program.frames import FrameError, OversizeError, read_frame, write_frame
from lockstep.targets.program.messages import (
    PROTOCOL,
    Answer,
    Bye,
    Echo,
    ErrorAnswer,
    ExecuteBlock,
    ExportState,
    ExportStateAnswer,
    Hello,
    LoadState,
    LoadStateAnswer,
    ReadState,
    ReadStateAnswer,
    Request,
    Reset,
    Rewind,
    RewindAnswer,
)
from lockstep.targets.program.scalars import ContractError, read_u64
from lockstep.targets.program.states import read_state, write_state
from lockstep_parallel.steps.drivers.protocol import Hang

_DECODER = msgspec.json.Decoder(Request)
_ENCODER = msgspec.json.Encoder()


class _Head(msgspec.Struct):
    """What can be told of a request that is not understood."""

    id: int | None = None
    type: str | None = None


def serve(served: Served, requests: BinaryIO, answers: BinaryIO) -> int:
    """Answer ``requests`` until they end; return the exit code."""
    while True:
        try:
            payload = read_frame(requests, MAXIMUM_FRAME)
        except OversizeError as error:
            write_frame(answers, _ENCODER.encode(_error(None, "too_large", str(error))))
            return 1
        except FrameError:
            return 1
        if payload is None:
            return 0
        answer = answer_to(payload, served)
        write_frame(answers, _ENCODER.encode(answer))
        if isinstance(answer, Bye):
            return 0


def answer_to(payload: bytes, served: Served) -> Answer:
    """Return the answer to the request in ``payload``."""
    try:
        request = _DECODER.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return _misunderstood(payload, str(error))
    try:
        return _answer(request, served)
    except ContractError as error:
        return _error(request.id, "malformed", str(error))
    except NoStateError as error:
        return _error(request.id, "no_state", str(error))
    except UnsupportedError as error:
        return _error(request.id, "unsupported", str(error))
    except Hang as error:
        return _error(request.id, "deadline", str(error))
    except Exception as error:
        return _error(request.id, "internal", named_error(error))


def _answer(request: Request, served: Served) -> Answer:
    match request:
        case Hello():
            if request.protocol != PROTOCOL:
                return _error(request.id, "version", f"only protocol {PROTOCOL} is spoken")
            return served.hello(request.id)
        case LoadState():
            _load(request, served)
            return LoadStateAnswer(id=request.id)
        case ExecuteBlock():
            return served.execute(request)
        case ExportState():
            return ExportStateAnswer(id=request.id, state=write_state(served.state))
        case Rewind():
            served.rewind(request.blocks)
            return RewindAnswer(id=request.id)
        case ReadState():
            version = served.version(read_u64(request.topoheight))
            return ReadStateAnswer(id=request.id, state=write_state(version))
        case Reset():
            served.reset()
            return request
        case Echo() | Bye():
            return request


def _load(request: LoadState, served: Served) -> None:
    versions = request.versions or []
    newest = read_u64(request.topoheight or 0)
    numbers = [read_u64(each.topoheight) for each in versions]
    if numbers != list(range(newest - len(versions), newest)):
        raise ContractError("versions are numbered one by one, up to the one that is held")
    states = [read_state(each.state) for each in versions]
    served.load([*states, read_state(request.state)], newest)


def _misunderstood(payload: bytes, text: str) -> ErrorAnswer:
    """Say whether it is the type of the message that is not known, or what it holds."""
    try:
        head = msgspec.json.decode(payload, type=_Head)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _error(None, "malformed", text)
    known = {each.__struct_config__.tag for each in Request.__args__}
    if head.type is not None and head.type not in known:
        return _error(head.id, "unknown_message", f"unknown message {head.type!r}")
    return _error(head.id, "malformed", text)


def _error(key: int | None, code: str, text: str) -> ErrorAnswer:
    return ErrorAnswer(id=key, code=code, text=shown(text))
