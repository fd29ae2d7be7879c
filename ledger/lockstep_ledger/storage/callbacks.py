"""The access mode ``callbacks``: a reader that holds load functions and no storage.

Invariant: the reader can do what its functions do and nothing else; whoever gave them keeps the
storage, and with it merging, older topoheights and the end of its life.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lockstep_ledger.model import Address, Asset, Chain, Multisig
from lockstep_ledger.storage.fetched import Fetched, Wanted
from lockstep_ledger.storage.protocol import Reader


@dataclass(frozen=True, slots=True)
class Loads:
    """One function for each question of the read protocol."""

    chain: Callable[[], Chain]
    exists: Callable[[Address], bool]
    nonce: Callable[[Address], int]
    balance: Callable[[Address, Asset], int]
    multisig: Callable[[Address], Multisig | None]
    energy: Callable[[Address], int]
    fetch: Callable[[Callable[[], Wanted]], Fetched | None]

    @classmethod
    def of(cls, reader: Reader) -> Loads:
        """Return the functions that ask ``reader``."""
        return cls(
            reader.chain,
            reader.exists,
            reader.nonce,
            reader.balance,
            reader.multisig,
            reader.energy,
            reader.fetch,
        )


class CallbackReader:
    """A ``Reader`` that calls ``loads``."""

    __slots__ = ("_loads",)

    def __init__(self, loads: Loads) -> None:
        self._loads = loads

    def chain(self) -> Chain:
        """Return height, chain id, burned and the inert counters."""
        return self._loads.chain()

    def exists(self, address: Address) -> bool:
        """Tell whether the account is registered."""
        return self._loads.exists(address)

    def nonce(self, address: Address) -> int:
        """Return the account's next nonce."""
        return self._loads.nonce(address)

    def balance(self, address: Address, asset: Asset) -> int:
        """Return the account's balance of one asset."""
        return self._loads.balance(address, asset)

    def multisig(self, address: Address) -> Multisig | None:
        """Return the account's multisig configuration, None if it has none."""
        return self._loads.multisig(address)

    def energy(self, address: Address) -> int:
        """Return the account's energy."""
        return self._loads.energy(address)

    def fetch(self, wanted: Callable[[], Wanted]) -> Fetched | None:
        """Return all that is wanted; None where that saves nothing."""
        return self._loads.fetch(wanted)
