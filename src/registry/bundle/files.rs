//! The files of the bundled registry, read and checked as a whole.

use crate::{
    province::{Bundle, File, FileError},
    registry::{Area, past::present},
};
use chrono::NaiveDate;
use entity::{
    county_list::{self, CountyListKind},
    county_list_member,
    division::{self, DivisionLevel},
    division_past, division_succession,
    reporting_unit::{self, ReportingUnitKind},
};
use serde::Deserialize;
use std::collections::HashMap;

const DIVISIONS: &[&str] = &["code", "name", "parent_code", "level", "valid_from", "valid_to"];
const CHANGES: &[&str] = &["old_code", "new_code", "effective_on", "kind", "precision"];
const LISTS: &[&str] = &["code", "kind", "name_zh", "name_en", "source", "confidence"];
const MEMBERS: &[&str] = &["list_code", "division_code", "valid_from", "valid_to", "source"];
const UNITS: &[&str] = &["code", "name", "kind", "parent_code", "division_code"];

/// All of them, with the manifest they are checked against.
pub fn files(bundle: &Bundle) -> [File<'_>; 6] {
    [
        bundle.file("divisions.csv", DIVISIONS),
        bundle.file("division_changes.csv", CHANGES),
        bundle.file("county_lists.csv", LISTS),
        bundle.file("county_list_members.csv", MEMBERS),
        bundle.file("reporting_units.csv", UNITS),
        bundle.file("manifest.toml", &[]),
    ]
}

/// What the files hold.
pub struct Registry {
    pub divisions: Vec<division::Model>,
    pub pasts: Vec<division_past::Model>,
    pub successions: Vec<division_succession::Model>,
    pub lists: Vec<county_list::Model>,
    pub members: Vec<county_list_member::Model>,
    pub units: Vec<reporting_unit::Model>,
}

#[derive(Deserialize)]
struct DivisionRow {
    code: String,
    name: String,
    parent_code: Option<String>,
    level: DivisionLevel,
    valid_from: Option<NaiveDate>,
    valid_to: Option<NaiveDate>,
}

#[derive(Deserialize)]
struct ChangeRow {
    old_code: String,
    new_code: String,
    effective_on: NaiveDate,
    kind: String,
}

#[derive(Deserialize)]
struct ListRow {
    code: String,
    kind: CountyListKind,
    name_zh: String,
    name_en: String,
    source: String,
}

#[derive(Deserialize)]
struct MemberRow {
    list_code: String,
    division_code: String,
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
    source: String,
}

#[derive(Deserialize)]
struct UnitRow {
    code: String,
    name: String,
    kind: ReportingUnitKind,
    parent_code: Option<String>,
    division_code: Option<String>,
}

impl Registry {
    /// Reads the files of a bundle.
    ///
    /// # Errors
    /// [`FileError`] for the first row that is malformed or points at nothing.
    pub fn parse(bundle: &Bundle) -> Result<Self, FileError> {
        let [of_divisions, of_changes, of_lists, of_members, of_units, manifest] = files(bundle);
        let (mut divisions, pasts) = divisions(of_divisions)?;
        let is_the_one =
            |one: &division::Model| one.level != DivisionLevel::Province || one.code == bundle.manifest.code;
        if !divisions.iter().any(|one| one.code == bundle.manifest.code) || !divisions.iter().all(is_the_one) {
            return Err(manifest.error(1, "code is not the one province of divisions.csv"));
        }
        let elsewhere =
            |code: &String| divisions.iter().any(|one| one.code == *code && one.level == DivisionLevel::OtherProvince);
        if let Some(code) = bundle.manifest.neighbours.iter().find(|code| !elsewhere(code)) {
            return Err(manifest.error(1, format!("{code} is no other province of divisions.csv")));
        }
        let successions = successions(of_changes, &divisions)?;
        let ended = divisions.iter().filter(|one| one.valid_to.is_some()).map(|one| one.code.as_str()).collect();
        let pairs: Vec<_> = successions.iter().map(|one| (one.old_code.as_str(), one.new_code.as_str())).collect();
        let mut present = present(&ended, &pairs);
        for division in &mut divisions {
            division.successor_code = present.remove(&division.code);
        }
        let levels: HashMap<&str, DivisionLevel> =
            divisions.iter().map(|division| (division.code.as_str(), division.level)).collect();
        let lists = lists(of_lists)?;
        let members = members(of_members, &lists, &levels)?;
        let units = units(of_units, &levels, &bundle.manifest.code)?;
        Ok(Self { divisions, pasts, successions, lists, members, units })
    }
}

