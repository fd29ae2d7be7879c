"""``lockstep corpus``: what saved cases cover, keep the few that cover it all, grow them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lockstep.case.file import save
from lockstep.cli.exit_codes import AGREE, FAULT
from lockstep.faults import UsageError

if TYPE_CHECKING:
    from lockstep.corpus.distill import Candidate
    from lockstep.corpus.observe import Member

SEEDS = Path("corpora/seeds")

_paths = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
_executors = click.option(
    "--executor",
    "executors",
    multiple=True,
    metavar="NAME",
    help="Whose behaviour counts; again for several. One of each family unless given.",
)


@_paths
@_executors
def cover(paths: tuple[Path, ...], executors: tuple[str, ...]) -> int:
    """Show what behaviour saved cases cover, by class."""
    from lockstep.report.corpus import cover_table

    members = _read(paths, executors)
    _print_table(cover_table([member.observed.facts for member in members]))
    return AGREE


@_paths
@_executors
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), help="Copy what is kept here."
)
@click.option("--remove", is_flag=True, help="Delete the files that are not kept.")
def distill(
    paths: tuple[Path, ...], executors: tuple[str, ...], into: Path | None, remove: bool
) -> int:
    """Find the few saved cases that cover what all of them do; without an option, only tell."""
    from lockstep.corpus.distill import covered
    from lockstep.corpus.distill import distill as distil

    members = _read(paths, executors)
    candidates = [_candidate(member) for member in members]
    kept = distil(candidates)
    before, after = covered(candidates).keys(), covered(kept).keys()
    assert before == after, "distilling lost what was covered"
    names = {each.name for each in kept}
    for member in members:
        if str(member.path) not in names:
            click.echo(f"{'removed' if remove else 'not needed'} {member.path}")
            if remove:
                member.path.unlink()
        elif into is not None:
            save(member.record, into)
    sizes = [sum(each.transactions for each in some) for some in (candidates, kept)]
    click.echo(
        f"{len(kept)} of {len(members)} cases, {sizes[1]} of {sizes[0]} transactions, "
        f"cover the same {len(before)} facts"
    )
    return AGREE


@_executors
@click.option("--cases", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--seed", required=True, help="Any text; the same seed adds the same cases.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=SEEDS,
    show_default=True,
    help="The corpus to add to.",
)
def grow(executors: tuple[str, ...], cases: int, seed: str, into: Path) -> int:
    """Generate cases, and keep those that do what no case of the corpus does yet."""
    from lockstep.corpus.grow import grow as grown
    from lockstep.corpus.observe import EXECUTORS, observing

    known = sorted(into.rglob("*.json")) if into.is_dir() else []
    with observing(executors or EXECUTORS) as observer:
        growth = grown(observer.read(known), observer, seed, cases)
    for record in growth.added:
        click.echo(f"added {save(record, into)}")
    click.echo(
        f"{len(growth.added)} cases added to {len(known)}: "
        f"{growth.after} facts, {growth.before} before"
    )
    if growth.failing:
        numbers = ", ".join(map(str, growth.failing[:10]))
        click.echo(f"{len(growth.failing)} cases failed and were left out: {numbers}; fuzz them")
        return FAULT
    return AGREE


def group(wrapped: Callable[[Callable[..., int]], Callable[..., Any]]) -> click.Group:
    """Return the group of commands, each ``wrapped`` into one clear line and an exit code."""
    commands = click.Group("corpus", help="Saved cases and the behaviour they cover.")
    for command in (cover, distill, grow):
        commands.command()(wrapped(command))
    return commands


def _read(paths: Sequence[Path], executors: Sequence[str]) -> list[Member]:
    from lockstep.corpus.observe import EXECUTORS, observing
    from lockstep.findings.files import files_in

    files = sorted(files_in(paths))
    if not files:
        raise UsageError(f"no case files in {', '.join(str(path) for path in paths)}")
    with observing(tuple(executors) or EXECUTORS) as observer:
        return observer.read(files)


def _candidate(member: Member) -> Candidate:
    from lockstep.corpus.distill import Candidate

    return Candidate(str(member.path), member.observed.facts, member.record.case.transactions())


def _print_table(table: Any) -> None:
    from rich.console import Console

    Console().print(table)
