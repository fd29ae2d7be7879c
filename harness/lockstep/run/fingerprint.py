"""The fingerprint of a failure before it is shrunk: a cheap bin for failures that look alike.

Invariant: it depends on the verdict and on the one difference that leads (of a receipt, the two
codes; of a balance, whose it is and whether it is too much; of an error, its text without what is
quoted or counted there), not on accounts, amounts, positions, the case's size, or how the executor
is started. One, because what follows a wrong result differs in ways that say nothing about its
cause.
"""

from __future__ import annotations

import re

from blake3 import blake3

from lockstep.run.result import Run
from lockstep.run.whose import direction_of, role_of
from lockstep.verdict import Difference

_INCIDENTAL = re.compile(
    r"""b?'[^']*' | b?"[^"]*"   # a key, a name
      | \bhttps?://\S+ | (?<!\S)/\S+   # where it runs
      | 0x[0-9a-f]+ | \b[0-9a-f]{8,}\b   # an address, a hash
      | \d+""",
    re.VERBOSE,
)
_CODE = re.compile(r"[A-Z][A-Z_]{3,}")


def leading(run: Run) -> Difference | None:
    """Return the difference that a failing run is recognised by.

    A block refused by one side alone comes before its receipts, which then differ one and all.
    """
    refusals = (each for each in run.differences if each.field == "rejection")
    return next(refusals, next(iter(run.differences), None))


def signature_of(run: Run) -> tuple[str, ...]:
    """Return what a failing run is recognised by, as readable words."""
    assert run.verdict.is_failure
    difference = leading(run)
    verdict = run.verdict.value
    return (verdict,) if difference is None else (verdict, _words(difference, run))


def is_its_own(run: Run) -> bool:
    """Tell whether a failure cannot follow from another one in its block.

    That is so of a wrong code in a block of one transaction: there is nothing before it.
    """
    difference = leading(run)
    alone = bool(run.blocks) and len(run.blocks[-1].block.transactions) == 1
    return alone and difference is not None and difference.field == "receipts"


def fingerprint(executor: str, run: Run) -> str:
    """Return the short name of the bin that this failure of ``executor`` falls into."""
    return short_name("bin", executor, *signature_of(run))


def short_name(*words: str) -> str:
    """Return twelve digits that stand for ``words``."""
    return blake3("\x1f".join(words).encode()).hexdigest(length=6)


def error_words(difference: Difference) -> str:
    """Return what an error says, without anything that is quoted, counted or an address."""
    text = difference.actual.partition(", fault at")[0].partition("; waiting:")[0]
    return _INCIDENTAL.sub("#", text)


def code_in(receipt: str) -> str:
    """Return the code that the text of a receipt or a rejection names, ``absent`` if none."""
    match = _CODE.search(receipt)
    return match[0] if match else "absent"


def _words(difference: Difference, run: Run) -> str:
    match difference.field:
        case "modified_balances" as field:
            who, _, _ = difference.where.partition(" ")
            return f"{field} of a {role_of(who, run)} {direction_of(difference, run)}"
        case "receipts" | "rejection" as field:
            return f"{field} {code_in(difference.expected)} for {code_in(difference.actual)}"
        case "executor":
            return f"executor {difference.where} {error_words(difference)}"
        case "faults":
            return f"faults {error_words(difference)}"
        case "order of steps":
            return f"order of steps, {difference.actual}"
        case "error_code":
            return f"error_code {difference.expected} for {difference.actual}"
        case "stored state" | "state seen" as field:
            return f"{field} {_part(difference.where)}"
        case field:
            return field


def _part(place: str) -> str:
    """Return which part of an account or of the chain a place in a state names."""
    _, _, part = place.partition(" ")
    return "balances" if part.startswith("balances") else part.partition(" ")[0]
