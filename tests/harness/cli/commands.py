"""Every command there is, by the words that name it: `fuzz`, `corpus grow`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from lockstep.cli.group import UnloadedCommand
from lockstep.cli.main import main


def walk(
    command: click.Command = main, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Give the group itself, every command of it loaded, and the commands of those."""
    whole = command.loaded() if isinstance(command, UnloadedCommand) else command
    yield words, whole
    if isinstance(whole, click.Group):
        for name, each in whole.commands.items():
            yield from walk(each, (*words, name))


COMMANDS = dict(walk())
