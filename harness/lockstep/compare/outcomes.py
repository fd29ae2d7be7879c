"""Typed comparison of two outcomes, entry by entry, of everything the rules fix.

Invariant: no difference is reported if and only if both sides are equal in value and in type
(``True`` is not ``1``), with receipts in block order.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeAlias, TypeVar

from lockstep.case.names import account_name, asset_name
from lockstep.compare.widths import beyond_width
from lockstep.foreign.text import value_text
from lockstep.verdict import ABSENT, Difference
from lockstep_ledger.model import ADDRESS_LENGTH, Multisig
from lockstep_ledger.outcome import Changes, Code, Fault, Outcome, Receipt, Rejection

K = TypeVar("K", bound=Hashable)


def compare_outcomes(expected: Outcome, actual: Outcome) -> tuple[Difference, ...]:
    """Return every difference between the reference's outcome and the executor's."""
    if not well_typed(actual):
        return (_difference("types", "", "the types of the outcome", value_text(actual, repr)),)
    if expected == actual:
        return ()
    found = [
        *beyond_width(actual),
        *_compare_value("faults", expected.faults, actual.faults),
        *_compare_receipts(expected.receipts, actual.receipts),
        *_compare_value("rejection", expected.rejection, actual.rejection),
        *compare_changes(expected.changes, actual.changes),
        *_compare_value("fees", expected.fees, actual.fees),
    ]
    assert found, "outcomes differ in a field that is not compared"
    return tuple(found)


def compare_changes(expected: Changes, actual: Changes) -> list[Difference]:
    """Return the differences between two change sets."""
    return [
        *_compare_mapping("modified_nonces", expected.modified_nonces, actual.modified_nonces),
        *_compare_mapping(
            "modified_balances", expected.modified_balances, actual.modified_balances
        ),
        *_compare_mapping(
            "modified_multisigs", expected.modified_multisigs, actual.modified_multisigs
        ),
        *_compare_mapping(
            "modified_energies", expected.modified_energies, actual.modified_energies
        ),
        *_compare_mapping(
            "created",
            dict.fromkeys(expected.created, "created"),
            dict.fromkeys(actual.created, "created"),
        ),
        *_compare_value("burned", expected.burned, actual.burned),
        *_compare_value("height", expected.height, actual.height),
    ]


def well_typed(outcome: Outcome) -> bool:
    """Tell whether every value of an outcome has exactly its declared type."""
    return (
        type(outcome) is Outcome
        and type(outcome.fees) is int
        and type(outcome.receipts) is tuple
        and all(map(_is_receipt, outcome.receipts))
        and (outcome.rejection is None or _is_rejection(outcome.rejection))
        and type(outcome.faults) is tuple
        and all(map(_is_fault, outcome.faults))
        and _are_changes(outcome.changes)
    )


def can_be_merged(outcome: Outcome) -> bool:
    """Tell whether the changes of an outcome are values that a storage can hold, right or wrong."""
    return well_typed(outcome) and not outcome.faults and next(beyond_width(outcome), None) is None


def _is_receipt(receipt: object) -> bool:
    return (
        type(receipt) is Receipt
        and type(receipt.index) is int
        and type(receipt.hash) is bytes
        and type(receipt.code) is Code
        and type(receipt.gas_used) is int
    )


def _is_rejection(rejection: object) -> bool:
    return (
        type(rejection) is Rejection
        and type(rejection.index) in (int, type(None))
        and type(rejection.code) is Code
    )


def _is_fault(fault: object) -> bool:
    return (
        type(fault) is Fault and type(fault.index) in (int, type(None)) and type(fault.error) is str
    )


def _are_changes(changes: object) -> bool:
    return (
        type(changes) is Changes
        and type(changes.burned) is type(changes.height) is int
        and type(changes.created) is frozenset
        and all(map(_is_address, changes.created))
        and _maps(changes.modified_nonces, _is_address, _is_number)
        and _maps(changes.modified_balances, _is_balance_key, _is_number)
        and _maps(changes.modified_multisigs, _is_address, _is_multisig_or_none)
        and _maps(changes.modified_energies, _is_address, _is_number)
    )


Test: TypeAlias = Callable[[object], bool]


def _maps(mapping: object, is_key: Test, is_value: Test) -> bool:
    return (
        isinstance(mapping, Mapping)
        and all(map(is_key, mapping))
        and all(map(is_value, mapping.values()))
    )


def _is_number(value: object) -> bool:
    return type(value) is int


def _is_address(value: object) -> bool:
    return type(value) is bytes and len(value) == ADDRESS_LENGTH


def _is_balance_key(value: object) -> bool:
    return type(value) is tuple and len(value) == 2 and all(map(_is_address, value))


def _is_multisig_or_none(value: object) -> bool:
    return value is None or (
        type(value) is Multisig
        and type(value.threshold) is int
        and type(value.participants) is tuple
        and all(map(_is_address, value.participants))
    )


def describe(value: object) -> str:
    """Return ``value`` as a reader wants it: accounts and codes by name."""
    match value:
        case Code():
            return f"{value.name} ({value:#06x})"
        case Receipt():
            gas = value_text(value.gas_used)
            return f"{describe(value.code)} gas {gas} hash {value.hash.hex()[:8]}"
        case Rejection(None, code):
            return f"block rejected with {describe(code)}"
        case Rejection(index, code):
            return f"block rejected at {value_text(index)} with {describe(code)}"
        case Fault(index, error):
            return f"fault at {value_text(index)}: {error}"
        case Multisig(threshold, participants):
            names = ", ".join(account_name(each) for each in participants)
            return f"{value_text(threshold)} of ({names})"
        case (bytes() as address, bytes() as asset):
            return f"{account_name(address)} {asset_name(asset)}"
        case tuple():
            return "(" + ", ".join(describe(each) for each in value) + ")"
        case bytes():
            return account_name(value)
        case _:
            return value_text(value)


def _compare_receipts(
    expected: tuple[Receipt, ...], actual: tuple[Receipt, ...]
) -> list[Difference]:
    found = []
    for index in range(max(len(expected), len(actual))):
        left = expected[index] if index < len(expected) else None
        right = actual[index] if index < len(actual) else None
        if left != right:
            found.append(_difference("receipts", str(index), left, right, _describe_receipt))
    return found


def _describe_receipt(receipt: object) -> str:
    if isinstance(receipt, Receipt):
        return f"#{value_text(receipt.index)} {describe(receipt)}"
    return ABSENT


def _compare_value(field: str, expected: object, actual: object) -> list[Difference]:
    return [] if expected == actual else [_difference(field, "", expected, actual)]


_MISSING = object()


def _compare_mapping(
    field: str, expected: Mapping[K, Any], actual: Mapping[K, Any]
) -> list[Difference]:
    if expected == actual:
        return []
    keys = sorted(expected.keys() | actual.keys(), key=repr)
    return [
        _difference(field, describe(key), left, right)
        for key in keys
        if (left := expected.get(key, _MISSING)) != (right := actual.get(key, _MISSING))
    ]


def _difference(
    field: str,
    where: str,
    expected: object,
    actual: object,
    text: Callable[[object], str] = describe,
) -> Difference:
    return Difference(
        field,
        where,
        ABSENT if expected is _MISSING else text(expected),
        ABSENT if actual is _MISSING else text(actual),
    )
