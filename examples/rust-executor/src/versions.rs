//! The versions of a chain: the state that is held, and those before the blocks that led to it.
//!
//! Every block makes one, a rejected one too.

use std::collections::VecDeque;

use crate::messages::LoadState;
use crate::state::State;

/// How many are kept, the newest.
const MOST: usize = 256;

#[derive(Default)]
pub struct Versions {
    /// The oldest first.
    states: VecDeque<State>,
    /// The number of the newest.
    topoheight: u64,
}

impl Versions {
    /// Hold what was loaded, and nothing else. Versions that are not one after the other are no
    /// chain, and nothing is changed.
    pub fn load(&mut self, request: LoadState) -> Result<(), String> {
        let LoadState { state, topoheight, versions } = request;
        let first = topoheight.checked_sub(versions.len() as u64);
        let numbers = versions.iter().map(|version| Some(version.topoheight));
        let wanted = (0..).map(|at| first.and_then(|first| first.checked_add(at)));
        if !numbers.zip(wanted).all(|(number, wanted)| number == wanted) {
            return Err("`versions` are not one after the other, up to the state".to_owned());
        }
        self.states = versions.into_iter().map(|version| version.state).chain([state]).collect();
        self.topoheight = topoheight;
        Ok(())
    }

    pub fn newest(&self) -> Option<&State> {
        self.states.back()
    }

    /// Hold the state that a block led to.
    pub fn add(&mut self, state: State) {
        if self.states.len() == MOST {
            self.states.pop_front();
        }
        self.states.push_back(state);
        self.topoheight = self.topoheight.saturating_add(1);
    }

    /// Take back so many blocks, if there are so many.
    pub fn rewind(&mut self, blocks: usize) -> bool {
        let left = self.states.len().saturating_sub(blocks);
        if left > 0 {
            self.states.truncate(left);
            self.topoheight = self.topoheight.saturating_sub(blocks as u64);
        }
        left > 0
    }

    pub fn at(&self, topoheight: u64) -> Option<&State> {
        let back = usize::try_from(self.topoheight.checked_sub(topoheight)?).ok()?;
        let last = self.states.len().checked_sub(1)?;
        self.states.get(last.checked_sub(back)?)
    }

    pub fn clear(&mut self) {
        self.states.clear();
    }
}
