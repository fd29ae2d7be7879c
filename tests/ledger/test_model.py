"""The values of the ledger refuse what is outside their width or length."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from lockstep_ledger.model import (
    NATIVE,
    U8_MAX,
    U16_MAX,
    U64_MAX,
    Account,
    Burn,
    Chain,
    Cosignature,
    ModelError,
    Multisig,
    NonceBump,
    SetMultisig,
    State,
    Transaction,
    Transfer,
    Transfers,
)

ADDRESS = b"\x01" * 32


def transaction(**changes: Any) -> Transaction:
    fields: dict[str, Any] = {
        "chain_id": 3,
        "source": ADDRESS,
        "payload": NonceBump(),
        "fee": 0,
        "fee_type": 0,
        "nonce": 0,
        "signature": bytes(64),
    }
    return Transaction(**(fields | changes))


U64_FIELDS = [
    (Account, "nonce"),
    (Account, "energy"),
    (Account, "frozen"),
    (Account, "flags"),
    (Chain, "height"),
    (Chain, "burned"),
    (Chain, "total_supply"),
    (Chain, "timestamp"),
    (transaction, "fee"),
    (transaction, "nonce"),
    (transaction, "reference_topoheight"),
    (lambda amount: Burn(NATIVE, amount), "amount"),
    (lambda amount: Transfer(NATIVE, ADDRESS, amount), "amount"),
    (lambda balance: Account(balances={NATIVE: balance}), "balance"),
]
U8_FIELDS = [
    (Chain, "chain_id"),
    (transaction, "version"),
    (transaction, "chain_id"),
    (transaction, "fee_type"),
    (lambda threshold: Multisig(threshold, (ADDRESS,)), "threshold"),
    (lambda threshold: SetMultisig(threshold, (ADDRESS,)), "threshold"),
    (lambda signer_id: Cosignature(signer_id, bytes(64)), "signer_id"),
]
WIDTHS = [(*each, U64_MAX) for each in U64_FIELDS] + [(*each, U8_MAX) for each in U8_FIELDS]
LENGTHS = [
    (lambda source: transaction(source=source), 32),
    (lambda reference: transaction(reference_hash=reference), 32),
    (lambda signature: transaction(signature=signature), 64),
    (lambda signature: Cosignature(0, signature), 64),
    (lambda asset: Burn(asset, 1), 32),
    (lambda asset: Transfer(asset, ADDRESS, 1), 32),
    (lambda destination: Transfer(NATIVE, destination, 1), 32),
    (lambda participant: Multisig(1, (participant,)), 32),
    (lambda participant: SetMultisig(1, (participant,)), 32),
    (lambda asset: Account(balances={asset: 1}), 32),
    (lambda address: State(Chain(), {address: Account()}), 32),
]


@pytest.mark.parametrize(("make", "name", "maximum"), WIDTHS)
def test_an_integer_at_the_ends_of_its_width_is_accepted(
    make: Any, name: str, maximum: int
) -> None:
    make(**{name: 0})
    make(**{name: maximum})


@pytest.mark.parametrize(("make", "name", "maximum"), WIDTHS)
def test_an_integer_outside_its_width_cannot_be_constructed(
    make: Any, name: str, maximum: int
) -> None:
    for value in (-1, maximum + 1):
        with pytest.raises(ModelError, match=str(value)):
            make(**{name: value})


@pytest.mark.parametrize(("make", "length"), LENGTHS)
def test_bytes_of_the_wrong_length_cannot_be_constructed(make: Any, length: int) -> None:
    make(bytes(length))
    for wrong in (0, length - 1, length + 1):
        with pytest.raises(ModelError, match=f"not {length}"):
            make(bytes(wrong))


def test_extra_data_is_at_most_what_its_length_field_can_say() -> None:
    Transfer(NATIVE, ADDRESS, 0, bytes(U16_MAX))
    with pytest.raises(ModelError, match="extra_data"):
        Transfer(NATIVE, ADDRESS, 0, bytes(U16_MAX + 1))


def test_a_transaction_carries_at_most_the_outputs_that_its_count_field_can_say() -> None:
    output = Transfer(NATIVE, ADDRESS, 0)
    Transfers((output,) * U16_MAX)
    with pytest.raises(ModelError, match="transfers"):
        Transfers((output,) * (U16_MAX + 1))


def test_a_balance_of_zero_is_the_same_as_no_balance() -> None:
    asset = b"\x07" * 32
    account = Account(balances={NATIVE: 0, asset: 5})
    assert account == Account(balances={asset: 5})
    assert (account.balance(NATIVE), account.balance(asset)) == (0, 5)


def test_dropping_a_zero_balance_leaves_the_given_mapping_alone() -> None:
    given = {NATIVE: 0}
    Account(balances=given)
    assert given == {NATIVE: 0}


def test_accounts_made_without_balances_are_empty_and_equal() -> None:
    assert Account() == Account()
    assert not Account().balances


def test_a_value_cannot_be_changed_after_construction() -> None:
    with pytest.raises(FrozenInstanceError):
        transaction().fee = 1  # type: ignore[misc]


def test_a_transaction_without_cosignatures_differs_from_one_with_an_empty_list() -> None:
    assert transaction(cosignatures=None) != transaction(cosignatures=())


def test_participants_of_a_multisig_compare_in_order() -> None:
    first, second = b"\x01" * 32, b"\x02" * 32
    assert Multisig(1, (first, second)) != Multisig(1, (second, first))
