"""Many values read at once: what is wanted, and a reader that has it.

Invariant: a ``FetchedReader`` answers what the storage held at the moment of the fetch; what was
not fetched it asks the storage for, one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lockstep_ledger.model import Address, Asset, Chain, Multisig
from lockstep_ledger.outcome import BalanceKey
from lockstep_ledger.storage.protocol import Reader


@dataclass(frozen=True, slots=True)
class Wanted:
    """The keys of a fetch, each once, in the order they came up."""

    existence: dict[Address, None] = field(default_factory=dict)
    nonces: dict[Address, None] = field(default_factory=dict)
    balances: dict[BalanceKey, None] = field(default_factory=dict)
    multisigs: dict[Address, None] = field(default_factory=dict)
    energies: dict[Address, None] = field(default_factory=dict)

    def spender(self, address: Address, asset: Asset) -> None:
        """Want what is asked of an account that pays with ``asset``."""
        self.existence[address] = None
        self.nonces[address] = None
        self.multisigs[address] = None
        self.balances[address, asset] = None

    def receiver(self, address: Address, asset: Asset) -> None:
        """Want what is asked of an account that is paid ``asset``."""
        self.existence[address] = None
        self.balances[address, asset] = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """The values of what was wanted, all of one moment."""

    chain: Chain
    existence: Mapping[Address, bool]
    nonces: Mapping[Address, int]
    balances: Mapping[BalanceKey, int]
    multisigs: Mapping[Address, Multisig | None]
    energies: Mapping[Address, int]


class FetchedReader:
    """A ``Reader`` of ``fetched``, and of ``below`` for the rest."""

    __slots__ = ("_below", "_fetched")

    def __init__(self, below: Reader, fetched: Fetched) -> None:
        self._below = below
        self._fetched = fetched

    def chain(self) -> Chain:
        """Return height, chain id, burned and the inert counters."""
        return self._fetched.chain

    def exists(self, address: Address) -> bool:
        """Tell whether the account is registered."""
        found = self._fetched.existence.get(address)
        return self._below.exists(address) if found is None else found

    def nonce(self, address: Address) -> int:
        """Return the account's next nonce."""
        found = self._fetched.nonces.get(address)
        return self._below.nonce(address) if found is None else found

    def balance(self, address: Address, asset: Asset) -> int:
        """Return the account's balance of one asset."""
        found = self._fetched.balances.get((address, asset))
        return self._below.balance(address, asset) if found is None else found

    def multisig(self, address: Address) -> Multisig | None:
        """Return the account's multisig configuration, None if it has none."""
        if address in self._fetched.multisigs:
            return self._fetched.multisigs[address]
        return self._below.multisig(address)

    def energy(self, address: Address) -> int:
        """Return the account's energy."""
        found = self._fetched.energies.get(address)
        return self._below.energy(address) if found is None else found

    def fetch(self, wanted: Callable[[], Wanted]) -> Fetched | None:
        """Read many values at once from below."""
        return self._below.fetch(wanted)
