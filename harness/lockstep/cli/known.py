"""``lockstep known``: kinds of failure that are known and set aside."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from lockstep.case.file import Setting
from lockstep.cli import options
from lockstep.cli.exit_codes import AGREE, DIVERGENCE, USAGE
from lockstep.cli.output import say
from lockstep.findings.known import Known, add_known, known_of, read_known
from lockstep.findings.known_check import Standing, look_at
from lockstep.foreign.text import shown
from lockstep.targets.trust import Trust


@click.group()
def known() -> None:
    """Set known failures aside, list them, see which are fixed."""


@known.command()
@click.argument("finding", type=click.Path(path_type=Path))
@click.option("--reason", required=True, metavar="TEXT", help="Why it is set aside.")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The last day for which it is, as 2027-01-31.",
)
@options.known()
def add(finding: Path, reason: str, until: datetime | None, known_file: Path) -> int:
    """Set the kind of a finding aside: its file, or its folder."""
    if not reason.strip():
        raise click.BadParameter("it says nothing", param_hint="--reason")
    added = known_of(finding, reason.strip(), None if until is None else until.date())
    add_known(known_file, added)
    say(f"{added.kind} is known now: {shown(added.form)}")
    return AGREE


@known.command("list")
@options.known()
def listing(known_file: Path) -> int:
    """List what is known; nothing is run."""
    today = datetime.now(UTC).date()
    for each in read_known(known_file):
        until = "" if each.until is None else f", until {each.until.isoformat()}"
        say(f"{each.kind}  {_words(each)}{until}{' (expired)' if each.is_expired(today) else ''}")
    return AGREE


@known.command()
@options.executor((), otherwise="what the file names")
@options.trust()
@options.known()
def check(executors: tuple[str, ...], trust: bool, known_file: Path) -> int:
    """Run the case of each known kind: fixed, expired, or as it was.

    The exit code is 1 if one is fixed or expired, 2 if one names an executor that may not be run.
    """
    labelled = [(setting.label, setting) for setting in map(Setting, executors)]
    allowed = Trust(everything=trust)
    code = AGREE
    looked = look_at(
        read_known(known_file), labelled, datetime.now(UTC).date(), known_file, allowed
    )
    for each in looked:
        why = f": {each.why}" if each.why else ""
        say(f"{each.known.kind}  {each.standing.value}{why}  {_words(each.known)}")
        if each.is_over and code == AGREE:
            code = DIVERGENCE
        if each.standing is Standing.NOT_RUN:
            code = USAGE
    return code


def _words(known: Known) -> str:
    return f"{shown(known.executor, 60)}: {shown(known.form)} ({shown(known.reason)})"
