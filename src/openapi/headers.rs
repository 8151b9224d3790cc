//! Headers that many operations take, described once.

use super::Call;
use utoipa::openapi::{
    Components, Object, Ref, RefOr, Required, Type,
    header::Header,
    path::{Operation, ParameterBuilder, ParameterIn},
};

/// Operations that refuse to run without an `Idempotency-Key`: those whose repetition would buy, book or make twice.
const KEYED: [&str; 8] = [
    "place_basket",
    "place_order",
    "receive_consignment",
    "return_goods",
    "declare_purchase",
    "correct_purchase",
    "import_purchases",
    "import_accounts",
];

/// Operations on one resource that take the version they are based on.
const VERSIONED: [&str; 42] = [
    "same_goods",
    "different_goods",
    "apply_import",
    "discard_import",
    "confirm_order",
    "decline_order",
    "cancel_order",
    "receive_consignment",
    "disable_account",
    "enable_account",
    "reset_password",
    "grant_membership",
    "end_membership",
    "withdraw_consent",
    "update_personal_data",
    "update_household",
    "record_household_status",
    "end_household_status",
    "annul_household_status",
    "resolve_household_discrepancy",
    "put_school_position",
    "put_supplier_position",
    "update_supplier",
    "update_supplier_numbers",
    "update_school",
    "move_school",
    "close_school",
    "merge_school",
    "update_canteen",
    "close_canteen",
    "put_diners",
    "recommend_supplier",
    "review_supplier",
    "publish_supplier",
    "approve_supplier",
    "refuse_supplier",
    "withdraw_application",
    "suspend_supplier",
    "reinstate_supplier",
    "answer_objection",
    "uphold_sale_denial",
    "reject_sale_denial",
];

/// Operations that store nothing, or no answer.
const UNKEYED: [&str; 10] = [
    "quote_basket",
    "simulate_indicator",
    "preview_revocation",
    "search_households",
    "reveal_household",
    "reveal_supplier",
    "reveal_document",
    "reveal_objection",
    "raise_objection",
    "delete_document",
];

const KEY: &str = "Repeating a request with its key and body yields the first answer again, with \
`Idempotency-Replayed: true`; the key with another body is refused";

/// Name, component, description, example, required.
const HEADERS: [(&str, &str, &str, &str, bool); 5] = [
    (
        "Accept-Language",
        "AcceptLanguage",
        "Language of titles and sentences: Chinese unless English comes first",
        "zh-CN",
        false,
    ),
    ("If-None-Match", "IfNoneMatch", "`ETag` of an answer held: 304 where it is still the same", "W/\"9b1c2f\"", false),
    (
        "If-Match",
        "IfMatch",
        "`ETag` or version the change is based on: 412 where it is no longer the present one",
        "\"1\"",
        false,
    ),
    ("Idempotency-Key", "IdempotencyKey", KEY, "01990000-0000-7000-8000-0000000000ff", false),
    ("Idempotency-Key", "RequiredIdempotencyKey", KEY, "01990000-0000-7000-8000-0000000000ff", true),
];

fn text() -> Object {
    Object::with_type(Type::String)
}

pub(super) fn describe(components: &mut Components) {
    for (name, component, description, example, required) in HEADERS {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(if required { Required::True } else { Required::False })
            .description(Some(description))
            .schema(Some(text()))
            .example(Some(example.into()));
        components.parameters.insert(component.to_owned(), RefOr::T(parameter.build()));
    }
    let etag = "Pass it as `If-None-Match` to be answered 304 while nothing changes, as `If-Match` with a change";
    let replayed = "`true` where this is the stored answer of an earlier request with the same key";
    for (name, description) in [("ETag", etag), ("IdempotencyReplayed", replayed)] {
        let mut header = Header::new(text());
        header.description = Some(description.to_owned());
        components.headers.insert(name.to_owned(), RefOr::T(header));
    }
}

pub(super) fn add(operation: &mut Operation, call: &Call) {
    let mut wanted = vec!["AcceptLanguage"];
    if call.reads {
        wanted.push("IfNoneMatch");
    } else if call.takes_version {
        wanted.push("IfMatch");
    }
    if call.takes_key {
        wanted.push(if call.needs_key { "RequiredIdempotencyKey" } else { "IdempotencyKey" });
    }
    let parameters = operation.parameters.get_or_insert_default();
    let described = |name: &str| HEADERS.iter().any(|(described, ..)| *described == name);
    parameters.retain(|parameter| !matches!(parameter, RefOr::T(one) if described(&one.name)));
    parameters.extend(wanted.into_iter().map(|name| RefOr::Ref(Ref::new(format!("#/components/parameters/{name}")))));
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let header = |name: &str| RefOr::Ref(Ref::new(format!("#/components/headers/{name}")));
        if call.reads && status == "200" {
            response.headers.insert("ETag".to_owned(), header("ETag"));
        } else if call.takes_key && status.starts_with('2') {
            response.headers.insert("Idempotency-Replayed".to_owned(), header("IdempotencyReplayed"));
        }
    }
}

pub(super) fn takes_version(id: &str) -> bool {
    VERSIONED.contains(&id)
}

pub(super) fn takes_key(id: &str) -> bool {
    !UNKEYED.contains(&id)
}

pub(super) fn needs_key(id: &str) -> bool {
    KEYED.contains(&id)
}

pub(super) fn query_names(operation: &Operation) -> impl Iterator<Item = &str> {
    operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(one) if one.parameter_in == ParameterIn::Query => Some(one.name.as_str()),
        _ => None,
    })
}
