"""The state a block's transactions share: loaded on demand from storage, written by publishing.

Invariant: storage is only read. Every location keeps the value it had before the block, so what is
modified is decided by comparing values, never by what was touched.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, ClassVar, TypeVar

from lockstep_ledger.block import Rewards
from lockstep_ledger.model import NATIVE, U64_MAX, Address, Multisig
from lockstep_ledger.outcome import BalanceKey, Changes, Statistics
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.rules import Rules
from lockstep_parallel.rules.view import Read
from lockstep_parallel.steps.ops import Key, Kind, op
from lockstep_parallel.steps.tables import Cell, Table

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Tracked(Table[K, V]):
    """A table over one column of storage that remembers the value before the block."""

    __slots__ = ("_stored", "originals")

    def __init__(self, name: str, stored: Callable[[K], V]) -> None:
        super().__init__(name)
        self.originals: dict[K, V] = {}
        self._stored = stored

    def read(self, key: K) -> Read[V]:
        """Return the value of ``key``, as one announced step named after the table."""
        return self.get_or_load(key, self.original, self.name)

    def held(self, key: Key) -> V | None:
        """Return what an observer sees: the value, else the one before the block if it was read."""
        originals: dict[Any, V] = self.originals
        found = super().held(key)
        return originals.get(key[1]) if found is None else found

    def current(self, key: K) -> V:
        """Return the value of ``key`` unannounced, for the phases that no task runs in."""
        return self.values[key] if key in self.values else self.original(key)

    def original(self, key: K) -> V:
        """Return the value before the block."""
        if key in self.originals:
            return self.originals[key]
        return self.originals.setdefault(key, self._stored(key))


class BlockState:
    """The shared state of one block over ``storage``.

    ``reader`` answers what ``storage`` held before the block; it may have been read ahead.
    ``rules`` and ``statistics`` are for the executor to set, where no task runs: what it judges
    the block by if not by its own rules, and how the execution went.
    """

    table_class: ClassVar[type[Tracked[Any, Any]]] = Tracked

    def __init__(self, storage: Reader) -> None:
        self.storage = storage
        self.reader = storage
        chain = storage.chain()
        self.chain_id = chain.chain_id
        self.original_burned = chain.burned
        self.original_height = chain.height
        self.existence: Tracked[Address, bool] = self.table_class("exists", self.stored_existence)
        self.nonces: Tracked[Address, int] = self.table_class("nonce", self.stored_nonce)
        self.balances: Tracked[BalanceKey, int] = self.table_class("balance", self.stored_balance)
        self.multisigs: Tracked[Address, Multisig | None] = self.table_class(
            "multisig", self.stored_multisig
        )
        self.energies: Tracked[Address, int] = self.table_class("energy", self.stored_energy)
        self.burned = Cell("burned", chain.burned)
        self.rules: Rules | None = None
        self.statistics = Statistics()
        self._publishing = Lock()

    # Loads from storage.

    def stored_existence(self, address: Address) -> bool:
        """Tell whether storage has the account."""
        return self.reader.exists(address)

    def stored_nonce(self, address: Address) -> int:
        """Return the nonce in storage."""
        return self.reader.nonce(address)

    def stored_balance(self, key: BalanceKey) -> int:
        """Return the balance in storage."""
        return self.reader.balance(*key)

    def stored_multisig(self, address: Address) -> Multisig | None:
        """Return the configuration in storage."""
        return self.reader.multisig(address)

    def stored_energy(self, address: Address) -> int:
        """Return the energy in storage."""
        return self.reader.energy(address)

    # Announced reads, for overlays.

    def exists(self, address: Address) -> Read[bool]:
        """Tell whether the account exists."""
        return self.existence.read(address)

    def nonce(self, address: Address) -> Read[int]:
        """Return the account's next nonce."""
        return self.nonces.read(address)

    def balance(self, key: BalanceKey) -> Read[int]:
        """Return an account's balance of one asset."""
        return self.balances.read(key)

    def multisig(self, address: Address) -> Read[Multisig | None]:
        """Return the account's multisig configuration."""
        return self.multisigs.read(address)

    def energy(self, address: Address) -> Read[int]:
        """Return the account's energy."""
        return self.energies.read(address)

    def burned_so_far(self) -> Read[int]:
        """Return the burned counter."""
        return self.burned.read("burned")

    # Publishing a transaction that succeeded.

    async def publish(self, overlay: Overlay) -> None:
        """Make all writes of ``overlay`` visible in one step."""
        await op(Kind.WRITE, self.written_keys(overlay), "publish")
        with self._publishing:
            self.write(overlay)

    def written_keys(self, overlay: Overlay) -> tuple[Key, ...]:
        """Return every location that publishing ``overlay`` writes."""
        keys: list[Key] = [self.nonces.key(each) for each in overlay.nonces.writes]
        keys += [self.balances.key(each) for each in overlay.balances.writes]
        keys += [self.existence.key(each) for each in overlay.existence.writes]
        keys += [self.multisigs.key(each) for each in overlay.multisigs.writes]
        keys += [self.energies.key(each) for each in overlay.energies.writes]
        if overlay.burning:
            keys += self.burned.keys
        return tuple(keys)

    def write(self, overlay: Overlay) -> None:
        """Copy the overlay's writes; runs alone."""
        self.write_nonces(overlay)
        self.write_balances(overlay)
        self.write_existence(overlay)
        self.write_multisigs(overlay)
        self.write_energies(overlay)
        self.add_burned(overlay)

    def write_nonces(self, overlay: Overlay) -> None:
        """Copy the nonces."""
        self.nonces.values.update(overlay.nonces.writes)

    def write_balances(self, overlay: Overlay) -> None:
        """Copy the balances."""
        self.balances.values.update(overlay.balances.writes)

    def write_existence(self, overlay: Overlay) -> None:
        """Copy which accounts exist."""
        self.existence.values.update(overlay.existence.writes)

    def write_multisigs(self, overlay: Overlay) -> None:
        """Copy the configurations, deletions as None."""
        self.multisigs.values.update(overlay.multisigs.writes)

    def write_energies(self, overlay: Overlay) -> None:
        """Copy the energies."""
        self.energies.values.update(overlay.energies.writes)

    def add_burned(self, overlay: Overlay) -> None:
        """Add what the transaction burned to what others have published meanwhile."""
        if overlay.burning:
            self.burned.value += overlay.burning

    # Before the first and after the last transaction, when no task runs.

    def pay_rewards(self, rewards: Rewards) -> bool:
        """Credit dev, then miner; False if a balance would overflow."""
        return self.pay(rewards.dev, rewards.dev_amount) and self.pay(
            rewards.miner, rewards.miner_amount
        )

    def pay_fees(self, receiver: Address, fees: int) -> bool:
        """Credit the block's fees, if any; False if the balance would overflow."""
        return fees == 0 or self.pay(receiver, fees)

    def pay(self, receiver: Address, amount: int) -> bool:
        """Credit the native asset to an account, which exists from then on."""
        balance = self.balances.current((receiver, NATIVE)) + amount
        if balance > U64_MAX:
            return False
        self.balances.values[receiver, NATIVE] = balance
        self.existence.values[receiver] = True
        return True

    # What the block changed.

    def changes(self, height: int) -> Changes:
        """Return the difference to the state before the block, ``height`` included."""
        return Changes(
            modified_nonces=self.modified(self.nonces),
            modified_balances=self.modified(self.balances),
            modified_multisigs=self.modified_multisigs(),
            modified_energies=self.modified(self.energies),
            created=self.created(),
            burned=self.burned.value - self.original_burned,
            height=height,
        )

    def modified(self, table: Tracked[K, V]) -> dict[K, V]:
        """Return the entries of ``table`` whose value is not the one before the block."""
        return {key: value for key, value in table.values.items() if value != table.original(key)}

    def modified_multisigs(self) -> dict[Address, Multisig | None]:
        """Return the configurations that differ, None for a deletion."""
        return self.modified(self.multisigs)

    def created(self) -> frozenset[Address]:
        """Return the accounts that did not exist before the block."""
        return frozenset(self.modified(self.existence))
