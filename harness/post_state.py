"""The state after a block, computed from the state before and the changes alone.

It shares no code with any store's merge, so that comparing the two checks the merge.
"""

from __future__ import annotations

from dataclasses import replace

from ledger.model import Account, Address, Asset, State
from ledger.outcome import Changes


def post_state(state: State, changes: Changes) -> State:
    """Return ``state`` with ``changes`` made to it."""
    accounts = dict(state.accounts)
    for address in changes.created:
        accounts[address] = Account()
    for address, nonce in changes.modified_nonces.items():
        accounts[address] = replace(accounts[address], nonce=nonce)
    for address, energy in changes.modified_energies.items():
        accounts[address] = replace(accounts[address], energy=energy)
    for address, multisig in changes.modified_multisigs.items():
        accounts[address] = replace(accounts[address], multisig=multisig)
    for address, balances in _balances_by_account(changes).items():
        account = accounts[address]
        merged = {**account.balances, **balances}
        kept = {asset: amount for asset, amount in merged.items() if amount}
        accounts[address] = replace(account, balances=kept)
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
