"""How far the block has come: two indices over the transactions, and the status of each.

The execution index is the next transaction to execute, the validation index the next to validate.
Both are lowered when something that lies before them has to be done again; the lower one has
priority, validation before execution.
Invariant: a transaction is executed by at most one worker at a time, and every task that was handed
out is ended by exactly one call. Source: Block-STM, algorithms 4 and 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple, TypeAlias

from lockstep_parallel.executors.optimistic.chain import Version

# The status of a transaction, incarnation i:
#
#                take, retry               executed                  abort
#     READY(i) --------------> EXECUTING(i) --------> EXECUTED(i) ------------+
#        ^                          |                                         |
#        |                          | wait: it read an estimate               |
#        |                          v                                         |
#        +---------------------- ABORTING(i) <--------------------------------+
#          retry, wake: i + 1


class Status(Enum):
    """What is being done with a transaction."""

    READY = "ready"
    EXECUTING = "executing"
    EXECUTED = "executed"
    ABORTING = "aborting"


LEGAL: Final = frozenset(
    {
        (Status.READY, Status.EXECUTING),
        (Status.EXECUTING, Status.EXECUTED),
        (Status.EXECUTING, Status.ABORTING),
        (Status.EXECUTED, Status.ABORTING),
        (Status.ABORTING, Status.READY),
    }
)


@dataclass(frozen=True, slots=True)
class Execute:
    """Run this incarnation."""

    version: Version


@dataclass(frozen=True, slots=True)
class Validate:
    """Check whether the reads of this incarnation still hold."""

    version: Version


Assignment: TypeAlias = Execute | Validate


class _Found(NamedTuple):
    assignment: Assignment | None
    execution: int
    validation: int


class Progress:
    """The collaborative scheduler's state; a transaction has at most ``retries`` + 1 incarnations.

    ``active`` counts the assignments under way. ``stopped``, once a transaction came to its limit,
    means that nothing more is handed out.
    """

    def __init__(self, transactions: int, retries: int) -> None:
        self.count = transactions
        self.retries = retries
        self.execution = 0
        self.validation = 0
        self.active = 0
        self.stopped = False
        self.statuses = [Status.READY] * transactions
        self.incarnations = [0] * transactions
        self.waiting: list[list[int]] = [[] for _ in range(transactions)]

    def __str__(self) -> str:
        return f"execute {self.execution}, validate {self.validation}, {self.active} under way"

    # What is to be done next.

    def is_done(self) -> bool:
        """Tell whether nothing is under way and nothing is left to do."""
        return self.active == 0 and self._find().assignment is None

    def has_news(self) -> bool:
        """Tell whether a worker without an assignment need not wait any longer."""
        return self.stopped or self.active == 0 or self._find().assignment is not None

    def take(self) -> Assignment | None:
        """Hand out the next assignment and move the indices on; None if there is none."""
        if self.stopped:
            return None
        found, self.execution, self.validation = self._find()
        if isinstance(found, Execute):
            self.move(found.version.transaction, Status.EXECUTING)
        self.active += found is not None
        return found

    def _find(self) -> _Found:
        """Find the next assignment; the indices pass over what is not to be done.

        Nothing is lost by that: whoever makes it ready to be done lowers the index again.
        """
        execution, validation = self.execution, self.validation
        while execution < self.count or validation < self.count:
            if validation < execution:
                index, validation = validation, validation + 1
                if self.statuses[index] is Status.EXECUTED:
                    return _Found(Validate(self.version(index)), execution, validation)
            else:
                index, execution = execution, execution + 1
                if self.statuses[index] is Status.READY:
                    return _Found(Execute(self.version(index)), execution, validation)
        return _Found(None, execution, validation)

    # How assignments end.

    def executed(self, version: Version, wider: bool) -> Assignment | None:
        """End an execution; ``wider`` if it wrote where the previous incarnation had not.

        If it did not, those after it need no new validation for it: return its own.
        """
        index = version.transaction
        self.move(index, Status.EXECUTED)
        self.wake(index)
        if self.validation > index:
            if not wider:
                return Validate(version)
            self.lower_validation(index)
        self.active -= 1
        return None

    def wait(self, version: Version, blocking: int) -> bool:
        """End an execution that needs ``blocking``; False, to go on, if that is executed by now."""
        if self.statuses[blocking] is Status.EXECUTED:
            return False
        self.move(version.transaction, Status.ABORTING)
        self.waiting[blocking].append(version.transaction)
        self.active -= 1
        return True

    def valid(self) -> None:
        """End a validation that found nothing wrong."""
        self.active -= 1

    def abort(self, version: Version) -> bool:
        """Claim the abort of an incarnation found invalid; False, and ended, if another has it."""
        if (
            self.version(version.transaction) == version
            and self.statuses[version.transaction] is Status.EXECUTED
        ):
            self.move(version.transaction, Status.ABORTING)
            return True
        self.active -= 1
        return False

    def retry(self, index: int) -> Assignment | None:
        """End a validation that aborted; return the next incarnation unless its turn will come."""
        self.ready(index)
        self.lower_validation(index + 1)
        if self.execution > index and not self.stopped:
            self.move(index, Status.EXECUTING)
            return Execute(self.version(index))
        self.active -= 1
        return None

    # The parts of it.

    def version(self, index: int) -> Version:
        """Return the current incarnation of a transaction."""
        return Version(index, self.incarnations[index])

    def move(self, index: int, status: Status) -> None:
        """Change the status of a transaction, along one of the arrows."""
        before = self.statuses[index]
        assert (before, status) in LEGAL, f"transaction {index} from {before} to {status}"
        self.statuses[index] = status

    def ready(self, index: int) -> None:
        """Let the next incarnation of an aborted transaction begin, up to the limit."""
        self.move(index, Status.READY)
        self.incarnations[index] += 1
        self.stopped |= self.incarnations[index] > self.retries

    def wake(self, index: int) -> None:
        """Make ready all that waited for a transaction."""
        woken, self.waiting[index] = self.waiting[index], []
        for each in woken:
            self.ready(each)
        if woken:
            self.lower_execution(min(woken))

    def lower_execution(self, index: int) -> None:
        """Have the transactions from ``index`` on looked at for execution."""
        self.execution = min(self.execution, index)

    def lower_validation(self, index: int) -> None:
        """Have the transactions from ``index`` on validated again."""
        self.validation = min(self.validation, index)
