//! Examples of whole bodies, put together from the examples of their fields.

use serde_json::{Map, Value, json};
use utoipa::openapi::{Components, RefOr, content::Content, path::Operation};

/// Deeper than any body; ends a schema that contains itself.
const DEPTH: usize = 24;

/// The schemas, to look references up in.
pub(super) struct Examples {
    components: Value,
}

impl Examples {
    pub(super) fn new(components: &Components) -> Self {
        Self { components: json!({ "components": components }) }
    }

    /// Gives the JSON request body and each JSON success an example, unless they have one.
    pub(super) fn add(&self, operation: &mut Operation) {
        if let Some(RefOr::T(body)) = &mut operation.request_body {
            body.content.iter_mut().for_each(|(kind, content)| self.fill(kind, content));
        }
        for (status, response) in &mut operation.responses.responses {
            if let RefOr::T(response) = response
                && status.starts_with('2')
            {
                response.content.iter_mut().for_each(|(kind, content)| self.fill(kind, content));
            }
        }
    }

    fn fill(&self, kind: &str, content: &mut RefOr<Content>) {
        if let RefOr::T(content) = content
            && kind == "application/json"
            && content.example.is_none()
            && content.examples.is_empty()
            && let Some(schema) = &content.schema
        {
            content.example = Some(self.of(&json!(schema), DEPTH));
        }
    }

    /// An example of what `schema` describes: its own, else one put together from its parts.
    fn of(&self, schema: &Value, depth: usize) -> Value {
        if let Some(example) = schema.get("example").or_else(|| schema.pointer("/examples/0")) {
            return example.clone();
        }
        if let Some(first) = schema.get("const").or_else(|| schema.pointer("/enum/0")) {
            return first.clone();
        }
        if depth == 0 {
            return Value::Null;
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let target = self.components.pointer(target.trim_start_matches('#'));
            return target.map_or(Value::Null, |target| self.of(target, depth - 1));
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            let parts = parts.iter().map(|part| self.of(part, depth - 1));
            return Value::Object(parts.filter_map(|part| part.as_object().cloned()).flatten().collect());
        }
        let choices = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
        if let Some(choice) = choices.and_then(|choices| choices.iter().find(|one| one["type"] != "null")) {
            return self.of(choice, depth - 1);
        }
        match type_of(schema) {
            "object" => {
                let fields = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
                let fields: Map<String, Value> =
                    fields.into_iter().map(|(name, field)| (name, self.of(&field, depth - 1))).collect();
                Value::Object(fields)
            }
            "array" => json!([self.of(&schema["items"], depth - 1)]),
            "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
            "boolean" => json!(true),
            "string" => match schema["format"].as_str() {
                Some("uuid") => json!("01990000-0000-7000-8000-000000000001"),
                Some("date") => json!("2026-03-02"),
                Some("date-time") => json!("2026-03-02T22:05:00.000Z"),
                _ => json!("text"),
            },
            _ => Value::Null,
        }
    }
}

/// The type that is not null.
fn type_of(schema: &Value) -> &str {
    match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).find(|one| *one != "null").unwrap_or_default(),
        one => one.as_str().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_put_together_from_its_fields() {
        let components = json!({"components": {"schemas": {
            "Kind": {"type": "string", "enum": ["own", "shared"]},
            "Line": {"type": "object", "properties": {
                "quantity": {"type": "string", "example": "20"},
                "kind": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Kind"}]},
                "note": {"type": ["string", "null"]},
                "next": {"$ref": "#/components/schemas/Line"},
            }},
        }}});
        let schema = json!({"type": "array", "items": {"$ref": "#/components/schemas/Line"}});
        let made = Examples { components }.of(&schema, 4);
        assert_eq!(
            made,
            json!([{"quantity": "20", "kind": "own", "note": "text", "next": {
                "quantity": "20", "kind": null, "note": null, "next": null,
            }}])
        );
    }
}
