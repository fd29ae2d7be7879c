//! Which transaction waits for which: those that share an account, in block order.

use std::collections::BTreeMap;

use crate::block::{Block, Content};
use crate::values::{Address, NATIVE};

pub struct Graph {
    /// For each transaction, how many others it waits for.
    pub waits_for: Vec<usize>,
    /// For each transaction, which others wait for it.
    pub followers: Vec<Vec<usize>>,
}

/// What two transactions may share.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shared {
    Account(Address),
    Burned,
}

impl Graph {
    /// The graph of `block`, executed where `burned` is burned already.
    pub fn new(block: &Block, burned: u64) -> Self {
        let count = block.transactions.len();
        let mut graph = Graph { waits_for: vec![0; count], followers: vec![Vec::new(); count] };
        let burns_compete = burns_compete(block, burned);
        let mut last: BTreeMap<Shared, usize> = BTreeMap::new();
        for (index, transaction) in block.transactions.iter().enumerate() {
            let mut shared: Vec<Shared> = transaction.addresses().map(Shared::Account).collect();
            if burns_compete && native_burn(&transaction.content) > 0 {
                shared.push(Shared::Burned);
            }
            for one in shared {
                match last.insert(one, index) {
                    Some(earlier) if earlier != index => graph.wait(index, earlier),
                    _ => {}
                }
            }
        }
        graph
    }

    fn wait(&mut self, later: usize, earlier: usize) {
        self.waits_for[later] += 1;
        self.followers[earlier].push(later);
    }
}

/// Whether the burned supply could be too large: then it matters which burn comes first.
fn burns_compete(block: &Block, burned: u64) -> bool {
    let burns = block.transactions.iter().map(|transaction| native_burn(&transaction.content));
    burns.map(u128::from).sum::<u128>() + u128::from(burned) > u128::from(u64::MAX)
}

fn native_burn(content: &Content) -> u64 {
    match content {
        Content::Burn { asset: NATIVE, amount, .. } => *amount,
        _ => 0,
    }
}
