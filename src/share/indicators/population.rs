//! Whose purchases an indicator measures: schools of some stages, of the countryside, of one place or one authority.

use crate::{http::ApiError, registry};
use entity::{division, indicator, reporting_unit, school::SchoolStage};
use sea_orm::{ActiveEnum, ConnectionTrait, DbErr, EntityTrait, Value};

/// The schools an indicator measures; everyone's unless something is said.
///
/// A school belongs by its stage and mark of today, and by the county and the unit of the day of each purchase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Population {
    /// Of these stages; all where empty.
    pub stages: Vec<SchoolStage>,
    /// Rural schools only.
    pub rural_only: bool,
    /// Of these counties.
    pub counties: Option<Vec<String>>,
    /// Of schools that reported to these units.
    pub units: Option<Vec<String>>,
}

impl Population {
    /// That of an indicator: at most two statements over tables of a province's size.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of(db: &impl ConnectionTrait, version: &indicator::Model) -> Result<Self, ApiError> {
        let named = version.stages.split('|').filter(|stage| !stage.is_empty());
        let stages = named.map(|stage| SchoolStage::try_from_value(&stage.to_owned())).collect::<Result<_, DbErr>>()?;
        let counties = match &version.scope_division_code {
            Some(code) => Some(counties(code, &divisions(db).await?)),
            None => None,
        };
        let units = match &version.scope_unit_code {
            Some(code) => Some(below(code, &units(db).await?)),
            None => None,
        };
        Ok(Self { stages, rural_only: version.rural_only, counties, units })
    }

    /// Whether totals must be asked school by school.
    #[must_use]
    pub fn by_school(&self) -> bool {
        self.rural_only || !self.stages.is_empty()
    }

    /// Condition on the school of alias `s`.
    pub(in crate::share) fn of_school(&self) -> String {
        let mut parts = vec!["true".to_owned()];
        if self.rural_only {
            parts.push("s.rural".to_owned());
        }
        if !self.stages.is_empty() {
            let stages: Vec<String> = self.stages.iter().map(|stage| format!("'{}'", stage.to_value())).collect();
            parts.push(format!("s.stage in ({})", stages.join(", ")));
        }
        parts.join(" and ")
    }

    /// Condition on county and unit of the rows of `alias`, with values bound from `$next` on.
    pub(in crate::share) fn of_place(&self, alias: &str, next: usize) -> (String, Vec<Value>) {
        let mut condition = "true".to_owned();
        let mut values: Vec<Value> = Vec::new();
        for (column, codes) in [("county_code", &self.counties), ("reporting_unit_code", &self.units)] {
            let Some(codes) = codes else { continue };
            let first = next + values.len();
            let marks: Vec<String> = (first..first + codes.len()).map(|number| format!("${number}")).collect();
            condition.push_str(&format!(" and {alias}.{column} in ({})", marks.join(", ")));
            values.extend(codes.iter().map(|code| Value::from(code.as_str())));
        }
        (condition, values)
    }

    /// Condition on totals of alias `t`, with values bound from `$next` on.
    pub(in crate::share) fn of_totals(&self, next: usize) -> (String, Vec<Value>) {
        let (mut condition, values) = self.of_place("t", next);
        if self.by_school() {
            condition.push_str(&format!(
                " and exists (select 1 from school s where s.id = t.school_id and {})",
                self.of_school()
            ));
        }
        (condition, values)
    }
}

/// All divisions but townships, present and former: a few hundred.
async fn divisions(db: &impl ConnectionTrait) -> Result<Vec<division::Model>, DbErr> {
    use entity::division::{Column, DivisionLevel};
    use sea_orm::{ColumnTrait, QueryFilter};
    division::Entity::find().filter(Column::Level.ne(DivisionLevel::Township)).all(db).await
}

