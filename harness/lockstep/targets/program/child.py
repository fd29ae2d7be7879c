"""A child process that speaks in frames: started, fed, read under a deadline, ended without trace.

Invariant: neither side can block the other for ever, since all pipes are served at once; after
``end`` neither the process nor a process of its group is left, and every pipe is closed; when this
process is gone before that, they are ended all the same. Standard error is read all the time, its
last bytes are kept. A pipe is known by its object and the process by being unreaped: no number is
used once the system may have given it to something else.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from io import FileIO
from selectors import EVENT_READ, EVENT_WRITE, PollSelector
from typing import IO

from lockstep.case.surroundings import OURS, Surroundings
from lockstep.targets.program.capabilities import MAXIMUM_FRAME
from lockstep.targets.program.frames import LENGTH
from lockstep.targets.program.guard import Guard
from lockstep.targets.program.tap import Tap
from lockstep.undisturbed import undisturbed
from lockstep.verdict import Verdict

try:
    from resource import RLIMIT_DATA, prlimit
except ImportError:  # only Linux can limit a process that has been started
    prlimit = None  # type: ignore[assignment]

MEMORY = 2 * 1024**3
"""The most bytes of data a child may have."""
STDERR_KEPT = 8 * 1024
_READ_SIZE = 64 * 1024
"""What a pipe holds at most, unless it was told to hold more."""
_READS_AT_ONCE = 16
"""How often a pipe is read before the others get their turn: as much as one may be told to hold."""
GRACE = 0.25
"""Seconds a process is given to end by itself once it has closed its output."""


class Broken(Exception):
    """The child cannot be used any more; ``verdict`` and ``where`` say what it did."""

    def __init__(self, verdict: Verdict, where: str, text: str) -> None:
        super().__init__(text)
        self.verdict = verdict
        self.where = where


class Child:
    """One running process. Raises ``OSError`` if ``command`` cannot be started."""

    def __init__(
        self,
        command: Sequence[str],
        memory: int = MEMORY,
        tap: Tap | None = None,
        surroundings: Surroundings = OURS,
    ) -> None:
        self._tap = tap
        if tap is not None:
            tap.begin()
        with undisturbed():
            self._process = subprocess.Popen(  # noqa: S603 - the user names the program to be run
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
                cwd=surroundings.folder or None,
                env={**os.environ, **dict(surroundings.variables)},
            )
            try:
                self._guard = Guard(self._process.pid)
            except OSError:
                self._kill()
                self._process.wait()
                raise
        self._input = _pipe(self._process.stdin)
        self._output = _pipe(self._process.stdout)
        self._errors = _pipe(self._process.stderr)
        self._outgoing = bytearray()
        self._incoming = bytearray()
        self._stderr = bytearray()
        self._waiting = PollSelector()
        self._waiting.register(self._output, EVENT_READ, self._read)
        self._waiting.register(self._errors, EVENT_READ, self._read_stderr)
        if prlimit is not None:
            with suppress(ProcessLookupError):
                prlimit(self._process.pid, RLIMIT_DATA, (memory, memory))

    @property
    def pid(self) -> int:
        """The process id, which is also that of its group."""
        return self._process.pid

    def send(self, data: bytes) -> None:
        """Take bytes to be written; what the pipe does not take now is written by ``receive``.

        A child that has closed its input gets none of them.
        """
        if not self._input.closed:
            self._outgoing += data
            if self._tap is not None:
                self._tap.sent += data
            self._write()

    def close_input(self) -> None:
        """Close the child's standard input: it may still have something to say."""
        self._outgoing.clear()
        self._close(self._input)

    def receive(self, deadline: float) -> bytes:
        """Return the payload of the next frame. ``deadline`` is a moment of ``time.monotonic``.

        Raises ``Broken`` if there is none in time, or what comes is no frame.
        """
        if self._output.closed:
            raise Broken(Verdict.CRASH, "process", "it has been ended")
        while (payload := self._frame()) is None:
            left = deadline - time.monotonic()
            ready = self._waiting.select(max(left, 0))
            if not ready and left <= 0:
                raise Broken(Verdict.HANG, "deadline", self._late())
            for key, _ in ready:
                key.data()
        return payload

    @property
    def has_more(self) -> bool:
        """Tell whether bytes arrived that no request asked for."""
        return bool(self._incoming)

    def finish(self, seconds: float) -> int | None:
        """Wait for the process to end by itself; return its exit code, None if it does not.

        The code is negative where a signal ended it.
        """
        if not self._has_ended(seconds):
            return None
        by_itself, number = self._how_it_ended()
        return number if by_itself else -number

    def end(self) -> str:
        """End the process with its whole group; return the last of what it wrote to stderr."""
        with undisturbed():
            return self._end()

    def _end(self) -> str:
        if self._process.returncode is None:
            self._kill()
            self._guard.end()
            self._process.wait()
        else:
            self._guard.end()
        self._read_stderr()
        for pipe in (self._input, self._output, self._errors):
            self._close(pipe)
        self._waiting.close()
        return self._stderr.decode("utf-8", "replace")

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _has_ended(self, seconds: float) -> bool:
        """Tell whether the process ends within ``seconds``, without reaping it.

        Until it is reaped its id, which is also its group's, belongs to nobody else.
        """
        limit = time.monotonic() + seconds
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        while os.waitid(os.P_PID, self._process.pid, options) is None:
            if time.monotonic() >= limit:
                return False
            self._read_stderr()
            time.sleep(0.001)
        return True

    def _frame(self) -> bytes | None:
        incoming = self._incoming
        if len(incoming) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack_from(incoming)
        if not 0 < length <= MAXIMUM_FRAME:
            start = bytes(incoming[:40])
            raise Broken(
                Verdict.PROTOCOL_ERROR, "frame", f"a length of {length} bytes, from {start!r}"
            )
        end = LENGTH.size + length
        if len(incoming) < end:
            return None
        payload = bytes(memoryview(incoming)[LENGTH.size : end])
        del incoming[:end]
        return payload

    def _read(self) -> None:
        data = self._output.read(_READ_SIZE)
        if data is None:
            return
        if not data:
            raise self._closed()
        self._incoming += data
        if self._tap is not None:
            self._tap.came += data

    def _read_stderr(self) -> None:
        """Read what there is; a child that never stops writing does not keep anybody here."""
        for _ in range(_READS_AT_ONCE):
            if self._errors.closed:
                return
            data = self._errors.read(_READ_SIZE)
            if data is None:
                return
            if not data:
                self._close(self._errors)
            self._stderr += data
            del self._stderr[:-STDERR_KEPT]

    def _write(self) -> None:
        try:
            while self._outgoing:
                written = self._input.write(self._outgoing)
                if written is None:
                    self._await_room()
                    return
                del self._outgoing[:written]
        except OSError:
            self.close_input()
        else:
            self._forget(self._input)

    def _await_room(self) -> None:
        if self._input not in self._waiting.get_map():
            self._waiting.register(self._input, EVENT_WRITE, self._write)

    def _forget(self, pipe: FileIO) -> None:
        if pipe in self._waiting.get_map():
            self._waiting.unregister(pipe)

    def _close(self, pipe: FileIO) -> None:
        """Close a pipe that nobody waits for from then on; nothing, if it is closed."""
        if not pipe.closed:
            self._forget(pipe)
            with suppress(OSError):
                pipe.close()

    def _closed(self) -> Broken:
        """Say how the output came to its end."""
        how = self._told() if self._has_ended(GRACE) else "it closed its output and went on"
        if self._incoming:
            text = f"{len(self._incoming)} bytes of a frame, then the end: {how}"
            return Broken(Verdict.PROTOCOL_ERROR, "truncated frame", text)
        return Broken(Verdict.CRASH, "process", how)

    def _told(self) -> str:
        by_itself, number = self._how_it_ended()
        if by_itself:
            return f"it ended with exit code {number}"
        return f"it was ended by {signal.Signals(number).name}"

    def _how_it_ended(self) -> tuple[bool, int]:
        """Tell whether an ended process did so by itself; the exit code, or else the signal."""
        status = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        assert status is not None
        return status.si_code == os.CLD_EXITED, status.si_status

    def _late(self) -> str:
        if self._incoming:
            return f"no whole answer in time: {len(self._incoming)} bytes of a frame"
        return "no answer in time"


def _pipe(stream: IO[bytes] | None) -> FileIO:
    assert isinstance(stream, FileIO), "it was asked for, without a buffer"
    os.set_blocking(stream.fileno(), False)
    return stream
