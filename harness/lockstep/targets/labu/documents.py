"""States as labu exchanges them: the shape of a vector's ``pre_state``, and what it leaves out.

Invariant: what ``state_document`` gives reads back as the same state without its multisigs, and a
state that holds anything else the shape cannot carry is named by ``not_expressible``.
"""

from __future__ import annotations

from dataclasses import replace

from lockstep.published.document import Json, JsonObject, OutOfScopeError
from lockstep.published.state import published_state
from lockstep_ledger.model import NATIVE, Account, Address, State

SCHEME = "schnorr"
"""The signature scheme of the transactions that a server is sent."""


VALUES_LIMIT = 2_000_000
"""The most values of a JSON text that is read: each takes many times the memory of its bytes."""


def has_too_many_values(content: bytes | bytearray) -> bool:
    """Tell whether a JSON text is too much to be read, before it is."""
    return content.count(b",") >= VALUES_LIMIT


def state_document(state: State) -> JsonObject:
    """Return ``state`` as JSON values; multisigs and other assets than the native are left out."""
    chain, accounts = state.chain, state.accounts
    return {
        "network_chain_id": int(chain.chain_id),
        "global_state": {
            "total_supply": chain.total_supply,
            "total_burned": chain.burned,
            "total_energy": sum(account.energy for account in accounts.values()),
            "block_height": chain.height,
            "timestamp": chain.timestamp,
        },
        "accounts": [_account_document(each, accounts[each]) for each in sorted(accounts)],
    }


def state_of(document: Json, where: str) -> State:
    """Return the state in ``document``. Raises ``OutOfScopeError``, also for what is not modelled.

    A given ``total_energy`` must be the sum of the accounts' energies.
    """
    if document is None:
        raise OutOfScopeError(f"{where} is null")
    published = published_state(document, where, everything=True)
    energy = sum(account.energy for account in published.state.accounts.values())
    if published.total_energy not in (None, energy):
        raise OutOfScopeError(
            f"{where}: total_energy is {published.total_energy}, the accounts have {energy}"
        )
    return published.state


def not_expressible(state: State) -> str | None:
    """Say what of ``state`` cannot be loaded into a labu server; None if all of it can."""
    for address in sorted(state.accounts):
        account = state.accounts[address]
        if account.multisig is not None:
            return "a multisig configuration in the loaded state"
        if account.balances.keys() - {NATIVE}:
            return "balances of other assets in the loaded state"
    return None


def expressible(state: State) -> State:
    """Return what a labu server can tell of ``state``."""
    return State(
        state.chain,
        {address: _without_the_rest(account) for address, account in state.accounts.items()},
    )


def _without_the_rest(account: Account) -> Account:
    if account.multisig is None and not account.balances.keys() - {NATIVE}:
        return account
    return replace(account, multisig=None, balances={NATIVE: account.balance(NATIVE)})


def _account_document(address: Address, account: Account) -> JsonObject:
    return {
        "address": address.hex(),
        "balance": account.balance(NATIVE),
        "nonce": account.nonce,
        "frozen": account.frozen,
        "energy": account.energy,
        "flags": account.flags,
        "data": account.data.hex(),
    }
