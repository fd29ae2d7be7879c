"""What one incarnation reads: the memory as of its place in the block, every read recorded.

An overlay of the transaction's own writes lies over it, so a location is read at most once.
Invariant: a read is recorded before its value is used, be it a value, an absence or the state below
all transactions; only a read that finds an estimate ends the incarnation unrecorded.
"""

from __future__ import annotations

from typing import Any

from lockstep_ledger.model import Address, Multisig
from lockstep_ledger.outcome import BalanceKey
from lockstep_parallel.executors.optimistic.chain import (
    BASE,
    Estimate,
    Found,
    Summed,
    Value,
    Written,
)
from lockstep_parallel.executors.optimistic.memory import BURNED, Location, Memory
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.view import Read


class Dependency(Exception):
    """The incarnation came upon an estimate: it cannot go on before that transaction."""

    def __init__(self, estimate: Estimate) -> None:
        super().__init__(f"waits for transaction {estimate.version.transaction}")
        self.estimate = estimate


class Speculation:
    """The shared state as transaction ``index`` sees it; ``reads`` is its read set.

    With ``burns_commute`` no burn of the block can overflow the counter: it is not read then, and
    burns are added up at the end.
    """

    __slots__ = ("burns_commute", "index", "memory", "reads")

    def __init__(self, memory: Memory, index: int, burns_commute: bool) -> None:
        self.memory = memory
        self.index = index
        self.burns_commute = burns_commute
        self.reads: dict[Location, Found] = {}

    @property
    def chain_id(self) -> int:
        """The network the state belongs to."""
        return self.memory.state.chain_id

    def exists(self, address: Address) -> Read[bool]:
        """Tell whether the account exists."""
        return self.read(("exists", address))

    def nonce(self, address: Address) -> Read[int]:
        """Return the account's next nonce."""
        return self.read(("nonce", address))

    def balance(self, key: BalanceKey) -> Read[int]:
        """Return an account's balance of one asset."""
        return self.read(("balance", key))

    def multisig(self, address: Address) -> Read[Multisig | None]:
        """Return the account's multisig configuration."""
        return self.read(("multisig", address))

    def energy(self, address: Address) -> Read[int]:
        """Return the account's energy."""
        return self.read(("energy", address))

    async def burned_so_far(self) -> int:
        """Return the burned counter; as it was before the block if that is enough."""
        if self.burns_commute:
            return self.memory.state.original_burned
        counted: int = await self.read(BURNED)
        return counted

    async def read(self, location: Location) -> Any:
        """Return the value of ``location``; raise ``Dependency`` if it is only estimated."""
        match await self.memory.read(location, self.index):
            case Written(found, value) | Summed(found, value):
                self.record(location, found)
                return value
            case Estimate() as estimate:
                raise Dependency(estimate)
            case None:
                self.record(location, BASE)
                return self.memory.base(location)

    def record(self, location: Location, found: Found) -> None:
        """Enter into the read set what was found."""
        self.reads[location] = found

    def writes(self, overlay: Overlay) -> dict[Location, Value]:
        """Return what is staged, by location; a commutative burn is none."""
        found: dict[Location, Value] = {}
        for name, staged in (
            ("nonce", overlay.nonces.writes),
            ("balance", overlay.balances.writes),
            ("exists", overlay.existence.writes),
            ("multisig", overlay.multisigs.writes),
            ("energy", overlay.energies.writes),
        ):
            for key, value in staged.items():
                found[name, key] = value
        if overlay.burning and not self.burns_commute:
            assert overlay.burned_read is not None, "a burn reads the counter first"
            found[BURNED] = overlay.burned_read + overlay.burning
        return found

    def uncounted(self, overlay: Overlay) -> int:
        """Return what is burned without a write of the counter."""
        return overlay.burning if self.burns_commute else 0
