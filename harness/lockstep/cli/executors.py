"""``lockstep executors``: what ``--executor`` can name."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from shutil import get_terminal_size

import click

from lockstep.cli.exit_codes import AGREE
from lockstep.targets.named import BUILT_IN, FAULTY

OTHERS = (
    ("module:Class", "A class of your own; its module is looked for in the current directory."),
    ("cmd:PROGRAM ARGS", "A program that speaks the executor protocol (docs/protocol.md)."),
    ("http://host:port", "A server with the labu endpoints (docs/labu.md)."),
    ("WORD=...", "Any of them under a word of your own, which stands for it in names of kinds."),
)
UNBROKEN = 100_000
"""Columns that no line fills: what reads a pipe gets every executor on one line."""


@click.command()
@click.option(
    "--correct",
    is_flag=True,
    help="Print the names of the built-in ones alone that are held to be correct, for scripts.",
)
def executors(correct: bool) -> int:
    """List what --executor can name."""
    if correct:
        for name in sorted(BUILT_IN.keys() - FAULTY):
            click.echo(name)
        return AGREE
    width = get_terminal_size().columns if sys.stdout.isatty() else UNBROKEN
    click.echo(listing(width), nl=False)
    return AGREE


def listing(width: int) -> str:
    """Return everything that can be named, in lines of at most ``width`` columns."""
    formatter = click.HelpFormatter(width=width)
    with formatter.section("Built in"):
        formatter.write_dl(list(built_in()))
    with formatter.section("Yours"):
        formatter.write_dl(OTHERS)
    return formatter.getvalue()


def built_in() -> Iterator[tuple[str, str]]:
    """Give the name of every built-in executor and what its class says of itself."""
    for name, factory in sorted(BUILT_IN.items()):
        mark = "Must fail: " if name in FAULTY else ""
        yield name, mark + first_sentence(factory)


def first_sentence(factory: Callable[..., object]) -> str:
    """Return the first line of a class's docstring, without the marks of code."""
    text = inspect.getdoc(factory) or "(says nothing of itself)"
    return re.sub(r"``(.*?)``", r"\1", text.splitlines()[0])
