"""``lockstep serve``: an executor as a server that other projects can ask."""

from __future__ import annotations

import os
import signal
import sys

import click

from lockstep.cli import options
from lockstep.cli.exit_codes import AGREE
from lockstep.cli.output import say
from lockstep.faults import UsageError
from lockstep.serve.http import LOOPBACK, Server
from lockstep.serve.http import serve as serve_http
from lockstep.serve.ledger import Ledger, served
from lockstep.serve.served import Served
from lockstep.serve.stdio import serve as serve_frames
from lockstep.targets.named import find_inside
from lockstep.targets.reference import REFERENCE


@click.command()
@click.option("--stdio", is_flag=True, help="Speak the executor protocol over standard streams.")
@click.option(
    "--http",
    "port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Speak the labu endpoints over HTTP at this port; 0 takes a free one.",
)
@click.option("--host", default=LOOPBACK, show_default=True, help="Where to listen.")
@options.executor(REFERENCE)
@options.workers(4)
@click.option(
    "--precomputed", is_flag=True, help="With --stdio: believe which signatures are valid."
)
def serve(
    stdio: bool, port: int | None, host: str, executor: str, workers: int, precomputed: bool
) -> int:
    """Serve the reference, or an executor, to other programs.

    Until it is interrupted or asked to end.
    """
    if stdio == (port is not None):
        raise UsageError("say how to serve: either --stdio or --http PORT")
    if port is None:
        return _serve_stdio(executor, precomputed)
    server = Server(Ledger(served(executor), workers), host, port)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    serve_http(server, executor, say)
    return AGREE


def _serve_stdio(name: str, precomputed: bool) -> int:
    """Speak in frames on what is standard output now; whatever else prints goes to the error."""
    target = None if name == REFERENCE else find_inside(name)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        return serve_frames(
            Served(name, target, precomputed=precomputed), sys.stdin.buffer, answers
        )
