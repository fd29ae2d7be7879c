//! The conversation: a request in, an answer out, and what is held in between.

use serde::de::DeserializeOwned;
use serde_json::{json, Number, Value};

use crate::execution::{self, Path};
use crate::frames::LARGEST;
use crate::jitter::Jitter;
use crate::messages::{
    Answer, Body, Echo, ErrorCode, ExecuteBlock, Header, Hello, Introduction, Mode, ReadState,
    Rewind, Statistics,
};
use crate::planted::Planted;
use crate::versions::Versions;

const PROTOCOL: u64 = 1;
const MINOR: u64 = 1;

/// With fewer transactions threads cost more than they bring.
const WORTH_THREADS: usize = 16;

pub struct Conversation {
    versions: Versions,
    planted: Option<Planted>,
}

/// The bytes of an answer, and whether it is the last.
pub struct Reply {
    pub payload: Vec<u8>,
    pub last: bool,
}

/// Why a request is answered with an error.
struct Refusal(ErrorCode, String);

impl Conversation {
    pub fn new(planted: Option<Planted>) -> Self {
        Conversation { versions: Versions::default(), planted }
    }

    /// Answer one request. After an error the state is what it was.
    pub fn answer(&mut self, payload: &[u8]) -> Reply {
        let (request, header) = match header(payload) {
            Ok(read) => read,
            Err(refusal) => return error(None, refusal),
        };
        let id = match header.id {
            Value::Number(id) => id,
            _ => return error(None, malformed("`id` is no number")),
        };
        let Value::String(kind) = header.kind else {
            return error(Some(id), malformed("`type` is no string"));
        };
        match self.body(&kind, request) {
            Ok(body) => whole(Answer { kind: &kind, id: Some(id), body }, kind == "bye"),
            Err(refusal) => error(Some(id), refusal),
        }
    }

    fn body(&mut self, kind: &str, request: &str) -> Result<Body<'_>, Refusal> {
        match kind {
            "hello" => self.hello(&parsed(request)?),
            "echo" => {
                let Echo { text } = parsed(request)?;
                Ok(Body::Echo { text })
            }
            "load_state" => {
                self.versions.load(parsed(request)?).map_err(|text| malformed(&text))?;
                Ok(Body::Done {})
            }
            "execute_block" => self.execute_block(parsed(request)?),
            "export_state" => {
                let state = self.versions.newest().ok_or_else(no_state)?;
                Ok(Body::State { state })
            }
            "rewind" => {
                let Rewind { blocks } = parsed(request)?;
                if !self.versions.rewind(blocks.get()) {
                    return Err(no_version());
                }
                Ok(Body::Done {})
            }
            "read_state" => {
                let ReadState { topoheight } = parsed(request)?;
                let state = self.versions.at(topoheight).ok_or_else(no_version)?;
                Ok(Body::State { state })
            }
            "reset" => {
                self.versions.clear();
                Ok(Body::Done {})
            }
            "bye" => Ok(Body::Done {}),
            other => {
                let text = format!("no request is called {other:?}");
                Err(Refusal(ErrorCode::UnknownMessage, text))
            }
        }
    }

    fn hello(&self, hello: &Hello) -> Result<Body<'_>, Refusal> {
        if hello.protocol != PROTOCOL {
            let text = format!("this program speaks version {PROTOCOL}, not {}", hello.protocol);
            return Err(Refusal(ErrorCode::Version, text));
        }
        let name = match self.planted {
            None => "rust-executor".to_owned(),
            Some(planted) => format!("rust-executor with {planted:?}"),
        };
        let build = if cfg!(debug_assertions) { "debug" } else { "release" };
        let version = env!("CARGO_PKG_VERSION");
        let (protocol, minor, capabilities) = (PROTOCOL, MINOR, capabilities());
        Ok(Body::Hello(Introduction { protocol, minor, name, version, build, capabilities }))
    }

    fn execute_block(&mut self, request: ExecuteBlock) -> Result<Body<'_>, Refusal> {
        let before = self.versions.newest().ok_or_else(no_state)?;
        if request.schedule.is_some() {
            let text = "this program follows no schedule".to_owned();
            return Err(Refusal(ErrorCode::Unsupported, text));
        }
        let fallback = fallback(&request);
        let (mode, path, planted) = if request.mode == Mode::Sequential || fallback.is_some() {
            (Mode::Sequential, Path::Sequential, None)
        } else {
            let workers = request.workers.get();
            let jitter = request.jitter.as_ref().map(|seed| Jitter(seed.0));
            (Mode::Parallel, Path::Parallel { workers, jitter }, self.planted)
        };
        let (outcome, changes, run) = execution::execute(before, &request.block, path, planted);
        let mut after = before.clone();
        changes.apply(&mut after);
        self.versions.add(after);
        let executions = run.ends.iter().flatten().count();
        let highest_concurrency = run.highest_concurrency;
        let statistics = Statistics { mode, fallback, executions, aborts: 0, highest_concurrency };
        Ok(Body::Executed { outcome, statistics, trace: () })
    }
}