/// A division and all below it under every code its territory has had, so that an indicator made for a county measures it
/// before and after it became a city. What was merged into another ends with its own code.
fn counties(code: &str, all: &[division::Model]) -> Vec<String> {
    let find = |code: &str| all.iter().find(|one| one.code == code);
    let named = find(code);
    let present = named.and_then(|one| one.successor_code.as_deref()).and_then(find).or(named);
    let tops = present.map(|present| registry::territory_among(present, all)).unwrap_or_default();
    let tops = if tops.iter().any(|top| top == code) { tops } else { vec![code.to_owned()] };
    let rows: Vec<_> = all.iter().map(|one| (one.code.clone(), one.parent_code.clone())).collect();
    let mut found: Vec<String> = Vec::new();
    for held in tops.iter().flat_map(|top| below(top, &rows)) {
        if !found.contains(&held) {
            found.push(held);
        }
    }
    found
}

async fn units(db: &impl ConnectionTrait) -> Result<Vec<(String, Option<String>)>, DbErr> {
    use entity::reporting_unit::Column;
    use sea_orm::QuerySelect;
    reporting_unit::Entity::find().select_only().columns([Column::Code, Column::ParentCode]).into_tuple().all(db).await
}

/// A code and all below it.
fn below(top: &str, rows: &[(String, Option<String>)]) -> Vec<String> {
    let mut found = vec![top.to_owned()];
    let mut next = 0;
    while let Some(parent) = found.get(next).cloned() {
        found.extend(rows.iter().filter(|(_, of)| of.as_ref() == Some(&parent)).map(|(code, _)| code.clone()));
        next += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    #[test]
    fn a_place_holds_all_below_it() {
        let row = |code: &str, of: Option<&str>| (code.to_owned(), of.map(str::to_owned));
        let rows = vec![row("91", None), row("9101", Some("91")), row("910101", Some("9101")), row("92", None)];
        assert_eq!(below("91", &rows), ["91", "9101", "910101"]);
        assert_eq!(below("92", &rows), ["92"]);
    }

    #[test]
    fn a_county_is_measured_under_each_code_it_has_had_and_not_with_what_it_was_merged_into() {
        let row = |code: &str, from: Option<i32>, to: Option<i32>, successor: Option<&str>| division::Model {
            code: code.to_owned(),
            name: code.to_owned(),
            parent_code: Some("9101".to_owned()),
            level: division::DivisionLevel::County,
            valid_from: from.and_then(|year| NaiveDate::from_ymd_opt(year, 1, 1)),
            valid_to: to.and_then(|year| NaiveDate::from_ymd_opt(year, 12, 31)),
            successor_code: successor.map(str::to_owned),
        };
        // A county that became a city and then a district, with one merged into it on the way.
        let all = [
            row("910121", None, Some(2019), Some("910105")),
            row("910181", Some(2020), Some(2022), Some("910105")),
            row("910105", Some(2023), None, None),
            row("910122", None, Some(2020), Some("910105")),
        ];
        for code in ["910121", "910181", "910105"] {
            assert_eq!(counties(code, &all), ["910105", "910181", "910121"], "{code}");
        }
        assert_eq!(counties("910122", &all), ["910122"]);
        assert_eq!(counties("910199", &all), ["910199"]);
    }

    #[test]
    fn everyone_is_measured_unless_something_is_said() {
        assert_eq!(Population::default().of_totals(3), ("true".to_owned(), Vec::new()));
        let some = Population {
            stages: vec![SchoolStage::Primary],
            rural_only: true,
            counties: Some(vec!["910526".to_owned()]),
            units: Some(vec!["910500".to_owned(), "910526".to_owned()]),
        };
        let (condition, values) = some.of_totals(3);
        assert_eq!(
            condition,
            "true and t.county_code in ($3) and t.reporting_unit_code in ($4, $5) and exists (select 1 from school s \
             where s.id = t.school_id and true and s.rural and s.stage in ('primary'))"
        );
        assert_eq!(values.len(), 3);
    }
}
