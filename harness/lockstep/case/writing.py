"""From values to the documents of a case file.

Invariant: what is written reads back as the same values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from lockstep.case.documents import (
    AccountDocument,
    BlockDocument,
    BurnDocument,
    CosignerDocument,
    FaultDocument,
    MergeDiesDocument,
    MergeFailsDocument,
    MultisigDocument,
    NonceBumpDocument,
    OnlookerDocument,
    OutcomeDocument,
    RawDocument,
    ReadsFailDocument,
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
from lockstep.case.names import account_name, asset_name
from lockstep.case.values import (
    AnyIntent,
    BlockStep,
    Intent,
    MergeDies,
    MergeFails,
    Onlooker,
    PlannedFault,
    RawIntent,
    ReadsFail,
    RewindStep,
    Step,
)
from lockstep.foreign.text import shown, value_text
from lockstep_ledger.model import (
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
from lockstep_ledger.outcome import Outcome


def state_document(state: State) -> StateDocument:
    """Return the document of ``state``."""
    return StateDocument(
        accounts={
            account_name(key): _account_document(each) for key, each in state.accounts.items()
        },
        chain_id=int(state.chain.chain_id),
        height=str(state.chain.height),
        burned=str(state.chain.burned),
        total_supply=str(state.chain.total_supply),
        timestamp=str(state.chain.timestamp),
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
                    account_name(rewards.dev),
                    str(rewards.dev_amount),
                    account_name(rewards.miner),
                    str(rewards.miner_amount),
                ),
                fees_to=None if step.fees_to is None else account_name(step.fees_to),
                advances_height=step.advances_height,
                fault=None if step.fault is None else _fault_document(step.fault),
                parallel=step.parallel,
                warm=step.warm,
                dry_runs=step.dry_runs,
            )


def outcome_document(outcome: Outcome, ids: list[str], digest: str) -> OutcomeDocument:
    """Return the document of ``outcome`` for a block whose transactions are called ``ids``."""
    changes = outcome.changes
    balances: dict[str, dict[str, str]] = {}
    for (address, asset), amount in changes.modified_balances.items():
        balances.setdefault(account_name(address), {})[asset_name(asset)] = str(amount)
    rejection = outcome.rejection
    return OutcomeDocument(
        receipts=[
            ReceiptDocument(_id_at(ids, each.index), each.code.name, str(each.gas_used))
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
            account_name(key): _multisig_document(each)
            for key, each in changes.modified_multisigs.items()
        },
        modified_energies=_numbers(changes.modified_energies),
        created=sorted(account_name(each) for each in changes.created),
        burned=str(changes.burned),
        fees=str(outcome.fees),
        height=changes.height,
        digest=digest,
        faults=[f"{value_text(each.index)}: {shown(each.error)}" for each in outcome.faults],
    )


def _fault_document(fault: PlannedFault) -> FaultDocument:
    match fault:
        case MergeDies(after):
            return MergeDiesDocument(after)
        case MergeFails():
            return MergeFailsDocument()
        case ReadsFail(account, column, asset):
            named = None if asset is None else asset_name(asset)
            return ReadsFailDocument(account_name(account), column, named)
        case Onlooker():
            return OnlookerDocument()


def _id_at(ids: list[str], index: int) -> str:
    return ids[index] if 0 <= index < len(ids) else f"#{index}"


def _numbers(values: Mapping[Address, int]) -> dict[str, str]:
    return {account_name(key): str(each) for key, each in values.items()}


def _multisig_document(multisig: Multisig | None) -> MultisigDocument | None:
    if multisig is None:
        return None
    return MultisigDocument(
        multisig.threshold, [account_name(each) for each in multisig.participants]
    )


def _account_document(account: Account) -> AccountDocument:
    return AccountDocument(
        nonce=str(account.nonce),
        balances={asset_name(asset): str(each) for asset, each in account.balances.items()},
        multisig=_multisig_document(account.multisig),
        energy=str(account.energy),
        frozen=str(account.frozen),
        flags=str(account.flags),
        data=account.data.hex(),
    )


def _intent_document(intent: AnyIntent) -> SignedDocument | RawDocument:
    if isinstance(intent, RawIntent):
        return RawDocument(intent.id, intent.wire.hex())
    document = _payload_document(intent)
    document.nonce = str(intent.nonce)
    document.fee = str(intent.fee)
    document.fee_type = _FEE_NAMES.get(intent.fee_type, intent.fee_type)
    document.chain_id = int(intent.chain_id)
    document.signature = _validity(intent.valid)
    document.reference = intent.reference
    if intent.cosigners is not None:
        document.cosigners = [
            CosignerDocument(each.signer_id, account_name(each.signer), _validity(each.valid))
            for each in intent.cosigners
        ]
    return document


def _payload_document(intent: Intent) -> SignedDocument:
    key, source = intent.id, account_name(intent.source)
    match intent.payload:
        case Transfers(outputs):
            return TransfersDocument(
                id=key,
                source=source,
                outputs=[
                    TransferDocument(
                        account_name(each.destination),
                        str(each.amount),
                        asset_name(each.asset),
                        None if each.extra_data is None else each.extra_data.hex(),
                    )
                    for each in outputs
                ],
            )
        case Burn(asset, amount):
            return BurnDocument(id=key, source=source, amount=str(amount), asset=asset_name(asset))
        case SetMultisig(threshold, participants):
            names = [account_name(each) for each in participants]
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
