"""The program under check: what it says it can do, and ways to run it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lockstep.case.file import Setting
from lockstep.case.manner import Manner
from lockstep.case.values import Case
from lockstep.check.wire import Wire, Wrong
from lockstep.run.drivers import Ways
from lockstep.run.result import Run
from lockstep.run.standard import Standard
from lockstep.run.stores import MemoryStores
from lockstep.targets.named import open_oracle
from lockstep.targets.program.capabilities import CapabilitiesMessage
from lockstep.targets.program.program import Program
from lockstep.targets.program.target import ProgramLane, ProgramTarget
from lockstep.verdict import Verdict

CHECKED = Setting("checked")


@dataclass(frozen=True, slots=True)
class Subject:
    """A program that answered hello with ``capabilities``, and what it is run under."""

    program: Program
    capabilities: CapabilitiesMessage
    setting: Setting = CHECKED

    def wire(self) -> Wire:
        """Start a process that has said hello."""
        wire = Wire(self.program)
        try:
            wire.greet()
        except BaseException:
            wire.child.end()
            raise
        return wire

    def lane(self) -> ProgramLane:
        """Return what runs cases on the program; a context manager."""
        lane = ProgramLane(self.program, self.setting, MemoryStores())
        lane.standard = self.standard()
        return lane

    def standard(self) -> Standard:
        """Return what the program is held against; whoever asks for it closes its oracle."""
        target = ProgramTarget(self.setting.executor, self.program)
        return Standard(open_oracle(self.setting, target), self.setting.judging)

    def agrees(self, cases: Iterable[tuple[str, Case]], manners: Ways[Manner] | None = None) -> str:
        """Hold the program to the oracle's outcomes; return how much of it was compared.

        Raises ``Wrong`` at the first case that does not agree. Cases that need more than is
        declared are counted apart.
        """
        agreeing = unsupported = 0
        with self.lane() as lane:
            for name, case in cases:
                run = lane.run_plain(case) if manners is None else lane.run_in(case, manners)
                if run.verdict is Verdict.UNSUPPORTED:
                    unsupported += 1
                elif run.verdict is Verdict.AGREE:
                    agreeing += 1
                else:
                    raise Wrong(f"{name}: {said(run)}", case, run)
        return f"{agreeing} agree" + (f", {unsupported} not compared" if unsupported else "")


def said(run: Run) -> str:
    """Return how a run went wrong, in a line."""
    first = run.differences[0] if run.differences else "; ".join(run.not_compared)
    return f"{run.verdict.value}, {first}"
