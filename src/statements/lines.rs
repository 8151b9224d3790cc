//! The lines behind a statement, as text that hashes to what the statement says.

use super::{
    body::{ClassSums, Digest, class_sums},
    month::Month,
    view::in_scope,
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Path, hex},
    ledger::reverses,
    share::Sums,
};
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use entity::{
    id::{PurchaseLineId, SchoolId, StatementId},
    late_line,
    money::Fen,
    purchase_line, statement,
    weight::Gram,
};
use futures_util::stream::try_unfold;
use ring::digest;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, RelationDef, Statement,
};
use std::{collections::BTreeMap, fmt::Write};

/// Schools read at a time: a few thousand lines.
const SCHOOLS: usize = 20;

/// Which lines a statement stands on: those of a unit and a month, without what came after it.
#[derive(Clone, Debug)]
pub struct Stated {
    /// Code of the unit.
    pub unit: String,
    /// The month.
    pub month: Month,
    /// Version of the statement.
    pub version: i32,
}

/// What some lines come to.
#[derive(Default)]
pub struct Counted {
    count: i64,
    context: Option<digest::Context>,
    sums: BTreeMap<i32, Sums>,
}

impl Stated {
    /// Schools that ever reported to the unit, and those whose purchases counted for it all the same, in order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn schools(&self, db: &impl ConnectionTrait) -> Result<Vec<SchoolId>, DbErr> {
        let of_unit = |table: &str| format!("select school_id from {table} where reporting_unit_code = $1");
        let sql = format!(
            "{} union {} and year = $2 union {} and month = $3 order by school_id",
            of_unit("school_affiliation"),
            of_unit("school_year"),
            of_unit("total_change"),
        );
        let month = self.month.number();
        let values = [self.unit.as_str().into(), (month / 100).into(), month.into()];
        let rows = db.query_all_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
        rows.iter().map(|row| row.try_get("", "school_id")).collect()
    }

    /// The lines of some of its schools, by school, day and id.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lines(
        &self,
        db: &impl ConnectionTrait,
        schools: &[SchoolId],
    ) -> Result<Vec<purchase_line::Model>, DbErr> {
        use purchase_line::Column;
        let (first, last) = self.month.days();
        let later = late_line::Entity::find()
            .select_only()
            .column(late_line::Column::PurchaseLineId)
            .join(JoinType::InnerJoin, of_statement())
            .filter(statement::Column::ReportingUnitCode.eq(self.unit.as_str()))
            .filter(statement::Column::Month.eq(self.month.number()))
            .filter(statement::Column::Version.gte(self.version));
        purchase_line::Entity::find()
            .filter(Column::SchoolId.is_in(schools.iter().copied()))
            .filter(Column::PurchasedOn.between(first, last))
            .filter(Column::ReportingUnitCode.eq(self.unit.as_str()))
            .filter(Column::Id.not_in_subquery(later.into_query()))
            .order_by_asc(Column::SchoolId)
            .order_by_asc(Column::PurchasedOn)
            .order_by_asc(Column::Id)
            .all(db)
            .await
    }

    /// All of them counted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count(&self, db: &impl ConnectionTrait) -> Result<Counted, DbErr> {
        let mut counted = Counted::default();
        for schools in self.schools(db).await?.chunks(SCHOOLS) {
            counted.add(&self.lines(db, schools).await?);
        }
        Ok(counted)
    }
}

fn of_statement() -> RelationDef {
    late_line::Entity::belongs_to(statement::Entity)
        .from(late_line::Column::StatementId)
        .to(statement::Column::Id)
        .into()
}

/// Lines that came after statements of a unit, with the month and version of each: those that are shown in `shown_in`, or
/// that are shown nowhere yet.
///
/// # Errors
/// When the database does not answer.
pub async fn late_lines(
    db: &impl ConnectionTrait,
    unit: &str,
    shown_in: Option<StatementId>,
) -> Result<Vec<(i32, i32, PurchaseLineId)>, DbErr> {
    let shown = late_line::Column::ShownInId;
    late_line::Entity::find()
        .select_only()
        .columns([statement::Column::Month, statement::Column::Version])
        .column(late_line::Column::PurchaseLineId)
        .join(JoinType::InnerJoin, of_statement())
        .filter(statement::Column::ReportingUnitCode.eq(unit))
        .filter(shown_in.map_or_else(|| Condition::all().add(shown.is_null()), |id| Condition::all().add(shown.eq(id))))
        .into_tuple()
        .all(db)
        .await
}

/// Lines by their ids, a few hundred at a time, counted in their order.
///
/// # Errors
/// When the database does not answer.
pub async fn count_these(db: &impl ConnectionTrait, ids: &[PurchaseLineId]) -> Result<Counted, DbErr> {
    let mut lines = Vec::with_capacity(ids.len());
    for some in ids.chunks(500) {
        let found = purchase_line::Entity::find().filter(purchase_line::Column::Id.is_in(some.iter().copied()));
        lines.extend(found.all(db).await?);
    }
    lines.sort_by_key(|line| (line.school_id, line.purchased_on, line.id));
    let mut counted = Counted::default();
    counted.add(&lines);
    Ok(counted)
}

