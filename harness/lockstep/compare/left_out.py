"""What a comparison leaves out: parts of an outcome, columns of a stored state.

Invariant: what is left out is taken for what was expected and nothing else is; whatever differed in
it has a word. An outcome of wrong types or widths is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from lockstep.case.judging import Codes, Judging, Part
from lockstep.compare.codes import alike
from lockstep.compare.outcomes import well_typed
from lockstep.compare.widths import beyond_width
from lockstep.verdict import Difference
from lockstep_ledger.outcome import Changes, Outcome, Receipt, Rejection

_IN_CHANGES = frozenset(Changes.__slots__)
_COLUMNS = {
    "modified_nonces": " nonce",
    "modified_balances": " balances",
    "modified_multisigs": " multisig",
    "modified_energies": " energy",
    "burned": "chain burned",
    "height": "chain height",
}
"""Where in a stored state the fields of an outcome are found again."""


def without_left_out(
    expected: Outcome, actual: Outcome, judging: Judging
) -> tuple[Outcome, tuple[str, ...]]:
    """Return ``actual`` with what is left out as expected, and in words what of it differed."""
    if (
        (judging.codes is Codes.EXACT and not judging.ignored)
        or not well_typed(actual)
        or next(beyond_width(actual), None) is not None
    ):
        return actual, ()
    ignored = judging.ignored
    told = replace(
        actual,
        receipts=_receipts(expected.receipts, actual.receipts, judging),
        rejection=_rejection(expected.rejection, actual.rejection, judging),
        changes=replace(
            actual.changes,
            **{name: getattr(expected.changes, name) for name in ignored if name in _IN_CHANGES},
        ),
        fees=expected.fees if Part.FEES in ignored else actual.fees,
    )
    return told, tuple(_words(told, actual, ignored))


def still_different(differences: Iterable[Difference], judging: Judging) -> tuple[Difference, ...]:
    """Return those of the differences of two stored states that are not left out."""
    columns = [_COLUMNS[each] for each in judging.ignored if each in _COLUMNS]
    return tuple(
        each for each in differences if not any(column in each.where for column in columns)
    )


def _receipts(
    expected: tuple[Receipt, ...], actual: tuple[Receipt, ...], judging: Judging
) -> tuple[Receipt, ...]:
    ignored = judging.ignored
    told = [
        replace(
            its,
            hash=right.hash if Part.HASH in ignored else its.hash,
            gas_used=right.gas_used if Part.GAS in ignored else its.gas_used,
            code=right.code if alike(right.code, its.code, judging.codes) else its.code,
        )
        for right, its in zip(expected, actual, strict=False)
    ]
    return (*told, *actual[len(told) :])


def _rejection(
    expected: Rejection | None, actual: Rejection | None, judging: Judging
) -> Rejection | None:
    if Part.REJECTION in judging.ignored:
        return expected
    if expected is None or actual is None or not alike(expected.code, actual.code, judging.codes):
        return actual
    return replace(actual, code=expected.code)


def _words(told: Outcome, actual: Outcome, ignored: Iterable[str]) -> Iterator[str]:
    """Yield what of ``actual`` was not told."""
    pairs = list(zip(told.receipts, actual.receipts, strict=True))
    if any(one.code is not other.code for one, other in pairs):
        yield "codes of failures, which differed"
    for name in ignored:
        if name in (Part.HASH, Part.GAS):
            differs = any(_of(one, name) != _of(other, name) for one, other in pairs)
        elif name in _IN_CHANGES:
            differs = getattr(told.changes, name) != getattr(actual.changes, name)
        else:
            differs = getattr(told, name) != getattr(actual, name)
        if differs:
            yield f"{name}, which differed"


def _of(receipt: Receipt, part: str) -> object:
    return receipt.hash if part == Part.HASH else receipt.gas_used
