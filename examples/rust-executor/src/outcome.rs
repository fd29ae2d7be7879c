//! What a block comes to: the answer, and what becomes of the state.
//!
//! An entry is modified if and only if it is not what it was before the block, where what is
//! absent is all zero.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::block::Transaction;
use crate::code::Code;
use crate::state::{Account, Multisig, State};
use crate::values::{decimal, wide, Address, Amounts};
use crate::workspace::Slot;

#[derive(Default, Serialize)]
pub struct Outcome {
    receipts: Vec<Receipt>,
    rejection: Option<Rejection>,
    modified_nonces: Amounts,
    modified_balances: BTreeMap<Address, Amounts>,
    /// None: deleted.
    modified_multisigs: BTreeMap<Address, Option<Multisig>>,
    modified_energies: Amounts,
    created: Vec<Address>,
    #[serde(with = "decimal")]
    burned: u64,
    #[serde(with = "wide")]
    fees: u128,
    #[serde(with = "decimal")]
    height: u64,
    faults: Vec<Fault>,
}

#[derive(Serialize)]
pub struct Receipt {
    index: usize,
    hash: String,
    code: Code,
    #[serde(with = "decimal")]
    pub gas_used: u64,
}

/// Why a block changed nothing: the code, and the transaction to blame if one is.
#[derive(Serialize)]
pub struct Rejection {
    pub code: Code,
    pub index: Option<usize>,
}

/// A crash inside this program, at a transaction.
#[derive(Serialize)]
pub struct Fault {
    pub index: usize,
    pub error: String,
}

/// What a block makes of the state.
#[derive(Default)]
pub struct Changes(Option<After>);

struct After {
    accounts: Vec<(Address, Account)>,
    burned: u64,
    height: u64,
}

impl Receipt {
    pub fn new(index: usize, transaction: &Transaction, code: Code) -> Self {
        let fee = transaction.signed().map_or(0, |signed| signed.fee);
        let gas_used = if code == Code::Success { fee } else { 0 };
        let hash = transaction.hash.clone();
        Receipt { index, hash, code, gas_used }
    }
}

impl Outcome {
    /// The outcome of a block that was not rejected.
    pub fn new(
        receipts: Vec<Receipt>,
        fees: u128,
        slots: &BTreeMap<Address, Slot>,
        burned: u64,
        height: u64,
    ) -> Self {
        let mut outcome = Outcome { receipts, fees, burned, height, ..Outcome::default() };
        for (address, slot) in slots {
            outcome.compare(*address, slot);
        }
        outcome
    }

    /// The outcome of a block that changed nothing.
    pub fn rejected(receipts: Vec<Receipt>, rejection: Rejection) -> Self {
        Outcome { receipts, rejection: Some(rejection), ..Outcome::default() }
    }

    /// The answer if this program crashed inside a transaction.
    pub fn faulty(fault: Fault) -> Self {
        Outcome { faults: vec![fault], ..Outcome::default() }
    }

    fn compare(&mut self, address: Address, slot: &Slot) {
        let Some(now) = &slot.now else { return };
        let absent = Account::default();
        let before = slot.before.unwrap_or(&absent);
        if slot.before.is_none() {
            self.created.push(address);
        }
        if now.nonce != before.nonce {
            self.modified_nonces.set(address, now.nonce);
        }
        if now.energy != before.energy {
            self.modified_energies.set(address, now.energy);
        }
        if now.multisig != before.multisig {
            self.modified_multisigs.insert(address, now.multisig.clone());
        }
        let balances = modified_balances(before, now);
        if !balances.is_empty() {
            self.modified_balances.insert(address, balances);
        }
    }
}

fn modified_balances(before: &Account, now: &Account) -> Amounts {
    let assets: BTreeSet<_> = before.balances.keys().chain(now.balances.keys()).collect();
    let mut modified = Amounts::default();
    for asset in assets {
        let balance = now.balances.get(asset);
        if balance != before.balances.get(asset) {
            modified.set(asset, balance);
        }
    }
    modified
}

impl Changes {
    pub fn new(slots: BTreeMap<Address, Slot>, burned: u64, height: u64) -> Self {
        let slots = slots.into_iter();
        let accounts = slots.filter_map(|(address, slot)| Some((address, slot.now?))).collect();
        Changes(Some(After { accounts, burned, height }))
    }

    /// Make `state` what it is after the block.
    pub fn apply(self, state: &mut State) {
        if let Some(after) = self.0 {
            state.accounts.extend(after.accounts);
            state.burned = after.burned;
            state.height = after.height;
        }
    }
}
