//! The bounds of the document's numbers: a key is at least 1, and nothing is larger than what holds it.

use serde_json::{Map, Value, json};

/// Numbers that are keys although their names do not end like one.
const KEYS: &[&str] = &[
    "id",
    "unit",
    "lesson",
    "course",
    "plan",
    "class",
    "person",
    "lessons",
    "roster",
    "present",
    "seq",
    "seal",
    "note",
    "check",
    "question",
    "exemption",
    "attempt",
];

/// Writes the bounds into every schema of the document.
pub fn write(document: &mut Value) {
    walk("", document);
}

/// `name` is what the schema is called by whatever holds it: a property or a parameter.
fn walk(name: &str, value: &mut Value) {
    match value {
        Value::Object(map) => {
            bound(name, map);
            let called = map.get("name").and_then(Value::as_str).map(str::to_owned);
            for (key, inner) in map.iter_mut() {
                match (key.as_str(), inner) {
                    ("properties", Value::Object(properties)) => {
                        properties.iter_mut().for_each(|(name, schema)| walk(name, schema));
                    }
                    ("schema", schema) => walk(called.as_deref().unwrap_or(name), schema),
                    ("items", items) => walk(name, items),
                    (_, inner) => walk("", inner),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| walk(name, inner)),
        _ => {}
    }
}

fn bound(name: &str, schema: &mut Map<String, Value>) {
    let (least, most) = match schema.get("format").and_then(Value::as_str) {
        Some("int32") => (json!(i32::MIN), json!(i32::MAX)),
        Some("int64") => (json!(i64::MIN), json!(i64::MAX)),
        _ => return,
    };
    let is_key = KEYS.contains(&name) || name.ends_with("_id");
    let least = if is_key { json!(1) } else { least };
    if is_key || !schema.contains_key("minimum") {
        schema.insert("minimum".to_owned(), least);
    }
    schema.entry("maximum").or_insert(most);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_begin_at_one_and_other_numbers_where_what_holds_them_does() {
        let mut document = json!({
            "properties": {
                "lesson_id": {"type": "integer", "format": "int64"},
                "lessons": {"type": "array", "items": {"type": "integer", "format": "int64"}},
                "position_ms": {"type": "integer", "format": "int64"},
                "pages": {"type": "integer", "format": "int64", "minimum": 0},
                "year": {"type": "integer", "format": "int32"},
            },
            "parameters": [{"name": "id", "schema": {"type": "integer", "format": "int64"}}],
        });
        write(&mut document);
        let least = |pointer: &str| document.pointer(&format!("{pointer}/minimum")).and_then(Value::as_i64);
        assert_eq!(
            ["lesson_id", "lessons/items", "position_ms", "pages", "year"]
                .map(|name| least(&format!("/properties/{name}"))),
            [Some(1), Some(1), Some(i64::MIN), Some(0), Some(i64::from(i32::MIN))]
        );
        assert_eq!(least("/parameters/0/schema"), Some(1));
        assert_eq!(document.pointer("/properties/year/maximum"), Some(&json!(i32::MAX)));
    }
}
