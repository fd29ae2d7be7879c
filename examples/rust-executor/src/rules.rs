//! The rules R0 to R10: what a transaction makes of its source, or the code it fails with.
//!
//! They look at the transaction and its source alone. R11 is about the receivers: `effects`.
//! The order of the checks is part of the rules: the first that fails gives the code.

use std::collections::BTreeSet;

use crate::block::{Content, Cosignature, Output, Signed, Transaction};
use crate::code::Code;
use crate::state::{Account, Multisig};
use crate::values::{Address, Asset, NATIVE};

const TOS: u8 = 0;
const ENERGY: u8 = 1;

/// Check `transaction` against its source, None if that does not exist; return the source after it.
pub fn source_after(
    transaction: &Transaction,
    chain_id: u8,
    source: Option<Account>,
) -> Result<Account, Code> {
    let signed = format(transaction)?;
    if signed.chain_id != chain_id {
        return Err(Code::InvalidType); // R1
    }
    let source = source.ok_or(Code::AccountNotFound)?; // R2
    fee_type(signed, &transaction.content)?;
    least_fee(signed, transaction)?;
    nonce(signed, &source)?;
    fee_is_there(signed, &source)?;
    payload(signed, &transaction.content, &source)?;
    if !signed.signature_valid {
        return Err(Code::InvalidSignature); // R8
    }
    cosignatures(signed, source.multisig.as_ref())?;
    spend(signed, &transaction.content, source)
}

/// R0.
fn format(transaction: &Transaction) -> Result<&Signed, Code> {
    let signed = match &transaction.content {
        Content::Undecodable => return Err(Code::InvalidFormat),
        Content::Unsupported => return Err(Code::NotImplemented),
        Content::Transfers { outputs, .. } if !(1..=500).contains(&outputs.len()) => {
            return Err(Code::InvalidFormat);
        }
        Content::Transfers { signed, .. }
        | Content::Burn { signed, .. }
        | Content::SetMultisig { signed, .. }
        | Content::NonceBump { signed } => signed,
    };
    if repeats(present(signed).iter().map(|one| one.signer_id)) {
        return Err(Code::InvalidFormat);
    }
    Ok(signed)
}

/// R3.
fn fee_type(signed: &Signed, content: &Content) -> Result<(), Code> {
    let may_use_energy = matches!(content, Content::Transfers { .. } | Content::NonceBump { .. });
    match signed.fee_type {
        TOS => Ok(()),
        ENERGY if !may_use_energy => Err(Code::InvalidFormat),
        ENERGY if signed.fee != 0 => Err(Code::InvalidPayload),
        ENERGY => Ok(()),
        _ => Err(Code::InvalidFormat),
    }
}

/// R4.
fn least_fee(signed: &Signed, transaction: &Transaction) -> Result<(), Code> {
    let outputs = match &transaction.content {
        Content::NonceBump { .. } => 1,
        _ => transaction.outputs().len(),
    };
    let least = u128::from(transaction.size.div_ceil(1024)) * 10_000
        + (outputs + present(signed).len()) as u128 * 5_000;
    if signed.fee_type == TOS && u128::from(signed.fee) < least {
        return Err(Code::InsufficientFee);
    }
    Ok(())
}

/// R5.
fn nonce(signed: &Signed, source: &Account) -> Result<(), Code> {
    if signed.nonce < source.nonce {
        Err(Code::NonceTooLow)
    } else if signed.nonce > source.nonce {
        Err(Code::NonceTooHigh)
    } else if signed.nonce == u64::MAX {
        Err(Code::Overflow)
    } else {
        Ok(())
    }
}

/// R6.
fn fee_is_there(signed: &Signed, source: &Account) -> Result<(), Code> {
    if signed.fee_type == TOS && source.balances.get(NATIVE) < signed.fee {
        Err(Code::InsufficientFee)
    } else if signed.fee_type == ENERGY && source.energy < 1 {
        Err(Code::InsufficientEnergy)
    } else {
        Ok(())
    }
}

