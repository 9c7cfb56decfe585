//! What a stored rule says in one hash, so that a seal can hold it beside what it judged.

use crate::chain;
use entity::rule;
use serde_json::Value;

/// SHA-256 over everything a stored rule says, as the JSON array
/// `["r1",id,unit,"valid_from","name","body",created_by,created_at]`, in lower-case hex.
pub(crate) fn digest(row: &rule::Model) -> String {
    let said = Value::Array(vec![
        "r1".into(),
        row.id.0.into(),
        row.unit_id.0.into(),
        row.valid_from.to_string().into(),
        row.name.as_str().into(),
        row.body.as_str().into(),
        row.created_by.map(|id| id.0).into(),
        row.created_at.0.into(),
    ]);
    chain::sha256_hex(&[said.to_string().as_bytes()])
}
