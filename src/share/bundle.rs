//! The indicators of the province's bundle, read strictly and loaded once (S5).

use super::reading::Rule;
use crate::{
    context::Ctx,
    http::ApiError,
    province::{Bundle, FileError, digest_of},
    store::bulk,
};
use chrono::NaiveDate;
use entity::{
    indicator::{self, Basis},
    indicator_class,
    school::SchoolStage,
};
use sea_orm::{ActiveEnum, ConnectionTrait, EntityTrait, Statement};
use serde::Deserialize;
use std::collections::HashSet;

const BUNDLE: &str = "indicators";
const COLUMNS: &[&str] = &[
    "code",
    "name_zh",
    "name_en",
    "headline",
    "rule",
    "basis",
    "target_bp",
    "scope_division_code",
    "rural_only",
    "stages",
    "valid_from",
    "valid_to",
    "source",
];

#[derive(Deserialize)]
struct Row {
    code: String,
    name_zh: String,
    name_en: String,
    headline: String,
    rule: String,
    basis: Basis,
    target_bp: Option<i32>,
    scope_division_code: Option<String>,
    rural_only: String,
    stages: String,
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
    source: String,
}

/// Reads the indicators of a bundle without loading them.
///
/// # Errors
/// [`FileError`] for the first row that is malformed, or whose scope is no division of the bundle.
pub fn check(bundle: &Bundle) -> Result<(), FileError> {
    rows(bundle).map(drop)
}

fn rows(bundle: &Bundle) -> Result<Vec<(Row, Rule)>, FileError> {
    let file = bundle.file("indicators.csv", COLUMNS);
    let divisions = bundle.text("divisions.csv").unwrap_or_default();
    let known: HashSet<&str> = divisions.lines().filter_map(|line| line.split(',').next()).collect();
    let mut headlines = 0;
    let mut read = Vec::new();
    for (line, row) in file.rows::<Row>()? {
        let rule =
            Rule::from_name(&row.rule).ok_or_else(|| file.error(line, format!("there is no rule {}", row.rule)))?;
        if let Some(code) = row.scope_division_code.as_ref().filter(|code| !known.contains(code.as_str())) {
            return Err(file.error(line, format!("there is no division {code}")));
        }
        if row.target_bp.is_some_and(|target| !(0..=10_000).contains(&target)) {
            return Err(file.error(line, "target_bp goes from 0 to 10000"));
        }
        if row.valid_to.is_some_and(|to| to < row.valid_from) {
            return Err(file.error(line, "valid_to lies before valid_from"));
        }
        let stage = row.stages.split('|').filter(|stage| !stage.is_empty());
        if let Some(other) = stage.into_iter().find(|stage| SchoolStage::try_from_value(&(*stage).to_owned()).is_err())
        {
            return Err(file.error(line, format!("{other} is no stage of schools")));
        }
        let flags = [("headline", &row.headline), ("rural_only", &row.rural_only)];
        if let Some((name, _)) = flags.into_iter().find(|(_, flag)| !matches!(flag.as_str(), "yes" | "no")) {
            return Err(file.error(line, format!("{name} is yes or no")));
        }
        headlines += i32::from(row.headline == "yes");
        read.push((row, rule));
    }
    if headlines == 0 {
        return Err(file.error(1, "one indicator must be the headline"));
    }
    Ok(read)
}

/// Loads the indicators of the province's bundle; false when they are there already. Versions are added, never changed.
///
/// # Errors
/// When the file does not read or the database refuses.
pub async fn load(ctx: &Ctx) -> Result<bool, ApiError> {
    let bundle = &ctx.settings.province;
    let digest = digest_of(&[bundle.file("indicators.csv", COLUMNS)]);
    let known = entity::bundle::Entity::find_by_id(BUNDLE).one(ctx.store.primary()).await?;
    if known.is_some_and(|known| known.digest == digest) {
        return Ok(false);
    }
    let mut versions = Vec::new();
    let mut classes = Vec::new();
    for (row, rule) in rows(bundle).map_err(ApiError::internal)? {
        let version = indicator::Model {
            id: ctx.ids.next(),
            code: row.code,
            name_zh: row.name_zh,
            name_en: row.name_en,
            headline: row.headline == "yes",
            basis: row.basis,
            target_bp: row.target_bp,
            scope_division_code: row.scope_division_code,
            rural_only: row.rural_only == "yes",
            stages: row.stages,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            source: row.source,
            scope_unit_code: None,
        };
        classes
            .extend(rule.classes().into_iter().map(|class| indicator_class::Model { indicator_id: version.id, class }));
        versions.push(version);
    }
    let txn = ctx.store.begin().await?;
    bulk::insert_with(&txn, &versions, "on conflict (code, valid_from) do nothing").await?;
    // Only versions that are new have these ids; the classes of known ones stay as they are.
    let there: HashSet<_> = indicator::Entity::find().all(&txn).await?.into_iter().map(|row| row.id).collect();
    classes.retain(|row| there.contains(&row.indicator_id));
    bulk::insert(&txn, &classes).await?;
    let sql = "insert into bundle (name, digest, loaded_at) values ($1, $2, $3) \
               on conflict (name) do update set digest = excluded.digest, loaded_at = excluded.loaded_at";
    let values = [BUNDLE.into(), digest.into(), ctx.clock.now().0.into()];
    txn.execute_raw(Statement::from_sql_and_values(txn.get_database_backend(), sql, values)).await?;
    txn.commit().await?;
    ctx.recent.changed();
    Ok(true)
}
