//! Conditions on one of many values that are bound as one, so that a statement's text does not depend on how many there
//! are: it is written and planned once.

use sea_orm::{
    DbBackend, Value,
    sea_query::{ArrayType, Expr},
};
use uuid::Uuid;

/// Whether `value` is one of these codes.
pub fn among_codes<'a>(backend: DbBackend, value: Expr, codes: impl Iterator<Item = &'a str>) -> Expr {
    if backend == DbBackend::Postgres {
        return any(value, ArrayType::String, codes.map(Value::from).collect());
    }
    let codes = serde_json::json!(codes.collect::<Vec<_>>()).to_string();
    Expr::cust_with_exprs("? in (select value from json_each(?))", [value, Expr::val(codes)])
}

/// Whether `value` is one of these ids.
pub fn among_ids(backend: DbBackend, value: Expr, ids: impl Iterator<Item = Uuid>) -> Expr {
    if backend == DbBackend::Postgres {
        return any(value, ArrayType::Uuid, ids.map(Value::from).collect());
    }
    let ids: Vec<String> = ids.map(|id| id.simple().to_string()).collect();
    let ids = serde_json::json!(ids).to_string();
    Expr::cust_with_exprs("? in (select unhex(value) from json_each(?))", [value, Expr::val(ids)])
}

fn any(value: Expr, kind: ArrayType, values: Vec<Value>) -> Expr {
    Expr::cust_with_exprs("$1 = any($2)", [value, Expr::val(Value::Array(kind, Some(Box::new(values))))])
}
