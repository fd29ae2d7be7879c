"""Differences as sentences: how a block must end, and how it ends on the executor under test.

Invariant: every difference of a run is told. An entry that one side leaves alone is told with its
value from before the block; what is no entry of an outcome stays as it is written elsewhere.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from lockstep.compare.outcomes import describe
from lockstep.explain.observe import stored
from lockstep.explain.words import asset_location_text, value_text
from lockstep.run.result import BlockRun, Run
from lockstep.verdict import ABSENT, Difference
from lockstep_ledger.outcome import Changes, Outcome, Receipt, Rejection

_COLUMNS = {
    "modified_nonces": "nonce",
    "modified_balances": "balance",
    "modified_multisigs": "multisig",
    "modified_energies": "energy",
}


def difference_sentences(run: Run) -> Iterator[str]:
    """Say every difference of a failing run, the receipts by transaction."""
    block = run.blocks[-1] if run.blocks else None
    actual = None if block is None else block.actual
    receipts_told = False
    for each in run.differences:
        if block is None or actual is None:
            yield str(each)
        elif each.field != "receipts":
            yield _sentence(each, block, actual) or str(each)
        elif not receipts_told:
            receipts_told = True
            yield from _receipts(block, actual)


def _sentence(difference: Difference, block: BlockRun, actual: Outcome) -> str | None:
    expected, wanted, found = block.expected, difference.expected, difference.actual
    match difference.field:
        case "rejection":
            must, does = (_decision(each.rejection, block.ids) for each in (expected, actual))
            return f"the block must be {must}; yours is {does}"
        case "fees":
            return f"the block's fees must be {wanted}; yours are {found}"
        case "burned":
            return f"the burned counter must grow by {wanted}; yours grows by {found}"
        case "height":
            return f"the height must grow by {wanted}; yours grows by {found}"
        case "created" if wanted == ABSENT:
            return f"account {difference.where} must not be created; yours is"
        case "created":
            return f"account {difference.where} must be created; yours is not"
        case field if field in _COLUMNS:
            return _entry(difference, block, actual.changes)
        case _:
            return None


def _decision(rejection: Rejection | None, ids: tuple[str, ...]) -> str:
    match rejection:
        case None:
            return "accepted"
        case Rejection(int() as index, code) if 0 <= index < len(ids):
            return f"rejected at {ids[index]} with {code.name}"
        case Rejection(_, code):
            return f"rejected with {code.name}"


def _entry(difference: Difference, block: BlockRun, actual: Changes) -> str | None:
    """Say how one value of the state must end; a side that does not modify it lets it stay."""
    wanted: Mapping[Hashable, Any] = getattr(block.expected.changes, difference.field)
    found: Mapping[Hashable, Any] = getattr(actual, difference.field)
    keys = {describe(key): key for key in (*wanted, *found)}
    if difference.where not in keys:
        return None
    key = keys[difference.where]
    location = (_COLUMNS[difference.field], key)
    before = value_text(stored(block.before, location))
    if key not in wanted and value_text(found[key]) == before:
        return f"{asset_location_text(location)} stays {before} and must not be told as modified"
    must = f"end at {value_text(wanted[key])}" if key in wanted else f"stay {before}"
    does = f"ends at {value_text(found[key])}" if key in found else f"stays {before}"
    return f"{asset_location_text(location)} must {must}; yours {does}"


def _receipts(block: BlockRun, actual: Outcome) -> Iterator[str]:
    """Say whose receipts differ, then whether they stand in another order."""
    wanted = {each.index: each for each in block.expected.receipts}
    found = {each.index: each for each in actual.receipts}
    for index in sorted(wanted.keys() | found.keys()):
        if wanted.get(index) != found.get(index):
            yield _receipt(_id(index, block), wanted.get(index), found.get(index))
    order = [_id(each.index, block) for each in actual.receipts]
    if order != [_id(index, block) for index in sorted(found)] or len(order) != len(found):
        yield f"receipts must stand in block order, one each; yours are of {', '.join(order)}"


def _id(index: int, block: BlockRun) -> str:
    return block.ids[index] if 0 <= index < len(block.ids) else f"transaction {index}"


def _receipt(transaction: str, wanted: Receipt | None, found: Receipt | None) -> str:
    if wanted is None or found is None:
        must = "have no receipt" if wanted is None else f"end with {_words(wanted)}"
        does = "has no receipt" if found is None else f"ends with {_words(found)}"
        return f"{transaction} must {must}; yours {does}"
    must, does = _words(wanted), _words(found)
    if must == does:
        must, does = (f"{must} and hash {each.hash.hex()[:8]}" for each in (wanted, found))
    return f"{transaction} must end with {must}; yours ends with {does}"


def _words(receipt: Receipt) -> str:
    return receipt.code.name + (f", paying {receipt.gas_used}" if receipt.gas_used else "")
