"""``lockstep bench``: executors beside the reference, on blocks of named shapes."""

from __future__ import annotations

import json
from pathlib import Path

import click

from lockstep.bench.contest import Entrant, Result, run_contest
from lockstep.bench.workloads import WORKLOADS, workload
from lockstep.cli import options
from lockstep.cli.exit_codes import AGREE, DIVERGENCE
from lockstep.cli.screen import Screen
from lockstep.report.bench import complaints, document, interpreter, table
from lockstep.run.stores import open_stores

EXECUTORS = ("auto", "pipelined", "batched", "dag", "optimistic")


@click.command()
@options.executor(EXECUTORS)
@click.option(
    "--workload",
    "workloads",
    multiple=True,
    type=click.Choice(tuple(WORKLOADS)),
    metavar="SHAPE",
    show_default="all",
    help=f"The shape of a block; again for several. There are {', '.join(WORKLOADS)}.",
)
@options.transactions((1000,), 1, 100_000)
@options.workers((1, 2))
@options.accounts(10_000, 16, 1_000_000)
@click.option(
    "--rounds",
    type=click.IntRange(1, 1000),
    metavar="N",
    default=7,
    show_default=True,
    help="How often each executor has its turn.",
)
@options.seed("bench")
@options.scheme("schnorr")
@options.storage("memory")
@options.json_file()
def bench(
    executors: tuple[str, ...],
    workloads: tuple[str, ...],
    sizes: tuple[int, ...],
    worker_counts: tuple[int, ...],
    accounts: int,
    rounds: int,
    seed: str,
    scheme: str,
    storage: str,
    file: Path | None,
) -> int:
    """Time executors beside the reference, in one run.

    Exits 1 if one of them does not equal the reference: that one is not timed.
    """
    entrants = [Entrant(name, count) for name in executors for count in worker_counts]
    results: list[Result] = []
    with Screen() as screen:
        measured = f"{scheme} on {storage}, {accounts:,} accounts, seed {seed}"
        screen.say(f"{interpreter()}; {measured}")
        try:
            with open_stores(storage) as stores:
                for name in workloads or tuple(WORKLOADS):
                    for size in sizes:
                        screen.progress(f"{name}, {size:,} transactions")
                        made = workload(name, size, accounts, scheme, seed)
                        results.append(run_contest(made, entrants, scheme, stores, rounds))
        finally:
            # Also what was measured before an interrupt or a fault.
            screen.show(table(results), *complaints(results))
    if file is not None:
        file.write_text(json.dumps(document(results), indent=1) + "\n", encoding="utf-8")
    differ = any(each.differences for result in results for each in result.timed)
    return DIVERGENCE if differ else AGREE
