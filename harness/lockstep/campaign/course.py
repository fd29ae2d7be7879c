"""The course of a campaign: its report as it grows, and what is done about failures and deaths.

Invariant: a failure is kept from the moment it is met, and investigated in the order of cases. A
worker that dies costs its chunk, which is run again, and is told if there was no time for that.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from lockstep.campaign.kinds import Kinds
from lockstep.campaign.notes import Begins, Killer, Met, Note, Went
from lockstep.campaign.plan import Plan
from lockstep.campaign.report import Observer, Report
from lockstep.campaign.tally import ENOUGH, Failure, Tally
from lockstep.campaign.versus import versus
from lockstep.campaign.work import Task
from lockstep.campaign.worker import Worker, killed
from lockstep.faults import HarnessFault
from lockstep.findings.finding import Settled
from lockstep.findings.form import form_of, kind_named
from lockstep.findings.investigate import Inquiry
from lockstep.findings.keeping import Keeper
from lockstep.run.fingerprint import fingerprint, signature_of
from lockstep.undisturbed import is_undisturbed, undisturbed
from lockstep.verdict import Verdict

HOW_TO_GO_ON = "; look at one with lockstep replay, give --deadline more, or --isolate"


class Course:
    """The report of a campaign as it grows, and what is done about failures."""

    def __init__(
        self, plan: Plan, worker: Worker, report: Report, observer: Observer, started: float
    ) -> None:
        self.listen: Callable[[], None] = lambda: None
        self._plan = plan
        self._worker = worker
        self._report = report
        self._observer = observer
        self._started = started
        self._keeper = Keeper(plan.findings)
        self._met: dict[str, list[Met]] = {}
        self._first: dict[str, tuple[int, int]] = {}
        self._kinds = Kinds(plan.known)
        self._verdicts: dict[str, Verdict] = {}
        self._begun: dict[int, Begins] = {}
        self._went: dict[int, Tally] = {}
        self._under_investigation = ""
        self._due: list[Failure] = []
        self._hopeless = ""
        self._deaths: dict[int, str] = {}

    def note(self, note: Note) -> None:
        """See what a worker says of the chunk that it is at."""
        match note:
            case Met():
                self._hear_of(note)
            case Begins():
                self._begun[note.start] = note
            case Went():
                went = self._went.setdefault(note.start, Tally())
                more = Tally(note.cases, note.executions, dict(note.verdicts))
                went.add(more)
                self._report.under_way.add(more)
                self._show()

    def attend(self) -> None:
        """Investigate what was met and is next, where nothing else is under way."""
        while self._due and not self._under_investigation and not is_undisturbed():
            self._settle(self._due.pop(0))
            if self._hopeless:
                raise HarnessFault(self._hopeless + HOW_TO_GO_ON)

    def died(self, task: Task, how: str) -> Task:
        """Have a chunk run again, case by case; the second time it is known which one kills."""
        start, count, *more = task
        self._deaths[start] = f"cases {start} to {start + count - 1}: {how}"
        careful, killers = more or (False, ())
        if not careful:
            return (start, count, True, ())
        begun = self._begun.get(start)
        if begun is None:
            raise HarnessFault(f"a worker process ended outside of any case: {how}")
        killer = Killer(begun.number, begun.setting, how)
        label = self._plan.label(begun.setting)
        run = killed(how)
        failure = Failure(
            begun.number, begun.setting, fingerprint(label, run), begun.case, run, killed=True
        )
        self._hear_of(Met(start, failure, self._worker.keep(failure)))
        if len(killers) + 1 >= ENOUGH:
            self._due.insert(0, min(self._met[failure.fingerprint], key=_position).failure)
            self._hopeless = (
                f"case {begun.number} is the third of its chunk that ends the process ({how})"
            )
        return (start, count, True, (*killers, killer))

    def take(self, tally: Tally) -> None:
        """Add a whole chunk, and investigate what is new in it."""
        report = self._report
        self._deaths.pop(report.tally.cases, None)
        report.tally.add(tally)
        report.under_way = Tally()
        ended = report.tally.cases
        self._went = {start: went for start, went in self._went.items() if start >= ended}
        self._begun = {start: begun for start, begun in self._begun.items() if start >= ended}
        for went in self._went.values():
            report.under_way.add(went)
        self._show()
        due = [each for each in tally.failures if self._kinds.is_due(each.fingerprint)]
        for failure in tally.failures:
            self._verdicts[failure.fingerprint] = failure.run.verdict
            self._settle(failure)
        for failure in due:
            if failure.killed or failure.fingerprint not in self._first:
                continue
            if self._first[failure.fingerprint] != _position(failure):
                self._investigate(failure)

    def close(self) -> None:
        """Note what was met and could not be investigated any more."""
        bins = Counter(dict.fromkeys((*self._met, *self._first), 1)) | self._report.tally.bins
        counted = self._kinds.counted(bins)
        for kind, count in counted.items():
            each = self._report.known if self._kinds.is_known(kind) else self._report.kinds
            each[kind] = count
        others = (name for name in bins if not self._kinds.are_known(name))
        self._report.verdicts = {self._verdicts[name] for name in others if name in self._verdicts}
        for name, met in self._met.items():
            if name not in self._first or name == self._under_investigation:
                self._report.unsettled.append(min(met, key=_position))
        if self._deaths and self._report.fault is None:
            first = self._deaths[min(self._deaths)]
            self._report.fault = f"a worker process ended in {first}; nobody knows at which"
        self._keeper.tidy()

    def _hear_of(self, met: Met) -> None:
        name = met.failure.fingerprint
        if name in self._first:
            if name == self._under_investigation:
                self._met[name].append(met)
            else:
                self._keeper.forget(met.kept)
            return
        heard = self._met.setdefault(name, [])
        heard.append(met)
        if len(heard) == 1:
            self._observer.met(met)
        is_next = met.start == self._report.tally.cases and not met.failure.killed
        if is_next and not self._under_investigation:
            self._due.append(met.failure)

    def _settle(self, failure: Failure) -> None:
        """Investigate the first failure of a bin, in the order of cases.

        A store that kills its process would kill this one: what it did is kept as it was met.
        """
        deadly = failure.killed and self._plan.settings[failure.setting].storage
        if failure.fingerprint not in self._first and not deadly:
            self._first[failure.fingerprint] = _position(failure)
            self._investigate(failure)

    def _investigate(self, failure: Failure) -> None:
        """Shrink a failure as what it looks like, then to the simplest one, which names its kind.

        A further failure of a bin is told of only if it is of a new kind.
        """
        name = failure.fingerprint
        met = self._met.setdefault(name, [])
        first = next((each for each in met if _position(each) == _position(failure)), None)
        if first is None:
            first = Met(self._report.tally.cases, failure, self._worker.keep(failure))
            met.append(first)
        self._under_investigation = name
        lane = self._worker.lane_for(failure)
        origin = self._worker.origin(failure)
        watch = self._between
        inquiry = Inquiry(
            failure.case,
            failure.run,
            lane,
            origin,
            self._keeper,
            first.kept,
            watch,
            failure.earlier,
        )
        settled = inquiry.settled()
        simplest = inquiry.simplest(settled)
        kind = kind_named(self._plan.label(failure.setting), form_of(simplest))
        old = kind in self._kinds.found or self._kinds.is_known(kind)
        told = () if old else self._versus(failure, simplest)
        with undisturbed():
            self._under_investigation = ""
            self._conclude(name, kind, inquiry, settled, simplest, told)
            for each in self._met.pop(name):
                if each is not first:
                    self._keeper.forget(each.kept)

    def _conclude(
        self,
        name: str,
        kind: str,
        inquiry: Inquiry,
        settled: Settled,
        simplest: Settled,
        told: tuple[str, ...],
    ) -> None:
        """Keep and tell of a failure of a new kind, or of a new shape of a known one."""
        form = form_of(simplest)
        is_new_shape = self._kinds.is_new(name)
        if self._kinds.is_known(kind):
            self._kinds.put(name, kind)
        elif self._kinds.put(name, kind):
            finding = replace(inquiry.concluded(simplest, kind, form), versus=told)
            self._report.findings.append(finding)
            self._observer.found(finding)
            is_new_shape = signature_of(simplest.run) != signature_of(settled.run)
        if is_new_shape and not self._kinds.is_known(kind):
            shape = inquiry.shape(settled, name, kind, form)
            self._report.shapes.append(shape)
            self._observer.same(shape)
        inquiry.forget()

    def _versus(self, failure: Failure, settled: Settled) -> tuple[str, ...]:
        """Return what the other executors of the campaign make of the case."""
        lanes = enumerate(self._worker.lanes)
        others = [each for position, each in lanes if position != failure.setting]
        executor = self._plan.settings[failure.setting].executor
        return tuple(versus(settled.reduced.case, settled.run, executor, others))

    def _between(self) -> None:
        self.listen()
        self._show()

    def _show(self) -> None:
        self._report.seconds = time.monotonic() - self._started
        self._observer.progress(self._report)


def _position(each: Met | Failure) -> tuple[int, int]:
    failure = each.failure if isinstance(each, Met) else each
    return failure.number, failure.setting
