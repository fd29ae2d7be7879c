"""What a process holds, as far as that is known: versions of a state, and what led to them.

Invariant: ``trail`` are the requests since the newest ``load_state``, which is the first of them; a
process that is sent them again holds the same. After a block that was not merged nobody knows what
is held, until a state is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lockstep.targets.program.connection import Connection
from lockstep.targets.program.messages import (
    ExecuteBlock,
    ExecuteBlockAnswer,
    LoadState,
    Request,
    Rewind,
)
from lockstep.targets.program.outcomes import read_outcome
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Outcome


class Holding:
    """The versions that a process holds, of which ``first`` is the number of the oldest."""

    def __init__(self) -> None:
        self.trail: list[Request] = []
        self.first = 0
        self._states: list[State] = []

    @property
    def newest(self) -> State | None:
        """The state that is held, None if that is not known."""
        return self._states[-1] if self._states else None

    @property
    def topoheight(self) -> int:
        """The number of the newest version."""
        return self.first + len(self._states) - 1

    @property
    def has_past(self) -> bool:
        """Tell whether the newest state has been led to by anything but loading it alone."""
        return len(self.trail) > 1 or len(self._states) > 1

    def versions(self) -> Iterator[tuple[int, State]]:
        """Give every version with its number, the newest first."""
        yield from reversed([*enumerate(self._states, start=self.first)])

    def load(self, request: LoadState, states: list[State], first: int) -> None:
        """Hold ``states``, the oldest first, and nothing else."""
        self.trail, self._states, self.first = [request], states, first

    def execute(self, request: ExecuteBlock) -> list[State]:
        """Have a block executed; return the versions there are if it is merged."""
        self.trail.append(request)
        states, self._states = self._states, []
        return states

    def merge(self, states: list[State], after: State) -> None:
        """Hold ``states`` and the one after the block that was executed last."""
        self._states = [*states, after]

    def can_rewind(self, blocks: int) -> bool:
        """Tell whether the version is held that a rewind by ``blocks`` goes back to."""
        return len(self._states) > blocks

    def rewind(self, request: Rewind) -> None:
        """Hold what was held so many blocks ago."""
        self.trail.append(request)
        del self._states[-request.blocks :]

    def forget(self) -> None:
        """Know nothing of what is held."""
        self._states = []


@dataclass(frozen=True, slots=True)
class Trail:
    """How a process came to execute a block, to be gone again. Methods raise ``NoOutcome``.

    ``forget`` is called after each: the process then holds something else than before.
    """

    connection: Connection
    requests: tuple[Request, ...]
    alone: LoadState
    forget: Callable[[], None]

    @property
    def blocks(self) -> int:
        """How many blocks were executed before the last."""
        return sum(isinstance(each, ExecuteBlock) for each in self.requests) - 1

    def afresh(self) -> Outcome:
        """Execute the block on the same state, loaded, with nothing before it."""
        return self._outcome(self.alone, self.requests[-1])

    def again(self) -> Outcome:
        """Execute the block after all that led to it, once more."""
        return self._outcome(*self.requests)

    def _outcome(self, *requests: Request) -> Outcome:
        try:
            answer = self.connection.ask(*requests)[-1]
        finally:
            self.forget()
        assert isinstance(answer, ExecuteBlockAnswer)
        return read_outcome(answer.outcome)
