"""A campaign as a person reads it: the line while it runs, the table at its end."""

from __future__ import annotations

from collections import Counter

from rich.table import Table

from lockstep.campaign.controls import Controlled
from lockstep.campaign.report import Report
from lockstep.campaign.tally import Tally
from lockstep.report.cells import cells
from lockstep.report.corpus import cover_line
from lockstep_ledger.outcome import Code


def progress_line(report: Report) -> str:
    """Return the one line that shows how a campaign is going."""
    whole, more, seconds = report.tally, report.under_way, max(report.seconds, 1e-9)
    cases = whole.cases + more.cases
    counts = Counter(whole.verdicts) + Counter(more.verdicts)
    verdicts = " ".join(f"{word} {count}" for word, count in sorted(counts.items()))
    return (
        f"{seconds:5.0f} s  {cases} cases  {cases / seconds:.0f}/s  {verdicts}  "
        f"conflicts {whole.measure.conflict_density:.0%}  failing {whole.measure.failing_share:.0%}"
        f"  kinds {len(report.findings)}"
    )


def summary_table(report: Report) -> Table:
    """Return the table a campaign ends with."""
    tally, measure = report.tally, report.tally.measure
    table = Table(show_header=False)
    more = report.under_way
    whole = f", {tally.cases} of them in whole chunks" if more.cases else ""
    table.add_row("cases", f"{tally.cases + more.cases} in {report.seconds:.1f} s{whole}")
    table.add_row("executions of blocks", str(tally.executions + more.executions))
    table.add_row("steps exchanged", f"{tally.exchanged} cases, in {tally.orders} other orders")
    counts = Counter(tally.verdicts) + Counter(more.verdicts)
    for word, count in sorted(counts.items()):
        text = str(count) if more.cases else _by_executor(word, count, tally)
        table.add_row(*cells(f"verdict {word}", text))
    for word, count in sorted(tally.unsupported.items()):
        number = tally.first_unsupported[word]
        table.add_row(*cells("unsupported", f"{count}: {word} (the first is case {number})"))
    for word, count in sorted(tally.not_compared.items()):
        table.add_row(*cells("not compared", f"{count}: {word}"))
    table.add_row("kinds of failure", str(len(report.kinds)))
    for kind, count in sorted(report.known.items()):
        table.add_row(*cells("known, set aside", f"{count} failures of {kind}"))
    table.add_row("conflict density", f"{measure.conflict_density:.1%} of transactions")
    table.add_row("failing share", f"{measure.failing_share:.1%} of receipts")
    table.add_row("late failing share", f"{measure.late_share:.1%} of receipts")
    table.add_row("parallel fraction", f"{measure.parallel_fraction:.1%} of blocks")
    for executor, overlap in sorted(tally.overlap.items()):
        named = f": {executor}" if len(tally.overlap) > 1 else ""
        table.add_row(*cells("overlap", f"{overlap}{named}"))
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
