//! Says in the document of the interface that a list is there as a file too.

use super::columns::is_list;
use crate::sheets::{CSV, XLSX};
use serde_json::json;
use utoipa::openapi::{
    Content, Object, OpenApi, RefOr, Required, Type,
    path::{Operation, ParameterBuilder, ParameterIn},
};

/// The `operationId` of every list of a document.
#[must_use]
pub fn lists_of(document: &OpenApi) -> Vec<String> {
    let json = serde_json::to_value(document).unwrap_or_default();
    let paths = json["paths"].as_object().into_iter().flatten();
    let lists = paths.map(|(_, item)| &item["get"]).filter(|operation| is_list(&json, operation));
    lists.filter_map(|operation| operation["operationId"].as_str().map(str::to_owned)).collect()
}

/// Adds `format` and the two media types to a list.
pub fn describe(operation: &mut Operation) {
    let mut formats = Object::with_type(Type::String);
    formats.enum_values = Some(["json", "csv", "xlsx"].map(|format| json!(format)).to_vec());
    let parameter = ParameterBuilder::new()
        .name("format")
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(
            "With `csv` or `xlsx`, or the same by `Accept`, the whole list as a file: rows as in the pages, streamed, the \
             header in the caller's language; `limit` and `cursor` are passed over, the filters hold",
        ))
        .schema(Some(formats))
        .example(Some(json!("json")));
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter.build()));
    if let Some(RefOr::T(response)) = operation.responses.responses.get_mut("200") {
        for kind in [CSV, XLSX] {
            response.content.insert(kind.to_owned(), RefOr::T(Content::new(Some(Object::with_type(Type::String)))));
        }
    }
}
