"""The seam for what is under test: a target has a name and opens lanes, a lane runs cases.

Invariant: no other room than this one and ``findings`` asks what kind of target it has. What they
need to know, a target or a lane says in words of its own. Another kind of target is a subclass of
each, named as ``module:Class`` like an executor.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from random import Random
from types import TracebackType
from typing import Any, ClassVar, Self

from lockstep.case.file import Setting
from lockstep.case.values import Case
from lockstep.faults import UsageError
from lockstep.generate.carving import WHOLE, Carving
from lockstep.run.ask import Asked
from lockstep.run.expected import ExpectedChain
from lockstep.run.result import Run, StepFailure
from lockstep.run.standard import BY_REFERENCE, Standard
from lockstep.run.stores import Stores
from lockstep.schedules.mix import Mix
from lockstep.targets.exchanged import NONE_EXCHANGED, Exchanged
from lockstep.verdict import Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.storage.access import ACCESS_MODES

DRIVERS = ("scheduled", "threads")


@dataclass(frozen=True, slots=True)
class Projection:
    """What a target can be asked instead of any case: ``payloads`` by name, and ``words`` for it.

    ``project`` gives the case that it is asked; it depends on the case and the stream alone.
    """

    payloads: tuple[str, ...]
    words: str
    project: Callable[[Case, Random], Case]


class Target(ABC):
    """Something that executes blocks, called ``name`` by the user.

    ``drivers`` are those that a case for any executor is run under, none where the interleavings
    are the target's own. ``exclusive`` means that it holds one state, so one lane may be open.
    ``takes_wire`` means that transactions reach it as bytes and nothing else.
    ``has_sequential_mode`` means that its lanes can execute a block one transaction after another.
    """

    drivers: ClassVar[tuple[str, ...]] = ()
    exclusive: ClassVar[bool] = False
    takes_wire: ClassVar[bool] = False
    has_sequential_mode: ClassVar[bool] = False
    projection: ClassVar[Projection | None] = None

    def __init__(self, name: str) -> None:
        self.name = name

    def reach(self) -> None:  # noqa: B027 - most targets are there once they are found
        """Ask whether it is there. Raises ``HarnessFault`` if it is not."""

    def carving(self, setting: Setting) -> Carving:  # noqa: ARG002 - for those that can do less
        """Return what a case must not have that is made for it, under ``setting``."""
        return WHOLE

    @abstractmethod
    def open(self, setting: Setting, stores: Stores) -> Lane:
        """Return a lane under ``setting``, whose cases are stored in ``stores``.

        Raises ``UsageError`` if the target cannot run under it.
        """


class Lane(ABC):
    """A target opened under a setting: runs cases one after another; a context manager.

    How a failure of its is brought back is told by which of the two it is: a ``SteeredLane``, by
    its schedule, or a ``RepeatedLane``, by repetition. ``standard`` is what its outcomes are held
    against; one that ``takes_standards`` heeds it.
    """

    takes_standards: ClassVar[bool] = False
    standard: Standard = BY_REFERENCE

    def __init__(self, setting: Setting) -> None:
        if setting.driver not in DRIVERS:
            raise UsageError(f"unknown driver {setting.driver!r}: known are {', '.join(DRIVERS)}")
        if setting.access not in ACCESS_MODES:
            known = ", ".join(ACCESS_MODES)
            raise UsageError(f"unknown access mode {setting.access!r}: known are {known}")
        self.setting = setting

    def renew(self) -> None:  # noqa: B027 - what is outside of us is not ours to build again
        """Forget whatever earlier cases left in the executor, where it is ours to build."""

    def references(self) -> tuple[str, ...] | None:
        """Return the kinds of references that transactions may have; None where none matters."""
        return None

    def wants_width(self) -> bool:
        """Tell whether blocks have to be large for two transactions to be in progress at once."""
        return False

    @abstractmethod
    def run_plain(self, case: Case) -> Run:
        """Run every block of ``case`` once, in the plainest way there is."""

    @abstractmethod
    def run_mixed(self, case: Case, random: Random, mix: Mix) -> Run:
        """Run every block of ``case`` in the ways of a campaign."""

    def run_exchanged(self, _case: Case, _run: Run, _number: int | None = None) -> Exchanged:
        """Run a case that agreed with independent steps exchanged, where steps can be chosen."""
        return NONE_EXCHANGED

    @abstractmethod
    def execute(
        self, block: Block, before: State, scheme: str
    ) -> tuple[Outcome | None, StepFailure | None]:
        """Execute one block on ``before`` in the plainest way: the outcome, or why none."""

    def follow(self, case: Case, chain: ExpectedChain) -> None:  # noqa: B027 - as for renew
        """Be told of a case whose blocks are executed one by one, and of its chain."""

    def execute_in_order(
        self,
        block: Block,  # noqa: ARG002 - one that can do it overrides this
        before: State,  # noqa: ARG002
        scheme: str,  # noqa: ARG002
    ) -> tuple[Outcome | None, StepFailure | None]:
        """Execute one block in the target's own sequential mode, if it has one."""
        return None, StepFailure.of(Verdict.UNSUPPORTED, "sequential mode", "there is none")

    def on_a_chain(
        self,
        scheme: str,  # noqa: ARG002 - as above
        workers: int,  # noqa: ARG002
        step_limit: int,  # noqa: ARG002
    ) -> tuple[Asked[Any], Any]:
        """Return what executes and merges the next block of a chain that a node holds, and a way.

        ``workers`` are for a target that takes another number of them for every block.

        Raises ``UsageError`` for what executes on no chain but its own.
        """
        raise UsageError(f"executor {self.setting.executor} executes on no chain but its own")

    def identity(self) -> dict[str, str]:
        """Say in words what is under test, and what tests it: name, version and build of each."""
        return {"executor": self.setting.executor, "lockstep": version("lockstep")}

    @abstractmethod
    def close(self) -> None:
        """Release what the lane holds."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
