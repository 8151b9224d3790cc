//! Add a version of an indicator.

use super::{
    draft::{IndicatorMeasure, Label},
    list::IndicatorVersionView,
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command, Reply, Text, is_code},
    store::{Begun, bulk, is_duplicate},
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{id::IndicatorId, indicator, indicator_class};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Longest name and source, in characters.
const LONGEST: usize = 100;

/// A new version of an indicator, or the first of a new one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateIndicatorRequest {
    /// Id chosen by the client (UUIDv7).
    #[schema(value_type = Option<Uuid>, example = json!(null))]
    pub id: Option<Uuid>,
    /// Stable name; versions share it.
    #[schema(example = "poverty_share_2030")]
    pub code: String,
    /// Chinese name.
    #[schema(example = "贫困地区贫困户采购占比")]
    pub name_zh: String,
    /// English name.
    #[schema(example = "Share from poverty areas or registered households")]
    pub name_en: String,
    /// The one shown first. One at a time may be.
    #[serde(default)]
    #[schema(example = false)]
    pub headline: bool,
    /// What it measures.
    pub measure: IndicatorMeasure,
    /// First day; today at the earliest.
    #[schema(example = "2030-01-01")]
    pub valid_from: NaiveDate,
    /// Last day; none while it holds.
    #[schema(example = json!(null))]
    pub valid_to: Option<NaiveDate>,
    /// Where the target was published.
    #[schema(example = "省教育厅 2029-12-01")]
    pub source: String,
    /// Ends the version that would still hold on the eve of this one's first day.
    #[serde(default)]
    #[schema(example = false)]
    pub ends_predecessor: bool,
}

/// Add an indicator version
///
/// By the administrator, for days to come: what was published stands. `POST /indicators/simulate` shows beforehand what it
/// would have changed.
#[utoipa::path(
    post, path = "/indicators/versions", operation_id = "create_indicator", tag = "share", security(("bearer" = [])),
    request_body = CreateIndicatorRequest,
    responses((status = 201, body = IndicatorVersionView, description = "Added"))
)]
pub async fn create_indicator(
    State(ctx): State<Ctx>,
    caller: Caller,
    command: Command<CreateIndicatorRequest>,
) -> Result<Reply, ApiError> {
    caller.actor.may(Action::Update, Resource::Reference)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let body = command.body;
    let today = work.at.business_day();
    let mut check = Check::default();
    let id: IndicatorId = check.client_id("/id", body.id).unwrap_or_else(|| ctx.ids.next());
    check.that(
        is_code(&body.code),
        "/code",
        "code_malformed",
        Text::new("代码由字母、数字、- 和 _ 组成。", "A code has letters, digits, - and _ only."),
    );
    let label = Label {
        id,
        code: body.code,
        name_zh: check.text("/name_zh", &body.name_zh, LONGEST),
        name_en: check.text("/name_en", &body.name_en, LONGEST),
        headline: body.headline,
        valid_from: body.valid_from,
        valid_to: body.valid_to,
        source: check.text("/source", &body.source, LONGEST),
    };
    check.that(
        body.valid_from >= today,
        "/valid_from",
        "indicator_in_the_past",
        Text::new(
            "起始日不得早于今天：已公布的数字不变。",
            "It begins today at the earliest: what was published stands.",
        ),
    );
    check.day("/valid_from", body.valid_from);
    check.that(
        body.valid_to.is_none_or(|last| last >= body.valid_from),
        "/valid_to",
        "range_reversed",
        Text::new("截止日早于起始日。", "The last day is before the first."),
    );
    let drafted = body.measure.indicator(work.txn(), &mut check, "/measure", label).await?;
    check.that(
        !drafted.version.headline || drafted.version.target_bp.is_some(),
        "/headline",
        "headline_without_target",
        Text::new("首要指标须有目标值。", "The headline needs a target."),
    );
    check.finish()?;
    let version = &drafted.version;
    settle(work.txn(), version, body.ends_predecessor).await?;
    let classes = drafted.class_codes();
    let rows: Vec<_> = classes.iter().map(|class| indicator_class::Model { indicator_id: id, class: *class }).collect();
    bulk::insert(work.txn(), std::slice::from_ref(version))
        .await
        .map_err(|error| if is_duplicate(&error) { overlaps(version) } else { error.into() })?;
    bulk::insert(work.txn(), &rows).await?;
    let view = IndicatorVersionView::of(drafted);
    work.audit("indicator.create", "indicator", &id.to_string(), &view);
    let reply = work.commit(StatusCode::CREATED, &view).await;
    ctx.recent.changed();
    reply
}

/// Makes room for a version: its predecessor ends where that is asked for, and nothing else may hold beside it.
async fn settle(db: &impl ConnectionTrait, version: &indicator::Model, ends: bool) -> Result<(), ApiError> {
    use indicator::Column;
    let eve = version.valid_from.pred_opt().unwrap_or(version.valid_from);
    let beside = Condition::any().add(Column::Code.eq(version.code.as_str())).add_option(
        // Two headlines are none.
        version.headline.then(|| Column::Headline.eq(true)),
    );
    let overlapping = overlapping(db, version, beside).await?;
    for other in overlapping {
        let gives_way = other.code == version.code && other.valid_from < version.valid_from && other.valid_to.is_none();
        if !(ends && gives_way) {
            return Err(if other.code == version.code { overlaps(&other) } else { headline_taken(&other) });
        }
        indicator::Entity::update_many()
            .col_expr(Column::ValidTo, Expr::value(eve))
            .filter(Column::Id.eq(other.id))
            .exec(db)
            .await?;
    }
    Ok(())
}

async fn overlapping(
    db: &impl ConnectionTrait,
    version: &indicator::Model,
    beside: Condition,
) -> Result<Vec<indicator::Model>, DbErr> {
    use indicator::Column;
    let mut found = indicator::Entity::find()
        .filter(beside)
        .filter(Condition::any().add(Column::ValidTo.is_null()).add(Column::ValidTo.gte(version.valid_from)));
    if let Some(last) = version.valid_to {
        found = found.filter(Column::ValidFrom.lte(last));
    }
    found.all(db).await
}

fn until(version: &indicator::Model) -> String {
    version.valid_to.map_or_else(|| "…".to_owned(), |day| day.to_string())
}

fn overlaps(other: &indicator::Model) -> ApiError {
    let (from, to) = (other.valid_from, until(other));
    ApiError::field(
        "/valid_from",
        "indicator_overlaps",
        Text::new(
            format!("同名指标已有 {from} 至 {to} 的版本；可用 ends_predecessor 使其到前一日为止。"),
            format!("A version of it holds from {from} to {to}; `ends_predecessor` ends one without a last day."),
        ),
    )
}

fn headline_taken(other: &indicator::Model) -> ApiError {
    let (code, from, to) = (&other.code, other.valid_from, until(other));
    ApiError::field(
        "/headline",
        "headline_taken",
        Text::new(
            format!("{from} 至 {to} 的首要指标是 {code}。"),
            format!("From {from} to {to} the headline is {code}."),
        ),
    )
}
