"""What a store checks before it writes a block's changes.

Invariant: changes that pass keep the stored state a valid ``State``: every value inside u64, every
entry belongs to a registered account, the chain's counters do not overflow. Nothing is written.
"""

from __future__ import annotations

from dataclasses import replace

from lockstep_ledger.model import ADDRESS_LENGTH, U64_MAX, Address, Chain
from lockstep_ledger.outcome import Changes
from lockstep_ledger.storage.protocol import Reader, StorageError


def check_merge(reader: Reader, newest: int, changes: Changes, topoheight: int) -> Chain:
    """Return the chain's counters as they are after ``changes``.

    Raises ``StorageError`` if ``topoheight`` is not above ``newest`` or ``changes`` cannot be
    stored on top of what ``reader`` reads.
    """
    check_topoheight(topoheight)
    if topoheight <= newest:
        raise StorageError(f"cannot merge at topoheight {topoheight}: the newest is {newest}")
    _check_values(changes)
    _check_accounts(reader, changes)
    chain = reader.chain()
    burned = _increased("burned", chain.burned, changes.burned)
    height = _increased("height", chain.height, changes.height)
    return replace(chain, burned=burned, height=height)


def check_topoheight(topoheight: int) -> None:
    """Raise ``StorageError`` if ``topoheight`` is outside u64."""
    _check_u64("topoheight", topoheight)


def check_rewind(base: int, newest: int, topoheight: int) -> None:
    """Raise ``StorageError`` unless ``topoheight`` lies between ``base`` and ``newest``."""
    if topoheight > newest:
        raise StorageError(f"cannot rewind to topoheight {topoheight}: the newest is {newest}")
    if topoheight < base:
        raise StorageError(f"cannot rewind to topoheight {topoheight}: the first is {base}")


def check_readable(base: int, topoheight: int) -> None:
    """Raise ``StorageError`` if the store holds nothing as old as ``topoheight``."""
    if topoheight < base:
        raise StorageError(f"cannot read at topoheight {topoheight}: the first is {base}")


def _check_values(changes: Changes) -> None:
    for nonce in changes.modified_nonces.values():
        _check_u64("nonce", nonce)
    for balance in changes.modified_balances.values():
        _check_u64("balance", balance)
    for energy in changes.modified_energies.values():
        _check_u64("energy", energy)
    for _, asset in changes.modified_balances:
        if len(asset) != ADDRESS_LENGTH:
            raise StorageError(f"asset {asset.hex()} has {len(asset)} bytes, not {ADDRESS_LENGTH}")


def _check_accounts(reader: Reader, changes: Changes) -> None:
    for address in changes.created:
        if len(address) != ADDRESS_LENGTH:
            raise StorageError(
                f"address {address.hex()} has {len(address)} bytes, not {ADDRESS_LENGTH}"
            )
        if reader.exists(address):
            raise StorageError(f"cannot create account {address.hex()}: it exists")
    for address in _modified(changes) - changes.created:
        if not reader.exists(address):
            raise StorageError(f"cannot modify account {address.hex()}: it does not exist")


def _modified(changes: Changes) -> set[Address]:
    return {
        *changes.modified_nonces,
        *(address for address, _ in changes.modified_balances),
        *changes.modified_multisigs,
        *changes.modified_energies,
    }


def _increased(name: str, value: int, increment: int) -> int:
    _check_u64(f"increment of {name}", increment)
    _check_u64(name, value + increment)
    return value + increment


def _check_u64(name: str, value: int) -> None:
    if not (isinstance(value, int) and 0 <= value <= U64_MAX):
        raise StorageError(f"{name} is {value!r}, outside 0..{U64_MAX}")
