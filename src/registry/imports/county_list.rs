//! A new list of poor counties or townships, or a new version of one: compared, and applied by the difference's hash.

use super::{
    MOST_NAMED, alone, check_day, hash_of, is_shrinking,
    members::{COUNTY_LIST, ListChange, ListDifference, compare},
    remember, same, too_few,
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    http::{ApiError, FieldError, ProblemBody, Query, Reply, Text, idempotency_key, is_code, is_hidden},
    sheets::{Refusal, take_file, text_of_async},
    store::{Begun, bulk},
};
use axum::{
    extract::{Request, State},
    http::StatusCode,
};
use chrono::NaiveDate;
use entity::{
    county_list::{self, CountyListKind},
    county_list_member, division,
    registry_import::RegistryImportKind,
};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

/// Which list, from when on, and whether it is applied.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CountyListImportQuery {
    /// Stable name of the list; a new one makes a new list.
    #[param(example = "key_county_20")]
    pub list: String,
    /// First day the file holds.
    #[param(example = "2026-01-01")]
    pub valid_from: NaiveDate,
    /// What it stands for; for a new list.
    #[param(inline, example = "key_county")]
    pub kind: Option<CountyListKind>,
    /// Chinese name; for a new list.
    #[param(example = "云岭省重点帮扶县")]
    pub name_zh: Option<String>,
    /// English name; for a new list.
    #[param(example = "Key counties of Yunling")]
    pub name_en: Option<String>,
    /// Where it was published; for a new list, and for rows without one of their own.
    #[param(example = "省政府公告 2026-01-01")]
    pub source: Option<String>,
    /// `difference` of the answer that was looked at: applies it. Compared only unless given.
    #[param(example = "4be1")]
    pub difference: Option<String>,
    /// Takes more off the list than `REGISTRY_SHRINK_BP` allows.
    #[serde(default)]
    #[param(example = false)]
    pub allow_shrink: bool,
}

/// A file of a list beside the list.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountyListImportView {
    /// Whether the list is changed now.
    #[schema(example = false)]
    pub applied: bool,
    /// The list.
    #[schema(example = "key_county_20")]
    pub list: String,
    /// Whether it is a new one.
    #[schema(example = false)]
    pub is_new: bool,
    /// First day the file holds.
    pub valid_from: NaiveDate,
    /// What to apply this difference by.
    #[schema(example = "4be1")]
    pub difference: String,
    /// Rows of the file.
    #[schema(example = 20)]
    pub rows: usize,
    /// Divisions that stay on the list.
    #[schema(example = 19)]
    pub unchanged: usize,
    /// Divisions that come onto it.
    #[schema(example = 1)]
    pub joining: usize,
    /// Divisions that leave it.
    #[schema(example = 1)]
    pub leaving: usize,
    /// Whether so many leave that `allow_shrink` must be said.
    #[schema(example = false)]
    pub ends_too_many: bool,
    /// The changes by code, the first thousand.
    pub changes: Vec<ListChange>,
    /// How many more there are.
    #[schema(example = 0)]
    pub more_changes: usize,
}

