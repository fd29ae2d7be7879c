//! One transaction on the workspace: its checks, R11, and all of its effects or none.

use std::collections::BTreeMap;

use crate::block::{Content, Output, Transaction};
use crate::code::Code;
use crate::rules::source_after;
use crate::state::Account;
use crate::values::{Address, Asset, NATIVE};
use crate::workspace::Workspace;

/// Execute `transaction`. If it fails, the workspace is as it was.
pub fn execute(transaction: &Transaction, workspace: &Workspace) -> Code {
    match apply(transaction, workspace) {
        Ok(()) => Code::Success,
        Err(code) => code,
    }
}

fn apply(transaction: &Transaction, workspace: &Workspace) -> Result<(), Code> {
    let address = transaction.signed().map(|signed| signed.source);
    let source = address.and_then(|address| workspace.slot(address).now.clone());
    let source = source_after(transaction, workspace.chain_id, source)?;
    let credited = credited(transaction.outputs(), workspace)?;
    if let Content::Burn { asset: NATIVE, amount, .. } = &transaction.content {
        if !workspace.burn(*amount) {
            return Err(Code::Overflow); // R11
        }
    }
    if let Some(address) = address {
        workspace.slot(address).now = Some(source);
    }
    for ((address, asset), balance) in credited {
        let mut slot = workspace.slot(address);
        let account = slot.now.get_or_insert_with(Account::default);
        account.balances.set(asset, balance);
    }
    Ok(())
}

/// R11: the balances of the receivers after `outputs`.
fn credited(
    outputs: &[Output],
    workspace: &Workspace,
) -> Result<BTreeMap<(Address, Asset), u64>, Code> {
    let mut balances = BTreeMap::new();
    for output in outputs {
        let balance = balances
            .entry((output.to, output.asset))
            .or_insert_with(|| workspace.balance_before_credit(output.to, output.asset));
        *balance = balance.checked_add(output.amount).ok_or(Code::Overflow)?;
    }
    Ok(balances)
}
