"""A fault of an executor that remembers something from one block to the next."""

from __future__ import annotations

from lockstep_ledger.block import Envelope
from lockstep_ledger.model import Transaction
from lockstep_ledger.outcome import Code
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.protocol import Reader
from lockstep_mutants.shared import state_behind
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.rules.rules import Rules
from lockstep_parallel.rules.view import View


class _AppliesWhatItKnows(Rules):
    """``executed`` maps the hash of a transaction to the height of ``chain`` it ran at."""

    def __init__(self, scheme: Scheme) -> None:
        super().__init__(scheme)
        self.chain: Reader | None = None
        self.executed: dict[bytes, int] = {}

    async def execute(self, envelope: Envelope, view: View) -> Code:
        """Apply a transaction of an earlier block once more, without a check."""
        state = state_behind(view)
        if state.storage is not self.chain:
            self.chain, self.executed = state.storage, {}
        known = self.executed.get(envelope.hash, state.original_height)
        if known < state.original_height and isinstance(envelope.content, Transaction):
            return await self.apply(envelope.content, view)
        code = await super().execute(envelope, view)
        if code is Code.SUCCESS:
            self.executed[envelope.hash] = state.original_height
        return code


class ExecutedCheckAfterMerge(Batched):
    """T21: a transaction that an earlier block has executed is merged once more."""

    name = "executed-check-after-merge"
    rules_class = _AppliesWhatItKnows
