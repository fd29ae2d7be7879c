"""Options that several commands have: each is spelled, read and told of here, once.

Invariant: an option means the same in every command. A command chooses what holds where it is not
given: a value, or ``otherwise``, words for what happens then. Where that value is a tuple, the
option may be given several times.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

import click

from lockstep.faults import UsageError
from lockstep.findings.finding import FINDINGS
from lockstep.findings.known import KNOWN
from lockstep.run.stores import BACK_ENDS
from lockstep.schedules.strategy import STRATEGIES
from lockstep.targets.target import DRIVERS
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.access import ACCESS_MODES

THE_FILES = "what the file says"

F = TypeVar("F", bound=Callable[..., Any])
Texts: TypeAlias = str | tuple[str, ...] | None
Numbers: TypeAlias = int | tuple[int, ...] | None


class Decorator(Protocol):
    """Gives a command one more parameter."""

    def __call__(self, command: F, /) -> F:
        """Return ``command``, which takes the parameter."""
        ...


def executor(default: Texts = None, *, otherwise: str = "") -> Decorator:
    """Take the name of an executor as ``executor``, of several as ``executors``."""
    return _option(
        "--executor",
        default,
        otherwise,
        several="executors",
        metavar="NAME",
        help="The executor, named as in `lockstep executors`",
    )


def workers(default: Numbers = None, *, otherwise: str = "") -> Decorator:
    """Take a number of workers as ``workers``, several as ``worker_counts``."""
    return _option(
        "--workers",
        default,
        otherwise,
        several="worker_counts",
        type=click.IntRange(1, 256),
        metavar="N",
        help="How many transactions may be in progress at once",
    )


def driver(default: str | None = "scheduled", *, otherwise: str = "") -> Decorator:
    """Take the name of a driver."""
    return _option(
        "--driver",
        default,
        otherwise,
        type=click.Choice(DRIVERS),
        help="scheduled: one thread, a chosen interleaving; threads: real ones",
    )


def access(default: str | None = None, *, otherwise: str = "") -> Decorator:
    """Take the name of an access mode."""
    return _option(
        "--access",
        default,
        otherwise,
        type=click.Choice(tuple(ACCESS_MODES)),
        help="How the executor reads storage",
    )


def storage(
    default: str | None = None, *, otherwise: str = "", under_test: bool = False
) -> Decorator:
    """Take the name of a storage: a back end, or with ``under_test`` a store by its class, too."""
    return _option(
        "--storage",
        default,
        otherwise,
        metavar="NAME",
        callback=None if under_test else _back_end,
        help=f"What holds the state: {', '.join(BACK_ENDS)}; where stores are tested, module:Class",
    )


def _back_end(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    if ":" in name:
        raise UsageError(
            f"no store can be tested here, so none of your own can be named: {name}. "
            "fuzz and audit test stores"
        )
    return name


def database() -> Decorator:
    """Take the directory of a RocksDB that outlasts the command."""
    return _option(
        "--database",
        otherwise="a temporary one",
        type=click.Path(path_type=Path, file_okay=True),
        help="Directory of the RocksDB",
    )


def strategy() -> Decorator:
    """Take the name of a strategy."""
    return _option(
        "--strategy",
        metavar="NAME",
        otherwise="a mix of all",
        help=f"What draws schedules: {', '.join(STRATEGIES)}, or module:Class",
    )


def deadline(default: float | None = None, *, otherwise: str = "") -> Decorator:
    """Take the seconds that one execution may take."""
    return _option(
        "--deadline",
        default,
        otherwise,
        type=click.FloatRange(0.001, 86_400),
        metavar="SECONDS",
        help="How long one execution of a block may take",
    )


def memory(default: int | None = None, *, otherwise: str = "") -> Decorator:
    """Take the MiB of data that a process of the executor's own may have."""
    return _option(
        "--memory",
        default,
        otherwise,
        type=click.IntRange(16, 1_048_576),
        metavar="MIB",
        help="Data that a program, or an isolated executor, may have",
    )


