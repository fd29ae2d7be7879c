"""Published vectors as a person reads them: failures, reasons, the summary."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.vectors.result import Status, VectorReport
from lockstep.verdict import Difference

SHOWN_DIFFERENCES = 3
"""A failure is one line: further differences are only counted."""


def lines(report: VectorReport) -> Iterator[str]:
    """Yield the report: failures, reasons of unsupported vectors, then the summary."""
    for result in report.results:
        if result.status is Status.FAILED:
            yield f"FAIL {result.file} {result.name}: {_summary_of(result.differences)}"
    for reason, count in sorted(report.reasons().items(), key=lambda each: (-each[1], each[0])):
        yield f"unsupported {count}: {reason}"
    for word, count in sorted(report.not_compared.items()):
        yield f"not compared {count}: {word}"
    if report.refused:
        yield f"files refused: {len(report.refused)}"
    if report.other_files:
        yield f"not a vector file: {report.other_files}"
    yield (
        f"{len(report.results)} vectors: {report.passed} passed, "
        f"{report.failed} failed, {report.unsupported} unsupported"
    )


def _summary_of(differences: tuple[Difference, ...]) -> str:
    texts = [_text_of(each) for each in differences[:SHOWN_DIFFERENCES]]
    if len(differences) > SHOWN_DIFFERENCES:
        texts.append(f"and {len(differences) - SHOWN_DIFFERENCES} more")
    return " ".join("; ".join(texts).split())


def _text_of(difference: Difference) -> str:
    place = f"[{difference.where}]" if difference.where else ""
    return f"{difference.field}{place} expected {difference.expected}, actual {difference.actual}"
