"""Attacks the product in every way there is here, and writes down what was tried and what was lost.

``python -m tests.attack`` runs all topics in their long form and replaces ``docs/reliability.md``;
with the names of topics it prints theirs, and with ``--write`` replaces their sections.
"""

from __future__ import annotations

import sys
import time

import click

from benchmarks.document import document, replaced
from benchmarks.machine import facts
from tests.attack.rows import Attacked
from tests.attack.topics import TOPICS, NotHere
from tests.repository import REPOSITORY

DOCUMENT = REPOSITORY / "docs" / "reliability.md"
HEAD = """\
# What was tried, and what was lost

Written by `python -m tests.attack`; a later run replaces it. `--write` with the names of topics
replaces their sections alone, so that sections may be of different days. Everything that is tried
is chosen by a seed; when a signal falls, and how far a process is then, depends on the machine.
The quick form (`--quick`) is part of the tests. *Lost* counts whatever did not end as it must:
a traceback, an executor accused that is correct, a finding or a file that was there and is not
whole, a process or a temporary file that stays, anything that a file made run.
"""


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(tuple(TOPICS)))
@click.option("--quick", is_flag=True, help="The form that the tests run: minutes, not hours.")
@click.option("--write", is_flag=True, help="Replace the sections of NAMES in the document.")
@click.option("--minutes", type=float, help="How long each soak takes.")
def main(names: tuple[str, ...], quick: bool, write: bool, minutes: float | None) -> None:
    """Attack in every way, or in those of the topics NAMES."""
    machine = tuple(facts())
    done: list[Attacked] = []
    missing: list[str] = []
    for name in names or TOPICS:
        started = time.monotonic()
        try:
            attacked = TOPICS[name](quick, minutes)
        except NotHere as absent:
            missing.append(f"{name}: NOT TRIED: {absent}")
            continue
        done.append(attacked)
        sys.stdout.write("\n".join(attacked.lines()) + f"\n{time.monotonic() - started:.0f} s\n\n")
        sys.stdout.flush()
        if write:
            before = (
                DOCUMENT.read_text("utf-8") if DOCUMENT.exists() else document(HEAD, machine, ())
            )
            DOCUMENT.write_text(replaced(before, [attacked]), "utf-8")
    for line in missing:
        sys.stderr.write(f"{line}\n")
    if not names and not quick and not missing:
        DOCUMENT.write_text(document(HEAD, machine, done), "utf-8")
    sys.exit(0 if done and not missing and all(each.is_clean for each in done) else 1)


if __name__ == "__main__":
    main()
