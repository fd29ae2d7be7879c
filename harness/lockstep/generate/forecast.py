"""Moves the forecast on by a transaction that is believed to succeed."""

from __future__ import annotations

from typing import assert_never

from lockstep.case.values import Cosigner, Intent
from lockstep.generate.estimate import Estimate
from lockstep.generate.fees import estimated_fee
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Address,
    Asset,
    Burn,
    ChainId,
    FeeType,
    Multisig,
    NonceBump,
    SetMultisig,
    Transfer,
    Transfers,
)


def move_on(intent: Intent, estimate: Estimate, ghost: bool = False) -> None:
    """Believe the effects of ``intent`` if nothing obvious speaks against its success.

    With ``ghost`` they are believed all the same: what comes later then needs what never was.
    """
    if not _looks_valid(intent, estimate) or not _goes_through(intent, estimate):
        estimate.doubts += 1
        if ghost:
            _haunt(intent, estimate)
        return
    if intent.fee_type == FeeType.ENERGY:
        estimate.energies[intent.source] -= 1
    estimate.fees += intent.fee


def _goes_through(intent: Intent, estimate: Estimate) -> bool:
    """Believe what the payload does and costs; False, and no change, if it cannot be done."""
    sender = intent.source
    amounts: list[tuple[Asset, int]] = [(NATIVE, intent.fee)]
    match intent.payload:
        case Transfers(outputs):
            amounts += [(each.asset, each.amount) for each in outputs]
            if _cannot_arrive(outputs, sender, estimate) or not estimate.spend(sender, amounts):
                return False
            for each in outputs:
                estimate.credit(each.destination, each.asset, each.amount)
            return True
        case Burn(asset, amount):
            counted = amount if asset == NATIVE else 0
            if not amount or estimate.burned + counted > U64_MAX:
                return False
            if not estimate.spend(sender, [*amounts, (asset, amount)]):
                return False
            estimate.burned += counted
            return True
        case SetMultisig() as payload:
            if not _is_sound(payload, sender) or not estimate.spend(sender, amounts):
                return False
            estimate.configs[sender] = _new_config(payload)
            return True
        case NonceBump():
            return estimate.spend(sender, amounts)
        case unknown:
            assert_never(unknown)


def _haunt(intent: Intent, estimate: Estimate) -> None:
    """Believe what ``intent`` would have done, as far as there is anything to do it with."""
    sender, payload = intent.source, intent.payload
    estimate.nonces[sender] = min(U64_MAX, intent.nonce + 1)
    estimate.lose(sender, NATIVE, intent.fee)
    match payload:
        case Transfers(outputs):
            for each in outputs:
                estimate.lose(sender, each.asset, each.amount)
                estimate.credit(each.destination, each.asset, each.amount)
        case Burn(asset, amount):
            estimate.lose(sender, asset, amount)
            if asset == NATIVE:
                estimate.burned = min(U64_MAX, estimate.burned + amount)
        case SetMultisig() if _is_sound(payload, sender):
            estimate.configs[sender] = _new_config(payload)
        case _:
            pass


def _looks_valid(intent: Intent, estimate: Estimate) -> bool:
    sender, config, cosigners = intent.source, estimate.config(intent.source), intent.cosigners
    if not intent.valid or not estimate.exists(sender) or intent.nonce != estimate.nonce(sender):
        return False
    if (config is None) != (cosigners is None) or intent.chain_id != ChainId.DEVNET:
        return False
    if config is not None and cosigners is not None and not _satisfies(cosigners, config):
        return False
    if intent.fee_type == FeeType.ENERGY:
        return estimate.energies.get(sender, 0) > 0
    count = None if cosigners is None else len(cosigners)
    return intent.fee_type == FeeType.TOS and intent.fee >= estimated_fee(intent.payload, count)


def _satisfies(cosigners: tuple[Cosigner, ...], config: Multisig) -> bool:
    return len(cosigners) == config.threshold and all(
        each.valid and each.signer_id < len(config.participants) for each in cosigners
    )


def _cannot_arrive(outputs: tuple[Transfer, ...], sender: Address, estimate: Estimate) -> bool:
    return any(
        each.destination == sender
        or len(each.extra_data or b"") > 128
        or estimate.balance(each.destination, each.asset) + each.amount > U64_MAX
        for each in outputs
    )


def _is_sound(payload: SetMultisig, sender: Address) -> bool:
    unique = set(payload.participants)
    if payload.threshold == 0:
        return not unique
    return payload.threshold <= len(unique) == len(payload.participants) and sender not in unique


def _new_config(payload: SetMultisig) -> Multisig | None:
    if payload.threshold == 0:
        return None
    return Multisig(payload.threshold, payload.participants)