/// Import a county list
///
/// A whole list of poor counties or townships from a day on: CSV (UTF-8 or GB18030) or XLSX with the columns of the
/// template `county-list`. The answer is the difference from the list as it stands that day. Nothing changes until the
/// same file is sent again with `difference`. Purchases that are written down keep the lists of their day, so that no past
/// share moves (S3); former codes are taken for their successors (S11).
#[utoipa::path(
    post, path = "/county-lists/imports", operation_id = "import_county_list", tag = "registry",
    security(("bearer" = [])),
    params(CountyListImportQuery),
    request_body(content(
        (String = "text/csv", example = json!("division_code,name,source\n910526,松坡县,省政府公告\n")),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )),
    responses(
        (status = 200, body = CountyListImportView, description = "Compared, or applied"),
        (status = 412, body = ProblemBody, content_type = "application/problem+json",
            description = "The difference is another one by now"),
    )
)]
pub async fn import_county_list(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<CountyListImportQuery>,
    request: Request,
) -> Result<Reply, ApiError> {
    caller.actor.may(Action::Update, Resource::Reference)?;
    let (parts, bytes) = take_file(&ctx, request).await?;
    let key = idempotency_key(&parts, &bytes, false)?;
    let valid_from = query.valid_from;
    check_day("valid_from", valid_from)?;
    let text = text_of_async(bytes, &COUNTY_LIST).await?;
    let mut work = match ctx.begin(&caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    if query.difference.is_some() {
        alone(work.txn()).await?;
    }
    let (list, is_new) = query.list(work.txn()).await?;
    let divisions = division::Entity::find().all(work.txn()).await?;
    let divisions: HashMap<String, division::Model> =
        divisions.into_iter().map(|row| (row.code.clone(), row)).collect();
    let of_list = county_list_member::Entity::find().filter(county_list_member::COLUMN.list_code.eq(&list.code));
    let members = of_list.all(work.txn()).await?;
    let difference = compare(&text, list.kind, &divisions, &members, valid_from).map_err(Refusal::problem)?;
    let hash = hash_of(&(&list.code, list.kind, valid_from, &difference.changes))?;
    let leaving = difference.leaving();
    let mut view = CountyListImportView {
        applied: false,
        list: list.code.clone(),
        is_new,
        valid_from,
        difference: hash.clone(),
        rows: difference.rows,
        unchanged: difference.unchanged,
        joining: difference.changes.len() - leaving,
        leaving,
        ends_too_many: is_shrinking(&ctx, leaving, difference.before),
        changes: difference.changes.iter().take(MOST_NAMED).cloned().collect(),
        more_changes: difference.changes.len().saturating_sub(MOST_NAMED),
    };
    if let Some(wanted) = &query.difference {
        same(wanted, &hash)?;
        if view.ends_too_many && !query.allow_shrink {
            return Err(too_few(&ctx, leaving, difference.before));
        }
        let source = query.source.as_deref().unwrap_or(&list.source);
        write(work.txn(), (&list, is_new), source, &difference, valid_from).await?;
        let of = (RegistryImportKind::CountyList, list.code.as_str());
        remember(&ctx, &caller, &mut work, of, valid_from, &hash).await?;
        view.applied = true;
    }
    let deed = if view.applied { "county_list.import" } else { "county_list.compare" };
    let told = json!({
        "valid_from": valid_from, "difference": hash, "rows": view.rows, "joining": view.joining, "leaving": leaving,
        "is_new": is_new,
    });
    work.audit(deed, "county_list", &list.code, &told);
    let reply = work.commit(StatusCode::OK, &view).await?;
    if view.applied {
        ctx.recent.changed();
        ctx.pages.changed(Topic::Listings);
    }
    Ok(reply)
}

impl CountyListImportQuery {
    /// The list there is, or the new one this describes.
    async fn list(&self, db: &impl ConnectionTrait) -> Result<(county_list::Model, bool), ApiError> {
        let refuse =
            |name: &str, code, detail| Err(ApiError::Malformed(FieldError::new(format!("?{name}"), code, detail)));
        if !is_code(&self.list) {
            let detail = Text::new("须为名单代码。", "Must be the code of a list.");
            return refuse("list", "code_malformed", detail);
        }
        let texts = [("name_zh", &self.name_zh), ("name_en", &self.name_en), ("source", &self.source)];
        for (name, text) in texts {
            let wrong = |text: &String| {
                text.chars().count() > 200 || text.chars().any(|one| one.is_control() || is_hidden(one))
            };
            if text.as_ref().is_some_and(wrong) {
                let detail =
                    Text::new("最多 200 个字符，不含控制字符。", "At most 200 characters, no control characters.");
                return refuse(name, "text_malformed", detail);
            }
        }
        let known = county_list::Entity::find_by_id(&self.list).one(db).await?;
        if let Some(known) = known {
            if self.kind.is_some_and(|kind| kind != known.kind) {
                let detail =
                    Text::new("该名单已有，类型不同。", "There is this list, and it stands for something else.");
                return refuse("kind", "list_kind_differs", detail);
            }
            return Ok((known, false));
        }
        let given = |name: &'static str, text: &Option<String>| {
            let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
            text.ok_or_else(|| {
                let detail = Text::new("新名单须填写。", "A new list needs it.");
                ApiError::Malformed(FieldError::new(format!("?{name}"), "required", detail))
            })
        };
        let Some(kind) = self.kind else {
            return refuse("kind", "required", Text::new("新名单须填写。", "A new list needs it."));
        };
        let list = county_list::Model {
            code: self.list.clone(),
            kind,
            name_zh: given("name_zh", &self.name_zh)?,
            name_en: given("name_en", &self.name_en)?,
            source: given("source", &self.source)?,
        };
        Ok((list, true))
    }
}

async fn write(
    db: &impl ConnectionTrait,
    (list, is_new): (&county_list::Model, bool),
    source: &str,
    difference: &ListDifference,
    valid_from: NaiveDate,
) -> Result<(), DbErr> {
    if is_new {
        bulk::insert(db, std::slice::from_ref(list)).await?;
    }
    let leaving =
        || difference.changes.iter().filter(|change| !change.joins).map(|change| change.division_code.clone());
    let columns = county_list_member::COLUMN;
    // Who came onto the list that very day was never on it.
    county_list_member::Entity::delete_many()
        .filter(columns.list_code.eq(&list.code))
        .filter(columns.division_code.is_in(leaving()))
        .filter(columns.valid_from.eq(valid_from))
        .exec(db)
        .await?;
    county_list_member::Entity::update_many()
        .col_expr(county_list_member::Column::ValidTo, Expr::value(valid_from.pred_opt()))
        .filter(columns.list_code.eq(&list.code))
        .filter(columns.division_code.is_in(leaving()))
        .filter(columns.valid_from.lt(valid_from))
        .filter(sea_orm::Condition::any().add(columns.valid_to.is_null()).add(columns.valid_to.gte(valid_from)))
        .exec(db)
        .await?;
    let joins = difference.changes.iter().filter(|change| change.joins).map(|change| county_list_member::Model {
        list_code: list.code.clone(),
        division_code: change.division_code.clone(),
        valid_from,
        valid_to: None,
        source: change.source.clone().unwrap_or_else(|| source.to_owned()),
    });
    bulk::insert(db, &joins.collect::<Vec<_>>()).await
}
