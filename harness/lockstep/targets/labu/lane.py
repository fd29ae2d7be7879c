"""Runs cases on a labu server: load the state, execute block after block, compare after each.

Invariant: ``agree`` means that every block was executed by both sides and everything that labu can
tell was equal; what it cannot tell is in ``not_compared``. The state is loaded once a case, and
after a rewind: from block to block the server goes on from its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

from lockstep.case.file import Setting
from lockstep.case.manner import SERVER, Manner
from lockstep.case.realise import realise
from lockstep.case.values import BlockStep, Case, RewindStep
from lockstep.run.drivers import Ways
from lockstep.run.expected import ExpectedChain
from lockstep.run.result import OUT_OF_REACH, BlockRun, Run, StepFailure
from lockstep.run.standard import Standard
from lockstep.schedules.mix import Mix
from lockstep.targets.labu.client import Broken, Client
from lockstep.targets.labu.conversation import Conversation, StateRefused
from lockstep.targets.labu.documents import SCHEME, not_expressible
from lockstep.targets.labu.judge import REWINDS, differences, not_compared
from lockstep.targets.repeated import RepeatedLane
from lockstep.verdict import Difference, NoOutcome, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import NonceBump, Policy, State, Transaction
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.wire import decode


class LabuLane(RepeatedLane):
    """Runs cases on a labu server over one connection; ``close`` ends it."""

    takes_standards: ClassVar[bool] = True

    def __init__(self, client: Client, setting: Setting) -> None:
        super().__init__(setting)
        self._client = client
        self._conversation = Conversation(client)

    @property
    def plain(self) -> Manner:
        """Nothing of how a server executes can be chosen."""
        return Manner(SERVER)

    def references(self) -> tuple[str, ...]:
        """Return none: a server cannot say which it takes."""
        return ()

    def run_mixed(self, case: Case, random: Random, mix: Mix) -> Run:  # noqa: ARG002
        """Run every block once: a server has one way."""
        return self.run_plain(case)

    def run_in(self, case: Case, manners: Ways[Manner]) -> Run:  # noqa: ARG002
        """Run ``case``, its transactions signed with real keys whatever scheme it names."""
        case = replace(case, scheme=SCHEME)
        return _Session(case, self._conversation, self.plain, self.standard).run()

    def execute(
        self,
        block: Block,  # noqa: ARG002 - what reaches a server as bytes is a case
        before: State,  # noqa: ARG002
        scheme: str,  # noqa: ARG002
    ) -> tuple[Outcome | None, StepFailure | None]:
        """Say that a block which is no case cannot be sent."""
        text = "a transaction that no wire can carry to a server"
        return None, StepFailure.of(Verdict.UNSUPPORTED, "wire", text)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
        self.standard.oracle.close()


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

    def __init__(
        self, case: Case, conversation: Conversation, manner: Manner, standard: Standard
    ) -> None:
        self._case = case
        self._conversation = conversation
        self._manner = manner
        self._judging = standard.judging
        self._chain = ExpectedChain(case.state, SCHEME, standard.oracle)
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
        words = tuple(self._words)
        if end.verdict is Verdict.AGREE:
            words = (*(f"{each}, left out" for each in self._judging.ignored), *words)
        if end.verdict is Verdict.UNSUPPORTED and end.differences:
            return StepFailure(end.verdict, end.differences).ends(tuple(self._blocks), step)
        return Run(end.verdict, end.differences, tuple(self._blocks), step, not_compared=words)

    def _step(self, step: BlockStep | RewindStep) -> _End:
        try:
            if isinstance(step, RewindStep):
                return self._rewind(step)
            return self._block(step)
        except (_NotExpressible, StateRefused) as error:
            self._words = {str(error): None}
            return _End(Verdict.UNSUPPORTED)
        except NoOutcome as error:
            return _End(error.verdict, error.differences)
        except Broken as broken:
            answer = Difference("executor", "http", "an answer", str(broken))
            return _End(broken.verdict, (answer,))

    def _rewind(self, step: RewindStep) -> _End:
        self._chain.rewind(step.blocks)
        self._loaded = False
        self._word(REWINDS)
        return _GOES_ON

    def _block(self, step: BlockStep) -> _End:
        before, block = self._chain.newest, realise(step, SCHEME, self._chain.blocks)
        if step.fault is not None:
            self._word(OUT_OF_REACH)
        wires, expected = _wires(block), self._chain.outcome(block)
        if block.policy is Policy.SKIP and any(each.code for each in expected.receipts):
            raise _NotExpressible("a block with policy skip in which a transaction fails")
        reason = None if self._loaded else not_expressible(before)
        if reason is not None:
            raise _NotExpressible(reason)
        after = self._chain.after(expected)
        ids = tuple(intent.id for intent in step.transactions)
        run = BlockRun(ids, block, before, expected, after, None, (), 1, self._manner)
        self._blocks.append(run)
        if not self._loaded:
            self._conversation.load(before)
            self._loaded = True
        result = self._conversation.execute(wires, lone=not block.advances_height)
        exported = self._conversation.export()
        for word in not_compared(after, result):
            self._word(word)
        found = differences(expected, after, result, exported, self._judging)
        if found:
            return _End(Verdict.DIVERGE, found)
        self._chain.add(after)
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
