//! The accounts that a block may touch, side by side with what they were before it.
//!
//! Each lies behind a lock of its own. Whoever executes transactions sees to it that no two of
//! them that share an account are in progress at once; the locks are never waited for long.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::block::Block;
use crate::planted::Planted;
use crate::state::{Account, State};
use crate::values::{Address, Asset, NATIVE};

pub struct Workspace<'a> {
    pub chain_id: u8,
    pub planted: Option<Planted>,
    slots: BTreeMap<Address, Mutex<Slot<'a>>>,
    burned: Mutex<u64>,
}

/// One account: before the block, and now. None: it does not exist.
#[derive(Clone)]
pub struct Slot<'a> {
    pub before: Option<&'a Account>,
    pub now: Option<Account>,
}

impl<'a> Workspace<'a> {
    /// The accounts of `state` that `block` may touch. `planted` is the fault to make, if any.
    pub fn new(state: &'a State, block: &Block, planted: Option<Planted>) -> Self {
        let slot = |address: Address| {
            let before = state.accounts.get(&address);
            let now = before.cloned();
            (address, Mutex::new(Slot { before, now }))
        };
        Workspace {
            chain_id: state.chain_id,
            planted,
            slots: block.addresses().map(slot).collect(),
            burned: Mutex::new(state.burned),
        }
    }

    /// The account as it is now, for this caller alone as long as it keeps the guard.
    pub fn slot(&self, address: Address) -> MutexGuard<'_, Slot<'a>> {
        locked(&self.slots[&address])
    }

    /// Add `amount` of the native asset, also 0, to an account, which exists from then on; false if
    /// the balance would be too large.
    pub fn credit(&self, address: Address, amount: u64) -> bool {
        let mut slot = self.slot(address);
        let account = slot.now.get_or_insert_with(Account::default);
        match account.balances.get(NATIVE).checked_add(amount) {
            Some(sum) => account.balances.set(NATIVE, sum),
            None => return false,
        }
        true
    }

    /// Add `amount` to the burned supply; false if it would be too large, and nothing changes.
    pub fn burn(&self, amount: u64) -> bool {
        let mut burned = locked(&self.burned);
        match burned.checked_add(amount) {
            Some(sum) => *burned = sum,
            None => return false,
        }
        true
    }

    /// The balance to which a transfer adds what it brings.
    #[allow(clippy::panic)] // the fault that is planted is a panic
    pub fn balance_before_credit(&self, address: Address, asset: Asset) -> u64 {
        let slot = self.slot(address);
        let account = match self.planted {
            Some(Planted::OverwrittenCredit) => slot.before,
            Some(Planted::Crash) if slot.before.is_none() => panic!("no account {address:?}"),
            _ => slot.now.as_ref(),
        };
        account.map_or(0, |account| account.balances.get(asset))
    }

    /// Everything as it is at the end: the accounts, and the burned supply.
    pub fn finish(self) -> (BTreeMap<Address, Slot<'a>>, u64) {
        let slots = self.slots.into_iter();
        let slots = slots.map(|(address, slot)| (address, unlocked(slot))).collect();
        (slots, unlocked(self.burned))
    }
}

/// Lock, also after a panic: a transaction that crashed is answered as a fault of the block.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Take the value out of its lock, also after a panic.
pub fn unlocked<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
