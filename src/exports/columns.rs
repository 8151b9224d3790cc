//! The columns of each list, read from the document of the interface.

use super::names::chinese;
use crate::{http::Language, sheets::Cell};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Objects in objects a column may lie in.
const DEPTH: usize = 6;
/// Arrays of an answer whose members are the rows, where it is no page.
const ROWS: [&str; 3] = ["items", "months", "parts"];
/// The array of a row whose members are written one a row, beside what they belong to.
const EACH: &str = "lines";

/// A column: where its value lies, and whether it is reckoned with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Names of the fields on the way.
    pub path: Vec<String>,
    /// Whether it is a number to reckon with, and not a code.
    pub number: bool,
}

/// A list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Its `operationId`.
    pub operation: String,
    /// Its summary, for the name of the sheet.
    pub title: String,
    /// Field of the answer with the rows; the answer itself where it is an array.
    pub rows: Option<String>,
    /// Whether it is read by pages.
    pub paged: bool,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Whether it takes query parameters of its own.
    pub asks: bool,
    /// Whether each member of the row's `lines` is a row of the file.
    pub by_line: bool,
}

/// Every list by its path as routes are matched.
#[derive(Clone, Debug, Default)]
pub struct Lists(HashMap<String, List>);

impl Lists {
    /// The lists of a document.
    #[must_use]
    pub fn of(document: &str) -> Self {
        let document: Value = serde_json::from_str(document).unwrap_or_default();
        let paths = document["paths"].as_object().into_iter().flatten();
        Self(paths.filter_map(|(path, item)| Some((path.clone(), list(&document, &item["get"])?))).collect())
    }

    /// The list at this path, if there is one.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&List> {
        self.0.get(path)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = (&String, &List)> {
        self.0.iter()
    }
}

/// Whether an operation of a document is a list, by the schema of its answer.
#[must_use]
pub fn is_list(document: &Value, operation: &Value) -> bool {
    list(document, operation).is_some()
}

fn list(document: &Value, operation: &Value) -> Option<List> {
    let answer = operation.pointer("/responses/200/content/application~1json/schema")?;
    let answer = resolve(document, answer);
    let fields = answer.get("properties").and_then(Value::as_object);
    let (rows, item) = if kind(&answer) == "array" {
        (None, answer.get("items")?.clone())
    } else {
        let name = ROWS.iter().find(|name| fields.is_some_and(|fields| fields.contains_key(**name)))?;
        let rows = resolve(document, fields?.get(*name)?);
        (Some((*name).to_owned()), rows.get("items")?.clone())
    };
    let mut columns = Vec::new();
    walk(document, &item, &mut Vec::new(), &mut columns);
    let by_line = columns.iter().any(|column| column.path[0] == EACH && column.path.len() > 1);
    let text = |name: &str| operation[name].as_str().unwrap_or_default().to_owned();
    Some(List {
        operation: text("operationId"),
        title: text("summary"),
        paged: rows.as_deref() == Some("items"),
        rows,
        columns,
        by_line,
        asks: operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|one| one["in"] == "query" && one["name"] != "format"),
    })
}

/// The schema a reference, a nullable or a sum of schemas comes down to.
fn resolve(document: &Value, schema: &Value) -> Value {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        return document.pointer(target.trim_start_matches('#')).map_or(Value::Null, |found| resolve(document, found));
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let mut fields = Map::new();
        for part in parts {
            let part = resolve(document, part);
            fields.extend(part.get("properties").and_then(Value::as_object).cloned().unwrap_or_default());
        }
        return serde_json::json!({ "type": "object", "properties": fields });
    }
    let choices = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
    let mut real = choices.into_iter().flatten().filter(|one| one["type"] != "null");
    match (real.next(), real.next()) {
        (Some(one), None) => resolve(document, one),
        _ => schema.clone(),
    }
}

fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|one| *one != "null").unwrap_or_default(),
        one => one.as_str().unwrap_or_default(),
    }
}

