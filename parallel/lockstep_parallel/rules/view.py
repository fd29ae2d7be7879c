"""How a transaction sees the ledger while it runs: reads suspend, writes are only staged.

Invariant: a read returns the view's own staged write if there is one; nothing staged is visible to
any other transaction until the executor publishes the view.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol, TypeAlias, TypeVar

from lockstep_ledger.model import Address, Asset, Multisig

V = TypeVar("V")

Read: TypeAlias = Coroutine[Any, Any, V]
"""A read that suspends. What only passes one on returns it as it is: every coroutine in between
would cost time at every step."""


class View(Protocol):
    """One transaction's window on the ledger."""

    @property
    def chain_id(self) -> int:
        """The network the state belongs to."""
        ...

    def exists(self, address: Address) -> Read[bool]:
        """Tell whether the account exists."""
        ...

    def nonce(self, address: Address) -> Read[int]:
        """Return the account's next nonce."""
        ...

    def balance(self, address: Address, asset: Asset) -> Read[int]:
        """Return the account's balance of one asset."""
        ...

    def multisig(self, address: Address) -> Read[Multisig | None]:
        """Return the account's multisig configuration, None if it has none."""
        ...

    def energy(self, address: Address) -> Read[int]:
        """Return the account's energy."""
        ...

    def burned(self) -> Read[int]:
        """Return how much of the native asset has been burned so far."""
        ...

    def create(self, address: Address) -> None:
        """Stage that the account exists."""
        ...

    def set_nonce(self, address: Address, nonce: int) -> None:
        """Stage the account's next nonce."""
        ...

    def set_balance(self, address: Address, asset: Asset, amount: int) -> None:
        """Stage the account's balance of one asset."""
        ...

    def set_multisig(self, address: Address, multisig: Multisig | None) -> None:
        """Stage the account's configuration; None deletes it."""
        ...

    def set_energy(self, address: Address, energy: int) -> None:
        """Stage the account's energy."""
        ...

    def burn(self, amount: int) -> None:
        """Stage an addition to the burned counter."""
        ...