def isolate() -> Decorator:
    """Take whether executors of ours run apart."""
    return click.option(
        "--isolate",
        is_flag=True,
        help="Run the executor in a process of its own, as programs are.",
    )


def preempt() -> Decorator:
    """Take where tasks may be switched besides announced steps."""
    return click.option(
        "--preempt",
        type=click.Choice(("lines",)),
        help="Let tasks of an executor of ours be switched at every line, too; scheduled driver.",
    )


def scheme(default: str) -> Decorator:
    """Take the name of a signature scheme."""
    return _option(
        "--scheme",
        default,
        type=click.Choice(sorted(SCHEMES)),
        help="Signatures: keyed-hash is fast, schnorr has real keys",
    )


def seed(default: str | None = None, *, otherwise: str = "", required: bool = False) -> Decorator:
    """Take the text that decides what is drawn."""
    return _option(
        "--seed",
        default,
        otherwise,
        required=required,
        metavar="TEXT",
        help="Any text; what is drawn depends on it alone",
    )


def cases(default: int | None = None, *, otherwise: str = "") -> Decorator:
    """Take a number of cases."""
    return _option(
        "--cases",
        default,
        otherwise,
        type=click.IntRange(1),
        metavar="N",
        help="Stop after so many cases",
    )


def trust() -> Decorator:
    """Take whether a file may name any executor, and any store."""
    return click.option(
        "--trust",
        is_flag=True,
        help="Run whatever executor and store a file names, not only lockstep's own.",
    )


def jobs() -> Decorator:
    """Take a number of processes."""
    return _option(
        "--jobs",
        1,
        type=click.IntRange(1, 256),
        metavar="N",
        help="How many processes share the work",
    )


def transactions(default: Numbers, least: int, most: int) -> Decorator:
    """Take the size of a block as ``transactions``, several as ``sizes``."""
    return _option(
        "--transactions",
        default,
        several="sizes",
        type=click.IntRange(least, most),
        metavar="N",
        help="How many transactions a block holds, at most",
    )


def accounts(default: int, least: int, most: int) -> Decorator:
    """Take a number of accounts."""
    return _option(
        "--accounts",
        default,
        type=click.IntRange(least, most),
        metavar="N",
        help="How many accounts there are",
    )


def findings() -> Decorator:
    """Take the folder of findings."""
    return _option(
        "--findings",
        FINDINGS,
        type=click.Path(path_type=Path, file_okay=False),
        help="Where failing cases are kept",
    )


def known() -> Decorator:
    """Take the file of known failures, as ``known_file``."""
    return click.option(
        "--known",
        "known_file",
        default=KNOWN,
        show_default=True,
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="The file of known failures.",
    )


def into(default: Path | None = None, *, otherwise: str = "") -> Decorator:
    """Take the folder of what the command makes."""
    return _option(
        "--into",
        default,
        otherwise,
        type=click.Path(path_type=Path, file_okay=False),
        help="The folder that cases are written to",
    )


def json_file() -> Decorator:
    """Take a file for the figures, as ``file``."""
    return click.option(
        "--json",
        "file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Write everything that was measured to this file.",
    )


def case_files() -> Decorator:
    """Take case files and folders of them, as ``paths``."""
    return click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))


def case_file() -> Decorator:
    """Take one case file, as ``case``."""
    return click.argument("case", type=click.Path(path_type=Path))


def _option(
    flag: str,
    default: object = None,
    otherwise: str = "",
    *,
    several: str = "",
    help: str,  # noqa: A002 - click's own word
    **attributes: Any,
) -> Decorator:
    """Return the option; ``several`` is the name of its values where it may be given again.

    A default of None is told to click by leaving it out: given, it would satisfy ``required``.
    """
    if isinstance(default, tuple):
        assert several, flag
        attributes |= {"multiple": True}
        help = f"{help}; again for several"  # noqa: A001 - as above
    names = (flag, several) if isinstance(default, tuple) else (flag,)
    if default is not None:
        attributes |= {"default": default}
    shown = otherwise or default is not None
    return click.option(*names, show_default=shown, help=f"{help}.", **attributes)
