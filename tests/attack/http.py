"""An attacker of a server of labu: thousands of hostile exchanges, the same ones each time.

``python -m tests.attack.http 2081`` prints what became of them, and fails unless the server stayed
alive, answered each as it must, in time, and kept its state and its memory.
"""

from __future__ import annotations

import re
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event
from time import monotonic
from typing import IO

from lockstep.serve.http import Server
from lockstep.serve.ledger import Ledger, served
from tests.attack.exchanges import LAST, LIMITS, REFUSALS, End, Exchange, exchange_at, head
from tests.repository import REPOSITORY

PATIENCE = 10.0
"""Seconds after which an exchange without an end hangs."""

SERVE = (sys.executable, "-m", "tests.attack.http", "serve")
HEAD = re.compile(rb"HTTP/1\.1 (\d{3})[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n")
LENGTH = re.compile(rb"Content-Length: (\d+)\r\n", re.IGNORECASE)
ANYTHING = REFUSALS | {100, 200}


@dataclass(slots=True)
class Report:
    """What became of the exchanges: how many there were, and the names of those that went wrong."""

    tried: int = 0
    died: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    hung: list[str] = field(default_factory=list)
    mebibytes: int = 0
    """The most memory that the server had."""

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing went wrong."""
        return not (self.died or self.wrong or self.hung)

    def lines(self) -> Iterator[str]:
        """Say it all."""
        yield f"{self.tried} exchanges: server died {len(self.died)}, wrong {len(self.wrong)}, "
        yield f"hung {len(self.hung)}; {self.mebibytes} MiB at most\n"
        for what in ("died", "wrong", "hung"):
            yield from (f"{what}: {each}\n" for each in getattr(self, what))


def attack(count: int, command: Sequence[str] = SERVE, patience: float = PATIENCE) -> Report:
    """Start a server, have ``count`` exchanges with it, and say what became of them."""
    report = Report()
    with TemporaryFile() as errors, _running(command, errors) as (process, port):
        state = None
        for number in range(count):
            exchange = exchange_at(number)
            name = f"{number} {exchange.name}"
            report.tried += 1
            try:
                before = state or _state(port, patience)
                fault = _fault(exchange, _sent(port, exchange, patience))
                state = _state(port, patience)
            except TimeoutError:
                report.hung.append(name)
                state = None
                continue
            except OSError as error:
                report.died.append(f"{name}: {error}")
                break
            if fault is None and state != before and not exchange.changes:
                fault = "the state has changed"
            if fault is not None:
                report.wrong.append(f"{name}: {fault}")
        report.mebibytes = _peak(process.pid)
        errors.seek(0)
        if said := errors.read(1000):
            report.wrong.append(f"it said {said!r}")
    return report


@contextmanager
def _running(
    command: Sequence[str], errors: IO[bytes]
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with subprocess.Popen(  # noqa: S603 - the server that is attacked
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=errors
    ) as process:
        try:
            assert process.stdout is not None
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def _sent(port: int, exchange: Exchange, patience: float) -> bytes | None:
    """Send what an exchange sends and return all that comes back; None if nobody looks."""
    with ExitStack() as stack:
        for _ in range(exchange.crowd):
            stack.enter_context(_connected(port, patience))
        connection = stack.enter_context(_connected(port, patience))
        with suppress(ConnectionError):  # a server may close on what it refuses
            for piece in exchange.pieces:
                connection.sendall(piece)
                Event().wait(exchange.pause)
        match exchange.end:
            case End.LEAVES:
                return None
            case End.RESETS:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return None
            case End.ENDS_OUTPUT:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
        return _heard(connection, monotonic() + patience)


def _connected(port: int, patience: float) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), patience)


def _heard(connection: socket.socket, until: float) -> bytes:
    content = bytearray()
    with suppress(ConnectionError):
        while True:
            connection.settimeout(max(until - monotonic(), 1e-3))
            data = connection.recv(65536)
            if not data:
                break
            content += data
    return bytes(content)


def _fault(exchange: Exchange, heard: bytes | None) -> str | None:
    """Say what is wrong with the answers; None if they are as they must be."""
    if heard is None:
        return None
    statuses = []
    while heard:
        match = HEAD.match(heard)
        if match is None:
            return f"no answer of HTTP: {heard[:100]!r}"
        status = int(match[1])
        statuses.append(status)
        length = LENGTH.search(match[2])
        size = 0 if length is None or exchange.name == "HEAD" else int(length[1])
        content, heard = heard[match.end() :][:size], heard[match.end() + size :]
        if len(content) < size or b"Traceback" in content:
            return f"an answer cut short, or a traceback: {content[-100:]!r}"
    expected = exchange.answers
    if expected is None:
        return None if set(statuses) <= ANYTHING else f"answered {statuses}"
    return None if tuple(statuses) == expected else f"answered {statuses}, not {list(expected)}"


def _state(port: int, patience: float) -> bytes:
    """Return the digest of the state that the server has. Asks again while it has no place."""
    asked = head("GET", "/state/digest") + LAST
    until = monotonic() + patience
    while True:
        with _connected(port, patience) as connection:
            with suppress(ConnectionError):
                connection.sendall(asked)
            heard = _heard(connection, until)
        if b" 503 " not in heard[:20] and heard:
            return heard
        if monotonic() > until:
            raise TimeoutError


def _peak(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(match[1]) // 1024 if match else 0


def _serve() -> None:
    server = Server(Ledger(served("reference"), 1), limits=LIMITS)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


def main(word: str) -> int:
    """Serve, or have that many exchanges with a server."""
    if word == "serve":
        _serve()
    report = attack(int(word))
    sys.stdout.writelines(report.lines())
    return 0 if report.is_clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
