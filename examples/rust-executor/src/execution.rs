//! A block: rewards, transactions, fees, height. The state is not changed, only read.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

use crate::block::{Block, Policy, Transaction};
use crate::code::Code;
use crate::effects;
use crate::jitter::Jitter;
use crate::outcome::{Changes, Fault, Outcome, Receipt, Rejection};
use crate::parallel;
use crate::planted::Planted;
use crate::state::State;
use crate::workspace::Workspace;

/// The path that executes the transactions.
#[derive(Clone, Copy)]
pub enum Path {
    Sequential,
    Parallel { workers: usize, jitter: Option<Jitter> },
}

/// How one transaction ended.
pub enum End {
    Code(Code),
    /// It panicked, which is a bug of this program.
    Crash(String),
}

/// How all transactions of a block ended.
pub struct Run {
    /// In block order. None: not executed, because an earlier one rejects the block.
    pub ends: Vec<Option<End>>,
    pub highest_concurrency: usize,
}

/// Execute `block` on `state`; the changes of a rejected block are none.
pub fn execute(
    state: &State,
    block: &Block,
    path: Path,
    planted: Option<Planted>,
) -> (Outcome, Changes, Run) {
    let workspace = Workspace::new(state, block, planted);
    if !pay_rewards(block, &workspace) {
        let run = Run { ends: Vec::new(), highest_concurrency: 0 };
        return (Outcome::rejected(Vec::new(), overflow()), Changes::default(), run);
    }
    let run = match path {
        Path::Sequential => one_after_another(block, &workspace),
        Path::Parallel { workers, jitter } => {
            parallel::run(block, &workspace, state.burned, workers, jitter)
        }
    };
    let (outcome, changes) = settle(state, block, workspace, &run.ends);
    (outcome, changes, run)
}

/// Execute one transaction of a block.
pub fn one(transaction: &Transaction, workspace: &Workspace) -> End {
    let execution = AssertUnwindSafe(|| effects::execute(transaction, workspace));
    match panic::catch_unwind(execution) {
        Ok(code) => End::Code(code),
        Err(panic) => End::Crash(text_of(panic.as_ref())),
    }
}

impl End {
    /// Whether a block under the policy atomic ends here.
    pub fn fails(&self) -> bool {
        !matches!(self, End::Code(Code::Success))
    }
}

fn one_after_another(block: &Block, workspace: &Workspace) -> Run {
    let mut ends: Vec<Option<End>> = Vec::new();
    for transaction in &block.transactions {
        let end = one(transaction, workspace);
        let last = block.policy == Policy::Atomic && end.fails();
        ends.push(Some(end));
        if last {
            break;
        }
    }
    Run { highest_concurrency: usize::from(!ends.is_empty()), ends }
}

fn pay_rewards(block: &Block, workspace: &Workspace) -> bool {
    block.rewards.as_ref().map_or(true, |rewards| {
        workspace.credit(rewards.dev, rewards.dev_amount)
            && workspace.credit(rewards.miner, rewards.miner_amount)
    })
}

/// Everything after the transactions: receipts, the policy, fees and height.
fn settle(
    state: &State,
    block: &Block,
    workspace: Workspace,
    ends: &[Option<End>],
) -> (Outcome, Changes) {
    let mut receipts = Vec::new();
    for (index, (transaction, end)) in block.transactions.iter().zip(ends).enumerate() {
        let code = match end {
            None => break,
            Some(End::Crash(error)) => {
                let fault = Fault { index, error: error.clone() };
                return (Outcome::faulty(fault), Changes::default());
            }
            Some(End::Code(code)) => *code,
        };
        receipts.push(Receipt::new(index, transaction, code));
        if block.policy == Policy::Atomic && code != Code::Success {
            let rejection = Rejection { code, index: Some(index) };
            return (Outcome::rejected(receipts, rejection), Changes::default());
        }
    }
    let fees: u128 = receipts.iter().map(|receipt| u128::from(receipt.gas_used)).sum();
    let grows = u64::from(block.advances_height);
    if !pay_fees(block, &workspace, fees) || state.height.checked_add(grows).is_none() {
        return (Outcome::rejected(Vec::new(), overflow()), Changes::default());
    }
    let (slots, burned) = workspace.finish();
    let outcome = Outcome::new(receipts, fees, &slots, burned - state.burned, grows);
    (outcome, Changes::new(slots, burned, state.height + grows))
}

fn pay_fees(block: &Block, workspace: &Workspace, fees: u128) -> bool {
    match block.fees_to {
        Some(address) if fees > 0 => {
            u64::try_from(fees).is_ok_and(|fees| workspace.credit(address, fees))
        }
        _ => true,
    }
}

fn overflow() -> Rejection {
    Rejection { code: Code::Overflow, index: None }
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a text").to_owned()
}
