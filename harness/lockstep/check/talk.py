"""Checks of the conversation: hello, echo, errors, frames, the end."""

from __future__ import annotations

import time

from lockstep.check.subject import Subject
from lockstep.check.wire import Wire, Wrong, encoded
from lockstep.targets.program.capabilities import MAXIMUM_FRAME
from lockstep.targets.program.child import Broken
from lockstep.targets.program.connection import GOODBYE
from lockstep.targets.program.frames import packed
from lockstep.targets.program.messages import PROTOCOL

TEXTS = ("", "plain", 'quotes " and \\ and \n', "größer ☃ 𝄞", "\u2028 \x7f")
LONG = 1024 * 1024
PATIENCE = 5.0


def hello_is_answered(subject: Subject) -> str:
    """A hello with an unknown field is answered with version, name and capabilities."""
    greeting = {"type": "hello", "id": 1, "protocol": PROTOCOL, "surprise": {"a": [1]}}
    with Wire(subject.program) as wire:
        answer = wire.done(greeting)
        if answer.get("protocol") != PROTOCOL:
            raise Wrong(f"it speaks protocol {answer.get('protocol')!r}, not {PROTOCOL}")
    return f"{answer.get('name')} {answer.get('version')}"


def other_versions_are_refused(subject: Subject) -> str:
    """A hello with version 999 gets the error ``version``; one with version 1 is answered then."""
    with Wire(subject.program) as wire:
        wire.refused({"type": "hello", "id": 1, "protocol": 999}, "version")
        wire.greet()
    return ""


def newer_minors_are_answered(subject: Subject) -> str:
    """A hello with a minor number that nobody knows is answered as any other."""
    with Wire(subject.program) as wire:
        answer = wire.done({"type": "hello", "id": 1, "protocol": PROTOCOL, "minor": 999})
        minor = answer.get("minor", 0)
        if answer.get("protocol") != PROTOCOL or type(minor) is not int or minor < 0:
            raise Wrong(f"it speaks {answer.get('protocol')!r}.{minor!r}, not {PROTOCOL}")
    return f"it speaks {PROTOCOL}.{minor}"


def echo_comes_back(subject: Subject) -> str:
    """Text comes back as it was, also quotes, Unicode, and a mebibyte of it."""
    limit = subject.capabilities.limits.frame
    long = "é" * (min(LONG, limit // 2) // 2)
    with subject.wire() as wire:
        for number, text in enumerate((*TEXTS, long)):
            answer = wire.done({"type": "echo", "id": 10 + number, "text": text})
            if answer.get("text") != text:
                raise Wrong(f"a text of {len(text)} characters, {text[:20]!r}, came back changed")
    return f"{len(long.encode())} bytes"


def unknown_messages_are_refused(subject: Subject) -> str:
    """A request of an unknown type gets ``unknown_message``, and the next one is answered."""
    with subject.wire() as wire:
        wire.refused({"type": "dance", "id": 20, "state": None}, "unknown_message")
        wire.still_answers("an unknown message")
    return ""


def malformed_messages_are_refused(subject: Subject) -> str:
    """What is no JSON or no request gets ``malformed``, and the next request is answered."""
    payloads = {
        "no JSON": b"hello",
        "half an object": b'{"type": "echo", "id": 30',
        "an array": b"[]",
        "no type": b'{"id": 30}',
        "load_state without a state": b'{"type": "load_state", "id": 30}',
        "a state that is a number": b'{"type": "load_state", "id": 30, "state": 7}',
        "accounts that are a list": encoded(
            {"type": "load_state", "id": 30, "state": {"accounts": [], "chain_id": 3}}
        ),
    }
    with subject.wire() as wire:
        for what, payload in payloads.items():
            wire.child.send(packed(payload))
            answer = wire.hear()
            wire.expect_error(answer, "malformed", what)
            if answer.get("id") not in (None, 30):
                raise Wrong(f"{what} was answered with id {answer.get('id')!r}")
            wire.still_answers(what)
    return f"{len(payloads)} kinds"


def empty_frames_are_refused(subject: Subject) -> str:
    """A frame of length 0 gets ``malformed``, and the next request is answered."""
    with subject.wire() as wire:
        wire.claim(0)
        wire.expect_error(wire.hear(), "malformed", "an empty frame")
        wire.still_answers("an empty frame")
    return ""


def frames_may_arrive_in_pieces(subject: Subject) -> str:
    """A frame that arrives byte by byte is read."""
    with subject.wire() as wire:
        for byte in packed(encoded({"type": "echo", "id": 40, "text": "piece by piece"})):
            wire.child.send(bytes((byte,)))
            time.sleep(0.0002)
        if wire.hear().get("id") != 40:
            raise Wrong("the answer to a frame in pieces has another id")
    return ""


def requests_may_be_sent_at_once(subject: Subject) -> str:
    """Several requests in one go are answered one by one, in their order."""
    with subject.wire() as wire:
        messages = [{"type": "echo", "id": 50 + number, "text": "x"} for number in range(20)]
        wire.child.send(b"".join(packed(encoded(each)) for each in messages))
        heard = [wire.hear(PATIENCE).get("id") for _ in messages]
        if heard != [each["id"] for each in messages]:
            raise Wrong(f"20 requests at once were answered as {heard}")
    return ""


def oversize_frames_end_it(subject: Subject) -> str:
    """A length above the limit is answered by ``too_large`` or nothing, then the process ends."""
    for length in (max(subject.capabilities.limits.frame, MAXIMUM_FRAME) + 1, 2**32 - 1):
        with subject.wire() as wire:
            wire.claim(length)
            try:
                answer = wire.hear(PATIENCE)
                wire.expect_error(answer, "too_large", f"a length of {length}")
            except Broken as broken:
                if broken.where != "process":
                    raise Wrong(f"a length of {length}: {broken}") from broken
            code = wire.child.finish(PATIENCE)
            if code is None or code == 0:
                how = "goes on" if code is None else "ends with code 0"
                raise Wrong(f"after a length of {length} it {how}")
    return ""


def the_end_of_input_ends_it(subject: Subject) -> str:
    """It ends when its input does, between two frames and inside one."""
    for what in ("between frames", "inside a frame"):
        with subject.wire() as wire:
            if what == "inside a frame":
                wire.claim(100)
            wire.child.close_input()
            if wire.child.finish(PATIENCE) is None:
                raise Wrong(f"it goes on after its input ended {what}")
    return ""


def bye_ends_it(subject: Subject) -> str:
    """A goodbye is answered, then it exits with code 0."""
    with subject.wire() as wire:
        wire.done({"type": "bye", "id": 60})
        code = wire.child.finish(GOODBYE)
        if code != 0:
            raise Wrong("it goes on after bye" if code is None else f"bye ends with code {code}")
    return ""


def it_starts_again(subject: Subject) -> str:
    """After it was killed, a new process says the same of itself."""
    answers = []
    for _ in range(2):
        with Wire(subject.program) as wire:
            answers.append(wire.greet())
    if answers[0] != answers[1]:
        raise Wrong("two processes say different things of themselves")
    return ""
