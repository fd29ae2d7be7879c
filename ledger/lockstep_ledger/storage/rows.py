"""States and changes as (column, key, value) records, and a state put together from its records.

Invariant: ``state_of(state_rows(state))`` is the state again; a value of 0 or none needs no
record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias, TypeVar

from lockstep_ledger.model import ADDRESS_LENGTH, Account, Address, Asset, Chain, State
from lockstep_ledger.outcome import Changes
from lockstep_ledger.storage.layout import (
    ACCOUNT,
    BALANCE,
    CHAIN,
    ENERGY,
    MULTISIG,
    NONCE,
    Column,
    Inert,
)

V = TypeVar("V")

Row: TypeAlias = tuple[Column[Any], bytes, Any]
"""A column, a key of it, the value to store."""


def state_rows(state: State) -> Iterator[Row]:
    """Yield every record that ``state`` needs."""
    yield CHAIN, b"", state.chain
    for address, account in state.accounts.items():
        yield ACCOUNT, address, Inert(account.frozen, account.flags, account.data)
        if account.nonce:
            yield NONCE, address, account.nonce
        if account.energy:
            yield ENERGY, address, account.energy
        if account.multisig is not None:
            yield MULTISIG, address, account.multisig
        for asset, balance in account.balances.items():
            yield BALANCE, address + asset, balance


def change_rows(changes: Changes, chain: Chain) -> Iterator[Row]:
    """Yield every record that ``changes`` write; ``chain`` is the chain after them."""
    for address, nonce in changes.modified_nonces.items():
        yield NONCE, address, nonce
    for (address, asset), balance in changes.modified_balances.items():
        yield BALANCE, address + asset, balance
    for address, multisig in changes.modified_multisigs.items():
        yield MULTISIG, address, multisig
    for address, energy in changes.modified_energies.items():
        yield ENERGY, address, energy
    for address in changes.created:
        yield ACCOUNT, address, Inert()
    if changes.burned or changes.height:
        yield CHAIN, b"", chain


def state_of(values: Iterable[tuple[bytes, bytes]]) -> State:
    """Return the state whose (name, encoded value) pairs are ``values``."""
    columns: dict[bytes, dict[bytes, bytes]] = {}
    balances: dict[Address, dict[Asset, int]] = {}
    for name, encoded in values:
        code, key = name[:1], name[1:]
        if code == BALANCE.code:
            address, asset = key[:ADDRESS_LENGTH], key[ADDRESS_LENGTH:]
            balances.setdefault(address, {})[asset] = BALANCE.decode(encoded)
        else:
            columns.setdefault(code, {})[key] = encoded

    def value(column: Column[V], key: bytes) -> V:
        encoded = columns.get(column.code, {}).get(key)
        return column.absent if encoded is None else column.decode(encoded)

    accounts: dict[Address, Account] = {}
    for address in columns.get(ACCOUNT.code, {}):
        inert = value(ACCOUNT, address)
        assert inert is not None, "an account's registration was listed and is gone"
        accounts[address] = Account(
            nonce=value(NONCE, address),
            balances=balances.get(address, {}),
            multisig=value(MULTISIG, address),
            energy=value(ENERGY, address),
            frozen=inert.frozen,
            flags=inert.flags,
            data=inert.data,
        )
    return State(value(CHAIN, b""), accounts)
