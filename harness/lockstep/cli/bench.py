"""The ``bench`` command: executors beside the reference, on blocks of named shapes."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console

from lockstep.bench.workloads import WORKLOADS
from lockstep.cli.exit_codes import AGREE, DIVERGENCE
from lockstep.run.stores import BACK_ENDS

WIDTH = 120
"""Columns that the table needs; a narrower terminal wraps it."""

EXECUTORS = ("auto", "pipelined", "batched", "dag", "optimistic")


@click.option(
    "--executor",
    "executors",
    multiple=True,
    default=EXECUTORS,
    show_default=True,
    metavar="NAME",
    help="Time this one; give it again for several.",
)
@click.option(
    "--workload",
    "workloads",
    multiple=True,
    type=click.Choice(tuple(WORKLOADS)),
    help="Take this shape of block; all unless given.",
)
@click.option(
    "--transactions",
    "sizes",
    multiple=True,
    type=click.IntRange(1, 100_000),
    default=(1000,),
    show_default=True,
)
@click.option(
    "--workers",
    "worker_counts",
    multiple=True,
    type=click.IntRange(1, 256),
    default=(1, 2),
    show_default=True,
)
@click.option("--accounts", type=click.IntRange(16, 1_000_000), default=10_000, show_default=True)
@click.option("--rounds", type=click.IntRange(1, 1000), default=7, show_default=True)
@click.option("--seed", default="bench", show_default=True)
@click.option(
    "--scheme", type=click.Choice(("schnorr", "keyed-hash")), default="schnorr", show_default=True
)
@click.option("--storage", type=click.Choice(BACK_ENDS), default="memory", show_default=True)
@click.option(
    "--json",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write everything that was measured to this file.",
)
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
    """Time executors beside the reference, side by side in one run.

    Exits 1 if one of them does not equal the reference: that one is not timed.
    """
    from lockstep.bench.contest import Entrant, run_contest
    from lockstep.bench.workloads import workload
    from lockstep.report.bench import complaints, document, interpreter, table
    from lockstep.run.stores import open_stores

    entrants = [Entrant(name, count) for name in executors for count in worker_counts]
    output = Console(highlight=False, width=max(Console().width, WIDTH))
    progress = Console(stderr=True, highlight=False)
    output.print(f"{interpreter()}; {scheme} on {storage}, {accounts:,} accounts, seed {seed}")
    results = []
    with open_stores(storage) as stores:
        for name in workloads or tuple(WORKLOADS):
            for size in sizes:
                progress.print(f"{name}, {size:,} transactions", markup=False)
                made = workload(name, size, accounts, scheme, seed)
                results.append(run_contest(made, entrants, scheme, stores, rounds))
    output.print(table(results))
    for line in complaints(results):
        output.print(line, markup=False, soft_wrap=True)
    if file is not None:
        file.write_text(json.dumps(document(results), indent=1) + "\n", encoding="utf-8")
    differ = any(each.differences for result in results for each in result.timed)
    return DIVERGENCE if differ else AGREE
