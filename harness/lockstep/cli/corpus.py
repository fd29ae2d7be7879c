"""``lockstep corpus``: what saved cases cover, the few that cover it all, and more of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from lockstep.case.file import CaseFileError, Record, save
from lockstep.cli import options
from lockstep.cli.exit_codes import AGREE, FAULT, USAGE
from lockstep.cli.group import complain
from lockstep.cli.output import say
from lockstep.cli.screen import Screen
from lockstep.corpus import distill as distilling
from lockstep.corpus import grow as growing
from lockstep.corpus.observe import EXECUTORS, Member, Observer, observing
from lockstep.faults import UsageError
from lockstep.findings.files import files_in
from lockstep.report.corpus import cover_table
from lockstep.undisturbed import undisturbed

SEEDS = Path("corpora/seeds")


@click.group()
def corpus() -> None:
    """Tell what behaviour saved cases cover, and cover more."""


@corpus.command()
@options.case_files()
@options.executor(EXECUTORS)
def cover(paths: tuple[Path, ...], executors: tuple[str, ...]) -> int:
    """Show what behaviour saved cases cover, by class.

    A file that cannot be used is named and left out; the exit code is 2 then.
    """
    members, code = _read(paths, executors)
    if members:
        with Screen() as screen:
            screen.show(cover_table([member.observed.facts for member in members]))
    return code


@corpus.command()
@options.case_files()
@options.executor(EXECUTORS)
@options.into(otherwise="nowhere")
@click.option("--remove", is_flag=True, help="Delete the files that are not kept.")
def distill(
    paths: tuple[Path, ...], executors: tuple[str, ...], into: Path | None, remove: bool
) -> int:
    """Find the few saved cases that cover what all of them do.

    They are named, and nothing is changed, unless an option says so. A file that cannot be used is
    named and left as it is; the exit code is 2 then.
    """
    members, code = _read(paths, executors)
    candidates = [_candidate(member) for member in members]
    kept = distilling.distill(candidates)
    before, after = (distilling.covered(each).keys() for each in (candidates, kept))
    assert before == after, "distilling lost what was covered"
    names = {each.name for each in kept}
    for member in members:
        if str(member.path) not in names:
            say(f"{'removed' if remove else 'not needed'} {member.path}")
            if remove:
                member.path.unlink()
        elif into is not None:
            save(member.record, into)
    sizes = [sum(each.transactions for each in some) for some in (candidates, kept)]
    say(
        f"{len(kept)} of {len(members)} cases, {sizes[1]} of {sizes[0]} transactions, "
        f"cover the same {len(before)} facts"
    )
    return code


@corpus.command()
@options.executor(EXECUTORS)
@options.cases(1000)
@options.seed(required=True)
@options.into(SEEDS)
def grow(executors: tuple[str, ...], cases: int, seed: str, into: Path) -> int:
    """Generate cases and keep those that do something new.

    New is what no case of the corpus does yet. A file that cannot be used is named and left as it
    is; the exit code is 2 then.
    """
    known = list(files_in([into])) if into.is_dir() else []
    written: dict[Path, Record] = {}
    with Screen() as screen:

        def met(done: int, record: Record | None) -> None:
            if record is not None:
                with undisturbed():
                    written[save(record, into)] = record
            screen.progress(f"{done} of {cases} cases, {len(written)} did something new")

        try:
            with observing(executors) as observer:
                members, code = _each_read(observer, known)
                growth = growing.grow(members, observer, seed, cases, met)
        except KeyboardInterrupt:
            screen.say(f"interrupted: {len(written)} cases that did something new are in {into}")
            raise
        for path, record in written.items():
            if record in growth.added:
                screen.say(f"added {path}")
            elif path not in known:
                path.unlink()
        grown = _grown(growth, len(members), screen)
        return code or grown


def _grown(growth: growing.Growth, known: int, screen: Screen) -> int:
    screen.say(
        f"{len(growth.added)} cases added to {known}: {growth.after} facts, {growth.before} before"
    )
    if growth.failing:
        numbers = ", ".join(map(str, growth.failing[:10]))
        screen.say(f"{len(growth.failing)} cases failed and were left out: {numbers}; fuzz them")
        return FAULT
    return AGREE


def _read(paths: Sequence[Path], executors: Sequence[str]) -> tuple[list[Member], int]:
    """Return the cases that can be used, and the exit code that the others ask for."""
    files = sorted(files_in(paths))
    if not files:
        raise UsageError(f"no case files in {', '.join(str(path) for path in paths)}")
    with observing(executors) as observer:
        return _each_read(observer, files)


def _each_read(observer: Observer, files: Sequence[Path]) -> tuple[list[Member], int]:
    members: list[Member] = []
    code = AGREE
    for file in files:
        try:
            members += observer.read([file])
        except CaseFileError as error:
            code = complain(USAGE, str(error))
    return members, code


def _candidate(member: Member) -> distilling.Candidate:
    size = member.record.case.transactions()
    return distilling.Candidate(str(member.path), member.observed.facts, size)
