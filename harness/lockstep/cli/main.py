"""The command line: every command, its options, its exit code.

Exit codes: 0 agree, 1 divergence, 2 usage, 3 harness or target fault, 4 health gate failed.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import click

from lockstep.case.file import CaseFileError, Setting
from lockstep.case.values import Case
from lockstep.cli.audit import audit
from lockstep.cli.bench import bench
from lockstep.cli.check_executor import check_executor
from lockstep.cli.corpus import group as corpus
from lockstep.cli.devnet import devnet
from lockstep.cli.duration import duration
from lockstep.cli.exit_codes import (
    AGREE,
    DIVERGENCE,
    FAULT,
    GATE,
    USAGE,
    of_campaign,
    of_replay,
    of_verdicts,
)
from lockstep.cli.explain import explain
from lockstep.cli.explore import explore
from lockstep.cli.serve import serve_command
from lockstep.faults import HarnessFault, UsageError
from lockstep.findings.finding import FINDINGS
from lockstep.run.stores import BACK_ENDS
from lockstep.targets.target import DRIVERS
from lockstep_ledger.storage.access import ACCESS_MODES, SHARED

P = ParamSpec("P")


def _one_clear_line(command: Callable[P, int]) -> Callable[P, None]:
    """Turn what a command raises into one line on standard error and the exit code it means."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except (UsageError, CaseFileError) as error:
            code = _complain(USAGE, str(error))
        except HarnessFault as error:
            code = _complain(FAULT, str(error))
        except KeyboardInterrupt:
            code = _complain(FAULT, "interrupted")
        except BrokenPipeError:
            raise
        except OSError as error:
            code = _complain(FAULT, str(error))
        sys.exit(code)

    return run


def _complain(code: int, text: str) -> int:
    click.echo(f"lockstep: {' '.join(text.split())}", err=True)
    return code


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lockstep")
def main() -> None:
    """Check that a parallel transaction executor equals the sequential one.

    Exit codes: 0 agree, 1 divergence, 2 usage, 3 harness or target fault, 4 health gate failed.
    """


_executor = click.option(
    "--executor",
    "executors",
    multiple=True,
    default=("batched",),
    show_default=True,
    metavar="NAME",
    help="batched, canary, or module:Class of your own; give it again for several.",
)
_workers = click.option("--workers", type=click.IntRange(1, 256), default=4, show_default=True)
_driver = click.option("--driver", type=click.Choice(DRIVERS), default="scheduled")
_access = click.option(
    "--access",
    type=click.Choice(tuple(ACCESS_MODES)),
    default=SHARED,
    show_default=True,
    help="How the executor reads storage.",
)
_storage = click.option(
    "--storage", type=click.Choice(BACK_ENDS), default="rocksdb", show_default=True
)
_database = click.option(
    "--database",
    type=click.Path(path_type=Path, file_okay=True),
    help="Directory of the RocksDB; a temporary one unless given.",
)


@main.command()
@click.option(
    "--time",
    "seconds",
    callback=duration,
    metavar="DURATION",
    help="Stop after 90s, 15m or 8h (60s unless --cases is given).",
)
@click.option("--cases", type=click.IntRange(1), help="Stop after this many cases.")
@click.option("--seed", help="Any text; the same seed gives the same cases. Random unless given.")
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True)
@_executor
@_workers
@_driver
@_access
@_storage
@_database
@click.option("--scheme", type=click.Choice(("keyed-hash", "schnorr")), default="keyed-hash")
@click.option(
    "--findings",
    type=click.Path(path_type=Path, file_okay=False),
    default=FINDINGS,
    show_default=True,
    help="Where failing cases are kept.",
)
@click.option(
    "--seeds",
    type=click.Path(path_type=Path),
    help="Saved cases to run first, and to look near: a file, or a folder of them.",
)
@_one_clear_line
def fuzz(
    seconds: float | None,
    cases: int | None,
    seed: str | None,
    jobs: int,
    executors: tuple[str, ...],
    workers: int,
    driver: str,
    access: str,
    storage: str,
    database: Path | None,
    scheme: str,
    findings: Path,
    seeds: Path | None,
) -> int:
    """Generate cases, run them on the reference and the executor, keep what differs."""
    from lockstep.campaign.campaign import Budget
    from lockstep.campaign.worker import Plan
    from lockstep.cli.console import run_on_console

    settings = tuple(Setting(name, workers, driver, access) for name in executors)
    plan = Plan(
        seed or secrets.token_hex(8), settings, storage, scheme, database, _seeds(seeds, scheme)
    )
    budget = Budget(cases, seconds if seconds is not None or cases is not None else 60.0)
    report = run_on_console(plan, budget, jobs, findings)
    return of_campaign(report)


