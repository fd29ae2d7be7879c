"""Runs cases on a labu server: load the state, execute block after block, compare after each.

Invariant: ``agree`` means that every block was executed by both sides and everything that labu can
tell was equal; what it cannot tell is in ``not_compared``. The state is loaded once a case, and
after a rewind: from block to block the server goes on from its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lockstep.case.realise import realise
from lockstep.case.values import BlockStep, Case, RewindStep
from lockstep.compare.post_state import post_state
from lockstep.faults import HarnessFault
from lockstep.run.result import OUT_OF_REACH, BlockRun, Run
from lockstep.serve.ledger import SCHEME
from lockstep.targets.labu.client import Broken
from lockstep.targets.labu.conversation import Conversation, StateRefused
from lockstep.targets.labu.documents import not_expressible
from lockstep.targets.labu.judge import REWINDS, differences, not_compared
from lockstep.targets.labu.target import LabuTarget
from lockstep.verdict import Difference, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import ModelError, NonceBump, Policy, State, Transaction
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.wire import decode
from lockstep_reference import block as reference


class LabuBench:
    """Runs cases on the server of ``target`` over one connection; ``close`` ends it."""

    def __init__(self, target: LabuTarget) -> None:
        self._client = target.client()
        self._conversation = Conversation(self._client)

    def run(self, case: Case) -> Run:
        """Run ``case``, its transactions signed with real keys whatever scheme it names."""
        return _Session(replace(case, scheme=SCHEME), self._conversation).run()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


@dataclass(frozen=True, slots=True)
class _End:
    """Why a case is over before its last step, or that it is not (``agree``)."""

    verdict: Verdict
    differences: tuple[Difference, ...] = ()


_GOES_ON = _End(Verdict.AGREE)


class _NotExpressible(Exception):
    """Labu has no words for this; the text says for what."""


class _Session:
    """One case in progress."""

    def __init__(self, case: Case, conversation: Conversation) -> None:
        self._case = case
        self._conversation = conversation
        self._states = [case.state]
        self._blocks: list[BlockRun] = []
        self._words: dict[str, None] = {}
        self._loaded = False

    def run(self) -> Run:
        """Go through the steps until one ends the case."""
        for number, step in enumerate(self._case.steps):
            end = self._step(step)
            if end is not _GOES_ON:
                return self._finish(end, number)
        return self._finish(_GOES_ON, None)

    def _finish(self, end: _End, step: int | None) -> Run:
        return Run(
            end.verdict, end.differences, tuple(self._blocks), step, not_compared=tuple(self._words)
        )

    def _step(self, step: BlockStep | RewindStep) -> _End:
        try:
            if isinstance(step, RewindStep):
                return self._rewind(step)
            return self._block(step)
        except (_NotExpressible, StateRefused) as error:
            self._words = {str(error): None}
            return _End(Verdict.UNSUPPORTED)
        except Broken as broken:
            answer = Difference("executor", "http", "an answer", str(broken))
            return _End(broken.verdict, (answer,))

    def _rewind(self, step: RewindStep) -> _End:
        kept = len(self._states) - step.blocks
        if kept < 1:
            raise ModelError(f"a rewind by {step.blocks} where there are fewer blocks")
        del self._states[kept:]
        self._loaded = False
        self._word(REWINDS)
        return _GOES_ON

    def _block(self, step: BlockStep) -> _End:
        before, block = self._states[-1], realise(step, SCHEME)
        if step.fault is not None:
            self._word(OUT_OF_REACH)
        wires, expected = _wires(block), _reference(block, before)
        if block.policy is Policy.SKIP and any(each.code for each in expected.receipts):
            raise _NotExpressible("a block with policy skip in which a transaction fails")
        reason = None if self._loaded else not_expressible(before)
        if reason is not None:
            raise _NotExpressible(reason)
        after = post_state(before, expected.changes)
        ids = tuple(intent.id for intent in step.transactions)
        self._blocks.append(BlockRun(ids, block, before, expected, after, None, (), 1))
        if not self._loaded:
            self._conversation.load(before)
            self._loaded = True
        result = self._conversation.execute(wires, lone=not block.advances_height)
        exported = self._conversation.export()
        for word in not_compared(after, result):
            self._word(word)
        found = differences(expected, after, result, exported)
        if found:
            return _End(Verdict.DIVERGE, found)
        self._states.append(after)
        return _GOES_ON

    def _word(self, word: str) -> None:
        self._words[word] = None


def _wires(block: Block) -> list[bytes]:
    """Return the transactions' wire bytes. Raises ``_NotExpressible``."""
    if block.rewards is not None:
        raise _NotExpressible("a block with rewards")
    if block.fees_to is not None:
        raise _NotExpressible("a block whose fees go to somebody")
    if not block.advances_height and len(block.transactions) != 1:
        raise _NotExpressible("several transactions that do not advance the height")
    for envelope in block.transactions:
        if isinstance(envelope.content, Transaction) and isinstance(
            envelope.content.payload, NonceBump
        ):
            raise _NotExpressible("a nonce bump, which has no wire form of its own")
        if decode(envelope.wire) != envelope.content:
            raise _NotExpressible("a transaction that no wire can carry")
    return [envelope.wire for envelope in block.transactions]


def _reference(block: Block, before: State) -> Outcome:
    try:
        return reference.execute(block, MemoryStorage(before), SCHEMES[SCHEME])
    except Exception as error:
        raise HarnessFault(
            f"the reference failed on a block: {type(error).__name__}: {error}"
        ) from error
