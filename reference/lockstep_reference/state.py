"""The read chain of the oracle: transaction, then block, then storage.

Invariant: a layer answers every read with its own newest write, else with what the layer below
answers; nothing below changes until ``absorb`` is called with a layer that succeeded.
"""

from __future__ import annotations

from typing import Protocol

from lockstep_ledger.model import U64_MAX, Address, Asset, Multisig
from lockstep_ledger.outcome import BalanceKey, Changes
from lockstep_ledger.storage.protocol import Reader


class Accounts(Protocol):
    """What a layer can be put on: a storage reader or another layer."""

    def exists(self, address: Address) -> bool:
        """Tell whether the account exists."""
        ...

    def nonce(self, address: Address) -> int:
        """Return the account's next nonce."""
        ...

    def balance(self, address: Address, asset: Asset) -> int:
        """Return the account's balance of one asset."""
        ...

    def multisig(self, address: Address) -> Multisig | None:
        """Return the account's multisig configuration."""
        ...

    def energy(self, address: Address) -> int:
        """Return the account's energy."""
        ...


class Layer:
    """Staged writes over ``below``. ``burned`` is the chain's counter as this layer sees it."""

    def __init__(self, below: Accounts, burned: int) -> None:
        self._below = below
        self._nonces: dict[Address, int] = {}
        self._balances: dict[BalanceKey, int] = {}
        self._multisigs: dict[Address, Multisig | None] = {}
        self._energies: dict[Address, int] = {}
        self._created: set[Address] = set()
        self.burned = burned

    def exists(self, address: Address) -> bool:
        """Tell whether the account exists, here or below."""
        return address in self._created or self._below.exists(address)

    def nonce(self, address: Address) -> int:
        """Return the account's next nonce."""
        found = self._nonces.get(address)
        return self._below.nonce(address) if found is None else found

    def balance(self, address: Address, asset: Asset) -> int:
        """Return the account's balance of one asset."""
        found = self._balances.get((address, asset))
        return self._below.balance(address, asset) if found is None else found

    def multisig(self, address: Address) -> Multisig | None:
        """Return the account's multisig configuration."""
        if address in self._multisigs:
            return self._multisigs[address]
        return self._below.multisig(address)

    def energy(self, address: Address) -> int:
        """Return the account's energy."""
        found = self._energies.get(address)
        return self._below.energy(address) if found is None else found

    def set_nonce(self, address: Address, nonce: int) -> None:
        """Stage the account's next nonce."""
        self._nonces[address] = nonce

    def set_multisig(self, address: Address, multisig: Multisig | None) -> None:
        """Stage the account's configuration; None deletes it."""
        self._multisigs[address] = multisig

    def set_energy(self, address: Address, energy: int) -> None:
        """Stage the account's energy."""
        self._energies[address] = energy

    def debit(self, address: Address, asset: Asset, amount: int) -> None:
        """Take ``amount`` from a balance that is known to cover it."""
        balance = self.balance(address, asset)
        assert balance >= amount, f"debit of {amount} from a balance of {balance}"
        self._balances[address, asset] = balance - amount

    def credit(self, address: Address, asset: Asset, amount: int) -> bool:
        """Add ``amount``, creating the account if absent; False if the balance would overflow."""
        balance = self.balance(address, asset) + amount
        if balance > U64_MAX:
            return False
        if not self.exists(address):
            self._created.add(address)
        self._balances[address, asset] = balance
        return True

    def absorb(self, above: Layer) -> None:
        """Take over all that ``above`` staged."""
        self._nonces.update(above._nonces)
        self._balances.update(above._balances)
        self._multisigs.update(above._multisigs)
        self._energies.update(above._energies)
        self._created |= above._created
        self.burned = above.burned

    def changes_from(self, storage: Reader, burned_before: int, height: int) -> Changes:
        """Return what this layer's final values change in ``storage``, and nothing else."""
        return Changes(
            modified_nonces={
                address: nonce
                for address, nonce in self._nonces.items()
                if nonce != storage.nonce(address)
            },
            modified_balances={
                key: balance
                for key, balance in self._balances.items()
                if balance != storage.balance(*key)
            },
            modified_multisigs={
                address: multisig
                for address, multisig in self._multisigs.items()
                if multisig != storage.multisig(address)
            },
            modified_energies={
                address: energy
                for address, energy in self._energies.items()
                if energy != storage.energy(address)
            },
            created=frozenset(self._created),
            burned=self.burned - burned_before,
            height=height,
        )
