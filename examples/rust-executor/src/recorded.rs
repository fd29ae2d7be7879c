//! Recorded conversations, as `lockstep export --protocol DIR` writes them: the same requests must
//! get the same answers, with no lockstep at the other end.
//!
//! ```text
//! LOCKSTEP_CONVERSATIONS=DIR cargo test -- --ignored
//! ```

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::conversation::Conversation;

#[test]
#[ignore = "needs a folder of conversations in LOCKSTEP_CONVERSATIONS"]
fn every_recorded_request_gets_the_recorded_answer() -> Result<(), String> {
    let folder = std::env::var_os("LOCKSTEP_CONVERSATIONS").ok_or("no LOCKSTEP_CONVERSATIONS")?;
    let mut played = 0;
    for entry in fs::read_dir(folder).map_err(text)? {
        let path = entry.map_err(text)?.path();
        let recorded = path.extension().is_some_and(|extension| extension == "json");
        if recorded && path.file_name().is_some_and(|name| name != "protocol.schema.json") {
            play(&path)?;
            played += 1;
        }
    }
    println!("{played} conversations");
    if played > 0 {
        Ok(())
    } else {
        Err("no conversations".to_owned())
    }
}

fn play(path: &Path) -> Result<(), String> {
    let data: Value = serde_json::from_slice(&fs::read(path).map_err(text)?).map_err(text)?;
    let mut conversation = Conversation::new(None);
    for exchange in data["exchanges"].as_array().into_iter().flatten() {
        let reply = conversation.answer(exchange["request"].to_string().as_bytes());
        let found = serde_json::from_slice(&reply.payload).map_err(text)?;
        if !matches(&exchange["answer"], &found) {
            return Err(format!("{}: {} got {found}", path.display(), exchange["request"]["type"]));
        }
    }
    Ok(())
}

/// Whether `found` has all that `expected` has. The order of a list counts, but for `created`.
fn matches(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            expected.iter().all(|(name, each)| match (name.as_str(), found.get(name)) {
                (_, None) => false,
                ("created", Some(Value::Array(found))) => same_members(each, found),
                (_, Some(found)) => matches(each, found),
            })
        }
        (Value::Array(expected), Value::Array(found)) => {
            let pairs = expected.iter().zip(found);
            expected.len() == found.len()
                && pairs.into_iter().all(|(one, other)| matches(one, other))
        }
        _ => expected == found,
    }
}

fn same_members(expected: &Value, found: &[Value]) -> bool {
    let expected = expected.as_array();
    expected
        .is_some_and(|each| each.len() == found.len() && each.iter().all(|one| found.contains(one)))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
