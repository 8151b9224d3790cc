//! A file of a list beside the list as it stands: rules without I/O.

use crate::sheets::{Refusal, Row, Sheet, SheetKind, column};
use chrono::NaiveDate;
use entity::{
    county_list::CountyListKind,
    county_list_member,
    division::{self, DivisionLevel},
};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;

/// Files of a list of poor counties or townships.
pub static COUNTY_LIST: SheetKind = SheetKind {
    name: "county-list",
    title: ("贫困县名单", "List of poor counties"),
    columns: &[
        column("division_code", "区划代码", "910526")
            .required()
            .about("县级；极贫乡镇名单为乡级", "Of a county; of a township on a list of townships"),
        column("name", "名称", "松坡县").about("仅供核对", "For people; not read"),
        column("source", "依据", "省政府公告").about("可留空", "Where it was published; may be empty"),
    ],
    most_rows: 5_000,
};

/// A division that comes onto the list or leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ListChange {
    /// Whether it comes onto the list; else it leaves it.
    #[schema(example = true)]
    pub joins: bool,
    /// The division, by its present code.
    #[schema(example = "910526")]
    pub division_code: String,
    /// Its name.
    #[schema(example = "松坡县")]
    pub name: String,
    /// The code in the file, where that is no more.
    #[schema(example = "910522")]
    pub listed_as: Option<String>,
    /// Where that was published.
    #[schema(example = "省政府公告")]
    pub source: Option<String>,
}

/// All of a file beside the list.
#[derive(Debug, Default)]
pub(super) struct ListDifference {
    pub rows: usize,
    pub before: usize,
    pub unchanged: usize,
    pub changes: Vec<ListChange>,
}

impl ListDifference {
    pub fn leaving(&self) -> usize {
        self.changes.iter().filter(|change| !change.joins).count()
    }
}

/// The level of what a list lists.
fn level_on(kind: CountyListKind) -> DivisionLevel {
    match kind {
        CountyListKind::ExtremePovertyTownship => DivisionLevel::Township,
        CountyListKind::OtherProvinceListed => DivisionLevel::OtherCounty,
        _ => DivisionLevel::County,
    }
}

/// Compares a file, which is the whole list from `valid_from` on, with the `members` of that list, past and to come.
///
/// # Errors
/// Every cell that is wrong.
pub(super) fn compare(
    text: &str,
    kind: CountyListKind,
    divisions: &HashMap<String, division::Model>,
    members: &[county_list_member::Model],
    valid_from: NaiveDate,
) -> Result<ListDifference, Vec<Refusal>> {
    let sheet = Sheet::read(text, &COUNTY_LIST)?;
    // A former code stands under its successor in the list too.
    let stands = |code: &str| divisions.get(code).and_then(|one| one.successor_code.clone()).unwrap_or(code.to_owned());
    let holds = |member: &&county_list_member::Model| {
        member.valid_from <= valid_from && member.valid_to.is_none_or(|last| last >= valid_from)
    };
    let now: BTreeMap<&str, &county_list_member::Model> =
        members.iter().filter(holds).map(|member| (member.division_code.as_str(), member)).collect();
    let mut listed: HashMap<String, u64> = HashMap::with_capacity(sheet.len());
    let mut changes = Vec::new();
    let mut unchanged = 0;
    for row in sheet.rows() {
        let Some((asked, division)) = read_division(row, kind, divisions, valid_from) else { continue };
        if let Some(first) = listed.insert(division.code.clone(), row.line) {
            row.refuse(
                "division_code",
                format!("与第 {first} 行重复"),
                format!("is there twice: the division stands in line {first} too"),
            );
        }
        if now.contains_key(division.code.as_str()) {
            unchanged += 1;
            continue;
        }
        let of_it = || members.iter().filter(|member| member.division_code == division.code);
        if let Some(later) = of_it().find(|member| member.valid_from > valid_from) {
            let from = later.valid_from;
            row.refuse(
                "division_code",
                format!("自 {from} 起已在名单上，时间重叠"),
                format!("is on the list from {from} on: the periods would overlap"),
            );
        }
        changes.push(ListChange {
            joins: true,
            division_code: division.code.clone(),
            name: division.name.clone(),
            listed_as: (asked != division.code).then(|| asked.to_owned()),
            source: row.optional("source").and_then(|_| row.text("source")).map(str::to_owned),
        });
    }
    let rows = sheet.len();
    sheet.finish()?;
    // Former codes are on the list beside their successors and stay there: they are the past.
    let open = now.keys().filter(|code| divisions.get(**code).is_none_or(|one| one.successor_code.is_none()));
    let before = open.clone().count();
    for code in open.filter(|code| !listed.contains_key(&stands(code))) {
        changes.push(ListChange {
            joins: false,
            division_code: (*code).to_owned(),
            name: divisions.get(*code).map(|one| one.name.clone()).unwrap_or_default(),
            listed_as: None,
            source: None,
        });
    }
    changes.sort_by(|one, other| one.division_code.cmp(&other.division_code));
    Ok(ListDifference { rows, before, unchanged, changes })
}

/// The division a row lists, by its present code, beside the code in the file.
fn read_division<'a>(
    row: Row<'a>,
    kind: CountyListKind,
    divisions: &'a HashMap<String, division::Model>,
    valid_from: NaiveDate,
) -> Option<(&'a str, &'a division::Model)> {
    let asked = row.text("division_code")?;
    let known = divisions.get(asked);
    let found = known.and_then(|one| one.successor_code.as_ref().map_or(Some(one), |code| divisions.get(code)));
    let Some(found) = found else {
        row.refuse("division_code", format!("没有行政区划“{asked}”"), format!("there is no division \"{asked}\""));
        return None;
    };
    if found.level != level_on(kind) {
        row.refuse(
            "division_code",
            format!("“{asked}”不是该名单所列级别"),
            format!("\"{asked}\" is not of the level this list is of"),
        );
        return None;
    }
    if found.valid_to.is_some_and(|last| last < valid_from) {
        row.refuse("division_code", format!("“{asked}”当日已撤销"), format!("\"{asked}\" is over on that day"));
        return None;
    }
    Some((asked, found))
}
