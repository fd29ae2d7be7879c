"""The group of commands: loaded when they are run, ended in one line and an exit code.

Invariant: whatever a command raises, its user sees one line on standard error and the exit code
that it means; a traceback only with ``LOCKSTEP_DEBUG=1``. What is loaded to list the commands, or
to print the version, is click alone.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from click.exceptions import Abort, Exit

from lockstep.cli.ends import signals_handled
from lockstep.cli.exit_codes import FAULT, USAGE
from lockstep.faults import HarnessFault, UsageError
from lockstep.foreign.text import named_error, shown

DEBUG = "LOCKSTEP_DEBUG"


class UnloadedCommand(click.Command):
    """A command of which its name and one sentence are known; running it imports its module."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(name, short_help=sentence)
        self._attribute = name.replace("-", "_")

    def loaded(self) -> click.Command:
        """Return the command itself: ``lockstep.cli.X`` holds it as ``X``."""
        module = import_module(f"lockstep.cli.{self._attribute}")
        command = getattr(module, self._attribute)
        assert isinstance(command, click.Command)
        return command

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Make the context of the loaded command, which click goes on with."""
        return self.loaded().make_context(info_name, args, parent, **extra)


class CommandGroup(click.Group):
    """The commands in a table of name and sentence; what a command returns is its exit code."""

    def __init__(self, name: str, sentences: Mapping[str, str], **attributes: Any) -> None:
        commands: dict[str, click.Command] = {
            each: UnloadedCommand(each, text) for each, text in sentences.items()
        }
        super().__init__(name, commands, **attributes)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read the group's own options, of which some end the program."""
        with one_clear_line():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Load and run the command, and end with its exit code."""
        with one_clear_line(), signals_handled():
            code = super().invoke(ctx)
            sys.stdout.flush()
            ctx.exit(code)


@contextmanager
def one_clear_line() -> Iterator[None]:
    """Turn what is raised inside into one line on standard error and the exit code it means."""
    try:
        yield
    except (click.ClickException, Exit, Abort):
        raise  # click's own words: click ends these
    except BrokenPipeError:
        code = _unread()
    except UsageError as error:
        code = complain(USAGE, str(error))
    except (HarnessFault, OSError) as error:
        code = complain(FAULT, str(error))
    except KeyboardInterrupt:
        code = complain(FAULT, "interrupted")
    except (Exception, SystemExit) as error:
        # Whoever ends the program in our place, an executor perhaps, has not said that it agrees;
        # rich does so where a reader has gone.
        if isinstance(error.__context__, BrokenPipeError):
            code = _unread()
        else:
            code = complain(FAULT, f"internal error: {_internal(error)}")
    else:
        return
    raise Exit(code)


def complain(code: int, text: str) -> int:
    """Print ``text`` as one line on standard error, and return ``code``."""
    click.echo(f"lockstep: {shown(text, most=None)}", err=True)
    return code


def _unread() -> int:
    """End where nobody reads what is printed: nothing is to be said, and nothing was found."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            # What is still buffered is written when the program ends, and would fail again.
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
    return FAULT


def _internal(error: BaseException) -> str:
    """Describe an error that nobody foresaw: what, where, and how to see more of it."""
    asked = os.environ.get(DEBUG) == "1"
    if asked:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
    more = "" if asked else f"; {DEBUG}=1 shows where it comes from"
    return f"{named_error(error)} ({place}){more}"