/// The level the division above must have.
fn level_above(level: DivisionLevel) -> Option<DivisionLevel> {
    match level {
        DivisionLevel::Province | DivisionLevel::OtherProvince => None,
        DivisionLevel::Prefecture => Some(DivisionLevel::Province),
        DivisionLevel::County => Some(DivisionLevel::Prefecture),
        DivisionLevel::Township => Some(DivisionLevel::County),
        DivisionLevel::OtherCounty => Some(DivisionLevel::OtherProvince),
    }
}

type Divisions = (Vec<division::Model>, Vec<division_past::Model>);

/// Reads the divisions: one row each, and further rows with earlier dates for what one was called, or where it lay, until
/// the day before the next.
fn divisions(file: File<'_>) -> Result<Divisions, FileError> {
    let mut rows = file.rows::<DivisionRow>()?;
    rows.sort_by(|(_, one), (_, other)| (&one.code, one.valid_from).cmp(&(&other.code, other.valid_from)));
    let mut latest: HashMap<&str, &DivisionRow> = HashMap::with_capacity(rows.len());
    for (line, row) in &rows {
        if Area::of(&row.code).is_none() {
            return Err(file.error(*line, format!("{} is no division code", row.code)));
        }
        if row.valid_from.is_some() && row.valid_to.is_some() && row.valid_to < row.valid_from {
            return Err(file.error(*line, "valid_to lies before valid_from"));
        }
        if let Some(before) = latest.insert(&row.code, row) {
            if before.valid_to.and_then(|last| last.succ_opt()) != row.valid_from || row.valid_from.is_none() {
                let problem = format!("{} is there twice, and not each from the day after the other", row.code);
                return Err(file.error(*line, problem));
            }
            if before.level != row.level {
                return Err(file.error(*line, format!("{} changes its level", row.code)));
            }
        }
    }
    for (line, row) in &rows {
        let above = row.parent_code.as_deref();
        let parent = above.and_then(|code| latest.get(code));
        if parent.map(|parent| parent.level) != level_above(row.level) {
            return Err(file.error(*line, format!("{} does not hang under the level above it", row.code)));
        }
        if parent.is_some_and(|parent| parent.valid_to.is_some_and(|end| row.valid_to.is_none_or(|last| last > end))) {
            return Err(file.error(*line, format!("{} outlasts the division above it", row.code)));
        }
        // Lists filter by ranges of codes and rely on this.
        if above.and_then(Area::of).is_some_and(|area| !area.contains(&row.code)) {
            return Err(file.error(*line, format!("{} does not begin like the division above it", row.code)));
        }
    }
    let mut divisions: Vec<division::Model> = Vec::with_capacity(rows.len());
    let mut pasts = Vec::new();
    for (_, row) in rows {
        let mut division = division::Model {
            code: row.code,
            name: row.name,
            parent_code: row.parent_code,
            level: row.level,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            successor_code: None,
        };
        if let Some(before) = divisions.pop_if(|last| last.code == division.code) {
            division.valid_from = before.valid_from;
            if let Some(until_on) = before.valid_to {
                let (code, name, parent_code) = (before.code, before.name, before.parent_code);
                pasts.push(division_past::Model { code, until_on, name, parent_code });
            }
        }
        divisions.push(division);
    }
    // Those above come first, since those below point at them.
    divisions.sort_by_key(|division| division.level);
    Ok((divisions, pasts))
}

