//! The problems an operation can answer, described once with an example each.

use super::Call;
use crate::http::{ApiError, FieldError, Language, Text};
use utoipa::openapi::{
    Components, Object, Ref, RefOr, Response, Type, content::ContentBuilder, header::Header, path::Operation,
    response::ResponseBuilder,
};

const KIND: &str = "application/problem+json";
const EXAMPLE_REQUEST: &str = "01990000-0000-7000-8000-0000000000aa";

/// Headers that tell when to come back, and how often one may.
const WHEN: [(&str, &str); 3] = [
    ("Retry-After", "Seconds to wait"),
    ("RateLimit", "What is left of each allowance and the seconds until it is whole again: `\"account\";r=0;t=34`"),
    ("RateLimit-Policy", "The allowances and their windows in seconds: `\"account\";q=600;w=60`"),
];

fn field(pointer: &str, code: &'static str, zh: &'static str, en: &'static str) -> FieldError {
    FieldError::new(pointer, code, Text::new(zh, en))
}

/// One of each kind, with the name of its component and what it means.
fn kinds() -> Vec<(&'static str, &'static str, ApiError)> {
    let stock = field(
        "/lines/0/quantity",
        "insufficient_stock",
        "库存不足：还可订 5 jin。",
        "Not enough in stock: 5 jin left.",
    );
    let login = Text::new("缺少有效的访问令牌，请重新登录。", "There is no valid access token; log in again.");
    let refused =
        Text::new("部分商品库存不足，整个菜篮均未下单。", "Some goods are short; nothing of the basket was ordered.");
    vec![
        (
            "Malformed",
            "The request cannot be read: broken JSON, an unknown parameter, a missing header",
            ApiError::Malformed(field(
                "?colour",
                "unknown_parameter",
                "未知参数 colour。",
                "There is no parameter colour.",
            )),
        ),
        ("Unauthenticated", "No valid credentials", ApiError::Unauthenticated { code: "token_invalid", detail: login }),
        ("Forbidden", "The caller's role may not do this", ApiError::Forbidden),
        ("NotFound", "No such thing, or outside the caller's reach", ApiError::NotFound),
        (
            "Conflict",
            "The request is fine but the present state does not allow it",
            ApiError::Conflict { code: "insufficient_stock", detail: refused, errors: vec![stock] },
        ),
        ("Stale", "`If-Match` names another version than the present one", ApiError::Stale { version: 3 }),
        ("TooLarge", "The body is too large", ApiError::TooLarge),
        ("UnsupportedMediaType", "Not a media type this call reads", ApiError::UnsupportedMediaType),
        (
            "Invalid",
            "Fields that break a rule, each with its pointer",
            ApiError::Invalid(vec![field(
                "/colour",
                "unknown_field",
                "未知字段 colour。",
                "There is no field colour.",
            )]),
        ),
        ("TooMany", "Too many tries", ApiError::TooMany { retry_after: 900 }),
        (
            "Internal",
            "A fault of the service; its cause is in the log under the request's number",
            ApiError::internal("example"),
        ),
        ("Unavailable", "Busy or going down; worth a retry", ApiError::Unavailable),
    ]
}

pub(super) fn describe(components: &mut Components) {
    for (name, description, problem) in kinds() {
        let example = serde_json::to_value(problem.body(Language::Chinese, EXAMPLE_REQUEST)).unwrap_or_default();
        let schema = Ref::from_schema_name("Problem");
        let content = ContentBuilder::new().schema(Some(schema)).example(Some(example)).build();
        let mut response = ResponseBuilder::new().description(description).content(KIND, content).build();
        if name == "TooMany" {
            for (name, description) in WHEN {
                let mut header = Header::new(Object::with_type(Type::String));
                header.description = Some(description.to_owned());
                response.headers.insert(name.to_owned(), RefOr::T(header));
            }
        }
        components.responses.insert(name.to_owned(), RefOr::T(response));
    }
}

pub(super) fn add(operation: &mut Operation, call: &Call) {
    let problems = [
        ("400", "Malformed", call.has_query || call.has_body || call.takes_key),
        ("401", "Unauthenticated", !call.public),
        ("403", "Forbidden", call.secured),
        ("404", "NotFound", call.names_one || call.changes),
        ("409", "Conflict", call.changes || call.proves && call.secured),
        ("412", "Stale", call.takes_version),
        ("413", "TooLarge", call.has_body),
        ("415", "UnsupportedMediaType", call.has_body),
        ("422", "Invalid", call.has_body || call.takes_key),
        ("429", "TooMany", true),
        ("500", "Internal", true),
        ("503", "Unavailable", true),
    ];
    let responses = &mut operation.responses.responses;
    for (status, name, _) in problems.into_iter().filter(|(_, _, answered)| *answered) {
        // What a route says itself stands.
        let response = RefOr::Ref(Ref::new(format!("#/components/responses/{name}")));
        responses.entry(status.to_owned()).or_insert(response);
    }
    if call.reads {
        let unchanged: Response =
            ResponseBuilder::new().description("The answer held is still the present one").build();
        responses.insert("304".to_owned(), RefOr::T(unchanged));
    }
}
