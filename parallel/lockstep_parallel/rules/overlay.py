"""One transaction's staged reads and writes over the block's shared state.

Invariant: a location is read from the shared state at most once, and a staged write hides it; the
shared state does not change until it publishes the overlay.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

from lockstep_ledger.model import Address, Asset, Multisig
from lockstep_ledger.outcome import BalanceKey
from lockstep_parallel.rules.view import Read

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Shared(Protocol):
    """What an overlay reads from: every read of it is announced."""

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

    async def balance(self, key: BalanceKey) -> int:
        """Return an account's balance of one asset."""
        ...

    async def multisig(self, address: Address) -> Multisig | None:
        """Return the account's multisig configuration."""
        ...

    async def energy(self, address: Address) -> int:
        """Return the account's energy."""
        ...

    async def burned_so_far(self) -> int:
        """Return the burned counter."""
        ...


class Staged(Generic[K, V]):
    """The part of an overlay that belongs to one shared table: its read set and write set."""

    __slots__ = ("_load", "reads", "writes")

    def __init__(self, load: Callable[[K], Read[V]]) -> None:
        self._load = load
        self.reads: dict[K, V] = {}
        self.writes: dict[K, V] = {}

    async def get(self, key: K) -> V:
        """Return the own write of ``key``, else what was first read of it."""
        if key in self.writes:
            return self.writes[key]
        if key in self.reads:
            return self.reads[key]
        value = self.reads[key] = await self._load(key)
        return value


class Overlay:
    """The view a transaction runs on; ``burning`` is what it adds to the burned counter."""

    __slots__ = (
        "balances",
        "burned_read",
        "burning",
        "energies",
        "existence",
        "multisigs",
        "nonces",
        "shared",
    )

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.existence = Staged(shared.exists)
        self.nonces = Staged(shared.nonce)
        self.balances = Staged(shared.balance)
        self.multisigs = Staged(shared.multisig)
        self.energies = Staged(shared.energy)
        self.burned_read: int | None = None
        self.burning = 0

    @property
    def chain_id(self) -> int:
        """The network the state belongs to."""
        return self.shared.chain_id

    def exists(self, address: Address) -> Read[bool]:
        """Tell whether the account exists."""
        return self.existence.get(address)

    def nonce(self, address: Address) -> Read[int]:
        """Return the account's next nonce."""
        return self.nonces.get(address)

    def balance(self, address: Address, asset: Asset) -> Read[int]:
        """Return the account's balance of one asset."""
        return self.balances.get((address, asset))

    def multisig(self, address: Address) -> Read[Multisig | None]:
        """Return the account's multisig configuration, None if it has none."""
        return self.multisigs.get(address)

    def energy(self, address: Address) -> Read[int]:
        """Return the account's energy."""
        return self.energies.get(address)

    async def burned(self) -> int:
        """Return the burned counter, this transaction's own burn included."""
        if self.burned_read is None:
            self.burned_read = await self.shared.burned_so_far()
        return self.burned_read + self.burning

    def create(self, address: Address) -> None:
        """Stage that the account exists."""
        self.existence.writes[address] = True

    def set_nonce(self, address: Address, nonce: int) -> None:
        """Stage the account's next nonce."""
        self.nonces.writes[address] = nonce

    def set_balance(self, address: Address, asset: Asset, amount: int) -> None:
        """Stage the account's balance of one asset."""
        self.balances.writes[address, asset] = amount

    def set_multisig(self, address: Address, multisig: Multisig | None) -> None:
        """Stage the account's configuration; None deletes it."""
        self.multisigs.writes[address] = multisig

    def set_energy(self, address: Address, energy: int) -> None:
        """Stage the account's energy."""
        self.energies.writes[address] = energy

    def burn(self, amount: int) -> None:
        """Stage an addition to the burned counter."""
        self.burning += amount
