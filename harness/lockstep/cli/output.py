"""What a command prints: lines that are harmless, whatever had a word in them.

Invariant: nothing that an executor, a file or its name says moves the cursor, looks like a line of
its own, or gives a command to a CI service.
"""

from __future__ import annotations

import click
from rich.console import Console

from lockstep.foreign.text import shown


def say(line: str) -> None:
    """Print one line."""
    click.echo(shown(line, most=None))


def say_on(console: Console, *lines: str) -> None:
    """Print lines on a console that draws, too."""
    for line in lines:
        console.print(shown(line, most=None), markup=False, soft_wrap=True)