def _seeds(path: Path | None, scheme: str) -> tuple[Case, ...]:
    """Return the cases saved in ``path`` in the order of their names, under ``scheme``."""
    from lockstep.case.file import load
    from lockstep.findings.files import files_in

    files = [] if path is None else sorted(files_in([path]))
    if path is not None and not files:
        raise UsageError(f"no case files in {path}")
    return tuple(replace(load(each).case, scheme=scheme) for each in files)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--executor", "executor", metavar="NAME", help="Run on this one instead.")
@click.option("--workers", type=click.IntRange(1, 256), help="With this many workers instead.")
@click.option("--driver", type=click.Choice(DRIVERS), help="Under this driver instead.")
@click.option(
    "--access", type=click.Choice(tuple(ACCESS_MODES)), help="Reading storage this way instead."
)
@click.option("--storage", type=click.Choice(BACK_ENDS), default="memory", show_default=True)
@_database
@click.option("--quiet", is_flag=True, help="Print failures and the totals only.")
@click.option(
    "--strict",
    is_flag=True,
    help="Use the recorded deviations alone: no falling back to the trace or a search.",
)
@_one_clear_line
def replay(
    paths: tuple[Path, ...],
    executor: str | None,
    workers: int | None,
    driver: str | None,
    access: str | None,
    storage: str,
    database: Path | None,
    quiet: bool,
    strict: bool,
) -> int:
    """Run saved cases again, exactly: case files, or folders of them."""
    from lockstep.findings.files import Options, Totals, replay_paths
    from lockstep.report.replay import replayed_lines, total_lines

    options = Options(executor, workers, driver, access, strict)
    totals = Totals()
    for file in replay_paths(paths, options, storage, database, totals):
        for line in replayed_lines(file, quiet=quiet):
            click.echo(line)
    for line in total_lines(totals):
        click.echo(line)
    return of_replay(totals)


@main.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the smaller case; that of the given one unless named.",
)
@_one_clear_line
def shrink(path: Path, into: Path | None) -> int:
    """Make a saved failing case smaller, block and schedule together; again goes on."""
    from lockstep.findings.shrink_file import shrink_file
    from lockstep.report.shrunk import shrunk_lines

    shrunk = shrink_file(path, into or path.parent)
    for line in shrunk_lines(shrunk):
        click.echo(line)
    return of_verdicts([shrunk.settled.run.verdict])


@main.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--executor", default="batched", show_default=True, metavar="NAME")
@_workers
@_driver
@click.option("--storage", type=click.Choice(BACK_ENDS), default="memory", show_default=True)
@_one_clear_line
def vectors(directory: Path, executor: str, workers: int, driver: str, storage: str) -> int:
    """Run published conformance vectors on the reference and on the executor."""
    from lockstep.report.vectors import lines
    from lockstep.run.stores import open_stores
    from lockstep.vectors.run import run_vectors

    with open_stores(storage) as stores:
        report = run_vectors(directory, Setting(executor, workers, driver), stores)
    for line in lines(report):
        click.echo(line)
    if report.failed:
        return DIVERGENCE
    return AGREE if report.passed else _complain(GATE, "no vector was in scope")


main.command()(_one_clear_line(explore))
main.command()(_one_clear_line(explain))
main.command()(_one_clear_line(devnet))
main.command()(_one_clear_line(audit))
main.command()(_one_clear_line(bench))
main.command("serve")(_one_clear_line(serve_command))
main.command("check-executor")(_one_clear_line(check_executor))
main.add_command(corpus(_one_clear_line))
