//! The state of the ledger: accounts by address, and the values of the chain.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::values::{decimal, Address, Amounts, Bytes};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    pub accounts: BTreeMap<Address, Account>,
    pub chain_id: u8,
    #[serde(with = "decimal")]
    pub height: u64,
    #[serde(with = "decimal")]
    pub burned: u64,
    #[serde(with = "decimal")]
    total_supply: u64,
    #[serde(with = "decimal")]
    timestamp: u64,
}

/// An account. An absent one reads as the default: all zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    #[serde(with = "decimal")]
    pub nonce: u64,
    pub balances: Amounts,
    pub multisig: Option<Multisig>,
    #[serde(with = "decimal")]
    pub energy: u64,
    #[serde(with = "decimal")]
    frozen: u64,
    #[serde(with = "decimal")]
    flags: u64,
    data: Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Multisig {
    pub threshold: u8,
    pub participants: Vec<Address>,
}
