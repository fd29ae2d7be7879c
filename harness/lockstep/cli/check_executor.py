"""``lockstep check-executor``: what a program can do, and what it gets wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from lockstep.case.file import Record, Setting, save
from lockstep.case.judging import SEQUENTIAL, Asked
from lockstep.case.surroundings import Surroundings
from lockstep.check.suite import CHECKS, Ending, greeting, run_checks
from lockstep.cli import options
from lockstep.cli.exit_codes import AGREE, DIVERGENCE, FAULT
from lockstep.cli.judging import judging
from lockstep.cli.output import say_on
from lockstep.cli.surroundings import surroundings
from lockstep.faults import UsageError
from lockstep.report.differences import replay_command
from lockstep.targets.program.capabilities import CapabilitiesMessage
from lockstep.targets.program.messages import HelloAnswer
from lockstep.targets.program.program import program_named
from lockstep.verdict import NoOutcome


@click.command()
@click.argument("target")
@click.option(
    "--only",
    "names",
    multiple=True,
    metavar="CHECK",
    show_default="all",
    help="The check to run; again for several.",
)
@options.deadline(Setting().deadline)
@options.memory(Setting().memory)
@surroundings()
@judging()
@options.findings()
def check_executor(
    target: str,
    names: tuple[str, ...],
    deadline: float,
    memory: int,
    surroundings: Surroundings,
    asked: Asked,
    findings: Path,
) -> int:
    """Check that a program keeps to the executor protocol. TARGET is 'cmd:PROGRAM ARGS'.

    The case of a check that went wrong is kept as a file, which replay runs again.
    """
    if unknown := set(names) - set(CHECKS):
        raise UsageError(f"unknown check {min(unknown)!r}: known are {', '.join(CHECKS)}")
    console = Console(highlight=False)
    setting = Setting(
        target, deadline=deadline, memory=memory, judging=asked.over(), surroundings=surroundings
    )
    program = program_named(target).under(setting)
    try:
        hello = greeting(program)
    except NoOutcome as error:
        say_on(console, f"no hello: {error.verdict.value}, {error}")
        return FAULT
    for line in (*_said(hello), *asked.over().words()):
        say_on(console, line)
    if asked.oracle == SEQUENTIAL and not hello.capabilities.parallel:
        raise UsageError(f"--oracle sequential is unsupported: {target} declares no parallel path")
    endings = []
    for result in run_checks(program, hello, names or tuple(CHECKS), setting):
        endings.append(result.ending)
        line = f"{result.ending.value:12}  {result.name:24}  {result.text}".rstrip()
        say_on(console, line)
        if (record := result.record(target)) is not None:
            say_on(console, f"              {_kept(record, findings)}")
    counts = {each: endings.count(each) for each in Ending}
    console.print(", ".join(f"{count} {each.value}" for each, count in counts.items()))
    return DIVERGENCE if counts[Ending.WRONG] or not counts[Ending.PASSED] else AGREE


def _kept(record: Record, folder: Path) -> str:
    """Write the case of a failed check and return the command that runs it again."""
    try:
        path = save(record, folder / "check")
    except OSError as error:
        return f"the case was not kept: {error.strerror or error}"
    assert record.setting is not None
    return f"replay: {replay_command(path, record.setting)}"


def _values(can: CapabilitiesMessage) -> str:
    """Say which values it takes where it does not take all."""
    told = []
    if can.fee_types is not None:
        told.append(f"fee types {', '.join(map(str, can.fee_types))}")
    if can.chain_ids is not None:
        told.append(f"chains {', '.join(map(str, can.chain_ids))}")
    if can.heights is not None:
        told.append(f"heights {can.heights.lowest}..{can.heights.highest}")
    return "; ".join(told)


def _said(hello: HelloAnswer) -> Iterator[str]:
    """Describe what the program says of itself."""
    can = hello.capabilities
    yield " ".join(filter(None, (hello.name, hello.version, hello.build)))
    yield f"  protocol    {hello.protocol}.{hello.minor}"
    yield f"  payloads    {', '.join(can.payloads)}"
    yield f"  policies    {', '.join(can.policies)}"
    yield f"  signatures  {', '.join(can.signatures)}"
    yield f"  terms       {', '.join(can.terms) or 'none'}"
    flags = (
        *("decodes_wire", "parallel", "schedule_seed", "schedule_replay", "state_export"),
        "jitter",
    )
    declared = ", ".join(each for each in flags if getattr(can, each))
    yield f"  and         {declared or 'nothing else'}"
    yield f"  history     {', '.join(can.history) or 'none'}"
    yield f"  references  {', '.join(can.references) or 'none'}"
    if values := _values(can):
        yield f"  values      {values}"
    limits = {"frame": can.limits.frame, "transactions": can.limits.transactions}
    limits |= {"accounts": can.limits.accounts, "workers": can.limits.workers}
    told = (f"{name} {limit}" for name, limit in limits.items() if limit is not None)
    yield f"  limits      {', '.join(told)}"
