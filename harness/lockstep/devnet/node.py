"""A node: applies blocks to its storage on the path the rollout chooses, and takes them back.

Invariant: every applied block is one merge at its own topoheight; what a parallel path gets wrong
in test mode, or gives no outcome for, is never committed: the oracle's result is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from lockstep.case.realise import realise
from lockstep.case.values import BlockStep
from lockstep.compare.left_out import without_left_out
from lockstep.compare.outcomes import compare_outcomes
from lockstep.devnet.rollout import Path, Rollout
from lockstep.run.ask import Asked, W, ask, ask_to_merge
from lockstep.run.result import StepFailure
from lockstep.run.standard import BY_REFERENCE, Standard
from lockstep.verdict import Difference, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.storage.protocol import OwnedStorage, Reader


@dataclass(frozen=True, slots=True)
class Applied:
    """One applied block; ``differences`` is what the parallel path got wrong, if it was found.

    ``unsupported`` says why the executor could not be asked for the block.
    """

    topoheight: int
    path: Path
    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    unsupported: str = ""


Read = Callable[[], Reader]


class Node(Generic[W]):
    """A chain on ``storage``, executed by an oracle and, in the same ``way``, by ``asked``.

    ``standard`` says which oracle, and how much of what the two give is compared.
    """

    def __init__(
        self,
        storage: OwnedStorage,
        asked: Asked[W],
        way: W,
        rollout: Rollout,
        scheme: str,
        standard: Standard = BY_REFERENCE,
    ) -> None:
        self.storage = storage
        self.rollout = rollout
        self._asked = asked
        self._way = way
        self._scheme = scheme
        self._standard = standard

    def apply(self, step: BlockStep, read: Read | None = None) -> Applied:
        """Execute a block and commit it. Raises ``NoOutcome`` where the oracle gives none.

        ``read`` gives the reader the parallel path uses, the storage itself unless given.
        """
        block, before = realise(step, self._scheme), self.storage.export()
        path = self.rollout.path(len(block.transactions))
        if path is Path.SEQUENTIAL:
            return self._commit(path, self._sequential(block, before))
        reader = self.storage if read is None else read()
        answer, failure = self._parallel(block, before, reader)
        if answer is None:
            assert failure is not None, "an outcome, or why there is none"
            return self._fall_back(path, self._sequential(block, before), failure)
        if path is Path.PARALLEL:
            return self._commit_answer(path, answer)
        outcome = self._sequential(block, before)
        told, _ = without_left_out(outcome, answer, self._standard.judging)
        return self._commit(path, outcome, compare_outcomes(outcome, told))

    def rewind(self, blocks: int) -> None:
        """Take back the newest ``blocks`` blocks."""
        self.storage.rewind(self.storage.topoheight - blocks)

    def _sequential(self, block: Block, before: State) -> Outcome:
        return self._standard.oracle.outcome(block, before, self._scheme)

    def _parallel(
        self, block: Block, before: State, reader: Reader
    ) -> tuple[Outcome | None, StepFailure | None]:
        """Return the executor's outcome; None and why if it gave none to be trusted."""
        answer, failure = ask(self._asked, block, before, reader, self._way)
        if answer is None or not answer.faults:
            return answer, failure
        faults = ", ".join(each.error for each in answer.faults)
        return None, StepFailure(Verdict.CRASH, (Difference("faults", "", "none", faults),))

    def _fall_back(self, path: Path, outcome: Outcome, failure: StepFailure) -> Applied:
        """Commit the oracle's result, and say why there is no other."""
        if failure.verdict is not Verdict.UNSUPPORTED:
            return self._commit(path, outcome, failure.differences)
        why = "; ".join(f"{each.where}: {each.actual}" for each in failure.differences)
        return self._commit(Path.SEQUENTIAL, outcome, unsupported=why)

    def _commit(
        self,
        path: Path,
        outcome: Outcome,
        differences: tuple[Difference, ...] = (),
        unsupported: str = "",
    ) -> Applied:
        topoheight = self.storage.topoheight + 1
        self.storage.merge(outcome.changes, topoheight)
        return Applied(topoheight, path, outcome, differences, unsupported)

    def _commit_answer(self, path: Path, answer: Outcome) -> Applied:
        """Have the executor merge its own result, and see that it does.

        A program goes on from there, from the state that it holds itself.
        """
        topoheight = self.storage.topoheight + 1
        failure = ask_to_merge(self._asked, answer.changes, self.storage, topoheight)
        differences = () if failure is None else failure.differences
        found = self.storage.topoheight
        if found != topoheight:
            height = Difference("stored topoheight", "", str(topoheight), str(found))
            differences = (*differences, height)
            self.storage.merge(answer.changes, topoheight)
        return Applied(topoheight, path, answer, differences)
