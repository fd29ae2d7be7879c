"""``lockstep explain``: why a saved case fails only under its schedule."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from lockstep.case.file import load
from lockstep.cli import options
from lockstep.cli.exit_codes import of_verdicts
from lockstep.cli.output import say
from lockstep.explain.saved import explain_record
from lockstep.report.explanation import explanation_lines
from lockstep.run.stores import open_stores, parted
from lockstep.targets.named import open_steered
from lockstep.targets.trust import Trust, setting_in

CONTINUATIONS = 200


@click.command()
@options.case_file()
@options.executor(otherwise=options.THE_FILES)
@options.storage(otherwise=f"{options.THE_FILES}, else memory", under_test=True)
@options.trust()
@click.option(
    "--continuations",
    type=click.IntRange(0, 100_000),
    default=CONTINUATIONS,
    show_default=True,
    metavar="N",
    help="Random runs after every step that count how likely the failure is there; 0 for none.",
)
@click.option("--all-steps", is_flag=True, help="Show the steps that nobody contests too.")
def explain(
    case: Path,
    executor: str | None,
    storage: str | None,
    trust: bool,
    continuations: int,
    all_steps: bool,
) -> int:
    """Say how the race in a saved failing case comes about.

    In a sentence, in the orders that differ, step by step, and in how likely failure became.
    """
    record = load(case)
    own = setting_in(record, case, Trust(everything=trust), executor, storage)
    setting = replace(own, driver="scheduled")
    back_end, _ = parted(storage or "memory")
    with open_stores(back_end) as stores, open_steered(setting, stores) as lane:
        explained = explain_record(record, lane, continuations)
    for line in explanation_lines(explained, all_steps=all_steps):
        say(line)
    return of_verdicts([explained.run.verdict])
