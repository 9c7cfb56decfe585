//! Bodies that the served OpenAPI document would accept, made from it: so that a walk over the routes is refused for whom
//! it asks, not for how.

use serde_json::{Map, Value, json};

/// What stands in a body where a property names a thing: property and value.
pub type Named<'a> = &'a [(&'a str, Value)];

/// A body for this operation; `None` when it takes no JSON.
pub fn body(document: &Value, method: &str, path: &str, named: Named<'_>) -> Option<Value> {
    let operation = &document["paths"][path][method.to_lowercase()];
    let schema = operation["requestBody"]["content"].get("application/json")?.get("schema")?;
    Some(sample(document, schema, named))
}

/// The least that a schema accepts.
fn sample(document: &Value, schema: &Value, named: Named<'_>) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return sample(document, &document["components"]["schemas"][name], named);
    }
    if let Some(example) = schema.get("example").or_else(|| schema["examples"].get(0)).or_else(|| schema["enum"].get(0))
    {
        return example.clone();
    }
    for one_of in ["oneOf", "anyOf"] {
        let some = |schema: &&Value| schema["type"] != "null";
        if let Some(first) = schema[one_of].as_array().and_then(|all| all.iter().find(some)) {
            return sample(document, first, named);
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().map(|part| sample(document, part, named));
        return Value::Object(parts.filter_map(|part| part.as_object().cloned()).flatten().collect());
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").cloned().unwrap_or_default(),
        kind => kind.clone(),
    };
    match kind.as_str().unwrap_or_default() {
        "array" if schema["minItems"].as_u64().is_some_and(|least| least > 0) => {
            json!([sample(document, &schema["items"], named)])
        }
        "array" => json!([]),
        "boolean" => json!(false),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "string" => text(schema),
        _ => object(document, schema, named),
    }
}

fn text(schema: &Value) -> Value {
    match schema["format"].as_str() {
        Some("date") => json!(entity::Moment::now().day()),
        _ => json!("甲".repeat(schema["minLength"].as_u64().unwrap_or(1).max(1) as usize)),
    }
}

/// What is required, and every property that names a thing.
fn object(document: &Value, schema: &Value, named: Named<'_>) -> Value {
    let required: Vec<_> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut made = Map::new();
    for (property, of) in schema["properties"].as_object().into_iter().flatten() {
        match named.iter().find(|(name, _)| name == property) {
            Some((_, thing)) => made.insert(property.clone(), thing.clone()),
            None if required.contains(&property.as_str()) => made.insert(property.clone(), sample(document, of, named)),
            None => None,
        };
    }
    Value::Object(made)
}
