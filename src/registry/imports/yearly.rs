//! A yearly file of divisions beside the register: what is new, called otherwise, over, or stands under another code.
//! Rules without I/O.

use super::register::{Register, level_of};
use crate::{
    registry::Area,
    sheets::{Refusal, Row, Sheet, SheetKind, column},
};
use chrono::NaiveDate;
use entity::division::{self, DivisionLevel};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use utoipa::ToSchema;

/// Yearly files of divisions.
pub static DIVISIONS: SheetKind = SheetKind {
    name: "divisions",
    title: ("行政区划", "Divisions"),
    columns: &[
        column("code", "区划代码", "910526")
            .required()
            .about("县级以上 6 位，乡级 9 位", "Six digits, a township's nine"),
        column("name", "名称", "松坡县").required().about("最多 200 个字符", "At most 200 characters"),
        column("parent_code", "上级代码", "910500").required().about("省级留空", "Empty for the province"),
        column("level", "级别", "县级").required().one_of(&[
            ("province", "省级"),
            ("prefecture", "地级"),
            ("county", "县级"),
            ("township", "乡级"),
        ]),
        column("succeeds", "承接的原代码", "")
            .about("由哪些已撤销的代码而来，多个用 | 分隔", "Codes that are no more and went into it, with | between"),
    ],
    most_rows: 100_000,
};

/// What happens to a division.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DivisionChangeKind {
    /// It is set up.
    New,
    /// It is called otherwise from then on.
    Renamed,
    /// It is over, and one division stands in its place.
    Succeeded,
    /// The same, and that one lies in another division above.
    Moved,
    /// It is over, and several divisions stand in its place.
    Split,
    /// It is over, and the file says nothing of what stands in its place.
    Ended,
}

/// A change of one division.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DivisionChange {
    /// What happens.
    pub kind: DivisionChangeKind,
    /// The division.
    #[schema(example = "910525")]
    pub code: String,
    /// Its name, from then on where it is called otherwise.
    #[schema(example = "柳溪县")]
    pub name: String,
    /// Its name until then, where it is called otherwise.
    #[schema(example = "旧溪县")]
    pub name_before: Option<String>,
    /// The division above it.
    #[schema(example = "910500")]
    pub parent_code: Option<String>,
    /// What stands in its place.
    #[schema(example = json!(["910581"]))]
    pub successors: Vec<String>,
}

/// All of a file beside the register.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// Rows of the file.
    pub rows: usize,
    /// Divisions there were before.
    pub before: usize,
    /// Divisions the file says the same of.
    pub unchanged: usize,
    /// The changes, by code.
    pub changes: Vec<DivisionChange>,
}

impl Difference {
    pub fn count(&self, kind: DivisionChangeKind) -> usize {
        self.changes.iter().filter(|change| change.kind == kind).count()
    }
}

/// Compares a file, which holds all divisions of the province from `from_on` on, with the register.
///
/// # Errors
/// Every cell that is wrong; and, under the whole file, divisions that would end before they began.
pub(super) fn compare(text: &str, register: &Register, from_on: NaiveDate) -> Result<Difference, Vec<Refusal>> {
    let sheet = Sheet::read(text, &DIVISIONS)?;
    let mut listed: HashMap<&str, Row<'_>> = HashMap::with_capacity(sheet.len());
    for row in sheet.rows() {
        let Some(code) = read_code(row) else { continue };
        if listed.insert(code, row).is_some() {
            row.refuse("code", format!("“{code}”重复"), format!("\"{code}\" is there twice"));
        }
    }
    let mut successors: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut changes = Vec::new();
    let mut unchanged = 0;
    for row in sheet.rows() {
        let Some((code, name)) = read_code_again(row).zip(row.text("name")) else { continue };
        let parent = read_parent(row, code, &listed);
        for old in row.cell("succeeds").split('|').map(str::trim).filter(|old| !old.is_empty()) {
            if check_succession(row, code, old, register, &listed, from_on) {
                successors.entry(old).or_default().insert(code);
            }
        }
        match register.divisions.get(code) {
            None => changes.push(change(DivisionChangeKind::New, code, name, parent)),
            Some(known) if known.valid_to.is_some() => row.refuse(
                "code",
                format!("“{code}”已撤销，不能再次启用"),
                format!("\"{code}\" is over and cannot begin again: its periods would not follow upon one another"),
            ),
            Some(known) if known.name == name => unchanged += 1,
            Some(known) if register.began_before(known, from_on) => changes.push(DivisionChange {
                name_before: Some(known.name.clone()),
                ..change(DivisionChangeKind::Renamed, code, name, parent)
            }),
            Some(_) => row.refuse(
                "name",
                format!("“{code}”现名称自 {from_on} 或之后起用，时间重叠"),
                format!("what \"{code}\" is now began on {from_on} or after it: the periods would overlap"),
            ),
        }
    }
    let province = register.open().find(|one| one.level == DivisionLevel::Province);
    let mut refusals = Vec::new();
    if province.is_none_or(|one| !listed.contains_key(one.code.as_str())) {
        let (zh, en) = ("文件中没有本省", "The province itself is not in the file");
        refusals.push(Refusal::row(0, "province_missing", zh, en));
    }
    for gone in register.open().filter(|one| !listed.contains_key(one.code.as_str())) {
        if !register.began_before(gone, from_on) {
            let code = &gone.code;
            refusals.push(Refusal::row(
                0,
                "validity_overlaps",
                format!("“{code}”自 {from_on} 或之后才设立，不能在此之前撤销"),
                format!("\"{code}\" begins on {from_on} or after it and cannot end before"),
            ));
        }
        changes.push(ended(gone, successors.get(gone.code.as_str()), &listed));
    }
    let rows = sheet.len();
    refusals.extend(sheet.refusals());
    if !refusals.is_empty() {
        return Err(refusals);
    }
    changes.sort_by(|one, other| (&one.code, one.kind).cmp(&(&other.code, other.kind)));
    Ok(Difference { rows, before: register.open().count(), unchanged, changes })
}

