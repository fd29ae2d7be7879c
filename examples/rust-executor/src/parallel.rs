//! The parallel path: threads that take whichever transaction waits for no other.
//!
//! A transaction begins when all earlier ones that share an account with it have ended, so it finds
//! what it would find in block order, whatever the threads do.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use crate::block::{Block, Policy};
use crate::execution::{self, End, Run};
use crate::graph::Graph;
use crate::jitter::Jitter;
use crate::workspace::{locked, unlocked, Workspace};

/// More threads than this are not begun, however many are allowed.
const MOST_THREADS: usize = 64;

/// Execute the transactions of `block` with at most `workers` of them in progress at once.
pub fn run(
    block: &Block,
    workspace: &Workspace,
    burned: u64,
    workers: usize,
    jitter: Option<Jitter>,
) -> Run {
    let graph = Graph::new(block, burned);
    let progress = Mutex::new(Progress::new(&graph));
    let crew = Crew { block, workspace, graph, progress, jitter, changed: Condvar::new() };
    let others = workers.min(block.transactions.len()).min(MOST_THREADS).saturating_sub(1);
    thread::scope(|scope| {
        for _ in 0..others {
            // A thread that the system refuses is done without: this one is always there.
            if thread::Builder::new().spawn_scoped(scope, || crew.work()).is_err() {
                break;
            }
        }
        crew.work();
    });
    let progress = unlocked(crew.progress);
    Run { ends: progress.ends, highest_concurrency: progress.highest }
}

/// What all threads share.
struct Crew<'a, 'state> {
    block: &'a Block,
    workspace: &'a Workspace<'state>,
    graph: Graph,
    progress: Mutex<Progress>,
    jitter: Option<Jitter>,
    /// Wakes those who wait for a transaction that may begin, or for the end.
    changed: Condvar,
}

struct Progress {
    /// Those that may begin, the first in block order on top.
    ready: BinaryHeap<Reverse<usize>>,
    waits_for: Vec<usize>,
    ends: Vec<Option<End>>,
    /// How many are neither executed nor left out.
    left: usize,
    in_progress: usize,
    highest: usize,
    /// The first in block order that rejects the block, as far as is known.
    rejects: Option<usize>,
}

impl Crew<'_, '_> {
    /// Execute transactions until none is left.
    fn work(&self) {
        while let Some(index) = self.take() {
            self.pause(index, 0);
            let end = execution::one(&self.block.transactions[index], self.workspace);
            self.pause(index, 1);
            self.finish(index, end);
        }
    }

    fn pause(&self, index: usize, moment: u64) {
        if let Some(jitter) = self.jitter {
            jitter.pause(index, moment);
        }
    }

    /// Wait for a transaction that may begin; None if all have ended.
    fn take(&self) -> Option<usize> {
        let mut progress = locked(&self.progress);
        loop {
            if progress.left == 0 {
                return None;
            }
            match progress.ready.pop() {
                Some(Reverse(index)) if progress.rejects.is_some_and(|first| first < index) => {
                    self.release(&mut progress, index);
                }
                Some(Reverse(index)) => {
                    progress.in_progress += 1;
                    progress.highest = progress.highest.max(progress.in_progress);
                    return Some(index);
                }
                None => {
                    let woken = self.changed.wait(progress);
                    progress = woken.unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    fn finish(&self, index: usize, end: End) {
        let mut progress = locked(&self.progress);
        if self.block.policy == Policy::Atomic && end.fails() {
            let first = progress.rejects.map_or(index, |first| first.min(index));
            progress.rejects = Some(first);
        }
        progress.ends[index] = Some(end);
        progress.in_progress -= 1;
        self.release(&mut progress, index);
    }

    /// Let those begin that waited for `index` alone.
    fn release(&self, progress: &mut Progress, index: usize) {
        progress.left -= 1;
        for &follower in &self.graph.followers[index] {
            progress.waits_for[follower] -= 1;
            if progress.waits_for[follower] == 0 {
                progress.ready.push(Reverse(follower));
            }
        }
        self.changed.notify_all();
    }
}

impl Progress {
    fn new(graph: &Graph) -> Self {
        let waits_for = graph.waits_for.clone();
        let count = waits_for.len();
        let free = (0..count).filter(|index| waits_for[*index] == 0);
        Progress {
            ready: free.map(Reverse).collect(),
            waits_for,
            ends: (0..count).map(|_| None).collect(),
            left: count,
            in_progress: 0,
            highest: 0,
            rejects: None,
        }
    }
}
