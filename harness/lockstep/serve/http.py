"""The HTTP server around the endpoints: sockets, lengths, limits.

Invariant: no request ends the server or prints a traceback, and requests are carried out one after
another however many connections there are.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Lock

from lockstep.faults import UsageError
from lockstep.serve.endpoints import BODY_LIMIT, Answer, Refused, answer, refusal
from lockstep.serve.ledger import Ledger

LOOPBACK = "127.0.0.1"
IDLE_SECONDS = 60.0
"""A connection that says nothing for so long is closed."""

LONGEST_LENGTH = 20
"""Digits of a length beyond which its value is not even looked at."""

Say = Callable[[str], None]


class Server(ThreadingHTTPServer):
    """Serves ``ledger`` at ``host`` and ``port``; port 0 takes a free one.

    Raises ``UsageError`` when it cannot listen there.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, ledger: Ledger, host: str = LOOPBACK, port: int = 0, body_limit: int = BODY_LIMIT
    ) -> None:
        self.body_limit = body_limit
        self.requests = 0
        self._ledger = ledger
        self._lock = Lock()
        if ":" in host:
            self.address_family = socket.AF_INET6
        try:
            super().__init__((host, port), _Connection)
        except (OSError, OverflowError) as error:
            text = getattr(error, "strerror", None) or str(error)
            raise UsageError(f"cannot listen on {host}, port {port}: {text}") from error

    def server_bind(self) -> None:
        """Listen, without asking any name server what this host is called."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    @property
    def url(self) -> str:
        """Where this server answers."""
        host, port = self.server_address[:2]
        name = host if isinstance(host, str) else host.decode()
        return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """Carry out one request."""
        with self._lock:
            self.requests += 1
            return answer(self._ledger, method, path, body)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """Say in one line what ended a connection, unless the client did."""
        error = sys.exception()
        if not isinstance(error, OSError):
            sys.stderr.write(f"lockstep: a connection failed: {type(error).__name__}: {error}\n")


class _Connection(BaseHTTPRequestHandler):
    """One connection, kept open from request to request."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "lockstep"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        """Answer a request of whatever method: the endpoints know theirs."""
        body = self._body()
        if body is not None:
            assert self.command is not None
            self._send(self.server.answer(self.command, self.path, body))

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = do_GET  # noqa: N815

    def handle_expect_100(self) -> bool:
        """Let a client that asks first send its body, and do not keep it waiting."""
        proceeds = super().handle_expect_100()
        self.wfile.flush()
        return proceeds

    def _body(self) -> bytes | None:
        """Read the body; None if it was refused or ends too early, and so does the connection."""
        try:
            length = self._length()
        except Refused as refused:
            self.close_connection = True
            self._send(refusal(refused.status, str(refused)))
            return None
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return None
        return body

    def _length(self) -> int:
        if self.headers.get("Transfer-Encoding") is not None:
            raise Refused(411, "a body needs a Content-Length, not a Transfer-Encoding")
        text = self.headers.get("Content-Length", "0")
        if not (text.isascii() and text.isdecimal()):
            raise Refused(400, f"Content-Length is {text[:40]!r}, not a number")
        limit = self.server.body_limit
        if len(text) > LONGEST_LENGTH or int(text) > limit:
            raise Refused(413, f"a body of {text[:40]} bytes, over the limit of {limit}")
        return int(text)

    def _send(self, answer: Answer) -> None:
        document = answer.document
        plain = isinstance(document, str)
        content = document.encode() if isinstance(document, str) else json.dumps(document).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "text/plain" if plain else "application/json")
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no request of HTTP, in JSON as everything else; 501 is a wrong method."""
        self.close_connection = True
        if not hasattr(self, "request_version"):
            self.request_version = self.protocol_version
        status = 405 if code == 501 else code
        self._send(refusal(status, explain or message or "not a request"))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing: a campaign sends thousands of requests."""


def serve(server: Server, name: str, say: Say) -> None:
    """Serve ``name`` until interrupted; ``say`` gets a line at the beginning and the end."""
    say(f"serving {name} at {server.url} (Ctrl-C ends it)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        say(f"stopped after {server.requests} requests")
    finally:
        server.server_close()
