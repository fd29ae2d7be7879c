"""Serves over HTTP in the background."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from lockstep.serve.http import LOOPBACK, Server
from lockstep.serve.ledger import Ledger
from lockstep.serve.limits import Limits


@contextmanager
def serving(
    ledger: Ledger, host: str = LOOPBACK, port: int = 0, limits: Limits | None = None
) -> Iterator[Server]:
    """Serve in the background for the length of a ``with`` block."""
    server = Server(ledger, host, port, limits)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
