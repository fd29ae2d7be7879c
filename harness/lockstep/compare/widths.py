"""Values of an outcome outside their width: a difference of its own, which no file holds."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.case.names import account_name, asset_name
from lockstep.foreign.text import value_text
from lockstep.verdict import Difference
from lockstep_ledger.block import MOST_TRANSACTIONS
from lockstep_ledger.model import U8_MAX, U64_MAX
from lockstep_ledger.outcome import Outcome

SUM_MAX = 2**128 - 1
"""Fees are a sum of u64 values, which may be wider than they are."""
MOST_INDEX = MOST_TRANSACTIONS


def beyond_width(outcome: Outcome) -> Iterator[Difference]:
    """Yield a difference for every value of a well-typed ``outcome`` outside its width."""
    for where, value, most in _values(outcome):
        if not 0 <= value <= most:
            yield Difference("width", where, f"0..{most}", value_text(value))


def _values(outcome: Outcome) -> Iterator[tuple[str, int, int]]:
    changes = outcome.changes
    for field in ("modified_nonces", "modified_energies"):
        for address, value in getattr(changes, field).items():
            yield f"{field} {account_name(address)}", value, U64_MAX
    for (address, asset), value in changes.modified_balances.items():
        yield (
            f"modified_balances {account_name(address)} {asset_name(asset)}",
            value,
            U64_MAX,
        )
    for address, multisig in changes.modified_multisigs.items():
        if multisig is not None:
            where = f"modified_multisigs {account_name(address)} threshold"
            yield where, multisig.threshold, U8_MAX
    yield "burned", changes.burned, U64_MAX
    yield "height", changes.height, U64_MAX
    yield "fees", outcome.fees, SUM_MAX
    for receipt in outcome.receipts:
        yield f"gas of receipt {value_text(receipt.index)}", receipt.gas_used, U64_MAX
        yield "index of a receipt", receipt.index, MOST_INDEX
    for each in (outcome.rejection, *outcome.faults):
        if each is not None and each.index is not None:
            yield "index of a rejection or a fault", each.index, MOST_INDEX
