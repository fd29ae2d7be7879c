"""Lanes whose interleavings are their own: a failure is brought back by repetition, in a manner."""

from __future__ import annotations

from abc import abstractmethod

from lockstep.case.file import Setting
from lockstep.case.manner import Manner
from lockstep.case.values import Case
from lockstep.faults import UsageError
from lockstep.run.drivers import Ways
from lockstep.run.result import Run
from lockstep.targets.target import Lane


class RepeatedLane(Lane):
    """Runs cases in manners, which say how a block is asked for and not what then happens."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        if setting.preempt:
            raise UsageError(f"nobody sees the lines of {setting.executor}: nothing is preempted")

    @property
    def plain(self) -> Manner:
        """The manner in which a block is asked for unless another is given."""
        return Manner(workers=self.setting.workers)

    @abstractmethod
    def run_in(self, case: Case, manners: Ways[Manner]) -> Run:
        """Run ``case``, every block in the manners given for it."""

    def run_plain(self, case: Case) -> Run:
        """Run every block once, in the plain manner."""
        return self.run_in(case, only(self.plain))


def only(manner: Manner, times: int = 1) -> Ways[Manner]:
    """Return one manner, so many times."""
    return lambda _ids: iter((manner,) * times)
