"""The node's rules, which are not lockstep's, for one transaction: verified, then applied.

It is verified on the state before its block, so what a block pays in cannot be spent in it; the
payload comes first and the fee last. To open an account costs its sender ``OPENING``, energy pays
by the output, and a reference is good for ``OLDEST`` versions and covers what is spent.
Invariant: a transaction that fails changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from tests.node.law import Law
from tests.node.state import MOST, NATIVE, Account, State

Transaction = Mapping[str, Any]
OPENING = 100
LEAST_FEE = 5_000
MOST_OUTPUTS = 255
OLDEST = 16
TOS, ENERGY = 0, 1


class RefusedError(Exception):
    """The transaction fails; the text is its code."""


class Accounts(Protocol):
    """Accounts that can be looked at and changed."""

    def get(self, address: str) -> Account | None:
        """Return an account, None if there is none."""
        ...

    def put(self, address: str, account: Account) -> None:
        """Change it, or make it."""
        ...

    def burn(self, amount: int) -> None:
        """Count what is burned. Raises ``RefusedError`` if that is more than can be counted."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """What a transaction is verified on: the state before the block, and that of its reference."""

    before: State
    reference: State | None


def touched(transaction: Transaction) -> Iterator[str]:
    """Give the accounts that it may look at or change when it is applied."""
    if "source" in transaction:
        yield transaction["source"]
    for output in transaction.get("outputs", ()):
        yield output["to"]


def verify(transaction: Transaction, known: Known) -> None:
    """Check all that is known before the block. Raises ``RefusedError``."""
    _verify_payload(transaction)
    account = known.before.accounts.get(transaction["source"])
    if account is None or transaction["chain_id"] != known.before.chain_id:
        raise RefusedError("ACCOUNT_NOT_FOUND")
    _verify_funds(transaction, account)
    if known.reference is None:
        raise RefusedError("INVALID_TYPE")
    if known.reference is not known.before:
        _verify_funds(transaction, known.reference.accounts.get(transaction["source"], Account()))
    _verify_signatures(transaction, account)
    _verify_fee(transaction, account)


def apply(transaction: Transaction, accounts: Accounts, law: Law, *, old: bool = False) -> int:
    """Apply it and return what it cost beside what it sends; ``old`` is its reference.

    Raises ``RefusedError``.
    """
    source = transaction["source"]
    account = accounts.get(source) or Account()
    nonce = int(transaction["nonce"])
    if nonce != account.nonce:
        raise RefusedError("NONCE_TOO_LOW" if nonce < account.nonce else "NONCE_TOO_HIGH")
    if law.is_last(nonce):
        raise RefusedError("OVERFLOW")
    opened = {to for to, _, _ in _outputs(transaction) if accounts.get(to) is None}
    cost = _fee(transaction) + OPENING * len(opened)
    spent = _spent(transaction, cost)
    if not law.affords(account, spent, old=old):
        raise RefusedError("INSUFFICIENT_BALANCE")
    if transaction["fee_type"] == ENERGY and account.energy < _energy(transaction):
        raise RefusedError("INSUFFICIENT_ENERGY")
    paid = _paid(transaction, accounts, {source: law.debited(account, spent)}, law)
    if transaction["kind"] == "burn":
        accounts.burn(int(transaction["amount"]))
    for address, changed in paid.items():
        accounts.put(address, changed)
    accounts.put(source, _signed_off(transaction, paid[source]))
    return cost


def _paid(
    transaction: Transaction, accounts: Accounts, changed: dict[str, Account], law: Law
) -> dict[str, Account]:
    for to, asset, amount in _outputs(transaction):
        held = changed.get(to) or accounts.get(to)
        if held is None and not law.opens(amount):
            continue
        receiver = held or Account()
        if not law.has_room(to, receiver, asset, amount):
            raise RefusedError("OVERFLOW")
        changed[to] = receiver.holding(asset, receiver.balance(asset) + amount)
    return changed


def _signed_off(transaction: Transaction, account: Account) -> Account:
    energy = account.energy
    if transaction["fee_type"] == ENERGY:
        energy -= _energy(transaction)
    account = replace(account, nonce=(account.nonce + 1) % (MOST + 1), energy=energy)
    if transaction["kind"] == "set_multisig":
        people = tuple(transaction["participants"])
        account = replace(account, multisig=(transaction["threshold"], people) if people else None)
    return account


def _verify_payload(transaction: Transaction) -> None:
    match transaction["kind"]:
        case "unsupported":
            raise RefusedError("NOT_IMPLEMENTED")
        case "transfers":
            if not 0 < len(transaction["outputs"]) <= MOST_OUTPUTS:
                raise RefusedError("INVALID_PAYLOAD")
        case "burn":
            if int(transaction["amount"]) == 0:
                raise RefusedError("INVALID_AMOUNT")
        case "set_multisig":
            people = transaction["participants"]
            if len(set(people)) != len(people) or transaction["threshold"] > len(people):
                raise RefusedError("INVALID_PAYLOAD")
        case "nonce_bump":
            pass
        case _:
            raise RefusedError("INVALID_FORMAT")


def _verify_funds(transaction: Transaction, account: Account) -> None:
    spent = _spent(transaction, _fee(transaction))
    if any(account.balance(asset) < amount for asset, amount in spent.items()):
        raise RefusedError("INSUFFICIENT_BALANCE")


def _verify_signatures(transaction: Transaction, account: Account) -> None:
    if not transaction["signature_valid"]:
        raise RefusedError("INVALID_SIGNATURE")
    if account.multisig is None:
        if transaction["cosignatures"]:
            raise RefusedError("INVALID_SIGNATURE")
        return
    threshold, people = account.multisig
    good = {
        each["signer_id"]
        for each in transaction["cosignatures"] or ()
        if each["signer_id"] < len(people) and people[each["signer_id"]] in each["valid_for"]
    }
    if len(good) < threshold:
        raise RefusedError("INVALID_SIGNATURE")


def _verify_fee(transaction: Transaction, account: Account) -> None:
    if transaction["fee_type"] == ENERGY:
        if account.energy < _energy(transaction):
            raise RefusedError("INSUFFICIENT_ENERGY")
    elif transaction["fee_type"] != TOS:
        raise RefusedError("INVALID_TYPE")
    elif int(transaction["fee"]) < LEAST_FEE:
        raise RefusedError("INSUFFICIENT_FEE")


def _outputs(transaction: Transaction) -> Iterator[tuple[str, str, int]]:
    for each in transaction.get("outputs", ()):
        yield each["to"], each["asset"], int(each["amount"])


def _energy(transaction: Transaction) -> int:
    return len(transaction.get("outputs", ())) or 1


def _fee(transaction: Transaction) -> int:
    """Return the fee in coins: one may be offered beside energy, and is taken too."""
    return int(transaction["fee"])


def _spent(transaction: Transaction, cost: int) -> dict[str, int]:
    spent = {NATIVE: cost}
    for _, asset, amount in _outputs(transaction):
        spent[asset] = spent.get(asset, 0) + amount
    if transaction["kind"] == "burn":
        asset = transaction["asset"]
        spent[asset] = spent.get(asset, 0) + int(transaction["amount"])
    return spent
