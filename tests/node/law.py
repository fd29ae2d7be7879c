"""What of the rules a planted fault may change, and the faults that do."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tests.node.faults import Fault
from tests.node.state import MOST, Account, State


class Law:
    """The rules as they are."""

    def is_last(self, nonce: int) -> bool:
        """Tell whether no nonce comes after it."""
        return nonce == MOST

    def affords(self, account: Account, spent: Mapping[str, int], *, old: bool) -> bool:
        """Tell whether the account has what is spent; ``old`` is the reference of who spends."""
        return all(account.balance(asset) >= amount for asset, amount in spent.items())

    def debited(self, account: Account, spent: Mapping[str, int]) -> Account:
        """Return the account after it has paid."""
        for asset, amount in spent.items():
            account = account.holding(asset, (account.balance(asset) - amount) % (MOST + 1))
        return account

    def opens(self, amount: int) -> bool:
        """Tell whether a credit of so much opens an account."""
        return True

    def has_room(self, address: str, account: Account, asset: str, amount: int) -> bool:
        """Tell whether the account can be paid so much more."""
        return account.balance(asset) + amount <= MOST


class Broken(Law):
    """The rules with faults, for a block on the state ``before``."""

    def __init__(self, planted: Collection[Fault], before: State) -> None:
        self._planted = planted
        self._before = before

    def is_last(self, nonce: int) -> bool:
        """Let the greatest nonce be followed by 0."""
        return Fault.NONCE_WRAPS not in self._planted and super().is_last(nonce)

    def affords(self, account: Account, spent: Mapping[str, int], *, old: bool) -> bool:
        """Believe what an old reference was held against."""
        if old and Fault.STALE_REFERENCE in self._planted:
            return True
        return super().affords(account, spent, old=old)

    def debited(self, account: Account, spent: Mapping[str, int]) -> Account:
        """Leave the account what it spends."""
        return account if Fault.NEVER_DEBITS in self._planted else super().debited(account, spent)

    def opens(self, amount: int) -> bool:
        """Open no account for nothing."""
        return amount > 0 or Fault.EMPTY_CREDIT not in self._planted

    def has_room(self, address: str, account: Account, asset: str, amount: int) -> bool:
        """Look at what the account had before the block as well."""
        if Fault.CREDIT_BEFORE_DEBIT in self._planted:
            then = self._before.accounts.get(address, Account())
            return then.balance(asset) + amount <= MOST and super().has_room(
                address, account, asset, amount
            )
        return super().has_room(address, account, asset, amount)
