"""``lockstep devnet``: the rehearsal of the rollout on a seeded chain."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

import click
from rich.table import Table

from lockstep.campaign.plan import carved_for
from lockstep.case.file import Record, Setting, load, to_bytes, write_whole
from lockstep.case.judging import Asked
from lockstep.case.surroundings import Surroundings
from lockstep.case.values import BlockStep, Case
from lockstep.cli import options
from lockstep.cli.exit_codes import AGREE, DIVERGENCE, GATE
from lockstep.cli.judging import judging
from lockstep.cli.screen import Screen
from lockstep.cli.surroundings import surroundings
from lockstep.devnet.rehearsal import Chain, Rehearsed, Slip, rehearse
from lockstep.findings.investigate import investigate
from lockstep.findings.keeping import Keeper, Kept
from lockstep.report.cells import cells
from lockstep.report.differences import difference_lines
from lockstep.report.finding import finding_lines, met_lines
from lockstep.run.fingerprint import fingerprint
from lockstep.run.stores import Stores, open_stores
from lockstep.schedules.mix import Mix
from lockstep.streams import stream
from lockstep.targets.named import open_lane, reach
from lockstep.targets.steered import STEP_LIMIT

SHOWN_SLIPS = 3
"""Blocks that went wrong that are investigated; the others are counted."""
DEADLINE = 60.0
"""Blocks may hold thousands of transactions."""


@click.command()
@click.option(
    "--blocks",
    type=click.IntRange(1),
    metavar="N",
    default=1_000,
    show_default=True,
    help="How long the chain gets.",
)
@options.transactions(50, 0, 10_000)
@options.seed(otherwise="random")
@options.executor(("batched", "batched-workers"))
@options.deadline(DEADLINE)
@options.memory(Setting().memory)
@surroundings()
@judging()
@options.storage("rocksdb")
@options.scheme("keyed-hash")
@click.option(
    "--save",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the whole chain to this case file.",
)
@click.option(
    "--chain",
    "saved",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Take the blocks and rewinds of this case file; the seed decides how each is executed.",
)
@options.findings()
def devnet(
    blocks: int,
    transactions: int,
    seed: str | None,
    executors: tuple[str, ...],
    deadline: float,
    memory: int,
    surroundings: Surroundings,
    asked: Asked,
    storage: str,
    scheme: str,
    save: Path | None,
    saved: Path | None,
    findings: Path,
) -> int:
    """Rehearse the rollout on a chain whose ways keep changing.

    Path, executor, access to storage and length change from block to block; whatever was
    executed in parallel is compared after every block and after every rewind.
    """
    setting = Setting(
        deadline=deadline, memory=memory, judging=asked.over(), surroundings=surroundings
    )
    seed = seed or secrets.token_hex(8)
    reach(executors)
    carving = carved_for(replace(setting, executor=each) for each in executors)
    chain = Chain(seed, blocks, transactions, executors, scheme, setting=setting, carving=carving)
    if saved is not None:
        case = load(saved).case
        blocks = sum(isinstance(step, BlockStep) for step in case.steps)
        chain = replace(chain, scheme=case.scheme, saved=case)
    with Screen() as screen:
        screen.say(f"devnet of {blocks} blocks on {storage}, seed {chain.seed}")
        screen.say(*setting.judging.words())
        with open_stores(storage) as stores, stores.holding(chain.start) as store:
            shown = _Shown(screen, chain, blocks, stores, findings)
            seen = rehearse(chain, store, shown.show)
            if save is not None:
                _save(chain, seen, save)
        screen.show(_summary(seen), f"final state digest {seen.digest}")
        if seen.unsupported and not seen.parallel:
            screen.complain("lockstep: every block was unsupported: nothing was compared")
    if seen.slips:
        return DIVERGENCE
    return GATE if seen.unsupported and not seen.parallel else AGREE


def _save(chain: Chain, seen: Rehearsed, file: Path) -> None:
    case = Case(chain.start, tuple(seen.steps), chain.scheme)
    origin = {"kind": "devnet", "seed": chain.seed}
    write_whole(file, to_bytes(Record(case, origin, "a chain of the rehearsal")))


def _line(seen: Rehearsed, blocks: int) -> str:
    went = f"{seen.applied} blocks applied to reach {blocks}"
    return f"{went}, {seen.rewinds} rewinds, {len(seen.slips)} wrong"


def _summary(seen: Rehearsed) -> Table:
    table = Table(show_header=False)
    table.add_row("blocks applied", f"{seen.applied} with {seen.transactions} transactions")
    table.add_row("rewinds", str(seen.rewinds))
    table.add_row("states compared", f"{seen.compared} after blocks, {seen.rewinds} after rewinds")
    table.add_row("blocks that went wrong", str(len(seen.slips)))
    for why, count in sorted(seen.unsupported.items()):
        table.add_row(*cells("unsupported", f"{count}: {why}"))
    for way, count in sorted(seen.ways.items()):
        table.add_row(*cells(f"  {way}", str(count)))
    return table


class _Shown:
    """Shows a rehearsal while it runs, and what went wrong in it as soon as it did."""

    def __init__(
        self, screen: Screen, chain: Chain, blocks: int, stores: Stores, findings: Path
    ) -> None:
        self._screen = screen
        self._chain = chain
        self._blocks = blocks
        self._stores = stores
        self._keeper = Keeper(findings)
        self._told = 0

    def show(self, seen: Rehearsed) -> None:
        """Show where it stands; tell of the first blocks that went wrong."""
        for slip in seen.slips[self._told : SHOWN_SLIPS]:
            self._told += 1
            self._tell(slip)
        self._screen.progress(_line(seen, self._blocks))

    def _tell(self, slip: Slip) -> None:
        """Keep and shrink what went wrong, if the case alone shows it again."""
        name = slip.setting.executor
        with open_lane(slip.setting, self._stores) as lane:
            mix = Mix.for_one_case(STEP_LIMIT)
            run = lane.run_mixed(slip.case, stream(self._chain.seed, "slip"), mix)
            if not run.verdict.is_failure:
                self._screen.tell([f"{slip.path.value}, {name}: not shown by its block alone"])
                self._screen.tell(difference_lines(slip.differences))
                return

            kind = fingerprint(slip.setting.tested, run)

            def met(kept: Kept) -> None:
                self._screen.tell(met_lines(run, kind, slip.setting, kept))

            origin = {"kind": "devnet", "seed": self._chain.seed}
            file = f"slip-{self._told}"
            finding = investigate(slip.case, run, lane, origin, self._keeper, file, met)
        self._screen.tell(finding_lines(finding))
