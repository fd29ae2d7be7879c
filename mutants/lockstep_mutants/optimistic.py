"""Faults of speculation: what is validated, recorded, estimated, removed, done again."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from lockstep_ledger.model import Address
from lockstep_ledger.outcome import Code
from lockstep_mutants.caching import CachingRounds
from lockstep_parallel.executors.block_executor import Result
from lockstep_parallel.executors.optimistic.chain import BASE, Estimate, Found, Version
from lockstep_parallel.executors.optimistic.credits import CreditMemory, OptimisticCredits
from lockstep_parallel.executors.optimistic.executor import Optimistic
from lockstep_parallel.executors.optimistic.memory import BURNED, Executed, Location, Memory
from lockstep_parallel.executors.optimistic.progress import Progress
from lockstep_parallel.executors.optimistic.rounds import OptimisticByRounds
from lockstep_parallel.executors.optimistic.view import Speculation
from lockstep_parallel.rules.overlay import Overlay


class _TrustsStorage(Memory):
    def is_current(self, index: int, location: Location, found: Found) -> bool:
        """Compare versions, but for what came from below all transactions."""
        return found == BASE or super().is_current(index, location, found)


class StorageReadAlwaysValid(Optimistic):
    """X01: a read served by storage stays valid though a lower transaction has written since."""

    name = "storage-read-always-valid"
    memory_class = _TrustsStorage


class _NothingRemoved(Memory):
    def remove(self, index: int, locations: Iterable[Location]) -> None:
        """Leave the entries where they are."""


class PreviousIncarnationKept(Optimistic):
    """X03: what only the aborted incarnation wrote is not removed."""

    name = "previous-incarnation-kept"
    memory_class = _NothingRemoved


class _NeverWider(Memory):
    def is_wider(self, record: Executed, previous: Collection[Location]) -> bool:  # noqa: ARG002 - does not look
        """Take no location for a new one."""
        return False


class NewWriteDoesNotRevalidate(Optimistic):
    """X05: a write of a new location does not lower the validation index."""

    name = "new-write-does-not-revalidate"
    memory_class = _NeverWider


class _NeverBack(Progress):
    def lower_execution(self, index: int) -> None:
        """Leave the execution index where it is."""


class DependencyNeverResumed(Optimistic):
    """X07: what waited for a transaction is made ready, and nobody is sent to execute it."""

    name = "dependency-never-resumed"
    progress_class = _NeverBack


class FailedReadsNotRecorded(Optimistic):
    """X08: a speculative failure leaves no read set, so it is never found invalid."""

    name = "failed-reads-not-recorded"

    def record(self, view: Speculation, overlay: Overlay, result: Result) -> Executed:
        """Describe an incarnation; a failed one as if it had read nothing."""
        if result is not Code.SUCCESS:
            return Executed(result, {}, {})
        return super().record(view, overlay, result)


class _AbsenceForgotten(Speculation):
    async def exists(self, address: Address) -> bool:
        """Tell whether the account exists; if not, forget having asked."""
        found = await super().exists(address)
        if not found:
            self.reads.pop(("exists", address))
        return found


class AbsenceNotRecorded(Optimistic):
    """X09: reading that an account does not exist is not in the read set."""

    name = "absence-not-recorded"
    speculation_class = _AbsenceForgotten


class _CounterBeforeTheBlock(Speculation):
    async def burned_so_far(self) -> int:
        """Return the burned counter as it was before the block."""
        return self.memory.state.original_burned


class LimitBeforeTheBlock(Optimistic):
    """X16, block: the limit of the burned counter is checked against its value before the block."""

    name = "limit-before-the-block"
    speculation_class = _CounterBeforeTheBlock


class _CounterForgotten(Speculation):
    def record(self, location: Location, found: Found) -> None:
        """Enter into the read set what was found, but for the burned counter."""
        if location != BURNED:
            super().record(location, found)


class LimitOutsideReadSet(Optimistic):
    """X16: the burned counter, which the limit is checked against, is not in the read set."""

    name = "limit-outside-read-set"
    speculation_class = _CounterForgotten


class _NoEstimates(Memory):
    def mark(self, version: Version, locations: Iterable[Location]) -> None:
        """Leave the aborted values in place."""


class NoEstimateOnAbort(Optimistic):
    """X18: an abort leaves the values it takes back, and no estimate."""

    name = "no-estimate-on-abort"
    memory_class = _NoEstimates


class _ComparesWhatIsWritten(Memory):
    def holds(self, index: int, record: Executed) -> bool:
        """Keep a result that is out of date if nobody below has written where it writes."""
        return super().holds(index, record) or all(
            self.chain(location).below(index) is None for location in record.writes
        )


class ReuseByKeySets(OptimisticByRounds):
    """X19: a result is kept because key sets are disjoint, not because values are equal."""

    name = "reuse-by-key-sets"
    memory_class = _ComparesWhatIsWritten


class _CreditsUnseen(CreditMemory):
    def is_current(self, index: int, location: Location, found: Found) -> bool:
        """Compare the version of what is below the additions."""
        below = self.seen(location, index).below
        last = found if isinstance(found, Version) else found[-1]
        return not isinstance(below, Estimate) and last == (below.version if below else BASE)


class CreditInvisibleToReader(OptimisticCredits):
    """X10: a credit that commutes does not invalidate a later transaction's read of the balance."""

    name = "credit-invisible-to-reader"
    memory_class = _CreditsUnseen


class CrossBlockCache(CachingRounds):
    """X14: what an incarnation wrote enters the cache of the next block, aborted or not."""

    name = "cross-block-cache"

    def record(self, view: Speculation, overlay: Overlay, result: Result) -> Executed:
        """Describe an incarnation, and take over what it wrote."""
        record = super().record(view, overlay, result)
        self.filling.update(record.writes)
        return record
