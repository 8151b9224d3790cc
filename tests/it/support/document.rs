//! The OpenAPI document as a test reads it.

use super::app::App;
use serde_json::Value;
use xiaonong::app;

/// The document as JSON.
pub struct Document {
    pub json: Value,
}

/// One operation of it.
pub struct Operation {
    pub method: String,
    pub path: String,
    pub json: Value,
}

impl Document {
    pub fn of(app: &App) -> Self {
        Self { json: serde_json::to_value(app::document(&app.ctx)).expect("JSON") }
    }

    pub fn operations(&self) -> Vec<Operation> {
        let paths = self.json["paths"].as_object().expect("paths");
        let all = paths.iter().flat_map(|(path, item)| {
            let item = item.as_object().expect("a path item").iter();
            item.map(move |(method, json)| Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                json: json.clone(),
            })
        });
        all.collect()
    }

    /// What a reference stands for; anything else is itself.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(target) => {
                let found = self.json.pointer(target.trim_start_matches('#'));
                self.resolve(found.unwrap_or_else(|| panic!("{target} is nowhere")))
            }
            None => value,
        }
    }

    /// An example of a parameter, as it stands in a URL.
    pub fn example(&self, parameter: &Value) -> String {
        let schema = self.resolve(&parameter["schema"]);
        let example = [&parameter["example"], &schema["example"], &schema["enum"][0]];
        match example.into_iter().find(|example| !example.is_null()) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None if schema["format"] == "date" => "2026-03-02".to_owned(),
            None => panic!("{parameter} has no example"),
        }
    }

    /// Every object schema within, by name.
    pub fn objects_in(&self, schema: &Value) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        self.collect("the body", schema, &mut found);
        found
    }

    fn collect(&self, name: &str, schema: &Value, found: &mut Vec<(String, Value)>) {
        let name = schema["$ref"].as_str().unwrap_or(name);
        let schema = self.resolve(schema);
        if found.iter().any(|(known, _)| known == name) {
            return;
        }
        if let Some(fields) = schema["properties"].as_object() {
            found.push((name.to_owned(), schema.clone()));
            for (field, schema) in fields {
                self.collect(&format!("{name}.{field}"), schema, found);
            }
        }
        let parts = ["oneOf", "anyOf", "allOf"].iter().filter_map(|key| schema[*key].as_array()).flatten();
        for (index, part) in parts.chain(schema.get("items")).enumerate() {
            self.collect(&format!("{name}[{index}]"), part, found);
        }
    }

    /// What in `value` does not fit `schema`, as far as types, required and known fields and enums go.
    pub fn faults(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let schema = self.resolve(schema);
        if let Some(choices) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
            let fits = choices.iter().any(|choice| self.faults(choice, value, at).is_empty());
            return if fits { Vec::new() } else { vec![format!("{at}: {value} fits none of {schema}")] };
        }
        let types = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if !schema["type"].is_null() && !types.iter().any(|one| one == kind || (one == "number" && kind == "integer")) {
            return vec![format!("{at}: {value} is no {types:?}")];
        }
        let mut faults = Vec::new();
        if schema["enum"].as_array().is_some_and(|choices| !choices.contains(value)) {
            faults.push(format!("{at}: {value} is none of {}", schema["enum"]));
        }
        for item in value.as_array().into_iter().flatten() {
            faults.extend(self.faults(&schema["items"], item, &format!("{at}/-")));
        }
        if let Some(object) = value.as_object() {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let missing = required.filter(|name| !object.contains_key(*name));
            faults.extend(missing.map(|name| format!("{at}/{name} is missing")));
            for (name, value) in object {
                match schema["properties"].get(name) {
                    Some(field) => faults.extend(self.faults(field, value, &format!("{at}/{name}"))),
                    None if schema["properties"].is_object() => faults.push(format!("{at}/{name} is not known")),
                    None => {}
                }
            }
        }
        faults
    }
}

impl Operation {
    pub fn id(&self) -> &str {
        self.json["operationId"].as_str().unwrap_or_else(|| panic!("{} has no operationId", self.name()))
    }

    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Its parameters, references resolved.
    pub fn parameters(&self, document: &Document) -> Vec<Value> {
        let parameters = self.json["parameters"].as_array().into_iter().flatten();
        parameters.map(|parameter| document.resolve(parameter).clone()).collect()
    }
}
