"""How a transaction sees the ledger while it runs: reads suspend, writes are only staged.

Invariant: a read returns the view's own staged write if there is one; nothing staged is visible to
any other transaction until the executor publishes the view.
"""

from __future__ import annotations

from typing import Protocol

from ledger.model import Address, Asset, Multisig


class View(Protocol):
    """One transaction's window on the ledger."""

    @property
    def chain_id(self) -> int:
        """The network the state belongs to."""
        ...

    async def exists(self, address: Address) -> bool:
        """Tell whether the account exists."""
        ...

    async def nonce(self, address: Address) -> int:
        """Return the account's next nonce."""
        ...

    async def balance(self, address: Address, asset: Asset) -> int:
        """Return the account's balance of one asset."""
        ...

    async def multisig(self, address: Address) -> Multisig | None:
        """Return the account's multisig configuration, None if it has none."""
        ...

    async def energy(self, address: Address) -> int:
        """Return the account's energy."""
        ...

    async def burned(self) -> int:
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
