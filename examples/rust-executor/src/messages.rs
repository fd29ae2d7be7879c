//! Requests and answers, as the protocol has them.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::block::Block;
use crate::outcome::Outcome;
use crate::state::State;
use crate::values::decimal;

/// What all requests have. The rest is read when the type is known.
#[derive(Deserialize)]
pub struct Header {
    #[serde(default)]
    pub id: serde_json::Value,
    #[serde(default, rename = "type")]
    pub kind: serde_json::Value,
}

#[derive(Deserialize)]
pub struct Hello {
    pub protocol: u64,
}

#[derive(Deserialize)]
pub struct Echo {
    pub text: String,
}

#[derive(Deserialize)]
pub struct LoadState {
    pub state: State,
    /// The number of this version.
    #[serde(default, with = "decimal")]
    pub topoheight: u64,
    /// Those before it, the oldest first.
    #[serde(default)]
    pub versions: Vec<Version>,
}

#[derive(Deserialize)]
pub struct Version {
    #[serde(with = "decimal")]
    pub topoheight: u64,
    pub state: State,
}

#[derive(Deserialize)]
pub struct Rewind {
    pub blocks: std::num::NonZeroUsize,
}

#[derive(Deserialize)]
pub struct ReadState {
    #[serde(with = "decimal")]
    pub topoheight: u64,
}

#[derive(Deserialize)]
pub struct ExecuteBlock {
    pub block: Block,
    pub mode: Mode,
    pub workers: std::num::NonZeroUsize,
    pub force_parallel: bool,
    pub schedule: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    pub jitter: Option<Seed>,
}

#[derive(Deserialize)]
pub struct Seed(#[serde(with = "decimal")] pub u64);

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Parallel,
    Sequential,
}

#[derive(Serialize)]
pub struct Answer<'a> {
    #[serde(rename = "type")]
    pub kind: &'a str,
    pub id: Option<Number>,
    #[serde(flatten)]
    pub body: Body<'a>,
}

/// What an answer says besides its type and id.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Body<'a> {
    Done {},
    Hello(Introduction),
    Echo { text: String },
    State { state: &'a State },
    Executed { outcome: Outcome, statistics: Statistics, trace: () },
    Error { code: ErrorCode, text: String },
}

#[derive(Serialize)]
pub struct Introduction {
    pub protocol: u64,
    pub minor: u64,
    pub name: String,
    pub version: &'static str,
    pub build: &'static str,
    pub capabilities: serde_json::Value,
}

#[derive(Serialize)]
pub struct Statistics {
    pub mode: Mode,
    pub fallback: Option<String>,
    pub executions: usize,
    pub aborts: usize,
    pub highest_concurrency: usize,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    UnknownMessage,
    Malformed,
    Version,
    NoState,
    TooLarge,
    Internal,
    Unsupported,
}