impl Counted {
    /// Takes more lines in, in the order of the text.
    pub fn add(&mut self, lines: &[purchase_line::Model]) {
        let context = self.context.get_or_insert_with(|| digest::Context::new(&digest::SHA256));
        for line in lines {
            context.update(text(line).as_bytes());
            self.count += 1;
            let sign = if reverses(line) { -1 } else { 1 };
            let unknown = line.weight_gram.is_none();
            self.sums.entry(line.class).or_default().add(&Sums {
                amount: line.amount_fen,
                weight: line.weight_gram.unwrap_or(Gram(0)),
                unknown_weight_amount: if unknown { line.amount_fen } else { Fen(0) },
                unknown_weight_lines: if unknown { sign } else { 0 },
                lines: sign,
            });
        }
    }

    /// Count and hash.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let context = self.context.clone().unwrap_or_else(|| digest::Context::new(&digest::SHA256));
        Digest { count: self.count, sha256: hex(context.finish().as_ref()) }
    }

    /// Sums by class.
    #[must_use]
    pub fn sums(&self) -> &BTreeMap<i32, Sums> {
        &self.sums
    }

    /// The same as a statement says them.
    #[must_use]
    pub fn stated(&self) -> Vec<ClassSums> {
        class_sums(&self.sums)
    }
}

/// A line as text: its frozen facts between tabs, amounts in fen and weights in grams, nothing where there is nothing.
#[must_use]
pub fn text(line: &purchase_line::Model) -> String {
    let show = |value: Option<&dyn ToString>| value.map(ToString::to_string).unwrap_or_default();
    let channel = sea_orm::ActiveEnum::to_value(&line.channel);
    let cells = [
        line.id.to_string(),
        line.school_id.to_string(),
        line.purchased_on.to_string(),
        channel,
        line.category_code.clone(),
        line.product_code.clone().unwrap_or_default(),
        line.class.to_string(),
        line.amount_fen.0.to_string(),
        line.weight_gram.map(|weight| weight.0.to_string()).unwrap_or_default(),
        line.origin_division_code.clone().unwrap_or_default(),
        line.origin_lists.clone(),
        show(line.producer_household_id.as_ref().map(|id| id as _)),
        line.producer_status.clone().unwrap_or_default(),
        line.linked_households.to_string(),
        line.evidence.clone().unwrap_or_default(),
        show(line.supplier_id.as_ref().map(|id| id as _)),
        show(line.receipt_line_id.as_ref().map(|id| id as _)),
        show(line.declared_purchase_id.as_ref().map(|id| id as _)),
        show(line.corrects_line_id.as_ref().map(|id| id as _)),
    ];
    let mut text = cells.join("\t");
    let _ = writeln!(text);
    text
}

/// The lines of a statement
///
/// The unit's own ledger lines that the statement stands on, one a line, as the very text whose SHA-256 it states
/// (`lines.sha256` of its body): `curl … | sha256sum`. Streamed. Between tabs: line, school, day, channel, category, product,
/// class, amount in fen, weight in grams, origin, lists of the origin, household, its status, linked households, evidence,
/// supplier, receipt line, declaration, line corrected.
#[utoipa::path(
    get, path = "/statements/{id}/lines", operation_id = "statement_lines", tag = "statements",
    security(("bearer" = [])),
    params(("id" = StatementId, Path, description = "The statement")),
    responses((
        status = 200, body = String, content_type = "text/tab-separated-values", description = "The lines",
        example = "01990000-0000-7000-8000-000000000001\t01990000-0000-7000-8000-000000000002\t2026-05-06\t…\n"
    ))
)]
pub async fn statement_lines(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<StatementId>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Statement)?;
    let row = in_scope(&ctx.store.read, &scope, id).await?;
    let month = Month::of(row.month).ok_or_else(|| ApiError::internal("a statement of no month"))?;
    let stated = Stated { unit: row.reporting_unit_code.clone(), month, version: row.version };
    let schools = stated.schools(&ctx.store.read).await?;
    let rest = try_unfold((ctx, stated, schools, 0), |(ctx, stated, schools, at)| async move {
        let Some(some) = schools.chunks(SCHOOLS).nth(at) else { return Ok::<_, std::io::Error>(None) };
        let lines = stated.lines(&ctx.store.read, some).await.map_err(std::io::Error::other)?;
        let bytes = Bytes::from(lines.iter().map(text).collect::<String>());
        Ok(Some((bytes, (ctx, stated, schools, at + 1))))
    });
    let mut response =
        ([(header::CONTENT_TYPE, "text/tab-separated-values; charset=utf-8")], Body::from_stream(rest)).into_response();
    let name = format!("attachment; filename=\"statement-{}-{month}-{}.tsv\"", row.reporting_unit_code, row.version);
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
