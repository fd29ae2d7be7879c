//! Pauses at moments that a seed chooses, so that transactions that can overlap do.

use std::thread;
use std::time::Duration;

/// The longest pause. A thread that was woken needs about as long to begin.
const LONGEST_MICROS: u64 = 200;

#[derive(Clone, Copy)]
pub struct Jitter(pub u64);

impl Jitter {
    /// Pause, or give way, or go on: the seed and the moment decide.
    pub fn pause(self, transaction: usize, moment: u64) {
        let drawn = mixed(self.0 ^ mixed((transaction as u64) << 8 | moment));
        match drawn % 4 {
            0 => thread::sleep(Duration::from_micros((drawn >> 2) % LONGEST_MICROS)),
            1 => thread::yield_now(),
            _ => {}
        }
    }
}

/// The last step of the generator splitmix64.
fn mixed(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
