"""The HTTP server around the endpoints: connections, and what they share.

Invariant: no request ends the server or prints a traceback; requests are carried out one after
another however many connections there are, and what those hold together is bounded.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from socketserver import ThreadingTCPServer
from threading import Lock, Semaphore
from typing import Any

from lockstep.faults import UsageError
from lockstep.foreign.text import named_error
from lockstep.serve.connection import Connection
from lockstep.serve.endpoints import Reply, answer, refusal
from lockstep.serve.ledger import Ledger
from lockstep.serve.limits import Limits, Room
from lockstep.serve.names import Names

LOOPBACK = "127.0.0.1"

Say = Callable[[str], None]


class Server(ThreadingTCPServer):
    """Serves ``ledger`` at ``host`` and ``port``; port 0 takes a free one.

    Raises ``UsageError`` when it cannot listen there.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self, ledger: Ledger, host: str = LOOPBACK, port: int = 0, limits: Limits | None = None
    ) -> None:
        self.limits = limits or Limits()
        self.room = Room(self.limits.held)
        self.requests = 0
        self._places = Semaphore(self.limits.connections)
        self._ledger = ledger
        self._lock = Lock()
        if ":" in host:
            self.address_family = socket.AF_INET6
        try:
            super().__init__((host, port), Connection)
        except (OSError, OverflowError) as error:
            text = getattr(error, "strerror", None) or str(error)
            raise UsageError(f"cannot listen on {host}, port {port}: {text}") from error
        self.names = Names(host, self._bound)

    @property
    def _bound(self) -> str:
        return str(self.server_address[0])

    @property
    def server_port(self) -> int:
        """The port it listens on."""
        return self.server_address[1]

    @property
    def url(self) -> str:
        """Where this server answers."""
        name = self._bound
        return f"http://{f'[{name}]' if ':' in name else name}:{self.server_port}"

    def carry_out(self, method: str, path: str, body: bytes | bytearray) -> Reply:
        """Carry out one request; others wait until its answer is in bytes."""
        with self._lock:
            self.requests += 1
            return answer(self._ledger, method, path, body).encoded()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection if there is a place for it, else turn it away at once."""
        if not self._places.acquire(blocking=False):
            self._turn_away(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection to its end, and leave its place."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """Say in one line what ended a connection, unless the client did."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            sys.stderr.write(f"lockstep: a connection failed: {named_error(error)}\n")

    def _turn_away(self, request: socket.socket) -> None:
        """Say that there is no place, if that can be said without waiting."""
        text = f"all {self.limits.connections} connections are taken"
        content = refusal(503, text).encoded().content
        head = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
        length = f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode()
        with suppress(OSError):
            request.setblocking(False)
            request.send(head + length + content)
        self.shutdown_request(request)


def serve(server: Server, name: str, say: Say) -> None:
    """Serve ``name`` until interrupted; ``say`` gets a line at the beginning and the end.

    A warning goes to standard error if others than this machine can reach the server.
    """
    if not server.names.only_here:
        sys.stderr.write(
            f"lockstep: warning: {server.url} knows no passwords: whoever reaches it can replace"
            " its state and have it execute blocks\n"
        )
    say(f"serving {name} at {server.url} (Ctrl-C ends it)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        say(f"stopped after {server.requests} requests")
    finally:
        server.server_close()