fn successions(file: File<'_>, divisions: &[division::Model]) -> Result<Vec<division_succession::Model>, FileError> {
    let known: HashMap<&str, &division::Model> = divisions.iter().map(|one| (one.code.as_str(), one)).collect();
    let mut successions: Vec<division_succession::Model> = Vec::new();
    for (line, row) in file.rows::<ChangeRow>()? {
        let find = |code: &str| known.get(code).ok_or_else(|| file.error(line, format!("there is no division {code}")));
        let (old, new) = (find(&row.old_code)?, find(&row.new_code)?);
        if old.valid_to.and_then(|last| last.succ_opt()) != Some(row.effective_on) {
            return Err(file.error(line, format!("{} does not end the day before", row.old_code)));
        }
        if new.valid_from.is_some_and(|from| from > row.effective_on) {
            return Err(file.error(line, format!("{} is not there yet on that day", row.new_code)));
        }
        if old.level != new.level {
            return Err(file.error(line, format!("{} and {} are not of one level", row.old_code, row.new_code)));
        }
        if successions.iter().any(|one| one.old_code == row.old_code && one.new_code == row.new_code) {
            return Err(file.error(line, format!("{} and {} are there twice", row.old_code, row.new_code)));
        }
        successions.push(division_succession::Model {
            old_code: row.old_code,
            new_code: row.new_code,
            effective_on: row.effective_on,
            kind: row.kind,
        });
    }
    Ok(successions)
}

fn lists(file: File<'_>) -> Result<Vec<county_list::Model>, FileError> {
    let show = |(_, row): (u64, ListRow)| county_list::Model {
        code: row.code,
        kind: row.kind,
        name_zh: row.name_zh,
        name_en: row.name_en,
        source: row.source,
    };
    Ok(file.rows()?.into_iter().map(show).collect())
}

fn members(
    file: File<'_>,
    lists: &[county_list::Model],
    levels: &HashMap<&str, DivisionLevel>,
) -> Result<Vec<county_list_member::Model>, FileError> {
    let mut members = Vec::new();
    for (line, row) in file.rows::<MemberRow>()? {
        let Some(list) = lists.iter().find(|list| list.code == row.list_code) else {
            return Err(file.error(line, format!("there is no list {}", row.list_code)));
        };
        let wanted = match list.kind {
            CountyListKind::ExtremePovertyTownship => DivisionLevel::Township,
            CountyListKind::OtherProvinceListed => DivisionLevel::OtherCounty,
            _ => DivisionLevel::County,
        };
        if levels.get(row.division_code.as_str()) != Some(&wanted) {
            return Err(file.error(line, format!("{} is not what {} lists", row.division_code, list.code)));
        }
        if row.valid_to.is_some_and(|to| to < row.valid_from) {
            return Err(file.error(line, "valid_to lies before valid_from"));
        }
        members.push(county_list_member::Model {
            list_code: row.list_code,
            division_code: row.division_code,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            source: row.source,
        });
    }
    Ok(members)
}

fn units(
    file: File<'_>,
    levels: &HashMap<&str, DivisionLevel>,
    province: &str,
) -> Result<Vec<reporting_unit::Model>, FileError> {
    let rows = file.rows::<UnitRow>()?;
    let above: HashMap<&str, Option<&str>> =
        rows.iter().map(|(_, row)| (row.code.as_str(), row.parent_code.as_deref())).collect();
    for (line, row) in &rows {
        if row.division_code.as_deref().is_some_and(|code| !levels.contains_key(code)) {
            return Err(file.error(*line, format!("{} stands for no division", row.code)));
        }
        if !reaches(province, &row.code, &above) {
            return Err(file.error(*line, format!("{} does not report up to {province}", row.code)));
        }
    }
    let show = |(_, row): (u64, UnitRow)| reporting_unit::Model {
        code: row.code,
        name: row.name,
        kind: row.kind,
        parent_code: row.parent_code,
        division_code: row.division_code,
    };
    Ok(rows.into_iter().map(show).collect())
}

