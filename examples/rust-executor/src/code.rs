//! The codes of receipts.

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    Success,
    InvalidFormat,
    InvalidType,
    InvalidSignature,
    InvalidAmount,
    InvalidPayload,
    NonceTooLow,
    NonceTooHigh,
    InsufficientBalance,
    InsufficientFee,
    InsufficientEnergy,
    Overflow,
    AccountNotFound,
    SelfOperation,
    NotImplemented,
}
