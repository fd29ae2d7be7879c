"""From values to the documents of a case file.

Invariant: what is written reads back as the same values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from harness.case.documents import (
    ZERO,
    AccountDocument,
    BlockDocument,
    BurnDocument,
    CosignerDocument,
    MultisigDocument,
    NonceBumpDocument,
    OutcomeDocument,
    RawDocument,
    ReceiptDocument,
    RejectionDocument,
    RewardsDocument,
    RewindDocument,
    SetMultisigDocument,
    SignedDocument,
    StateDocument,
    TransferDocument,
    TransfersDocument,
)
from harness.case.names import name_of
from harness.case.values import (
    AnyIntent,
    BlockStep,
    Intent,
    RawIntent,
    RewindStep,
    Step,
)
from ledger.model import (
    Account,
    Address,
    Burn,
    FeeType,
    Multisig,
    NonceBump,
    SetMultisig,
    State,
    Transfers,
)
from ledger.outcome import Outcome


def state_document(state: State) -> StateDocument:
    """Return the document of ``state``."""
    return StateDocument(
        accounts={name_of(key): _account_document(each) for key, each in state.accounts.items()},
        chain_id=int(state.chain.chain_id),
        height=_decimal(state.chain.height),
        burned=_decimal(state.chain.burned),
        total_supply=_decimal(state.chain.total_supply),
        timestamp=_decimal(state.chain.timestamp),
    )


def step_document(step: Step) -> BlockDocument | RewindDocument:
    """Return the document of ``step``."""
    match step:
        case RewindStep(blocks):
            return RewindDocument(blocks)
        case BlockStep():
            rewards = step.rewards
            return BlockDocument(
                transactions=[_intent_document(each) for each in step.transactions],
                policy=step.policy.value,
                rewards=None
                if rewards is None
                else RewardsDocument(
                    name_of(rewards.dev),
                    _decimal(rewards.dev_amount),
                    name_of(rewards.miner),
                    _decimal(rewards.miner_amount),
                ),
                fees_to=None if step.fees_to is None else name_of(step.fees_to),
                advances_height=step.advances_height,
            )


def outcome_document(outcome: Outcome, ids: list[str], digest: str) -> OutcomeDocument:
    """Return the document of ``outcome`` for a block whose transactions are called ``ids``."""
    changes = outcome.changes
    balances: dict[str, dict[str, str]] = {}
    for (address, asset), amount in changes.modified_balances.items():
        balances.setdefault(name_of(address), {})[name_of(asset)] = _decimal(amount)
    rejection = outcome.rejection
    return OutcomeDocument(
        receipts=[
            ReceiptDocument(_id_at(ids, each.index), each.code.name, _decimal(each.gas_used))
            for each in outcome.receipts
        ],
        rejection=None
        if rejection is None
        else RejectionDocument(
            rejection.code.name,
            None if rejection.index is None else _id_at(ids, rejection.index),
        ),
        modified_nonces=_numbers(changes.modified_nonces),
        modified_balances=balances,
        modified_multisigs={
            name_of(key): _multisig_document(each)
            for key, each in changes.modified_multisigs.items()
        },
        modified_energies=_numbers(changes.modified_energies),
        created=sorted(name_of(each) for each in changes.created),
        burned=_decimal(changes.burned),
        fees=_decimal(outcome.fees),
        height=changes.height,
        digest=digest,
        faults=[f"{each.index}: {each.error}" for each in outcome.faults],
    )


def _decimal(number: int) -> str:
    """Write a number; 0 is the very default object, so that it is left out."""
    return ZERO if number == 0 else str(number)


def _id_at(ids: list[str], index: int) -> str:
    return ids[index] if 0 <= index < len(ids) else f"#{index}"


def _numbers(values: Mapping[Address, int]) -> dict[str, str]:
    return {name_of(key): str(each) for key, each in values.items()}


def _multisig_document(multisig: Multisig | None) -> MultisigDocument | None:
    if multisig is None:
        return None
    return MultisigDocument(multisig.threshold, [name_of(each) for each in multisig.participants])


def _account_document(account: Account) -> AccountDocument:
    return AccountDocument(
        nonce=_decimal(account.nonce),
        balances={name_of(asset): str(each) for asset, each in account.balances.items()},
        multisig=_multisig_document(account.multisig),
        energy=_decimal(account.energy),
        frozen=_decimal(account.frozen),
        flags=_decimal(account.flags),
        data=account.data.hex(),
    )


def _intent_document(intent: AnyIntent) -> SignedDocument | RawDocument:
    if isinstance(intent, RawIntent):
        return RawDocument(intent.id, intent.wire.hex())
    document = _payload_document(intent)
    document.nonce = _decimal(intent.nonce)
    document.fee = _decimal(intent.fee)
    document.fee_type = _FEE_NAMES.get(intent.fee_type, intent.fee_type)
    document.chain_id = int(intent.chain_id)
    document.signature = _validity(intent.valid)
    if intent.cosigners is not None:
        document.cosigners = [
            CosignerDocument(each.signer_id, name_of(each.signer), _validity(each.valid))
            for each in intent.cosigners
        ]
    return document


def _payload_document(intent: Intent) -> SignedDocument:
    key, source = intent.id, name_of(intent.source)
    match intent.payload:
        case Transfers(outputs):
            return TransfersDocument(
                id=key,
                source=source,
                outputs=[
                    TransferDocument(
                        name_of(each.destination),
                        _decimal(each.amount),
                        name_of(each.asset),
                        None if each.extra_data is None else each.extra_data.hex(),
                    )
                    for each in outputs
                ],
            )
        case Burn(asset, amount):
            return BurnDocument(
                id=key, source=source, amount=_decimal(amount), asset=name_of(asset)
            )
        case SetMultisig(threshold, participants):
            names = [name_of(each) for each in participants]
            return SetMultisigDocument(
                id=key, source=source, threshold=threshold, participants=names
            )
        case NonceBump():
            return NonceBumpDocument(id=key, source=source)
        case unknown:
            assert_never(unknown)


_FEE_NAMES: dict[int, int | str] = {FeeType.TOS: "tos", FeeType.ENERGY: "energy"}


def _validity(valid: bool) -> str:
    return "valid" if valid else "invalid"
