"""A child is told and heard through its own pipes alone, whatever became of their numbers."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import pytest

from lockstep.targets.program.child import STDERR_KEPT, Broken, Child
from lockstep.targets.program.frames import packed
from lockstep.verdict import Verdict

CLOSES_ITS_INPUT = "os.close(0); say(b'closed'); time.sleep(60)"
CLOSES_ITS_ERRORS = "os.write(2, b'first'); os.close(2); say(b'closed'); sys.stdin.read(1)"
ENDS = "say(b'well'); sys.exit(7)"


class NeverEnds:
    """A pipe that always has more, as of a program that writes faster than it is read."""

    closed = False
    reads = 0

    def read(self, size: int) -> bytes:
        self.reads += 1
        assert self.reads < 1000, "nothing else gets its turn"
        return b"x" * size


Starts = Callable[[str], Child]


@pytest.fixture
def starts() -> Iterator[Starts]:
    """Start children, and end what is left of them."""
    with ExitStack() as stack:

        def start(script: str) -> Child:
            say = "def say(text): os.write(1, len(text).to_bytes(4, 'little') + text)"
            child = Child([sys.executable, "-ISc", f"import os, sys, time\n{say}\n{script}"])
            stack.callback(child.end)
            return child

        yield start


@pytest.fixture
def takes(tmp_path: Path) -> Iterator[Callable[[int], BinaryIO]]:
    """Open files until one has a number that has become free."""
    with ExitStack() as stack:

        def take(number: int) -> BinaryIO:
            for count in range(64):
                path = tmp_path / f"{number}-{count}"
                path.write_bytes(b"of another file")
                opened = stack.enter_context(path.open("r+b", buffering=0))
                if opened.fileno() == number:
                    return opened
            raise AssertionError(f"the number {number} is not free")

        yield take


def heard(child: Child) -> bytes:
    return child.receive(time.monotonic() + 10)


def content(opened: BinaryIO) -> bytes:
    return os.pread(opened.fileno(), 100, 0)


def test_what_is_sent_to_a_closed_input_reaches_no_file_that_has_its_number_now(
    starts: Starts, takes: Callable[[int], BinaryIO]
) -> None:
    child = starts(CLOSES_ITS_INPUT)
    number = child._input.fileno()
    assert heard(child) == b"closed"
    child.send(packed(b"the first request, which meets a closed pipe"))
    other = takes(number)
    child.send(packed(b"the second request"))
    with pytest.raises(Broken) as broken:
        child.receive(time.monotonic() + 0.05)
    assert broken.value.verdict is Verdict.HANG
    assert content(other) == b"of another file"


def test_what_a_closed_standard_error_said_is_kept_and_no_other_file_is_read_for_it(
    starts: Starts, takes: Callable[[int], BinaryIO]
) -> None:
    child = starts(CLOSES_ITS_ERRORS)
    number = child._errors.fileno()
    assert heard(child) == b"closed"
    while not child._errors.closed:
        child._read_stderr()
    other = takes(number)
    child.close_input()
    child.finish(10)
    assert child.end() == "first"
    assert other.tell() == 0


def test_a_child_that_was_ended_touches_no_file_that_has_one_of_its_numbers(
    starts: Starts, takes: Callable[[int], BinaryIO]
) -> None:
    child = starts(CLOSES_ITS_INPUT)
    numbers = [each.fileno() for each in (child._input, child._output, child._errors)]
    child.end()
    others = [takes(each) for each in sorted(numbers)]
    child.send(packed(b"a request"))
    child.close_input()
    with pytest.raises(Broken, match="has been ended"):
        heard(child)
    child.end()
    assert [content(each) for each in others] == [b"of another file"] * 3
    assert [each.tell() for each in others] == [0, 0, 0]


def test_its_group_is_ended_while_the_number_is_its_own_and_not_again(
    starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that ended by itself and was waited for still has its number until ``end``."""
    killed = []

    def kill(group: int, number: int) -> None:
        unreaped = os.WEXITED | os.WNOHANG | os.WNOWAIT
        killed.append((group, number, os.waitid(os.P_PID, group, unreaped) is not None))

    child = starts(ENDS)
    assert heard(child) == b"well"
    assert child.finish(10) == 7
    monkeypatch.setattr(os, "killpg", kill)
    child.end()
    child.end()
    assert killed == [(child.pid, signal.SIGKILL, True)]


def test_an_exit_code_is_negative_where_a_signal_was_the_end(starts: Starts) -> None:
    child = starts("os.kill(os.getpid(), 9)")
    assert child.finish(10) == -9
    assert starts("time.sleep(60)").finish(0) is None


def test_a_standard_error_that_never_ends_keeps_nobody_from_the_deadline(
    starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = starts(CLOSES_ITS_INPUT)
    with monkeypatch.context() as patched:
        patched.setattr(child, "_errors", NeverEnds())
        child._read_stderr()
    assert len(child.end()) == STDERR_KEPT
