"""What the node holds: accounts and the chain, read from messages and written to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

NATIVE = "0" * 64
MOST = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Account:
    """One account; ``kept`` are the fields that no rule looks at."""

    nonce: int = 0
    balances: Mapping[str, int] = field(default_factory=dict)
    multisig: tuple[int, tuple[str, ...]] | None = None
    energy: int = 0
    kept: Mapping[str, str] = field(default_factory=dict)

    def balance(self, asset: str) -> int:
        """Return what it holds of ``asset``."""
        return self.balances.get(asset, 0)

    def holding(self, asset: str, amount: int) -> Account:
        """Return it with another balance."""
        return replace(self, balances={**self.balances, asset: amount})


@dataclass(frozen=True, slots=True)
class State:
    """The accounts by address, and the numbers of the chain."""

    accounts: Mapping[str, Account]
    chain_id: int
    height: int
    burned: int
    kept: Mapping[str, str] = field(default_factory=dict)


def u64(text: object) -> int:
    """Return the number that a message says. Raises ``ValueError`` outside of its width."""
    number = int(str(text))
    if not 0 <= number <= MOST:
        raise ValueError(f"{number} is no u64")
    return number


def state_of(document: Mapping[str, Any]) -> State:
    """Read a state as ``load_state`` sends it."""
    return State(
        {address.lower(): _account_of(each) for address, each in document["accounts"].items()},
        document["chain_id"],
        u64(document.get("height", 0)),
        u64(document.get("burned", 0)),
        {key: str(document.get(key, "0")) for key in ("total_supply", "timestamp")},
    )


def document_of(state: State) -> dict[str, Any]:
    """Write a state as ``export_state`` and ``read_state`` answer it."""
    return {
        "accounts": {address: _account_document(each) for address, each in state.accounts.items()},
        "chain_id": state.chain_id,
        "height": str(state.height),
        "burned": str(state.burned),
        **state.kept,
    }


def modified(before: State, after: State) -> dict[str, Any]:
    """Return the entries of an outcome that differ between two states."""
    changed = {
        address: (before.accounts.get(address, Account()), account)
        for address, account in after.accounts.items()
        if before.accounts.get(address) != account
    }
    balances = {address: dict(_balances(*both)) for address, both in changed.items()}
    return {
        "modified_nonces": {
            address: str(new.nonce)
            for address, (old, new) in changed.items()
            if old.nonce != new.nonce
        },
        "modified_balances": {address: each for address, each in balances.items() if each},
        "modified_multisigs": {
            address: _multisig_document(new)
            for address, (old, new) in changed.items()
            if old.multisig != new.multisig
        },
        "modified_energies": {
            address: str(new.energy)
            for address, (old, new) in changed.items()
            if old.energy != new.energy
        },
        "created": sorted(after.accounts.keys() - before.accounts.keys()),
    }


def _balances(old: Account, new: Account) -> Iterator[tuple[str, str]]:
    for asset in {**old.balances, **new.balances}:
        if old.balance(asset) != new.balance(asset):
            yield asset, str(new.balance(asset))


def _account_of(document: Mapping[str, Any]) -> Account:
    multisig = document.get("multisig")
    return Account(
        u64(document.get("nonce", 0)),
        {asset.lower(): u64(amount) for asset, amount in document.get("balances", {}).items()},
        None
        if multisig is None
        else (multisig["threshold"], tuple(each.lower() for each in multisig["participants"])),
        u64(document.get("energy", 0)),
        {key: str(document[key]) for key in ("frozen", "flags", "data") if key in document},
    )


def _account_document(account: Account) -> dict[str, Any]:
    return {
        "nonce": str(account.nonce),
        "balances": {asset: str(amount) for asset, amount in account.balances.items() if amount},
        "multisig": _multisig_document(account),
        "energy": str(account.energy),
        **account.kept,
    }


def _multisig_document(account: Account) -> dict[str, Any] | None:
    if account.multisig is None:
        return None
    threshold, participants = account.multisig
    return {"threshold": threshold, "participants": list(participants)}
