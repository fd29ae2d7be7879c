"""What outcomes are held against: an oracle, and how much of what it says is compared.

Invariant: an oracle answers for the state that it is given and goes on from none of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from lockstep.case.judging import EXACTLY, Judging
from lockstep.faults import HarnessFault
from lockstep.foreign.text import named_error
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_reference import block as reference


class Oracle(Protocol):
    """Whose outcome counts."""

    def outcome(self, block: Block, before: State, scheme: str) -> Outcome:
        """Return what ``block``, signed under ``scheme``, must give on ``before``.

        Raises ``NoOutcome`` where it has none to give, and ``HarnessFault`` where the reference
        breaks: that is no verdict.
        """
        ...

    def close(self) -> None:
        """Release what it holds."""
        ...


class ReferenceOracle:
    """The reference."""

    def outcome(self, block: Block, before: State, scheme: str) -> Outcome:
        """Return what the reference gives."""
        try:
            return reference.execute(block, MemoryStorage(before), SCHEMES[scheme])
        except Exception as error:
            raise HarnessFault(f"the reference failed on a block: {named_error(error)}") from error

    def close(self) -> None:
        """Hold nothing."""


@dataclass(frozen=True, slots=True)
class Standard:
    """An oracle, and how outcomes are compared with its."""

    oracle: Oracle = field(default_factory=ReferenceOracle)
    judging: Judging = EXACTLY


BY_REFERENCE = Standard()