/// Walks up the reporting tree; it has three levels, so that a longer way is a circle.
fn reaches(province: &str, code: &str, above: &HashMap<&str, Option<&str>>) -> bool {
    let mut code = code;
    for _ in 0..3 {
        match above.get(code) {
            Some(None) => return code == province,
            Some(Some(parent)) => code = parent,
            None => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_registry_is_complete() {
        let bundle = Bundle::built_in().expect("reads");
        let registry = Registry::parse(&bundle).expect("parses");
        let of_level =
            |level| registry.divisions.iter().filter(|one| one.level == level && one.valid_to.is_none()).count();
        assert_eq!(of_level(DivisionLevel::Province), 1);
        assert_eq!(of_level(DivisionLevel::Prefecture), 9);
        assert_eq!(of_level(DivisionLevel::County), 88);
        assert_eq!(of_level(DivisionLevel::Township), 1510);
        // Every code that is no more leads to one that is there (S11).
        let ended = registry.divisions.iter().filter(|one| one.valid_to.is_some());
        assert_eq!(ended.clone().count(), 9);
        assert!(ended.clone().all(|one| one.successor_code.is_some()));
        let members = |kind| {
            let list = registry.lists.iter().find(|list| list.kind == kind).expect("a list");
            registry.members.iter().filter(|member| member.list_code == list.code).count()
        };
        assert_eq!(members(CountyListKind::PovertyCounty), 66);
        assert_eq!(members(CountyListKind::DeepPovertyCounty), 14);
        assert_eq!(members(CountyListKind::KeyCounty), 20);
        assert_eq!(members(CountyListKind::ExtremePovertyTownship), 20);
        assert_eq!(registry.units.len(), 100);
        // The province and what reports straight to it (S10).
        let direct = registry.units.iter().filter(|unit| unit.parent_code.as_ref() == Some(&bundle.manifest.code));
        assert_eq!(direct.count(), 9 + 2 + 1 + 1);
    }

    const HEADER: &str = "code,name,parent_code,level,valid_from,valid_to\n910000,云岭省,,province,,\n\
                          910100,青石市,910000,prefecture,,\n";

    fn file<'a>(name: &'static str, text: &'a str, columns: &'static [&'static str]) -> File<'a> {
        File { name, text, columns }
    }

    #[test]
    fn a_gap_in_a_hierarchy_is_refused_with_file_and_line() {
        for (rows, problem) in [
            ("910121,松坡县,910000,county,,\n", "910121 does not hang under the level above it"),
            ("920100,望溪市,910000,prefecture,,\n", "920100 does not begin like the division above it"),
            ("9101,松坡县,910100,county,,\n", "9101 is no division code"),
            ("910121,松坡县,910100,county,2020-01-01,2019-01-01\n", "valid_to lies before valid_from"),
            (
                "910200,望溪市,910000,prefecture,,2019-12-31\n910221,柳溪县,910200,county,,\n",
                "910221 outlasts the division above it",
            ),
        ] {
            let error = divisions(file("divisions.csv", &format!("{HEADER}{rows}"), DIVISIONS)).expect_err("refused");
            assert!(error.to_string().ends_with(problem), "{error}");
            assert!(error.to_string().starts_with("divisions.csv, line "), "{error}");
        }
        let circle = "code,name,kind,parent_code,division_code\na,a,county_bureau,b,\nb,b,county_bureau,a,\n";
        let error = units(file("reporting_units.csv", circle, UNITS), &HashMap::new(), "910000").expect_err("refused");
        assert_eq!(error.to_string(), "reporting_units.csv, line 2: a does not report up to 910000");
    }

    #[test]
    fn periods_of_a_division_follow_upon_one_another() {
        let read = |rows: &str| divisions(file("divisions.csv", &format!("{HEADER}{rows}"), DIVISIONS));
        let apart = "910121,旧坡县,910100,county,,2018-12-31\n910121,松坡县,910100,county,2019-01-02,\n";
        let told = read(apart).expect_err("a gap").to_string();
        assert_eq!(told, "divisions.csv, line 5: 910121 is there twice, and not each from the day after the other");
        assert!(read(&apart.replace("2019-01-02", "2018-12-01")).is_err(), "an overlap");
        let (found, pasts) = read(&apart.replace("2019-01-02", "2019-01-01")).expect("reads");
        let county = found.iter().find(|one| one.code == "910121").expect("is there");
        assert_eq!((county.name.as_str(), county.valid_from, county.valid_to), ("松坡县", None, None));
        assert_eq!(pasts.iter().map(|past| past.name.as_str()).collect::<Vec<_>>(), ["旧坡县"]);
        let changed = "old_code,new_code,effective_on,kind,precision\n910121,910121,2019-01-01,x,day\n";
        let told = successions(file("division_changes.csv", changed, CHANGES), &found).expect_err("no end").to_string();
        assert_eq!(told, "division_changes.csv, line 2: 910121 does not end the day before");
    }
}
