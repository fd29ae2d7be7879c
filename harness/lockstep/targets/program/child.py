"""A child process that speaks in frames: started, fed, read under a deadline, ended without trace.

Invariant: neither side can block the other for ever, since all pipes are served at once; after
``end`` neither the process nor a process of its group is left, and every pipe is closed; when this
process is gone before that, they are ended all the same. Standard error is read all the time, its
last bytes are kept.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from lockstep.targets.program.frames import LENGTH
from lockstep.targets.program.guard import Guard
from lockstep.targets.program.messages import MAXIMUM_FRAME
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

    def __init__(self, command: Sequence[str], memory: int = MEMORY) -> None:
        with undisturbed():
            self._process = subprocess.Popen(  # noqa: S603 - the user names the program to be run
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
            self._guard = Guard(self._process.pid)
        self._in = _pipe(self._process.stdin)
        self._out = _pipe(self._process.stdout)
        self._err = _pipe(self._process.stderr)
        self._outgoing = bytearray()
        self._incoming = bytearray()
        self._stderr = bytearray()
        self._is_writing = False
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)
        self._poll.register(self._err, select.POLLIN)
        if prlimit is not None:
            with suppress(ProcessLookupError):
                prlimit(self._process.pid, RLIMIT_DATA, (memory, memory))

    @property
    def pid(self) -> int:
        """The process id, which is also that of its group."""
        return self._process.pid

    def send(self, data: bytes) -> None:
        """Take bytes to be written; what the pipe does not take now is written by ``receive``."""
        self._outgoing += data
        self._write()

    def close_input(self) -> None:
        """Close the child's standard input."""
        self._drop_input()

    def receive(self, deadline: float) -> bytes:
        """Return the payload of the next frame. ``deadline`` is a moment of ``time.monotonic``.

        Raises ``Broken`` if there is none in time, or what comes is no frame.
        """
        while (payload := self._frame()) is None:
            left = deadline - time.monotonic()
            ready = self._poll.poll(max(left, 0) * 1000)
            if not ready and left <= 0:
                raise Broken(Verdict.HANG, "deadline", self._late())
            for descriptor, _ in ready:
                self._serve(descriptor)
        return payload

    @property
    def has_more(self) -> bool:
        """Tell whether bytes arrived that no request asked for."""
        return bool(self._incoming)

    def finish(self, seconds: float) -> int | None:
        """Wait for the process to end by itself; return its exit code, None if it does not."""
        return self._process.returncode if self._has_ended(seconds) and self._reap() else None

    def end(self) -> str:
        """End the process with its whole group; return the last of what it wrote to stderr."""
        with undisturbed():
            return self._end()

    def _end(self) -> str:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._reap()
        self._guard.end()
        self._read_stderr()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        return self._stderr.decode("utf-8", "replace")

    def _reap(self) -> bool:
        self._process.wait()
        return True

    def _has_ended(self, seconds: float) -> bool:
        """Tell whether the process ends within ``seconds``, without reaping it.

        Until it is reaped its id, which is also its group's, belongs to nobody else.
        """
        if self._process.returncode is not None:
            return True
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

    def _serve(self, descriptor: int) -> None:
        if descriptor == self._in:
            self._write()
        elif descriptor == self._err:
            self._read_stderr()
        else:
            self._read()

    def _read(self) -> None:
        try:
            data = os.read(self._out, _READ_SIZE)
        except BlockingIOError:
            return
        if not data:
            raise self._closed()
        self._incoming += data

    def _read_stderr(self) -> None:
        try:
            while data := os.read(self._err, _READ_SIZE):
                self._stderr += data
                del self._stderr[:-STDERR_KEPT]
        except BlockingIOError:
            return
        except OSError:
            pass
        with suppress(KeyError, ValueError):
            self._poll.unregister(self._err)

    def _write(self) -> None:
        try:
            while self._outgoing:
                written = os.write(self._in, self._outgoing)
                del self._outgoing[:written]
        except BlockingIOError:
            self._poll.register(self._in, select.POLLOUT)
            self._is_writing = True
            return
        except OSError:
            self._drop_input()
        self._stop_writing()

    def _drop_input(self) -> None:
        """Give up writing: a child that does not read may still have something to say."""
        self._outgoing.clear()
        self._stop_writing()
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def _stop_writing(self) -> None:
        if self._is_writing:
            self._poll.unregister(self._in)
            self._is_writing = False

    def _closed(self) -> Broken:
        """Say how the output came to its end."""
        ended = self._has_ended(GRACE)
        how = self._how_it_ended() if ended else "it closed its output and went on"
        if self._incoming:
            text = f"{len(self._incoming)} bytes of a frame, then the end: {how}"
            return Broken(Verdict.PROTOCOL_ERROR, "truncated frame", text)
        return Broken(Verdict.CRASH, "process", how)

    def _how_it_ended(self) -> str:
        status = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        assert status is not None
        if status.si_code == os.CLD_EXITED:
            return f"it ended with exit code {status.si_status}"
        return f"it was ended by {signal.Signals(status.si_status).name}"

    def _late(self) -> str:
        if self._incoming:
            return f"no whole answer in time: {len(self._incoming)} bytes of a frame"
        return "no answer in time"


def _pipe(stream: IO[bytes] | None) -> int:
    assert stream is not None, "it was asked for"
    os.set_blocking(stream.fileno(), False)
    return stream.fileno()
