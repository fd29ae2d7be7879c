"""The terminal around a campaign: how it goes, findings as they come, a summary."""

from __future__ import annotations

from lockstep.campaign.campaign import run_campaign
from lockstep.campaign.marker import left_behind
from lockstep.campaign.notes import Met
from lockstep.campaign.plan import Plan
from lockstep.campaign.report import Budget, Report
from lockstep.case.file import Setting, called_and_executor
from lockstep.cli.screen import Screen
from lockstep.faults import UsageError
from lockstep.findings.finding import Finding, Shape
from lockstep.findings.keeping import Keeper
from lockstep.report.campaign import progress_line, summary_table
from lockstep.report.finding import finding_lines, met_lines, shape_lines
from lockstep.targets.named import find, reach
from lockstep.targets.target import Target
from lockstep_ledger.schemes import SCHEMES


def run_on_console(plan: Plan, budget: Budget, jobs: int) -> Report:
    """Run a campaign and show it; the summary is printed however it ends."""
    with Screen() as screen:
        for text in left_behind():
            screen.say(f"a campaign before this one ended without a word at {text}")
        for line in _opening_lines(plan, jobs):
            screen.say(line)
        report = run_campaign(plan, budget, jobs, _Shown(screen, plan))
        for met in report.unsettled:
            screen.say(f"not investigated any more: {met.failure.fingerprint}")
        screen.show(summary_table(report))
        for complaint in report.complaints:
            screen.say(f"health gate failed: {complaint}")
        if report.interrupted:
            screen.say("interrupted: stopped before the budget was spent")
        if report.fault is not None:
            screen.complain(f"lockstep: {report.fault}")
        return report


def _opening_lines(plan: Plan, jobs: int) -> list[str]:
    """Say what is fuzzed, and what will be in the way. Raises ``UsageError``, ``HarnessFault``."""
    targets = [find(setting.executor) for setting in plan.settings]
    exclusive = next((each.name for each in targets if each.exclusive), None)
    if exclusive is not None and jobs > 1:
        raise UsageError(f"{exclusive} holds one state: it takes --jobs 1")
    reach(each.name for each in targets)
    names = ", ".join(map(_name, targets, plan.settings))
    where = plan.settings[0].storage or plan.storage
    lines = [f"fuzzing {names} on {where}, seed {plan.seed}"]
    lines += list(plan.settings[0].judging.words())
    carved = plan.carving.words()
    lines += [f"cases are made {carved}"] if carved else []
    unsigned = plan.carving.schemes
    if unsigned is not None and plan.scheme in unsigned and len(unsigned) < len(SCHEMES):
        lines.append(f"signed with {plan.scheme}, which all of them take")
    lines += [projection.words for projection in plan.projections()]
    problem = Keeper(plan.findings).problem()
    if problem:
        lines.append(f"findings cannot be kept, they will be printed whole: {problem}")
    return lines


def _name(target: Target, setting: Setting) -> str:
    called, _ = called_and_executor(setting.executor)
    name = f"{called}={target.name}" if called else target.name
    return f"{name} ({setting.driver})" if target.drivers else name


class _Shown:
    """Shows a campaign while it runs."""

    def __init__(self, screen: Screen, plan: Plan) -> None:
        self._screen = screen
        self._plan = plan

    def progress(self, report: Report) -> None:
        """Show where ``report`` stands."""
        self._screen.progress(progress_line(report))

    def met(self, met: Met) -> None:
        """Tell of a failure that is now investigated, unless it may well be a known one."""
        if self._plan.known:
            return
        setting = self._plan.settings[met.failure.setting]
        self._screen.tell(met_lines(met.failure.run, met.failure.fingerprint, setting, met.kept))

    def found(self, finding: Finding) -> None:
        """Tell what it is."""
        self._screen.tell(finding_lines(finding))

    def same(self, shape: Shape) -> None:
        """Tell what it is one more shape of."""
        self._screen.tell(shape_lines(shape))
