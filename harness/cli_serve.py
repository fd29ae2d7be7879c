"""The command ``lockstep serve``: an executor as a server that other projects can ask."""

from __future__ import annotations

import signal

import click

from harness.exit_codes import AGREE
from harness.labu.ledger import REFERENCE, Ledger, served
from harness.labu.server import LOOPBACK, Server, serve


@click.option(
    "--http",
    "port",
    type=click.IntRange(0, 65535),
    required=True,
    metavar="PORT",
    help="Speak the labu endpoints over HTTP at this port; 0 takes a free one.",
)
@click.option("--host", default=LOOPBACK, show_default=True, help="Where to listen.")
@click.option(
    "--executor",
    default=REFERENCE,
    show_default=True,
    metavar="NAME",
    help="What answers: the reference, a built-in executor, or module:Class.",
)
@click.option("--workers", type=click.IntRange(1, 256), default=4, show_default=True)
def serve_command(port: int, host: str, executor: str, workers: int) -> int:
    """Serve the reference, or an executor, until interrupted."""
    server = Server(Ledger(served(executor), workers), host, port)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    serve(server, executor, click.echo)
    return AGREE
