//! A block and its transactions, as a request holds them.
//!
//! Of what belongs to the wire form alone (the bytes, signatures, references) nothing is kept:
//! lockstep supplies hash, size and the flags of the signatures.

use serde::Deserialize;

use crate::values::{decimal, Address, Asset, Bytes};

#[derive(Deserialize)]
pub struct Block {
    pub policy: Policy,
    pub transactions: Vec<Transaction>,
    pub rewards: Option<Rewards>,
    pub fees_to: Option<Address>,
    pub advances_height: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// A transaction that fails gets its receipt; the block goes on.
    Skip,
    /// A transaction that fails rejects the block.
    Atomic,
}

#[derive(Deserialize)]
pub struct Rewards {
    pub dev: Address,
    #[serde(with = "decimal")]
    pub dev_amount: u64,
    pub miner: Address,
    #[serde(with = "decimal")]
    pub miner_amount: u64,
}

#[derive(Deserialize)]
pub struct Transaction {
    /// In hex; the receipt repeats it as it is.
    pub hash: String,
    pub size: u64,
    #[serde(flatten)]
    pub content: Content,
}

/// What the bytes of a transaction are: signed by somebody, or nothing that can be executed.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    Transfers {
        #[serde(flatten)]
        signed: Signed,
        outputs: Vec<Output>,
    },
    Burn {
        #[serde(flatten)]
        signed: Signed,
        asset: Asset,
        #[serde(with = "decimal")]
        amount: u64,
    },
    SetMultisig {
        #[serde(flatten)]
        signed: Signed,
        threshold: u8,
        participants: Vec<Address>,
    },
    NonceBump {
        #[serde(flatten)]
        signed: Signed,
    },
    Undecodable,
    Unsupported,
}

/// What all signed transactions have, whatever their payload.
#[derive(Deserialize)]
pub struct Signed {
    pub chain_id: u8,
    pub source: Address,
    #[serde(with = "decimal")]
    pub fee: u64,
    pub fee_type: u8,
    #[serde(with = "decimal")]
    pub nonce: u64,
    pub signature_valid: bool,
    /// None: no multisig part, which is not the same as one without co-signatures.
    pub cosignatures: Option<Vec<Cosignature>>,
}

#[derive(Deserialize)]
pub struct Cosignature {
    pub signer_id: u8,
    /// The addresses whose signature this is.
    pub valid_for: Vec<Address>,
}

#[derive(Deserialize)]
pub struct Output {
    pub asset: Asset,
    pub to: Address,
    #[serde(with = "decimal")]
    pub amount: u64,
    pub data: Option<Bytes>,
}

impl Block {
    /// Every account that executing the block may touch; some are named more than once.
    pub fn addresses(&self) -> impl Iterator<Item = Address> + '_ {
        let rewarded = self.rewards.iter().flat_map(|rewards| [rewards.dev, rewards.miner]);
        let touched = self.transactions.iter().flat_map(Transaction::addresses);
        rewarded.chain(touched).chain(self.fees_to)
    }
}

impl Transaction {
    /// Its source and its receivers.
    pub fn addresses(&self) -> impl Iterator<Item = Address> + '_ {
        let source = self.signed().map(|signed| signed.source);
        source.into_iter().chain(self.outputs().iter().map(|output| output.to))
    }

    /// What all signed transactions have, if it is one.
    pub fn signed(&self) -> Option<&Signed> {
        match &self.content {
            Content::Transfers { signed, .. }
            | Content::Burn { signed, .. }
            | Content::SetMultisig { signed, .. }
            | Content::NonceBump { signed } => Some(signed),
            Content::Undecodable | Content::Unsupported => None,
        }
    }

    /// The outputs, in order; none if it is no transfer.
    pub fn outputs(&self) -> &[Output] {
        match &self.content {
            Content::Transfers { outputs, .. } => outputs,
            _ => &[],
        }
    }
}
