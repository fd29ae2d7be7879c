"""Outcomes to messages and back.

Invariant: an outcome that is written and read again is the same outcome. What cannot be one, as a
code that is not assigned or an account created twice, is a ``ContractError``; what is merely wrong
is read as it stands, for the comparison to find.
"""

from __future__ import annotations

from collections.abc import Mapping

from lockstep.foreign.text import shown
from lockstep.targets.program.ledger_messages import U64
from lockstep.targets.program.outcome_messages import (
    FaultMessage,
    OutcomeMessage,
    ReceiptMessage,
    RejectionMessage,
)
from lockstep.targets.program.scalars import ContractError, read_key, read_sum, read_u64
from lockstep.targets.program.states import read_multisig, write_multisig
from lockstep_ledger.model import Address, ModelError
from lockstep_ledger.outcome import BalanceKey, Changes, Code, Fault, Outcome, Receipt, Rejection

_CODES: Mapping[str, Code] = {each.name: each for each in Code}


def write_outcome(outcome: Outcome) -> OutcomeMessage:
    """Return the message of ``outcome``."""
    changes = outcome.changes
    balances: dict[str, dict[str, U64]] = {}
    for (address, asset), amount in changes.modified_balances.items():
        balances.setdefault(address.hex(), {})[asset.hex()] = str(amount)
    rejection = outcome.rejection
    return OutcomeMessage(
        receipts=[
            ReceiptMessage(each.index, each.hash.hex(), each.code.name, str(each.gas_used))
            for each in outcome.receipts
        ],
        rejection=None
        if rejection is None
        else RejectionMessage(code=rejection.code.name, index=rejection.index),
        modified_nonces=_write_numbers(changes.modified_nonces),
        modified_balances=balances,
        modified_multisigs={
            key.hex(): write_multisig(each) for key, each in changes.modified_multisigs.items()
        },
        modified_energies=_write_numbers(changes.modified_energies),
        created=sorted(each.hex() for each in changes.created),
        burned=str(changes.burned),
        fees=str(outcome.fees),
        height=str(changes.height),
        faults=[FaultMessage(error=shown(each.error), index=each.index) for each in outcome.faults],
    )


def read_outcome(message: OutcomeMessage) -> Outcome:
    """Return the outcome in ``message``. Raises ``ContractError``."""
    try:
        rejection = message.rejection
        return Outcome(
            tuple(map(_read_receipt, message.receipts)),
            _read_changes(message),
            read_sum(message.fees),
            None if rejection is None else Rejection(rejection.index, _code(rejection.code)),
            tuple(Fault(each.index, each.error) for each in message.faults),
        )
    except ModelError as error:
        raise ContractError(str(error)) from error


def _read_changes(message: OutcomeMessage) -> Changes:
    created = frozenset(map(read_key, message.created))
    if len(created) != len(message.created):
        raise ContractError("an account is created twice")
    balances: dict[BalanceKey, int] = {}
    for text, assets in message.modified_balances.items():
        address = read_key(text)
        for asset, amount in assets.items():
            balances[address, read_key(asset)] = read_u64(amount)
    if len(balances) != sum(map(len, message.modified_balances.values())):
        raise ContractError("a balance is given twice, in upper and in lower case")
    return Changes(
        _read_numbers(message.modified_nonces),
        balances,
        {read_key(key): read_multisig(each) for key, each in message.modified_multisigs.items()},
        _read_numbers(message.modified_energies),
        created,
        read_u64(message.burned),
        read_u64(message.height),
    )


def _read_receipt(message: ReceiptMessage) -> Receipt:
    return Receipt(
        message.index, read_key(message.hash), _code(message.code), read_u64(message.gas_used)
    )


def _code(name: str) -> Code:
    code = _CODES.get(name)
    if code is None:
        raise ContractError(f"{name[:40]!r} is no result code")
    return code


def _write_numbers(values: Mapping[Address, int]) -> dict[str, U64]:
    return {key.hex(): str(each) for key, each in values.items()}


def _read_numbers(values: Mapping[str, U64]) -> dict[Address, int]:
    return {read_key(key): read_u64(each) for key, each in values.items()}
