"""The options that say what a program is started in; a command gets both as ``surroundings``."""

from __future__ import annotations

from functools import wraps
from typing import Any, cast

import click

from lockstep.case.surroundings import Surroundings
from lockstep.cli.options import THE_FILES, Decorator, F
from lockstep.faults import UsageError


def surroundings(*, of_a_file: bool = False) -> Decorator:
    """Take variables of the environment and a folder, as ``surroundings``."""

    def take(command: F, /) -> F:
        @wraps(command)
        def collected(
            *arguments: Any, variables: tuple[str, ...], folder: str | None, **others: Any
        ) -> Any:
            named = _named(variables, folder)
            return command(*arguments, surroundings=named, **others)

        with_folder = click.option(
            "--cwd",
            "folder",
            metavar="FOLDER",
            type=click.Path(exists=True, file_okay=False),
            show_default=THE_FILES if of_a_file else "the current one",
            help="The folder that a program is started in.",
        )(collected)
        with_both = click.option(
            "--env",
            "variables",
            multiple=True,
            metavar="NAME=VALUE",
            show_default=THE_FILES if of_a_file else "none",
            help="A variable to set for a program; again for several.",
        )(with_folder)
        return cast("F", with_both)

    return take


def _named(variables: tuple[str, ...], folder: str | None) -> Surroundings:
    """Raise ``UsageError`` for what no process can be started in."""
    wrong = next((each for each in variables if "=" not in each), None)
    if wrong is not None:
        raise UsageError(f"--env takes NAME=VALUE, not {wrong!r}")
    pairs = {name: value for name, _, value in (each.partition("=") for each in variables)}
    found = Surroundings(tuple(sorted(pairs.items())), folder or "")
    problem = found.problem()
    if problem:
        raise UsageError(f"--env: {problem}")
    return found
