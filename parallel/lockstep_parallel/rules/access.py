"""Access lists: what a transaction may touch, told from its payload before it runs.

Invariant: whatever a transaction reads or writes of an account, that account is in its access list,
as a ``Credit`` if all it does there is to add; so two transactions that do not conflict commute.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple, TypeAlias, assert_never

from lockstep_ledger.block import Envelope
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Address,
    Burn,
    NonceBump,
    SetMultisig,
    Transaction,
    Transfers,
)

BURNED: Final = b"burned"
"""Names the burned counter in an access list; too short to be an address."""


class Credit(NamedTuple):
    """Stands in an access list for an account that only receives, in whichever order."""

    receiver: Address


Touched: TypeAlias = bytes | Credit
"""An address, ``BURNED``, or a credit."""

AccessList: TypeAlias = frozenset[Touched]
"""Addresses, and ``BURNED`` where the counter is touched; credits if an executor lets them be."""


def access_list(envelope: Envelope, burns_commute: bool) -> AccessList:
    """Return what the transaction may touch; nothing if it is none that can run.

    ``burns_commute`` says that no burn of the block can overflow the counter, so that native burns
    need no order among themselves.
    """
    transaction = envelope.content
    if not isinstance(transaction, Transaction):
        return frozenset()
    match transaction.payload:
        case Transfers(outputs):
            return frozenset((transaction.source, *(each.destination for each in outputs)))
        case Burn(asset) if asset == NATIVE and not burns_commute:
            return frozenset((transaction.source, BURNED))
        case Burn() | SetMultisig() | NonceBump():
            return frozenset((transaction.source,))
        case unknown:
            assert_never(unknown)


def burns_cannot_overflow(transactions: Iterable[Envelope], burned: int) -> bool:
    """Tell whether ``burned`` stays in its width even if every native burn succeeds."""
    return burned + sum(map(_native_burn, transactions)) <= U64_MAX


def conflict(one: AbstractSet[Touched], other: AbstractSet[Touched]) -> bool:
    """Tell whether the order of two transactions may matter; two credits of one account do not."""
    for each in other:
        if isinstance(each, Credit):
            if each.receiver in one:
                return True
        elif each in one or Credit(each) in one:
            return True
    return False


def _native_burn(envelope: Envelope) -> int:
    transaction = envelope.content
    if not isinstance(transaction, Transaction):
        return 0
    match transaction.payload:
        case Burn(asset, amount):
            return amount if asset == NATIVE else 0
        case Transfers() | SetMultisig() | NonceBump():
            return 0
        case unknown:
            assert_never(unknown)
