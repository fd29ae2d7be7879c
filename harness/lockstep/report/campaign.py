"""A campaign as a person reads it: the line while it runs, the table at its end."""

from __future__ import annotations

from rich.table import Table

from lockstep.campaign.campaign import Report
from lockstep.campaign.controls import Controlled
from lockstep.campaign.worker import Tally
from lockstep.report.corpus import cover_line
from lockstep_ledger.outcome import Code


def progress_line(report: Report) -> str:
    """Return the one line that shows how a campaign is going."""
    tally, seconds = report.tally, max(report.seconds, 1e-9)
    verdicts = " ".join(f"{word} {count}" for word, count in sorted(tally.verdicts.items()))
    return (
        f"{seconds:5.0f} s  {tally.cases} cases  {tally.cases / seconds:.0f}/s  {verdicts}  "
        f"conflicts {tally.measure.conflict_density:.0%}  failing {tally.measure.failing_share:.0%}"
        f"  kinds {len(report.kinds)}"
    )


def summary_table(report: Report) -> Table:
    """Return the table a campaign ends with."""
    tally, measure = report.tally, report.tally.measure
    table = Table(show_header=False)
    table.add_row("cases", f"{tally.cases} in {report.seconds:.1f} s")
    table.add_row("executions of blocks", str(tally.executions))
    for word, count in sorted(tally.verdicts.items()):
        table.add_row(f"verdict {word}", _by_executor(word, count, tally))
    for word, count in sorted(tally.unsupported.items()):
        table.add_row("unsupported", f"{count}: {word}")
    for word, count in sorted(tally.not_compared.items()):
        table.add_row("not compared", f"{count}: {word}")
    table.add_row("kinds of failure", str(len(report.kinds)))
    table.add_row("conflict density", f"{measure.conflict_density:.1%} of transactions")
    table.add_row("failing share", f"{measure.failing_share:.1%} of receipts")
    table.add_row("late failing share", f"{measure.late_share:.1%} of receipts")
    table.add_row("parallel fraction", f"{measure.parallel_fraction:.1%} of blocks")
    table.add_row("behaviour met", cover_line(tally.facts))
    table.add_row("result codes met", f"{measure.codes_met} of {len(Code)}")
    table.add_row("controls", _controls(tally.controls))
    return table


def _by_executor(word: str, count: int, tally: Tally) -> str:
    """Return how often a verdict was given, by executor if there are several."""
    if len({executor for _, executor in tally.ended}) < 2:
        return str(count)
    ended = sorted(tally.ended.items())
    return "\n".join(f"{number}: {executor}" for (each, executor), number in ended if each == word)


def _controls(controls: Controlled) -> str:
    caught = f"canaries caught {sum(controls.caught.values())} of {controls.canaries}"
    return f"{controls.rounds}, {caught}, {len(controls.missed)} missed"
