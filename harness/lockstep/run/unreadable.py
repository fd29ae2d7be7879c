"""A reader of storage some of which cannot be read: an account, a column of it, or one balance.

Invariant: what is read alone and what is fetched with others fails alike, and nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable

from lockstep.case.values import Column
from lockstep_ledger.model import Address, Asset, Chain, Multisig
from lockstep_ledger.storage.fetched import Fetched, Wanted
from lockstep_ledger.storage.protocol import Reader, StorageError


class UnreadableError(StorageError):
    """Storage could not read an account."""


class UnreadableReader:
    """A ``Reader`` of ``reader`` without the means to read ``account``.

    With ``column`` only that column of it, with ``asset`` only its balance of that asset. An
    account and an asset of the same bytes have nothing to do with each other.
    """

    __slots__ = ("_account", "_asset", "_column", "_reader")

    def __init__(
        self,
        reader: Reader,
        account: Address,
        column: Column | None = None,
        asset: Asset | None = None,
    ) -> None:
        self._reader = reader
        self._account = account
        self._column = column if asset is None else Column.BALANCE
        self._asset = asset

    def chain(self) -> Chain:
        """Return height, chain id, burned and the inert counters."""
        return self._reader.chain()

    def exists(self, address: Address) -> bool:
        """Tell whether the account is registered."""
        self._require(Column.EXISTENCE, address)
        return self._reader.exists(address)

    def nonce(self, address: Address) -> int:
        """Return the account's next nonce."""
        self._require(Column.NONCE, address)
        return self._reader.nonce(address)

    def balance(self, address: Address, asset: Asset) -> int:
        """Return the account's balance of one asset."""
        self._require(Column.BALANCE, address, asset)
        return self._reader.balance(address, asset)

    def multisig(self, address: Address) -> Multisig | None:
        """Return the account's multisig configuration, None if it has none."""
        self._require(Column.MULTISIG, address)
        return self._reader.multisig(address)

    def energy(self, address: Address) -> int:
        """Return the account's energy."""
        self._require(Column.ENERGY, address)
        return self._reader.energy(address)

    def fetch(self, wanted: Callable[[], Wanted]) -> Fetched | None:
        """Return all that is wanted, if all of it can be read."""
        keys = wanted()
        for column, addresses in (
            (Column.EXISTENCE, keys.existence),
            (Column.NONCE, keys.nonces),
            (Column.MULTISIG, keys.multisigs),
            (Column.ENERGY, keys.energies),
        ):
            for address in addresses:
                self._require(column, address)
        for address, asset in keys.balances:
            self._require(Column.BALANCE, address, asset)
        return self._reader.fetch(wanted)

    def _require(self, column: Column, address: Address, asset: Asset | None = None) -> None:
        if (
            address == self._account
            and self._column in (None, column)
            and self._asset in (None, asset)
        ):
            raise UnreadableError("cannot read an account")
