"""From the documents of a case file to values.

Raises ``ModelError`` or ``UnknownNameError`` for what the document type cannot refuse by itself.
"""

from __future__ import annotations

import re
from typing import assert_never

from lockstep.case.documents import (
    AccountDocument,
    BlockDocument,
    BurnDocument,
    CaseDocument,
    Document,
    FaultDocument,
    MergeDiesDocument,
    MergeFailsDocument,
    NonceBumpDocument,
    OnlookerDocument,
    RawDocument,
    ReadsFailDocument,
    RewindDocument,
    SetMultisigDocument,
    SignedDocument,
    TransferDocument,
    TransfersDocument,
)
from lockstep.case.names import address_named, asset_named
from lockstep.case.realise import check_widths
from lockstep.case.values import (
    AnyIntent,
    BlockStep,
    Case,
    Column,
    Cosigner,
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
from lockstep.foreign.text import quoted
from lockstep.verdict import Verdict
from lockstep_ledger.block import Rewards, check_count
from lockstep_ledger.model import (
    Account,
    Burn,
    Chain,
    FeeType,
    ModelError,
    Multisig,
    NonceBump,
    Policy,
    SetMultisig,
    State,
    Transfer,
    Transfers,
)
from lockstep_ledger.outcome import Code


def case_of(document: Document) -> Case:
    """Return the case in ``document``. Raises ``ModelError`` or ``UnknownNameError``."""
    _check_codes(document)
    if document.verdict not in ("", *(each.value for each in Verdict)):
        raise ModelError(f"{quoted(document.verdict)} is no verdict")
    return _case_of(document)


def earlier_of(document: Document) -> tuple[Case, ...]:
    """Return the cases that are run before the one in ``document``."""
    return tuple(map(_case_of, document.after))


def _case_of(document: Document | CaseDocument) -> Case:
    state = document.state
    chain = Chain(
        state.chain_id,
        int(state.height),
        int(state.burned),
        int(state.total_supply),
        int(state.timestamp),
    )
    accounts = {address_named(name): _account_of(each) for name, each in state.accounts.items()}
    if document.scheme not in ("keyed-hash", "schnorr"):
        raise ModelError(f"unknown signature scheme {quoted(document.scheme)}")
    steps = tuple(_step_of(each) for each in document.steps)
    if len(accounts) != len(state.accounts):
        raise ModelError("an account is given twice, by alias and by address")
    _check_steps(steps)
    return Case(State(chain, accounts), steps, document.scheme, document.retries)


def _check_steps(steps: tuple[Step, ...]) -> None:
    ids = [each.id for step in steps if isinstance(step, BlockStep) for each in step.transactions]
    if len(set(ids)) != len(ids):
        raise ModelError("two transactions have the same id")
    blocks = 0
    for step in steps:
        if isinstance(step, BlockStep):
            check_count(len(step.transactions))
            blocks += not (step.parallel and isinstance(step.fault, MergeFails))
        elif 1 <= step.blocks <= blocks:
            blocks -= step.blocks
        else:
            raise ModelError(f"a rewind by {step.blocks} where there are {blocks} blocks to rewind")


def _check_codes(document: Document) -> None:
    for outcome in (*(document.expected or ()), *(document.observed or ())):
        named = [receipt.code for receipt in outcome.receipts]
        if outcome.rejection is not None:
            named.append(outcome.rejection.code)
        for code in named:
            if code not in Code.__members__:
                raise ModelError(f"{quoted(code)} is no result code")


_FEE_TYPES: dict[int | str, int] = {"tos": FeeType.TOS, "energy": FeeType.ENERGY}


def _is_valid(text: str) -> bool:
    if text not in ("valid", "invalid"):
        raise ModelError(f"a signature is valid or invalid, not {quoted(text)}")
    return text == "valid"


_HEX = re.compile(r"([0-9a-fA-F]{2})*")


def _bytes_of(text: str, what: str) -> bytes:
    if _HEX.fullmatch(text) is None:
        raise ModelError(f"{what} is not hex: {quoted(text)}")
    return bytes.fromhex(text)


def _account_of(document: AccountDocument) -> Account:
    config = document.multisig
    balances = {asset_named(name): int(each) for name, each in document.balances.items()}
    if len(balances) != len(document.balances):
        raise ModelError("a balance is given twice, by the asset's name and by its bytes")
    return Account(
        nonce=int(document.nonce),
        balances=balances,
        multisig=None
        if config is None
        else Multisig(config.threshold, tuple(address_named(each) for each in config.participants)),
        energy=int(document.energy),
        frozen=int(document.frozen),
        flags=int(document.flags),
        data=_bytes_of(document.data, "account data"),
    )


def _step_of(document: BlockDocument | RewindDocument) -> Step:
    if isinstance(document, RewindDocument):
        return RewindStep(document.blocks)
    rewards = document.rewards
    if document.policy not in ("skip", "atomic"):
        raise ModelError(f"a policy is skip or atomic, not {quoted(document.policy)}")
    return BlockStep(
        tuple(_intent_of(each) for each in document.transactions),
        Policy(document.policy),
        None
        if rewards is None
        else Rewards(
            address_named(rewards.dev),
            int(rewards.dev_amount),
            address_named(rewards.miner),
            int(rewards.miner_amount),
        ),
        None if document.fees_to is None else address_named(document.fees_to),
        document.advances_height,
        None if document.fault is None else _fault_of(document.fault),
        document.parallel,
        document.warm,
        document.dry_runs,
    )


def _fault_of(document: FaultDocument) -> PlannedFault:
    match document:
        case MergeDiesDocument():
            return MergeDies(document.after)
        case MergeFailsDocument():
            return MergeFails()
        case ReadsFailDocument():
            asset = None if document.asset is None else asset_named(document.asset)
            if document.column is Column.EXISTENCE:
                # An executor may ask for each transaction or for the block: who suffers is open.
                raise ModelError("existence cannot fail alone")
            if asset is not None and document.column not in (None, Column.BALANCE):
                raise ModelError(f"an asset has a balance, and no {document.column}")
            return ReadsFail(address_named(document.account), document.column, asset)
        case OnlookerDocument():
            return Onlooker()


def _intent_of(document: SignedDocument | RawDocument) -> AnyIntent:
    if isinstance(document, RawDocument):
        return RawIntent(document.id, _bytes_of(document.wire, "wire"))
    fee_type = _FEE_TYPES.get(document.fee_type, document.fee_type)
    if not isinstance(fee_type, int):
        raise ModelError(f"a fee type is tos, energy or a number, not {fee_type!r}")
    cosigners = document.cosigners
    intent = Intent(
        id=document.id,
        source=address_named(document.source),
        payload=_payload_of(document),
        nonce=int(document.nonce),
        fee=int(document.fee),
        fee_type=fee_type,
        chain_id=document.chain_id,
        cosigners=None
        if cosigners is None
        else tuple(
            Cosigner(each.id, address_named(each.signer), _is_valid(each.signature))
            for each in cosigners
        ),
        valid=_is_valid(document.signature),
        reference=document.reference,
    )
    check_widths(intent)
    return intent


def _payload_of(document: SignedDocument) -> Transfers | Burn | SetMultisig | NonceBump:
    match document:
        case TransfersDocument():
            return Transfers(tuple(_transfer_of(each) for each in document.outputs))
        case BurnDocument():
            return Burn(asset_named(document.asset), int(document.amount))
        case SetMultisigDocument():
            names = document.participants
            return SetMultisig(document.threshold, tuple(address_named(each) for each in names))
        case NonceBumpDocument():
            return NonceBump()
        case unknown:
            assert_never(unknown)


def _transfer_of(document: TransferDocument) -> Transfer:
    data = None if document.data is None else _bytes_of(document.data, "extra data")
    return Transfer(
        asset_named(document.asset), address_named(document.to), int(document.amount), data
    )
