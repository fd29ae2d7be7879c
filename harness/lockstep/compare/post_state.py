"""The state after a block, computed from the state before and the changes alone.

It shares no code with any store's merge, so that comparing the two checks the merge.
"""

from __future__ import annotations

from dataclasses import replace

from lockstep_ledger.model import Account, Address, Asset, State
from lockstep_ledger.outcome import Changes


def post_state(state: State, changes: Changes) -> State:
    """Return ``state`` with ``changes`` made to it."""
    accounts = dict(state.accounts)
    for address in changes.created:
        accounts[address] = Account()
    balances = _balances_by_account(changes)
    for address in (
        changes.modified_nonces.keys()
        | changes.modified_energies.keys()
        | changes.modified_multisigs.keys()
        | balances.keys()
    ):
        account = accounts[address]
        accounts[address] = Account(
            changes.modified_nonces.get(address, account.nonce),
            {**account.balances, **balances.get(address, {})},
            changes.modified_multisigs.get(address, account.multisig),
            changes.modified_energies.get(address, account.energy),
            account.frozen,
            account.flags,
            account.data,
        )
    chain = state.chain
    return State(
        replace(chain, burned=chain.burned + changes.burned, height=chain.height + changes.height),
        accounts,
    )


def _balances_by_account(changes: Changes) -> dict[Address, dict[Asset, int]]:
    grouped: dict[Address, dict[Asset, int]] = {}
    for (address, asset), amount in changes.modified_balances.items():
        grouped.setdefault(address, {})[asset] = amount
    return grouped
