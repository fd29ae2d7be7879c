"""Field-by-field difference of two states, by DeepDiff, over the accounts that differ only.

Invariant: two states that are not equal have at least one difference.
"""

from __future__ import annotations

from typing import Any

from lockstep.case.names import account_name, asset_name
from lockstep.verdict import ABSENT, Difference
from lockstep_ledger.model import Account, Chain, State


def compare_states(expected: State, actual: State) -> tuple[Difference, ...]:
    """Return every field in which two stored states differ, by account name."""
    if expected == actual:
        return ()
    # DeepDiff costs milliseconds to load and to run: only a failing case pays for it.
    from deepdiff import DeepDiff

    addresses = expected.accounts.keys() | actual.accounts.keys()
    differing = [
        address
        for address in sorted(addresses)
        if expected.accounts.get(address) != actual.accounts.get(address)
    ]
    tree = DeepDiff(_plain(expected, differing), _plain(actual, differing), view="tree")
    found = [
        Difference("stored state", _place(change), _text(change.t1), _text(change.t2))
        for changes in tree.values()
        for change in changes
    ]
    assert found, "states differ in a field that is not compared"
    return tuple(sorted(found, key=lambda each: each.where))


def _plain(state: State, addresses: list[bytes]) -> dict[str, Any]:
    accounts = {
        account_name(address): _plain_account(state.accounts[address])
        for address in addresses
        if address in state.accounts
    }
    return {"chain": _plain_chain(state.chain), **accounts}


def _plain_chain(chain: Chain) -> dict[str, int]:
    return {name: int(getattr(chain, name)) for name in Chain.__slots__}


def _plain_account(account: Account) -> dict[str, Any]:
    config = account.multisig
    return {
        "nonce": account.nonce,
        "balances": {asset_name(asset): amount for asset, amount in account.balances.items()},
        "multisig": None
        if config is None
        else {
            "threshold": config.threshold,
            "participants": [account_name(each) for each in config.participants],
        },
        "energy": account.energy,
        "frozen": account.frozen,
        "flags": account.flags,
        "data": account.data.hex(),
    }


def _place(change: Any) -> str:
    return " ".join(str(part) for part in change.path(output_format="list"))


def _text(value: object) -> str:
    return ABSENT if str(value) == "not present" else str(value)
