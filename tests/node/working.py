"""The state while a block is executed: what was changed so far, over what was before."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock

from tests.node.rules import RefusedError
from tests.node.state import MOST, NATIVE, Account, State


class Working:
    """The changes of one block; what is looked at or changed is so under a lock."""

    def __init__(self, before: State) -> None:
        self.before = before
        self.burned = 0
        self._changed: dict[str, Account] = {}
        self._lock = Lock()

    def get(self, address: str) -> Account | None:
        """Return the account as it is now."""
        return self._changed.get(address) or self.before.accounts.get(address)

    def put(self, address: str, account: Account) -> None:
        """Change the account."""
        self._changed[address] = account

    def burn(self, amount: int) -> None:
        """Count what is burned. Raises ``RefusedError`` if that is more than can be counted."""
        with self._lock:
            if self.before.burned + self.burned + amount > MOST:
                raise RefusedError("OVERFLOW")
            self.burned += amount

    def credit(self, address: str, amount: int) -> None:
        """Pay ``amount`` coins to somebody. Raises ``RefusedError``."""
        account = self.get(address) or Account()
        if account.balance(NATIVE) + amount > MOST:
            raise RefusedError("OVERFLOW")
        self.put(address, account.holding(NATIVE, account.balance(NATIVE) + amount))

    def state(self, *, higher: bool) -> State:
        """Return the state after the block."""
        return replace(
            self.before,
            accounts={**self.before.accounts, **self._changed},
            height=self.before.height + higher,
            burned=self.before.burned + self.burned,
        )
