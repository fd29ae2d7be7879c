"""``lockstep export``: a finding, or the protocol's own data, as files for other tools."""

from __future__ import annotations

from pathlib import Path

import click

from lockstep.case.file import load
from lockstep.case.surroundings import Surroundings
from lockstep.cli import options
from lockstep.cli.exit_codes import AGREE, of_verdicts
from lockstep.cli.output import say
from lockstep.cli.surroundings import surroundings
from lockstep.export.conversations import write_conversations
from lockstep.export.frames import record_frames, write_frames
from lockstep.faults import UsageError
from lockstep.targets.program.program import program_named
from lockstep.targets.trust import Trust, setting_in

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("finding", required=False, type=click.Path(path_type=Path))
@click.option(
    "--frames", type=FOLDER, help="Write the conversation of FINDING with its program here."
)
@click.option(
    "--protocol", type=FOLDER, help="Write the schema of the protocol and conversations here."
)
@options.executor(otherwise=options.THE_FILES)
@surroundings(of_a_file=True)
@options.trust()
def export(
    finding: Path | None,
    frames: Path | None,
    protocol: Path | None,
    executor: str | None,
    surroundings: Surroundings,
    trust: bool,
) -> int:
    """Write a finding of a program, or the protocol, as files.

    FINDING is run on its program, which exits the command as replay does. With --protocol the
    conversations need no Python to be tested against.
    """
    if (finding is None) is not (frames is None) or frames is protocol is None:
        raise UsageError("write export FINDING --frames DIR, or export --protocol DIR")
    if protocol is not None:
        say(f"{write_conversations(protocol)} conversations in {protocol}")
    if finding is None or frames is None:
        return AGREE
    record = load(finding)
    setting = setting_in(
        record, finding, Trust(everything=trust), executor, surroundings=surroundings
    )
    program = program_named(setting.executor)
    recorded = record_frames(record, setting, program)
    for path in write_frames(recorded, program, frames):
        say(str(path))
    if not recorded.failed:
        say(f"not the failure on file: the run ended with {recorded.run.verdict.value}")
    return of_verdicts([recorded.run.verdict])
