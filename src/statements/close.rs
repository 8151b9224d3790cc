//! Close a month.

use super::{
    body::{Adjustment, Below, Body, FORMAT, StatedIndicator, add, class_sums, sha256},
    lines::{Stated, count_these, late_lines},
    list::month_detail,
    month::Month,
    view::{FullStatementView, body_of, full},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command, Reply, Text, hex},
    ledger::hold_alone,
    share::{coverage_of_unit, indicators_on},
    store::{Begun, Work, bulk},
};
use axum::{extract::State, http::StatusCode};
use entity::{
    id::{PurchaseLineId, StatementId},
    late_line, reporting_unit, statement,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A month to be closed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseMonthRequest {
    /// Unit whose month it is.
    #[schema(example = "910526")]
    pub reporting_unit_code: String,
    /// The month; it must be over.
    #[schema(example = "2026-05")]
    pub month: String,
}

/// Close a month
///
/// Of a reporting unit, once the units below have closed theirs. The statement holds the totals by class, the coverage and a
/// hash over the ledger lines; it is chained to the unit's statement before and signed. From then on nothing is declared
/// into the month; corrections still are written, and are shown in the unit's next statement.
#[utoipa::path(
    post, path = "/statements", operation_id = "close_month", tag = "statements", security(("bearer" = [])),
    request_body = CloseMonthRequest,
    responses((status = 201, body = FullStatementView, description = "Closed"))
)]
pub async fn close_month(
    State(ctx): State<Ctx>,
    caller: Caller,
    command: Command<CloseMonthRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::Statement)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let asked = command.body;
    let mut check = Check::default();
    let month: Option<Month> = asked.month.parse().ok();
    check.that(month.is_some(), "/month", "month_malformed", month_detail());
    let over = month.is_none_or(|month| month.is_over(work.at));
    let not_over = Text::new(
        "该月尚未结束（月末后一小时起可结账）。",
        "The month is not over; it can be closed from an hour after its end.",
    );
    check.that(over, "/month", "month_not_over", not_over);
    let unit = reporting_unit::Entity::find_by_id(asked.reporting_unit_code.as_str()).one(work.txn()).await?;
    let unit = unit.filter(|unit| scope.covers_unit(&unit.code));
    check.that(
        unit.is_some(),
        "/reporting_unit_code",
        "unit_unknown",
        Text::new("没有这个填报单位，或不在管辖范围内。", "There is no such unit within reach."),
    );
    check.finish()?;
    let (Some(month), Some(unit)) = (month, unit) else { return Err(ApiError::NotFound) };
    hold_alone(work.txn(), &[&unit.code]).await?;
    let row = statement_of(&ctx, &caller, &work, &unit, month).await?;
    bulk::insert(work.txn(), std::slice::from_ref(&row)).await?;
    let late = late_lines(work.txn(), &unit.code, None).await?;
    let ids: Vec<PurchaseLineId> = late.into_iter().map(|(_, _, line)| line).collect();
    for some in ids.chunks(500) {
        late_line::Entity::update_many()
            .col_expr(late_line::Column::ShownInId, Expr::value(row.id.0))
            .filter(late_line::Column::PurchaseLineId.is_in(some.iter().copied()))
            .exec(work.txn())
            .await?;
    }
    let told = json!({
        "reporting_unit_code": unit.code, "month": month.to_string(), "version": row.version, "hash": row.hash,
    });
    work.audit("statement.close", "statement", &row.id, &told);
    work.event("statement.closed", &json!({"subject": row.id, "reporting_unit_code": unit.code}));
    // Also outside the database: whoever rewrites the tables does not rewrite the log.
    tracing::info!(unit = unit.code, %month, version = row.version, hash = row.hash, "month closed");
    work.commit(StatusCode::CREATED, &full(row)?).await
}

