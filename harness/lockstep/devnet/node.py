"""A node: applies blocks to its storage on the path the rollout chooses, and takes them back.

Invariant: every applied block is one merge at its own topoheight; what a parallel path gets wrong
in test mode, or crashes on, is never committed: the reference's result is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lockstep.case.realise import realise
from lockstep.case.values import BlockStep
from lockstep.compare.outcomes import compare_outcomes
from lockstep.devnet.rollout import Path, Rollout
from lockstep.foreign.text import error_text, named_error
from lockstep.verdict import Difference
from lockstep_ledger.block import Block
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.protocol import Reader, Storage
from lockstep_parallel.executors.interface import Executor
from lockstep_parallel.steps.drivers.protocol import Driver, Hang
from lockstep_reference.block import execute


@dataclass(frozen=True, slots=True)
class Applied:
    """One applied block; ``differences`` is what the parallel path got wrong, if it was found."""

    topoheight: int
    path: Path
    outcome: Outcome
    differences: tuple[Difference, ...] = ()


Read = Callable[[], Reader]


class Node:
    """A chain on ``storage``, executed by the reference and by ``executor``."""

    def __init__(
        self, storage: Storage, executor: Executor, driver: Driver, rollout: Rollout, scheme: str
    ) -> None:
        self.storage = storage
        self.executor = executor
        self.driver = driver
        self.rollout = rollout
        self.scheme = scheme

    def apply(self, step: BlockStep, read: Read | None = None) -> Applied:
        """Execute a block and commit it.

        ``read`` gives the reader the parallel path uses, the storage itself unless given.
        """
        block = realise(step, self.scheme)
        path = self.rollout.path(len(block.transactions))
        reader = self.storage if read is None else read()
        differences: tuple[Difference, ...] = ()
        if path is Path.SEQUENTIAL:
            outcome = self._sequential(block)
        else:
            answer, differences = self._parallel(block, reader)
            if path is Path.BOTH or answer is None:
                outcome = self._sequential(block)
                if answer is not None:
                    differences = compare_outcomes(outcome, answer)
            else:
                outcome = answer
        topoheight = self.storage.topoheight + 1
        self.storage.merge(outcome.changes, topoheight)
        return Applied(topoheight, path, outcome, differences)

    def rewind(self, blocks: int) -> None:
        """Take back the newest ``blocks`` blocks."""
        self.storage.rewind(self.storage.topoheight - blocks)

    def _sequential(self, block: Block) -> Outcome:
        return execute(block, self.storage, SCHEMES[self.scheme])

    def _parallel(
        self, block: Block, reader: Reader
    ) -> tuple[Outcome | None, tuple[Difference, ...]]:
        """Return the executor's outcome; None and why if it gave none to be trusted."""
        try:
            outcome = self.executor.execute(block, reader, self.driver)
        except Hang as error:
            return None, (Difference("executor", "hang", "an outcome", error_text(error)),)
        except Exception as error:
            why = named_error(error)
            return None, (Difference("executor", "crash", "an outcome", why),)
        if outcome.faults:
            faults = ", ".join(each.error for each in outcome.faults)
            return None, (Difference("faults", "", "none", faults),)
        return outcome, ()
