//! Faults that can be made on purpose, to see that lockstep finds them.

/// A fault of the parallel path; the sequential path never has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// A transfer adds to the receiver's balance as it was before the block. So the second transfer
    /// to a receiver overwrites what the first one brought, as where a worker reads the accounts
    /// ahead and does not read them again.
    OverwrittenCredit,
    /// A transfer to an account that did not exist before the block panics.
    Crash,
}

impl Planted {
    /// The fault of this name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "overwritten-credit" => Some(Planted::OverwrittenCredit),
            "crash" => Some(Planted::Crash),
            _ => None,
        }
    }
}
