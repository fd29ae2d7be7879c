"""The form of a failure: what is left of a shrunk case without anything that could be otherwise.

Two failures of one form are one kind. Invariant: a form holds no amount, account, asset, position,
hash, command line or count; it says which field leads the differences, of whom, in which direction,
which check of a transaction was passed by or raised, and whether it takes a race.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import assert_never

from lockstep.case.values import BlockStep, Case, Intent
from lockstep.findings.finding import Settled
from lockstep.run.fingerprint import code_in, error_words, leading, short_name
from lockstep.run.result import Run
from lockstep.run.whose import direction_of, role_of
from lockstep.verdict import Difference
from lockstep_ledger.model import Burn, NonceBump, SetMultisig, Transfers

CHECKED = (
    "INVALID_FORMAT",
    "INVALID_TYPE",
    "ACCOUNT_NOT_FOUND",
    "INSUFFICIENT_FEE",
    "nonce",
    "INSUFFICIENT_ENERGY",
    "SELF_OPERATION",
    "INVALID_AMOUNT",
    "INVALID_PAYLOAD",
    "INVALID_SIGNATURE",
    "OVERFLOW",
    "INSUFFICIENT_BALANCE",
    "NOT_IMPLEMENTED",
    "SUCCESS",
)
"""Classes of codes, about in the order in which the rules check for them; success comes last."""

_CLASSES = {"NONCE_TOO_LOW": "nonce", "NONCE_TOO_HIGH": "nonce"}
_PLACE = re.compile(r"( at \S+:#)?\)$")


def form_of(settled: Settled) -> str:
    """Return the form of a failure that was shrunk, as readable words."""
    run, case = settled.run, settled.reduced.case
    difference = leading(run)
    words = [run.verdict.value]
    if difference is None:
        return words[0]
    if settled.reduced.schedule:
        return " ".join([*words, "in a race:", difference.field])
    return " ".join([*words, *_difference_words(difference, run), *_payload_words(case)])


def kind_named(executor: str, form: str) -> str:
    """Return the short name of the kind of this ``form`` of what the user calls ``executor``."""
    return short_name("kind", executor, form)


def _difference_words(difference: Difference, run: Run) -> Iterator[str]:
    field, where = difference.field, difference.where
    match field:
        case "receipts" | "rejection":
            yield field
            yield _check_words(code_in(difference.expected), code_in(difference.actual))
        case "executor":
            yield f"{where}: {error_words(difference)}"
        case "faults":
            yield _PLACE.sub("", error_words(difference).partition("fault at #: ")[2])
        case "order of steps":
            yield f"{field}: {difference.actual}"
        case "stored state" | "state seen":
            who, _, part = where.partition(" ")
            yield f"{field}: {part.partition(' ')[0] or 'account'}"
            yield f"of a {role_of(who, run)} {direction_of(difference, run)}"
        case "width":
            yield f"{field}: {where.partition(' ')[0]}"
        case _ if where and (field == "created" or field.startswith("modified_")):
            yield f"{field} of a {role_of(where.partition(' ')[0], run)}"
            yield direction_of(difference, run)
        case _:
            yield f"{field} {direction_of(difference, run)}"


def _check_words(expected: str, actual: str) -> str:
    """Say which check is to blame: of two, the one that the rules make first decides."""
    left, right = (_CLASSES.get(each, each) for each in (expected, actual))
    if left == right:
        return "told in another way"
    if left not in CHECKED or right not in CHECKED:
        return f"{left} for {right}"
    if CHECKED.index(left) < CHECKED.index(right):
        return f"{left} passed by"
    return f"{right} raised"


def _payload_words(case: Case) -> Iterator[str]:
    """Name what a single transaction does that is neither a transfer nor a nonce bump.

    Of several, what the others do is mostly a matter of chance.
    """
    blocks = [step for step in case.steps if isinstance(step, BlockStep)]
    intents = [each for block in blocks for each in block.transactions]
    if len(intents) != 1:
        return
    [intent] = intents
    if not isinstance(intent, Intent):
        yield "by raw bytes"
        return
    match intent.payload:
        case Burn():
            yield "by a burn"
        case SetMultisig():
            yield "by a multisig change"
        case Transfers() | NonceBump():
            pass
        case unknown:
            assert_never(unknown)