/// The statement of a unit's month, signed; the unit is held alone.
async fn statement_of(
    ctx: &Ctx,
    caller: &Caller,
    work: &Work<'_>,
    unit: &reporting_unit::Model,
    month: Month,
) -> Result<statement::Model, ApiError> {
    use statement::Column;
    let txn = work.txn();
    let of_unit = statement::Entity::find().filter(Column::ReportingUnitCode.eq(unit.code.as_str()));
    let of_month = of_unit.clone().filter(Column::Month.eq(month.number()));
    let before = of_month.order_by_desc(Column::Version).one(txn).await?;
    if before.as_ref().is_some_and(|before| before.reopened_at.is_none()) {
        return Err(ApiError::conflict("month_closed", Text::new("该月已经结账。", "The month is closed already.")));
    }
    let previous = of_unit.order_by_desc(Column::Seq).one(txn).await?;
    let taken_in = below(txn, unit, month).await?;
    let (first, last) = month.days();
    let version = before.map_or(0, |before| before.version) + 1;
    let stated = Stated { unit: unit.code.clone(), month, version };
    let own = stated.count(txn).await?;
    let mut whole = own.sums().clone();
    let mut coverage = coverage_of_unit(txn, &unit.code, month.number(), (first, last)).await?;
    let adjustments = adjustments(txn, &unit.code, None, month).await?;
    let mut adjusted = BTreeMap::new();
    for one in &adjustments {
        add(&mut adjusted, &one.sums);
    }
    for (_, body) in &taken_in {
        add(&mut whole, &body.whole);
        add(&mut adjusted, &body.adjusted);
        coverage.add(&body.coverage);
    }
    let indicators = indicators_on(txn, last).await?;
    let headline = indicators.iter().find(|indicator| indicator.version.headline);
    let body = Body {
        format: FORMAT.to_owned(),
        unit: unit.code.clone(),
        unit_name: unit.name.clone(),
        month: month.to_string(),
        version,
        seq: previous.as_ref().map_or(0, |previous| previous.seq) + 1,
        previous: previous.map(|previous| previous.hash),
        closed_at: work.at.utc().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        indicator: headline.map(StatedIndicator::of),
        coverage,
        lines: own.digest(),
        own: own.stated(),
        below: taken_in.into_iter().map(|(below, _)| below).collect(),
        whole: class_sums(&whole),
        adjustments,
        adjusted: class_sums(&adjusted),
    };
    let text = body.text().map_err(ApiError::internal)?;
    let unsigned = || ApiError::internal("the statement could not be signed");
    let (key_id, signature) = ctx.tokens.sign(text.as_bytes(), work.at).ok_or_else(unsigned)?;
    let ring = ctx.tokens.ring();
    let key = ring.find(&key_id).ok_or_else(unsigned)?;
    let id: StatementId = ctx.ids.next();
    Ok(statement::Model {
        id,
        reporting_unit_code: unit.code.clone(),
        month: month.number(),
        version,
        seq: body.seq,
        hash: sha256(&text),
        body: text,
        key_id,
        public_key: hex(&key.public),
        signature,
        closed_by: caller.actor.recorded_account(),
        closed_at: work.at,
        reopened_by: None,
        reopened_at: None,
        reopen_reason: None,
    })
}

/// The statements that stand of the units right below, for the same month.
///
/// # Errors
/// 409 naming the units that have not closed it.
async fn below(
    db: &impl ConnectionTrait,
    unit: &reporting_unit::Model,
    month: Month,
) -> Result<Vec<(Below, Body)>, ApiError> {
    use statement::Column;
    let units = reporting_unit::Entity::find()
        .filter(reporting_unit::Column::ParentCode.eq(unit.code.as_str()))
        .order_by_asc(reporting_unit::Column::Code)
        .all(db)
        .await?;
    let rows = statement::Entity::find()
        .filter(Column::ReportingUnitCode.is_in(units.iter().map(|unit| unit.code.as_str())))
        .filter(Column::Month.eq(month.number()))
        .filter(Column::ReopenedAt.is_null())
        .order_by_asc(Column::ReportingUnitCode)
        .all(db)
        .await?;
    let open: Vec<&str> = units
        .iter()
        .filter(|unit| !rows.iter().any(|row| row.reporting_unit_code == unit.code))
        .map(|unit| unit.name.as_str())
        .collect();
    if !open.is_empty() {
        let (zh, en) = (open.join("、"), open.join(", "));
        return Err(ApiError::conflict(
            "units_below_open",
            Text::new(format!("下级单位尚未结账：{zh}。"), format!("Units below have not closed the month: {en}.")),
        ));
    }
    rows.iter()
        .map(|row| {
            let below = Below { unit: row.reporting_unit_code.clone(), version: row.version, hash: row.hash.clone() };
            Ok((below, body_of(row)?))
        })
        .collect()
}

/// The unit's late lines that are shown in a statement of `month`, or, with none, that are to be: by the statement they came
/// after. Those of the same month are held by its new version itself.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn adjustments(
    db: &impl ConnectionTrait,
    unit: &str,
    shown_in: Option<StatementId>,
    month: Month,
) -> Result<Vec<Adjustment>, DbErr> {
    let mut by_statement: BTreeMap<(i32, i32), Vec<PurchaseLineId>> = BTreeMap::new();
    for (of, version, line) in late_lines(db, unit, shown_in).await? {
        if of != month.number() {
            by_statement.entry((of, version)).or_default().push(line);
        }
    }
    let mut found = Vec::new();
    for ((of, version), lines) in by_statement {
        let counted = count_these(db, &lines).await?;
        let month = Month::of(of).map(|month| month.to_string()).unwrap_or_default();
        found.push(Adjustment { month, version, lines: counted.digest(), sums: counted.stated() });
    }
    Ok(found)
}
