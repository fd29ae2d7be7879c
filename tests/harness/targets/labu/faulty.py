"""A labu server that answers well, but for one answer that goes wrong in a way of the test's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from lockstep.serve.endpoints import answer
from lockstep.serve.ledger import Ledger, served

Fault = Callable[["Handler"], None]


class FaultyServer(ThreadingHTTPServer):
    """Serves the reference; the first ``times`` requests of ``path`` meet ``fault`` instead."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, path: str, fault: Fault, times: int = 1) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ledger = Ledger(served("reference"), 1)
        self.path, self.fault, self.left = path, fault, times
        self.requests: list[str] = []
        self.over = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: FaultyServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.requests.append(self.path)
        if self.path == self.server.path and self.server.left:
            self.server.left -= 1
            self.close_connection = True
            self.server.fault(self)
            return
        result = answer(self.server.ledger, str(self.command), self.path, body)
        self.reply(result.status, json.dumps(result.document).encode())

    do_POST = do_GET  # noqa: N815

    def reply(self, status: int, content: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def faulty(path: str, fault: Fault, times: int = 1) -> Iterator[FaultyServer]:
    server = FaultyServer(path, fault, times)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def answering(status: int, content: bytes) -> Fault:
    return lambda handler: handler.reply(status, content)


def raw(content: bytes) -> Fault:
    """Write bytes that need not be HTTP."""

    def fault(handler: Handler) -> None:
        handler.wfile.write(content)

    return fault


def silent(handler: Handler) -> None:
    """Say nothing until the test is over."""
    handler.server.over.wait(60)


def trickling(handler: Handler) -> None:
    """Send an answer a byte at a time, for ever."""
    handler.send_response(200)
    handler.send_header("Content-Length", "10000")
    handler.end_headers()
    while not handler.server.over.wait(0.01):
        try:
            handler.wfile.write(b" ")
        except OSError:
            return


def gone(handler: Handler) -> None:
    """Close the connection instead of answering."""


def truncated(handler: Handler) -> None:
    handler.reply(200, b'{"success": tr', length=100)


def oversize(handler: Handler) -> None:
    handler.reply(200, b"{}", length=1 << 40)


def endless(handler: Handler) -> None:
    """Send more than any answer may have, without saying how much."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    try:
        for _ in range(64):
            handler.wfile.write(b" " * 4096)
    except OSError:
        pass
