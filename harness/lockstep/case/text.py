"""A case in a few short lines, for people: accounts first, then what happens.

Invariant: whatever of a case is not the default is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from lockstep.case.names import account_name, asset_name
from lockstep.case.values import (
    AnyIntent,
    BlockStep,
    Case,
    Column,
    Intent,
    MergeDies,
    MergeFails,
    Onlooker,
    PlannedFault,
    RawIntent,
    ReadsFail,
    RewindStep,
)
from lockstep_ledger.model import (
    NATIVE,
    Account,
    Asset,
    Burn,
    Chain,
    ChainId,
    FeeType,
    NonceBump,
    Payload,
    SetMultisig,
    Transfer,
    Transfers,
)

SHOWN_DIGITS = 40
"""Digits of bytes that are shown."""


def case_lines(case: Case) -> Iterator[str]:
    """Return the lines that describe ``case``."""
    if case.scheme != Case.__dataclass_fields__["scheme"].default:
        yield f"signed with {case.scheme}"
    yield from _chain_lines(case.state.chain)
    for address, account in sorted(
        case.state.accounts.items(), key=lambda each: account_name(each[0])
    ):
        yield f"{account_name(address)}: {_account_text(account)}"
    if case.retries is not None:
        yield f"speculation falls back beyond {_times_text(case.retries)} of a transaction"
    for step in case.steps:
        match step:
            case RewindStep(blocks):
                yield f"rewind {blocks}"
            case BlockStep():
                yield _block_text(step)
                yield from ("  " + intent_text(intent) for intent in step.transactions)


def _times_text(retries: int) -> str:
    return "1 abort" if retries == 1 else f"{retries} aborts"


def intent_text(intent: AnyIntent) -> str:
    """Return one line for a transaction."""
    if isinstance(intent, RawIntent):
        return f"{intent.id}: raw bytes {_bytes_text(intent.wire)}"
    parts = [f"{intent.id}: {account_name(intent.source)} {_payload_text(intent.payload)}"]
    parts.append(f"nonce {intent.nonce}")
    parts.append(_fee_text(intent))
    if intent.chain_id != ChainId.DEVNET:
        parts.append(f"chain {_chain_name(intent.chain_id)}")
    if intent.cosigners is not None:
        signers = ", ".join(
            f"{each.signer_id}={account_name(each.signer)}{'' if each.valid else ' invalid'}"
            for each in intent.cosigners
        )
        parts.append(f"co-signed by ({signers})")
    if intent.reference is not None:
        back = intent.reference
        parts.append(f"reference {back} back" if back else "reference the newest")
    if not intent.valid:
        parts.append("signature invalid")
    return ", ".join(parts)


def _chain_lines(chain: Chain) -> Iterator[str]:
    if chain.chain_id != ChainId.DEVNET:
        yield f"chain {_chain_name(chain.chain_id)}"
    for text, number in (
        ("height", chain.height),
        ("burned so far", chain.burned),
        ("total supply", chain.total_supply),
        ("timestamp", chain.timestamp),
    ):
        if number:
            yield f"{text}: {number}"


def _chain_name(chain_id: int) -> str:
    known = chain_id in ChainId.__members__.values()
    return f"{int(chain_id)} ({ChainId(chain_id).name.lower()})" if known else str(chain_id)


def _account_text(account: Account) -> str:
    parts = [f"nonce {account.nonce}"]
    parts += [_amount_text(amount, asset) for asset, amount in sorted(account.balances.items())]
    if account.energy:
        parts.append(f"energy {account.energy}")
    if account.multisig is not None:
        names = ", ".join(account_name(each) for each in account.multisig.participants)
        parts.append(f"multisig {account.multisig.threshold} of ({names})")
    if account.frozen:
        parts.append(f"frozen {account.frozen}")
    if account.flags:
        parts.append(f"flags {account.flags}")
    if account.data:
        parts.append(f"data {_bytes_text(account.data)}")
    return ", ".join(parts)


def _block_text(step: BlockStep) -> str:
    parts = [f"block, {step.policy.value}"]
    rewards = step.rewards
    if rewards is not None:
        parts.append(f"rewards {rewards.dev_amount} to {account_name(rewards.dev)} (dev)")
        parts.append(f"{rewards.miner_amount} to {account_name(rewards.miner)} (miner)")
    if step.fees_to is not None:
        parts.append(f"fees to {account_name(step.fees_to)}")
    if not step.advances_height:
        parts.append("height stays")
    if step.fault is not None:
        parts.append(_fault_text(step.fault))
    if step.warm:
        parts.append("caches warm")
    if step.dry_runs:
        parts.append("after a dry run" if step.dry_runs == 1 else f"after {step.dry_runs} dry runs")
    if not step.parallel:
        parts.append("on the sequential path")
    return ", ".join(parts)


def _fault_text(fault: PlannedFault) -> str:
    match fault:
        case MergeFails():
            return "its merge fails and it is given up"
        case MergeDies(after):
            return f"merge dies after write {after}"
        case ReadsFail(account, column, asset):
            what = "" if asset is None else f" in {asset_name(asset)}"
            of = f"the {column or Column.BALANCE}{what} of " if column or what else ""
            return f"reads of {of}{account_name(account)} fail"
        case Onlooker():
            return "storage looked at all the while"


def _payload_text(payload: Payload) -> str:
    match payload:
        case Transfers(outputs):
            return "sends " + (" and ".join(_output_text(each) for each in outputs) or "nothing")
        case Burn(asset, amount):
            return f"burns {_amount_text(amount, asset)}"
        case SetMultisig(0, ()):
            return "deletes its multisig"
        case SetMultisig(threshold, participants):
            names = ", ".join(account_name(each) for each in participants)
            return f"sets multisig {threshold} of ({names})"
        case NonceBump():
            return "bumps its nonce"
        case unknown:
            assert_never(unknown)


def _output_text(output: Transfer) -> str:
    extra = "" if output.extra_data is None else f" with {len(output.extra_data)} bytes"
    return (
        f"{_amount_text(output.amount, output.asset)} to {account_name(output.destination)}{extra}"
    )


def _bytes_text(data: bytes) -> str:
    """Return bytes in hex, of many the first, and how many there are."""
    start = data.hex()[:SHOWN_DIGITS]
    return start if len(data) * 2 <= SHOWN_DIGITS else f"{start}... ({len(data)} bytes)"


def _amount_text(amount: int, asset: Asset) -> str:
    return str(amount) if asset == NATIVE else f"{amount} {asset_name(asset)}"


def _fee_text(intent: Intent) -> str:
    match intent.fee_type:
        case FeeType.TOS:
            return f"fee {intent.fee}"
        case FeeType.ENERGY:
            return "by energy" if intent.fee == 0 else f"by energy, fee {intent.fee}"
        case other:
            return f"fee {intent.fee} of type {other}"
