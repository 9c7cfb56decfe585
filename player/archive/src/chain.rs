//! The hash chain of the ledger: what is hashed, in which order.
//!
//! Pure. An entry's hash is SHA-256 over the hash before it, a line feed, and the entry's canonical line, in
//! lower-case hex. The canonical line, version 1, is a JSON array without spaces:
//! `["v1",seq,person,unit,"day","source",lesson,playback,class,corrects,claimed_ms,credited_ms,"reasons",rule,"note",author,posted_at]`
//! with `null` for what is absent. JSON quotes every text, so no two different entries share a line.

use entity::ledger_entry::Model;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// What stands before the first entry.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The hash of `entry` when it follows `prev_hash`. Ignores the entry's own hash columns.
pub(crate) fn link(prev_hash: &str, entry: &Model) -> String {
    sha256_hex(&[prev_hash.as_bytes(), b"\n", canonical_line(entry).as_bytes()])
}

/// SHA-256 over these parts one after the other, in lower-case hex.
pub(crate) fn sha256_hex(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}"); // writing to a String cannot fail
        hex
    })
}

fn canonical_line(entry: &Model) -> String {
    Value::Array(vec![
        Value::from("v1"),
        Value::from(entry.seq),
        Value::from(entry.person_id.0),
        Value::from(entry.unit_id.0),
        Value::from(entry.day.to_string()),
        Value::from(entry.source.as_str()),
        Value::from(entry.lesson_id.map(|id| id.0)),
        Value::from(entry.playback_id.map(|id| id.0)),
        Value::from(entry.class_run_id.map(|id| id.0)),
        Value::from(entry.corrects_seq),
        Value::from(entry.claimed_ms),
        Value::from(entry.credited_ms),
        Value::from(entry.reasons.as_str()),
        Value::from(entry.rule_id.0),
        Value::from(entry.note.as_str()),
        Value::from(entry.author_id.map(|id| id.0)),
        Value::from(entry.posted_at.0),
    ])
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::{Day, Moment, PersonId, RuleId, Source, UnitId};

    fn entry() -> Model {
        Model {
            seq: 1,
            person_id: PersonId(2),
            unit_id: UnitId(3),
            day: Day::from_ymd_opt(2026, 1, 5).unwrap_or_default(),
            source: Source::Solo,
            lesson_id: None,
            playback_id: None,
            class_run_id: None,
            corrects_seq: None,
            claimed_ms: 60_000,
            credited_ms: 60_000,
            reasons: "{}".to_owned(),
            rule_id: RuleId(1),
            note: "说 \"课\"".to_owned(),
            author_id: None,
            posted_at: Moment(1_767_600_000_000),
            prev_hash: String::new(),
            hash: String::new(),
        }
    }

    #[test]
    fn the_canonical_line_is_the_documented_one() {
        assert_eq!(
            canonical_line(&entry()),
            r#"["v1",1,2,3,"2026-01-05","solo",null,null,null,null,60000,60000,"{}",1,"说 \"课\"",null,1767600000000]"#
        );
    }

    #[test]
    fn the_hash_is_plain_sha256_that_any_tool_can_repeat() {
        // printf '%s\n%s' GENESIS LINE | sha256sum
        assert_eq!(link(GENESIS, &entry()), "21ce19e826cb4af3bf28541de4d097013166003ec5ef88ddc425191a4fea5892");
        assert_ne!(link("x", &entry()), link(GENESIS, &entry()));
    }
}
