//! What a run needs before it makes a row: the counties it is for, and a database that is nobody else's.

use super::{
    registry::{County, share_out},
    run::{Plan, SimulateError},
};
use crate::{context::Ctx, registry::derived_id};
use entity::{
    account, bundle,
    county_list::{self, CountyListKind},
    county_list_member,
    division::{self, DivisionLevel},
    id::AccountId,
    reporting_unit::{self, ReportingUnitKind},
    school,
    time::Timestamp,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use std::collections::{HashMap, HashSet};

/// Name under which the database remembers the plan; a slash and a county behind it for a county that is done.
pub const MARK: &str = "simulation";

/// The counties of the province with the schools each is to have.
///
/// # Errors
/// When the one that is asked for is none.
pub async fn counties(db: &impl ConnectionTrait, plan: &Plan) -> Result<Vec<County>, SimulateError> {
    // Some 1,600 rows: the province's own divisions.
    let divisions = division::Entity::find()
        .filter(division::Column::Level.is_in([DivisionLevel::County, DivisionLevel::Township]))
        .filter(division::Column::ValidTo.is_null())
        .order_by_asc(division::Column::Code)
        .all(db)
        .await?;
    let listed = listed(db, plan).await?;
    let units = reporting_unit::Entity::find().all(db).await?;
    let unit_of: HashMap<&str, &str> =
        units.iter().filter_map(|unit| Some((unit.division_code.as_deref()?, unit.code.as_str()))).collect();
    let apart = units.iter().find(|unit| unit.kind == ReportingUnitKind::ProvinceDirectSchools);
    let universities = apart.map(|unit| unit.code.clone());
    let mut townships: HashMap<&str, Vec<String>> = HashMap::new();
    for one in divisions.iter().filter(|one| one.level == DivisionLevel::Township) {
        townships.entry(one.parent_code.as_deref().unwrap_or_default()).or_default().push(one.code.clone());
    }
    let mut counties: Vec<County> = divisions
        .iter()
        .filter(|one| one.level == DivisionLevel::County)
        .map(|one| County {
            code: one.code.clone(),
            unit_code: unit_of.get(one.code.as_str()).copied().unwrap_or(&one.code).to_owned(),
            // A county that is simulated by itself keeps all its schools.
            university_unit: universities.clone().filter(|_| plan.county.is_none()),
            prefecture_code: one.parent_code.clone().unwrap_or_default(),
            townships: townships.remove(one.code.as_str()).unwrap_or_default(),
            listed: listed.contains(&one.code),
            schools: 0,
        })
        .collect();
    match &plan.county {
        None => share_out(&mut counties, plan.schools),
        Some(code) => {
            let one = counties.iter_mut().find(|county| county.code == *code);
            one.ok_or_else(|| SimulateError::UnknownCounty(code.clone()))?.schools = plan.schools;
        }
    }
    Ok(counties)
}

/// Divisions on a list of poor counties on the first day.
async fn listed(db: &impl ConnectionTrait, plan: &Plan) -> Result<HashSet<String>, DbErr> {
    let lists = county_list::Entity::find().filter(county_list::Column::Kind.eq(CountyListKind::PovertyCounty));
    let lists: Vec<String> = lists.all(db).await?.into_iter().map(|list| list.code).collect();
    let members = county_list_member::Entity::find()
        .filter(county_list_member::Column::ListCode.is_in(lists))
        .filter(county_list_member::Column::ValidFrom.lte(plan.from))
        .all(db)
        .await?;
    let holds = |member: &county_list_member::Model| member.valid_to.is_none_or(|last| last >= plan.from);
    Ok(members.into_iter().filter(holds).map(|member| member.division_code).collect())
}

/// What was done of this plan before.
///
/// # Errors
/// When the database holds anybody else's schools, or another plan's.
pub async fn marks(ctx: &Ctx, plan: &Plan) -> Result<HashSet<String>, SimulateError> {
    let db = ctx.store.primary();
    let marks = bundle::Entity::find().filter(bundle::Column::Name.starts_with(MARK)).all(db).await?;
    if let Some(other) = marks.iter().find(|mark| mark.digest != digest(plan)) {
        return Err(SimulateError::AnotherPlan(other.digest.clone()));
    }
    if marks.is_empty() && school::Entity::find().one(db).await?.is_some() {
        return Err(SimulateError::InUse);
    }
    Ok(marks.into_iter().map(|mark| mark.name).collect())
}

/// A plan in one line.
fn digest(plan: &Plan) -> String {
    let county = plan.county.as_deref().map(|code| format!(" --county {code}")).unwrap_or_default();
    format!("--schools {} --days {} --seed {} --from {}{county}", plan.schools, plan.days, plan.seed, plan.from)
}

/// The row that says something is done.
pub fn mark(name: &str, plan: &Plan, at: Timestamp) -> bundle::Model {
    bundle::Model { name: name.to_owned(), digest: digest(plan), loaded_at: at }
}

/// The two who order, sign and declare: nobody can log in as either.
pub fn accounts() -> [(AccountId, &'static str); 2] {
    ["simulated-manager", "simulated-inspector"].map(|name| (derived_id("account", name), name))
}

/// A closed account without a password.
pub fn account((id, name): (AccountId, &str), at: Timestamp) -> account::Model {
    account::Model {
        id,
        username: name.to_owned(),
        display_name: name.to_owned(),
        password_hash: "!".to_owned(),
        must_change_password: true,
        disabled_at: Some(at),
        disabled_by: None,
        disabled_rank: None,
        disabled_unit: None,
        created_at: at,
        version: 1,
    }
}
