"""The fingerprint of a failure: what makes two failing cases the same finding.

Invariant: it depends on what is tested, the verdict and the first thing that differs (of a receipt,
the two codes); not on accounts, amounts, positions or the case's size. Only the first, because what
follows a wrong result differs in ways that say nothing about its cause.
"""

from __future__ import annotations

import re

from blake3 import blake3

from lockstep.run.result import Run
from lockstep.verdict import Difference

_NUMBER = re.compile(r"0x[0-9a-f]+|\d+")


def signature_of(run: Run) -> tuple[str, ...]:
    """Return what a failing run is recognised by, as readable words."""
    assert run.verdict.is_failure
    return (run.verdict.value, *(_kind(each) for each in run.differences[:1]))


def fingerprint(tested: str, run: Run) -> str:
    """Return the short name under which findings of this kind, on what is ``tested``, are kept."""
    words = (tested, *signature_of(run))
    return blake3("\x1f".join(words).encode()).hexdigest(length=6)


def _kind(difference: Difference) -> str:
    match difference.field:
        case "receipts":
            return f"receipts {_code(difference.expected)} for {_code(difference.actual)}"
        case "executor":
            return f"executor {difference.where} {_NUMBER.sub('#', difference.actual)}"
        case "faults":
            first = difference.actual.partition(", fault at")[0]
            return "faults " + _NUMBER.sub("#", first)
        case "order of steps":
            return f"order of steps, {difference.actual}"
        case "error_code":
            return f"error_code {difference.expected} for {difference.actual}"
        case "stored state" | "state seen" as field:
            return f"{field} {difference.where.partition(' ')[2]}"
        case field:
            return field


def _code(receipt: str) -> str:
    match = re.search(r"[A-Z][A-Z_]{3,}", receipt)
    return match[0] if match else "absent"