/// R7.
fn payload(signed: &Signed, content: &Content, source: &Account) -> Result<(), Code> {
    match content {
        Content::Transfers { outputs, .. } => transfers(signed, outputs),
        Content::Burn { amount: 0, .. } => Err(Code::InvalidAmount),
        Content::Burn { amount, .. } if amount.checked_add(signed.fee).is_none() => {
            Err(Code::InvalidFormat)
        }
        Content::SetMultisig { threshold, participants, .. } => {
            set_multisig(signed.source, *threshold, participants, source)
        }
        _ => Ok(()),
    }
}

fn transfers(signed: &Signed, outputs: &[Output]) -> Result<(), Code> {
    let mut together = 0;
    for output in outputs {
        let length = output.data.as_ref().map_or(0, |data| data.0.len());
        if output.to == signed.source {
            return Err(Code::SelfOperation);
        }
        if length > 128 {
            return Err(Code::InvalidPayload);
        }
        together += length;
    }
    if together > 4096 {
        return Err(Code::InvalidPayload);
    }
    Ok(())
}

fn set_multisig(
    address: Address,
    threshold: u8,
    participants: &[Address],
    source: &Account,
) -> Result<(), Code> {
    if threshold == 0 {
        let deletes = participants.is_empty() && source.multisig.is_some();
        return if deletes { Ok(()) } else { Err(Code::InvalidPayload) };
    }
    if participants.is_empty() {
        Err(Code::InvalidFormat)
    } else if participants.len() > 255 {
        Err(Code::InvalidPayload)
    } else if repeats(participants) {
        Err(Code::InvalidSignature)
    } else if usize::from(threshold) > participants.len() || participants.contains(&address) {
        Err(Code::InvalidPayload)
    } else {
        Ok(())
    }
}

/// R9.
fn cosignatures(signed: &Signed, multisig: Option<&Multisig>) -> Result<(), Code> {
    let (multisig, given) = match (multisig, &signed.cosignatures) {
        (None, None) => return Ok(()),
        (Some(multisig), Some(given)) if given.len() == usize::from(multisig.threshold) => {
            (multisig, given)
        }
        _ => return Err(Code::InvalidPayload),
    };
    for cosignature in given {
        match multisig.participants.get(usize::from(cosignature.signer_id)) {
            None => return Err(Code::InvalidPayload),
            Some(participant) if !cosignature.valid_for.contains(participant) => {
                return Err(Code::InvalidSignature);
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// R10, and the effects on the source.
fn spend(signed: &Signed, content: &Content, mut source: Account) -> Result<Account, Code> {
    for (asset, sum) in sums(signed, content) {
        let sum = u64::try_from(sum).map_err(|_| Code::Overflow)?;
        let rest = source.balances.get(asset).checked_sub(sum);
        source.balances.set(asset, rest.ok_or(Code::InsufficientBalance)?);
    }
    source.nonce += 1;
    if signed.fee_type == ENERGY {
        source.energy -= 1;
    }
    if let Content::SetMultisig { threshold, participants, .. } = content {
        source.multisig = (*threshold > 0)
            .then(|| Multisig { threshold: *threshold, participants: participants.clone() });
    }
    Ok(source)
}

/// What is spent of each asset, in the order in which the payload names them, the fee last.
fn sums(signed: &Signed, content: &Content) -> Vec<(Asset, u128)> {
    let mut spent: Vec<(Asset, u64)> = match content {
        Content::Transfers { outputs, .. } => {
            outputs.iter().map(|output| (output.asset, output.amount)).collect()
        }
        Content::Burn { asset, amount, .. } => vec![(*asset, *amount)],
        _ => Vec::new(),
    };
    if signed.fee_type == TOS {
        spent.push((NATIVE, signed.fee));
    }
    let mut sums: Vec<(Asset, u128)> = Vec::new();
    for (asset, amount) in spent {
        match sums.iter_mut().find(|(summed, _)| *summed == asset) {
            Some((_, sum)) => *sum += u128::from(amount),
            None => sums.push((asset, u128::from(amount))),
        }
    }
    sums
}

fn present(signed: &Signed) -> &[Cosignature] {
    signed.cosignatures.as_deref().unwrap_or(&[])
}

fn repeats<T: Ord>(values: impl IntoIterator<Item = T>) -> bool {
    let mut seen = BTreeSet::new();
    !values.into_iter().all(|value| seen.insert(value))
}
