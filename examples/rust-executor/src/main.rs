//! An executor for lockstep: it reads requests from standard input and answers on standard output.
//!
//! ```text
//! lockstep check-executor cmd:target/release/rust-executor
//! ```

mod block;
mod code;
mod conversation;
mod effects;
mod execution;
mod frames;
mod graph;
mod jitter;
mod messages;
mod outcome;
mod parallel;
mod planted;
#[cfg(test)]
mod recorded;
mod rules;
mod state;
mod values;
mod versions;
mod workspace;

use std::io::{self, BufReader, BufWriter};
use std::process::ExitCode;

use crate::conversation::{too_large, Conversation};
use crate::frames::Frame;
use crate::planted::Planted;

const USAGE: &str = "usage: rust-executor [--wrong overwritten-credit|crash]";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(|argument| argument.to_str()).collect();
    let planted = match arguments[..] {
        [] => None,
        [Some("--wrong"), Some(name)] if Planted::named(name).is_some() => Planted::named(name),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match serve(Conversation::new(planted)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("rust-executor: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Answer requests until `bye` or the end of the input.
fn serve(mut conversation: Conversation) -> io::Result<ExitCode> {
    let mut input = BufReader::new(io::stdin().lock());
    let mut output = BufWriter::new(io::stdout().lock());
    loop {
        let (reply, code) = match frames::read(&mut input)? {
            Frame::End => return Ok(ExitCode::SUCCESS),
            Frame::Payload(payload) => (conversation.answer(&payload), ExitCode::SUCCESS),
            Frame::TooLarge(length) => (too_large(length), ExitCode::FAILURE),
        };
        frames::write(&mut output, &reply.payload)?;
        if reply.last {
            return Ok(code);
        }
    }
}