fn change(kind: DivisionChangeKind, code: &str, name: &str, parent: Option<&str>) -> DivisionChange {
    let (code, name) = (code.to_owned(), name.to_owned());
    DivisionChange {
        kind,
        code,
        name,
        name_before: None,
        parent_code: parent.map(str::to_owned),
        successors: Vec::new(),
    }
}

fn ended(
    gone: &division::Model,
    successors: Option<&BTreeSet<&str>>,
    listed: &HashMap<&str, Row<'_>>,
) -> DivisionChange {
    let successors: Vec<&str> = successors.into_iter().flatten().copied().collect();
    let kind = match successors.as_slice() {
        [] => DivisionChangeKind::Ended,
        [one] => {
            let parent = listed.get(one).and_then(|row| row.optional("parent_code"));
            let above = gone.parent_code.as_deref();
            // Under the same division above, or under the one that stands in its place from now on.
            let follows = parent == above || above.is_some_and(|above| succeeds(listed, parent, above));
            if follows { DivisionChangeKind::Succeeded } else { DivisionChangeKind::Moved }
        }
        _ => DivisionChangeKind::Split,
    };
    DivisionChange {
        successors: successors.into_iter().map(str::to_owned).collect(),
        ..change(kind, &gone.code, &gone.name, gone.parent_code.as_deref())
    }
}

fn succeeds(listed: &HashMap<&str, Row<'_>>, new: Option<&str>, old: &str) -> bool {
    let row = new.and_then(|new| listed.get(new));
    row.is_some_and(|row| row.cell("succeeds").split('|').any(|one| one.trim() == old))
}

/// The code of a row, refused where it is none or not of the row's level.
fn read_code(row: Row<'_>) -> Option<&str> {
    let code = row.text("code")?;
    let level = row.choice::<DivisionLevel>("level");
    if Area::of(code).is_none() {
        row.refuse("code", "须为 6 位数字，乡级为 9 位", "must have six digits, a township's nine");
        return None;
    }
    if level.is_some_and(|level| level != level_of(code)) {
        row.refuse("level", format!("“{code}”不是该级别的代码"), format!("\"{code}\" is not a code of this level"));
    }
    Some(code)
}

/// The same without refusing twice.
fn read_code_again(row: Row<'_>) -> Option<&str> {
    row.optional("code").filter(|code| Area::of(code).is_some())
}

/// The division above: in the file, one level up, with the same first digits. So no circle can be.
fn read_parent<'a>(row: Row<'a>, code: &str, listed: &HashMap<&str, Row<'a>>) -> Option<&'a str> {
    let parent = row.optional("parent_code");
    let above = match level_of(code) {
        DivisionLevel::Province => None,
        DivisionLevel::Prefecture => Some(format!("{}0000", &code[..2])),
        DivisionLevel::County => Some(format!("{}00", &code[..4])),
        _ => Some(code[..6].to_owned()),
    };
    if parent != above.as_deref() {
        let (zh, en) = match &above {
            Some(above) => (format!("须为 {above}"), format!("must be {above}")),
            None => ("省级须留空".to_owned(), "must be empty for a province".to_owned()),
        };
        row.refuse("parent_code", zh, en);
    } else if let Some(parent) = parent.filter(|parent| !listed.contains_key(parent)) {
        row.refuse("parent_code", format!("文件中没有上级“{parent}”"), format!("\"{parent}\" is not in the file"));
    }
    parent
}

fn check_succession(
    row: Row<'_>,
    code: &str,
    old: &str,
    register: &Register,
    listed: &HashMap<&str, Row<'_>>,
    from_on: NaiveDate,
) -> bool {
    let refuse = |zh: &str, en: &str| row.refuse("succeeds", format!("“{old}”{zh}"), format!("\"{old}\" {en}"));
    let Some(known) = register.divisions.get(old) else {
        refuse("不在登记中", "is not in the register");
        return false;
    };
    if listed.contains_key(old) {
        refuse("仍在文件中，未撤销", "is still in the file, so that it is not over");
    } else if level_of(old) != level_of(code) {
        refuse("级别不同", "is of another level");
    } else if known.valid_to.is_none() {
        return register.began_before(known, from_on);
    } else if !register.successions.iter().any(|(before, after)| before == old && after == code) {
        // What a file of last year said may be said again, and nothing else of what is over.
        refuse("此前已撤销，且当时未记为本代码承接", "was over before, and this code is not what it went into");
    }
    false
}

/// Codes that are over, with those of this difference.
pub(super) fn over<'a>(register: &'a Register, difference: &'a Difference) -> HashSet<&'a str> {
    let before = register.divisions.values().filter(|one| one.valid_to.is_some()).map(|one| one.code.as_str());
    let now = difference.changes.iter().filter(|change| change.is_end()).map(|change| change.code.as_str());
    before.chain(now).collect()
}

impl DivisionChange {
    /// Whether the division is over.
    pub(super) fn is_end(&self) -> bool {
        !matches!(self.kind, DivisionChangeKind::New | DivisionChangeKind::Renamed)
    }
}