/// The answer to a frame that is larger than this program takes.
pub fn too_large(length: u32) -> Reply {
    let text = format!("a frame of {length} bytes is more than {LARGEST}");
    Reply { last: true, ..error(None, Refusal(ErrorCode::TooLarge, text)) }
}

/// Why the parallel path is not taken although it is wanted.
fn fallback(request: &ExecuteBlock) -> Option<String> {
    let few = request.block.transactions.len() < WORTH_THREADS;
    let may = request.mode == Mode::Parallel && !request.force_parallel;
    (may && few).then(|| format!("fewer than {WORTH_THREADS} transactions"))
}

fn capabilities() -> Value {
    json!({
        "payloads": [
            "transfers", "burn", "set_multisig", "nonce_bump", "undecodable", "unsupported"
        ],
        "policies": ["skip", "atomic"],
        "signatures": ["precomputed"],
        "terms": ["rewards", "fees_to", "lone"],
        "decodes_wire": false,
        "parallel": true,
        "schedule_seed": false,
        "schedule_replay": false,
        "state_export": true,
        "history": ["rewind", "read_state", "load"],
        "references": ["tip", "older", "before_change"],
        "jitter": true,
        "limits": {"frame": LARGEST, "transactions": null, "accounts": null, "workers": null},
    })
}

fn header(payload: &[u8]) -> Result<(&str, Header), Refusal> {
    let request = std::str::from_utf8(payload).map_err(|error| malformed(&error.to_string()))?;
    // Serde would read a structure from a JSON array too.
    if !request.trim_start().starts_with('{') {
        return Err(malformed("a request is a JSON object"));
    }
    Ok((request, parsed(request)?))
}

fn parsed<T: DeserializeOwned>(request: &str) -> Result<T, Refusal> {
    serde_json::from_str(request).map_err(|error| malformed(&error.to_string()))
}

fn malformed(text: &str) -> Refusal {
    Refusal(ErrorCode::Malformed, text.to_owned())
}

fn no_state() -> Refusal {
    Refusal(ErrorCode::NoState, "there is no state: load_state comes first".to_owned())
}

fn no_version() -> Refusal {
    Refusal(ErrorCode::NoState, "that version is not held".to_owned())
}

fn error(id: Option<Number>, Refusal(code, text): Refusal) -> Reply {
    whole(Answer { kind: "error", id, body: Body::Error { code, text } }, false)
}

fn whole(answer: Answer, last: bool) -> Reply {
    let id = answer.id.clone();
    match serde_json::to_vec(&answer) {
        Ok(payload) if payload.len() <= LARGEST as usize => Reply { payload, last },
        Ok(_) => error(id, Refusal(ErrorCode::Unsupported, "the answer is too large".to_owned())),
        Err(fault) => error(id, Refusal(ErrorCode::Internal, fault.to_string())),
    }
}
