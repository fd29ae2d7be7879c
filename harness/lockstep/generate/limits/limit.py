"""A limit of the rules, and what a transaction that is aimed at it may draw on.

Invariant: a limit is reached on any terms. What its transaction needs is put into the terms before
the first block, what depends on the transactions before it is read from the estimate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from lockstep.case.values import AnyIntent, Cosigner, Intent
from lockstep.generate.accounts import FEES, Terms, addresses
from lockstep.generate.estimate import Estimate
from lockstep.generate.fees import estimated_fee
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Account,
    Address,
    Chain,
    Payload,
    State,
    Transfer,
    Transfers,
)

RICH = 100 * FEES
"""Enough for the largest transaction of all."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the transaction stands that is aimed at a limit.

    ``beside`` is how far it is from the limit: -1, 0 or 1.
    """

    key: str
    sender: Address
    estimate: Estimate
    beside: int

    @property
    def others(self) -> tuple[Address, ...]:
        """Return accounts that the sender can pay, of the case or not."""
        return tuple(each for each in addresses() if each != self.sender)

    @property
    def plain(self) -> Transfers:
        """Return the plainest payload: nothing for somebody."""
        return Transfers((Transfer(NATIVE, self.others[0], 0),))

    def near(self, limit: int) -> int:
        """Return the number that is beside ``limit``, or the nearest to it that there is."""
        return min(U64_MAX, max(0, limit + self.beside))

    def left(self, fee: int) -> int:
        """Return what the sender is believed to have beyond ``fee``."""
        return max(0, self.estimate.balance(self.sender, NATIVE) - fee)

    def intent(
        self,
        payload: Payload,
        cosigners: tuple[Cosigner, ...] | None = None,
        fee: int | None = None,
    ) -> Intent:
        """Return a transaction that is right in all else; it pays the least ``fee`` if not told."""
        least = estimated_fee(payload, None if cosigners is None else len(cosigners))
        return Intent(
            id=self.key,
            source=self.sender,
            payload=payload,
            nonce=self.estimate.nonce(self.sender),
            fee=least if fee is None else fee,
            cosigners=cosigners,
        )


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit: ``prepare`` puts it within reach of a sender, ``aim`` makes the transaction.

    ``needs`` are the features of a case without which it stays out of reach. ``last`` tells that
    the transaction has to be the last one of the case.
    """

    name: str
    aim: Callable[[Spot], AnyIntent]
    prepare: Callable[[Terms, Address, int], Terms]
    needs: tuple[str, ...] = ()
    last: bool = False


def with_rich_sender(terms: Terms, sender: Address, _beside: int) -> Terms:
    """Let the sender have enough of the native asset, no configuration and a next nonce."""
    return with_account(terms, sender, Account(0, {NATIVE: RICH}))


def with_account(terms: Terms, address: Address, account: Account) -> Terms:
    """Return ``terms`` with this account."""
    accounts = {**terms.state.accounts, address: account}
    return replace(terms, state=State(terms.state.chain, accounts))


def with_chain(terms: Terms, height: int, burned: int) -> Terms:
    """Return ``terms`` with this height and this much burned."""
    chain = Chain(terms.state.chain.chain_id, height, burned)
    return replace(terms, state=State(chain, terms.state.accounts))
