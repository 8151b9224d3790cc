//! The published document: equal to the committed one, and complete enough to write a client from.

use crate::support::{app::App, document::Document};
use sea_orm::DbBackend;
use serde_json::{Value, json};
use xiaonong::app;

async fn document() -> Document {
    let app = App::start(DbBackend::Sqlite, module_path!()).await.expect("SQLite is always there");
    let document = Document::of(&app);
    app.close().await;
    document
}

#[tokio::test]
async fn the_committed_document_is_the_one_the_code_makes() {
    let app = App::start(DbBackend::Sqlite, module_path!()).await.expect("SQLite is always there");
    let made = app::document(&app.ctx).to_pretty_json().expect("JSON");
    let served = app.call("GET", "/openapi.json").await;
    // Not compared as a whole: the two would fill a terminal.
    let mut lines = served.text().lines().zip(made.lines()).enumerate();
    assert_eq!(lines.find(|(_, (served, made))| served != made), None, "the served document");
    assert_eq!(served.text().len(), made.len(), "the served document");
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json"));
    let same = committed.is_ok_and(|committed| committed.trim_end() == made.trim_end());
    assert!(same, "openapi/openapi.json is out of date: cargo run -- openapi > openapi/openapi.json");
    app.close().await;
}

#[tokio::test]
async fn the_document_is_openapi_3_1_and_names_no_person() {
    let document = document().await;
    let info = &document.json["info"];
    assert_eq!(document.json["openapi"], "3.1.0");
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    assert!(info["description"].as_str().is_some_and(|text| text.contains("problem+json")), "{info}");
    assert!(info.get("contact").is_none() && info.get("license").is_none_or(|license| !license["name"].is_null()));
    let bearer = &document.json["components"]["securitySchemes"]["bearer"];
    assert_eq!((&bearer["type"], &bearer["scheme"]), (&json!("http"), &json!("bearer")));
}

#[tokio::test]
async fn no_reference_leads_nowhere() {
    let document = document().await;
    let mut waiting = vec![&document.json];
    let mut seen = 0;
    while let Some(value) = waiting.pop() {
        seen += usize::from(value.get("$ref").is_some());
        document.resolve(value);
        waiting.extend(value.as_array().into_iter().flatten());
        waiting.extend(value.as_object().into_iter().flat_map(|object| object.values()));
    }
    assert!(seen > 100, "{seen}");
}

#[tokio::test]
async fn every_operation_says_what_it_is() {
    let document = document().await;
    let tags: Vec<&Value> = document.json["tags"].as_array().expect("tags").iter().map(|tag| &tag["name"]).collect();
    let mut ids = Vec::new();
    for operation in document.operations() {
        let (name, json) = (operation.name(), &operation.json);
        let id = operation.id();
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{id}");
        assert!(json["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name} has no summary");
        let own = json["tags"].as_array().unwrap_or_else(|| panic!("{name} has no tag"));
        assert!(own.len() == 1 && tags.contains(&&own[0]), "{name} has the tags {own:?}");
        let public = ["login", "refresh", "jwks", "list_public_notices"].contains(&id);
        assert_eq!(json.get("security").is_none(), public, "{name}: security");
        ids.push(id.to_owned());
    }
    assert!(ids.len() >= 5, "{ids:?}");
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "an operationId is used twice");
}

#[tokio::test]
async fn every_operation_names_its_problems() {
    let document = document().await;
    for operation in document.operations() {
        let name = operation.name();
        let mut expected = vec!["500", "503"];
        // The public keys and the public notice are for everyone.
        if !["jwks", "list_public_notices"].contains(&operation.id()) {
            expected.push("401");
        }
        if operation.json.get("security").is_some() {
            expected.push("403");
        }
        if operation.path.contains('{') {
            expected.push("404");
        }
        if operation.parameters(&document).iter().any(|parameter| parameter["in"] == "query") {
            expected.push("400");
        }
        if operation.json.get("requestBody").is_some() {
            expected.extend(["400", "413", "415", "422"]);
        }
        if ["login", "change_password", "start_totp", "confirm_totp", "disable_totp"].contains(&operation.id()) {
            expected.push("429");
        }
        for status in expected {
            let response = document.resolve(&operation.json["responses"][status]);
            let content = &response["content"]["application/problem+json"];
            assert_eq!(content["schema"]["$ref"], "#/components/schemas/Problem", "{name}: {status}");
            assert_eq!(content["example"]["status"].to_string(), status, "{name}: {status}");
        }
        for (status, response) in operation.json["responses"].as_object().expect("responses") {
            let kinds = document.resolve(response)["content"].as_object().cloned().unwrap_or_default();
            let problem = kinds.keys().all(|kind| kind == "application/problem+json");
            assert!(problem || status.starts_with('2'), "{name}: {status} is {:?}", kinds.keys());
        }
    }
}

#[tokio::test]
async fn every_json_body_has_an_example_that_fits_it() {
    let document = document().await;
    for operation in document.operations() {
        let name = operation.name();
        let successes = operation.json["responses"].as_object().expect("responses").iter();
        let successes = successes.filter(|(status, _)| status.starts_with('2')).map(|(_, response)| response);
        let bodies: Vec<&Value> = operation.json.get("requestBody").into_iter().chain(successes).collect();
        for body in bodies {
            let Some(content) = body["content"].get("application/json") else { continue };
            let example = content.get("example").unwrap_or_else(|| panic!("{name} lacks an example: {content}"));
            let faults = document.faults(&content["schema"], example, "");
            assert!(faults.is_empty(), "{name}: {faults:#?} in {example:#}");
        }
    }
}

#[tokio::test]
async fn every_request_refuses_what_it_does_not_know() {
    let document = document().await;
    let mut seen = 0;
    for operation in document.operations() {
        let schema = &operation.json["requestBody"]["content"]["application/json"]["schema"];
        for (name, object) in document.objects_in(schema) {
            seen += 1;
            assert_eq!(object["additionalProperties"], false, "{}: {name} needs deny_unknown_fields", operation.name());
        }
    }
    assert!(seen >= 3, "{seen}");
}
