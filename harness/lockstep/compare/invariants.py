"""What must hold of any outcome, whatever the reference says: nothing is made, nothing is lost.

Checked from the block, the state before and the outcome alone; no rule text is shared. Some of them
are implied by the reference's rules and hold of nodes that keep to those; the others say what an
outcome is, and hold of all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import assert_never

from lockstep.case.judging import EXACTLY, Judging
from lockstep.case.names import account_name
from lockstep.verdict import Difference
from lockstep_ledger.block import Block
from lockstep_ledger.model import (
    NATIVE,
    Address,
    Asset,
    Burn,
    FeeType,
    NonceBump,
    SetMultisig,
    State,
    Transaction,
    Transfers,
)
from lockstep_ledger.outcome import NO_CHANGES, Code, Outcome


def broken_invariants(
    block: Block, before: State, outcome: Outcome, judging: Judging = EXACTLY
) -> tuple[Difference, ...]:
    """Return the invariants that ``outcome`` breaks, of those that it is held to.

    With another oracle than the reference what its rules imply has to be asked for; what is left
    out of the comparison is not looked into here either.
    """
    if outcome.rejection is not None:
        return _rejected_block_changes_nothing(outcome)
    broken = [*_changes_differ_from_before(before, outcome), *unknown_accounts(before, outcome)]
    if judging.by_reference or judging.invariants:
        broken = [*_implied_by_the_rules(block, before, outcome, judging.ignored), *broken]
    return tuple(each for each in broken if each.field not in judging.ignored)


def unknown_accounts(before: State, outcome: Outcome) -> Iterator[Difference]:
    """Yield what ``outcome`` changes of accounts that neither exist nor are created."""
    changes = outcome.changes
    known = before.accounts.keys() | changes.created
    touched = (
        changes.modified_nonces.keys()
        | changes.modified_energies.keys()
        | changes.modified_multisigs.keys()
        | {address for address, _ in changes.modified_balances}
    )
    for address in sorted(touched - known):
        yield Difference("changed account", account_name(address), "an account", "none")


def _implied_by_the_rules(
    block: Block, before: State, outcome: Outcome, ignored: tuple[str, ...]
) -> Iterator[Difference]:
    succeeded = [
        block.transactions[receipt.index].content
        for receipt in outcome.receipts
        if receipt.code is Code.SUCCESS
    ]
    done = [content for content in succeeded if isinstance(content, Transaction)]
    if not {"modified_balances", "burned", "fees"} & set(ignored):
        yield from _value_is_conserved(block, before, outcome, done)
    if "modified_nonces" not in ignored:
        yield from _nonces_count_successes(before, outcome, done)
    if "modified_energies" not in ignored:
        yield from _energy_counts_successes(before, outcome, done)


def _rejected_block_changes_nothing(outcome: Outcome) -> tuple[Difference, ...]:
    if outcome.changes == NO_CHANGES and outcome.fees == 0:
        return ()
    return (Difference("rejected block", "", "no changes", repr(outcome.changes)),)


def _value_is_conserved(
    block: Block, before: State, outcome: Outcome, done: list[Transaction]
) -> list[Difference]:
    expected: Counter[Asset] = Counter()
    if block.rewards is not None:
        expected[NATIVE] += block.rewards.dev_amount + block.rewards.miner_amount
    burned_native = 0
    for transaction in done:
        if block.fees_to is None:
            expected[NATIVE] -= transaction.fee
        match transaction.payload:
            case Burn(asset, amount):
                expected[asset] -= amount
                burned_native += amount if asset == NATIVE else 0
            case Transfers() | SetMultisig() | NonceBump():
                pass
            case unknown:
                assert_never(unknown)
    actual: Counter[Asset] = Counter()
    for (address, asset), amount in outcome.changes.modified_balances.items():
        actual[asset] += amount - _balance(before, address, asset)
    found = [
        Difference("supply", asset.hex()[:8], str(expected[asset]), str(actual[asset]))
        for asset in sorted(expected.keys() | actual.keys())
        if expected[asset] != actual[asset]
    ]
    if outcome.changes.burned != burned_native:
        found.append(Difference("burned", "", str(burned_native), str(outcome.changes.burned)))
    return found


def _nonces_count_successes(
    before: State, outcome: Outcome, done: list[Transaction]
) -> list[Difference]:
    expected = Counter(transaction.source for transaction in done)
    nonces = outcome.changes.modified_nonces
    return [
        Difference("nonce steps", address.hex()[:8], str(expected[address]), str(steps))
        for address in sorted(expected.keys() | nonces.keys())
        if (steps := nonces.get(address, _nonce(before, address)) - _nonce(before, address))
        != expected[address]
    ]


def _energy_counts_successes(
    before: State, outcome: Outcome, done: list[Transaction]
) -> list[Difference]:
    expected = Counter(each.source for each in done if each.fee_type == FeeType.ENERGY)
    energies = outcome.changes.modified_energies
    return [
        Difference("energy spent", address.hex()[:8], str(expected[address]), str(spent))
        for address in sorted(expected.keys() | energies.keys())
        if (spent := _energy(before, address) - energies.get(address, _energy(before, address)))
        != expected[address]
    ]


def _changes_differ_from_before(before: State, outcome: Outcome) -> list[Difference]:
    """Find entries that are equal to their value before the block."""
    changes = outcome.changes
    same = [
        ("modified_nonces", address.hex()[:8])
        for address, nonce in changes.modified_nonces.items()
        if nonce == _nonce(before, address)
    ]
    same += [
        ("modified_balances", address.hex()[:8])
        for (address, asset), amount in changes.modified_balances.items()
        if amount == _balance(before, address, asset)
    ]
    same += [
        ("modified_energies", address.hex()[:8])
        for address, energy in changes.modified_energies.items()
        if energy == _energy(before, address)
    ]
    same += [
        ("modified_multisigs", address.hex()[:8])
        for address, multisig in changes.modified_multisigs.items()
        if multisig == (before.accounts[address].multisig if address in before.accounts else None)
    ]
    same += [("created", each.hex()[:8]) for each in changes.created if each in before.accounts]
    return [Difference(field, where, "a change", "the value before") for field, where in same]


def _balance(state: State, address: Address, asset: Asset) -> int:
    account = state.accounts.get(address)
    return 0 if account is None else account.balance(asset)


def _nonce(state: State, address: Address) -> int:
    account = state.accounts.get(address)
    return 0 if account is None else account.nonce


def _energy(state: State, address: Address) -> int:
    account = state.accounts.get(address)
    return 0 if account is None else account.energy