fn walk(document: &Value, schema: &Value, path: &mut Vec<String>, columns: &mut Vec<Column>) {
    let schema = resolve(document, schema);
    let fields = schema.get("properties").and_then(Value::as_object);
    match (kind(&schema), fields) {
        (_, Some(fields)) if path.len() < DEPTH => {
            for (name, field) in fields {
                path.push(name.clone());
                walk(document, field, path, columns);
                path.pop();
            }
        }
        ("array", _) if path.len() == 1 && path[0] == EACH => {
            let item = schema.get("items").cloned().unwrap_or_default();
            walk(document, &item, path, columns);
        }
        (kind, _) if !path.is_empty() => {
            let decimal = schema["pattern"].as_str().is_some_and(|pattern| pattern.contains("\\."));
            columns.push(Column { path: path.clone(), number: decimal || matches!(kind, "integer" | "number") });
        }
        _ => {}
    }
}

impl List {
    /// The header of the file.
    #[must_use]
    pub fn header(&self, language: Language) -> Vec<String> {
        let name = |column: &Column| match language {
            Language::Chinese => {
                column.path.iter().map(|name| chinese(name).unwrap_or(name)).collect::<Vec<_>>().join("·")
            }
            Language::English => column.path.join("."),
        };
        self.columns.iter().map(name).collect()
    }

    /// The rows an item of the list comes to.
    #[must_use]
    pub fn cells(&self, item: &Value) -> Vec<Vec<Cell>> {
        let row =
            |line: Option<&Value>| self.columns.iter().map(|column| self.cell(column, item, line)).collect::<Vec<_>>();
        match item.get(EACH).and_then(Value::as_array).filter(|lines| self.by_line && !lines.is_empty()) {
            Some(lines) => lines.iter().map(|line| row(Some(line))).collect(),
            None => vec![row(None)],
        }
    }

    fn cell(&self, column: &Column, item: &Value, line: Option<&Value>) -> Cell {
        let (start, path) = match column.path.split_first() {
            Some((first, rest)) if self.by_line && first == EACH => match line {
                Some(line) => (line, rest),
                None => return Cell::Empty,
            },
            _ => (item, &column.path[..]),
        };
        let value = path.iter().try_fold(start, |value, name| value.get(name));
        match value.map(text).filter(|text| !text.is_empty()) {
            None => Cell::Empty,
            Some(text) if column.number => Cell::Number(text),
            Some(text) => Cell::Text(text),
        }
    }
}

/// A value in one cell: several of them apart by semicolons, the fields of an object by commas.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join("; "),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            fields.map(|(name, value)| format!("{name}={}", text(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_becomes_rows_of_columns() {
        let document = json!({
            "paths": {},
            "components": {"schemas": {
                "Money": {"type": "string", "pattern": "^\\d+\\.\\d{2}$"},
                "Line": {"type": "object", "properties": {"no": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}}},
                "Order": {"type": "object", "properties": {
                    "id": {"type": "string"},
                    "amount": {"$ref": "#/components/schemas/Money"},
                    "origin": {"oneOf": [{"type": "null"}, {"type": "object", "properties": {"code": {"type": "string"}}}]},
                    "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
                }},
                "Page": {"type": "object", "properties": {
                    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}}, "next_cursor": {"type": "string"},
                }},
            }},
        });
        let operation = json!({
            "operationId": "list_orders", "summary": "List orders",
            "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}}},
        });
        let list = list(&document, &operation).expect("a list");
        assert!(list.paged && list.by_line);
        assert_eq!(list.header(Language::English), ["amount", "id", "lines.no", "lines.tags", "origin.code"]);
        let item = json!({"id": "o1", "amount": "12.30", "origin": null, "lines": [{"no": 1, "tags": ["a", "b"]}, {"no": 2, "tags": []}]});
        let (text, number) = (|text: &str| Cell::Text(text.to_owned()), |text: &str| Cell::Number(text.to_owned()));
        assert_eq!(
            list.cells(&item),
            [
                vec![number("12.30"), text("o1"), number("1"), text("a; b"), Cell::Empty],
                vec![number("12.30"), text("o1"), number("2"), Cell::Empty, Cell::Empty],
            ]
        );
        assert_eq!(list.cells(&json!({"id": "o2", "lines": []})).len(), 1);
        assert_eq!(super::text(&json!([{"unit": "jin", "base": 500, "none": null}])), "base=500, unit=jin");
        assert!(!is_list(&document, &json!({"responses": {"200": {"content": {"text/csv": {}}}}})));
    }
}
