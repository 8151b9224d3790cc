//! Brings in schools and their canteens from CSV: all rows of a file or none.

use super::{affiliation::Seat, canteen_change::term_of, derived::derived_id};
use crate::{
    audit::machine_line,
    context::Ctx,
    finding,
    http::ApiError,
    sheets::{Refusal, Row, Sheet, SheetKind, column},
    store::bulk,
};
use chrono::NaiveDate;
use entity::{
    canteen::{self, CanteenKind},
    division::{self, DivisionLevel},
    id::SchoolId,
    reporting_unit, school,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect};
use std::collections::{HashMap, HashSet};
use thiserror::Error;

/// First day an imported school should report: the programme's beginning.
const OPENED_ON: NaiveDate = NaiveDate::from_ymd_opt(2014, 1, 1).expect("a date");

/// Files of schools and their canteens.
pub static SCHOOLS: SheetKind = SheetKind {
    name: "schools",
    title: ("学校", "Schools"),
    columns: &[
        column("code", "学校代码", "YL-910526-001")
            .required()
            .about("全省唯一，再次导入时按此对应", "Unique in the province; a later file is matched by it"),
        column("name", "学校名称", "雨农小学").required().about("最多 200 个字符", "At most 200 characters"),
        column("stage", "学段", "小学").required().one_of(&[
            ("kindergarten", "幼儿园"),
            ("primary", "小学"),
            ("junior", "初中"),
            ("senior", "高中"),
            ("vocational", "中职"),
            ("university", "高校"),
        ]),
        column("division_code", "所在区划代码", "910526109")
            .required()
            .about("县级或乡级行政区划代码", "Code of a county or township"),
        column("reporting_unit_code", "填报单位代码", "910526").required().about("教育局等", "Of the education bureau"),
        column("rural", "是否农村学校", "是").required().about("是或否", "yes or no"),
        column("nutrition_program", "是否营养改善计划", "是").required().about("是或否", "yes or no"),
        column("diners", "就餐人数", "420").required().about("非负整数", "A whole number"),
        column("canteen_kind", "食堂类型", "自办").required().one_of(&[
            ("own", "自办"),
            ("contracted", "承包"),
            ("shared", "由他校供餐"),
            ("none", "无食堂"),
        ]),
        column("run_by_code", "供餐学校代码", "")
            .required()
            .about("食堂类型为“由他校供餐”时必填，否则留空", "Needed for a shared kitchen and for no other kind"),
    ],
    most_rows: 150_000,
};

/// What a file brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Data rows in the file.
    pub rows: usize,
    /// Records written; rows that were there already are left as they are.
    pub written: u64,
}

/// Why nothing of a file was taken.
#[derive(Debug, Error)]
pub enum ImportError {
    /// Cells that are wrong.
    #[error("{} cells refused", .0.len())]
    Refused(Vec<Refusal>),
    /// The database.
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl From<ImportError> for ApiError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Database(error) => error.into(),
            refused @ ImportError::Refused(_) => Self::internal(format!("{refused}: {refused:?}")),
        }
    }
}

/// Where rows of a file may lie: everywhere for who owns the machine, within reach for an officer.
#[derive(Clone, Debug, Default)]
pub struct FileReach {
    /// Everywhere.
    pub everywhere: bool,
    /// In these divisions, or townships of them.
    pub divisions: HashSet<String>,
    /// Reporting to these units.
    pub units: HashSet<String>,
}

impl FileReach {
    /// No bounds.
    #[must_use]
    pub fn everywhere() -> Self {
        Self { everywhere: true, ..Self::default() }
    }

    /// Whether a county lies within.
    #[must_use]
    pub fn holds_county(&self, county: &str) -> bool {
        self.everywhere || self.divisions.contains(county)
    }

    /// Refuses a place outside.
    pub fn check_county(&self, row: Row<'_>, column: &'static str, county: &str) {
        if !self.holds_county(county) {
            row.refuse(column, "不在您的权限范围内", "lies outside your reach");
        }
    }
}

/// What some rows of a file come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Rows that bring something new.
    pub new: usize,
    /// Records written; none where they were only looked at.
    pub written: u64,
}

/// What is done with rows that are in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// They are looked at.
    Check,
    /// They go into the register.
    Put,
}

/// Codes that a file names, to ask the register about them alone; none where the file is taken whole, in one transaction.
#[must_use]
pub fn named(sheet: &Sheet, columns: &[&str], whole: bool) -> Option<Vec<String>> {
    (!whole).then(|| {
        let cells = sheet.rows().flat_map(|row| columns.iter().filter_map(move |column| row.optional(column)));
        let codes: std::collections::BTreeSet<&str> = cells.collect();
        codes.into_iter().map(str::to_owned).collect()
    })
}

/// Refuses a row whose code the register knows under another name: nothing of it would be taken.
pub fn check_known(row: Row<'_>, known: Option<&str>) {
    if let (Some(known), Some(name)) = (known, row.optional("name"))
        && known != name
    {
        row.refuse(
            "name",
            "该代码已登记为其他名称；已登记的须在系统内修改",
            "the code is registered under another name; what is registered is changed one by one",
        );
    }
}

/// Every division with what it lies in; a code that is no more leads to the one division in its place.
pub struct Divisions {
    known: HashMap<String, (DivisionLevel, Option<String>)>,
    successors: HashMap<String, String>,
}

impl Divisions {
    /// Reads them all.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn load(db: &impl ConnectionTrait) -> Result<Self, DbErr> {
        let all = division::Entity::find().all(db).await?;
        let mut divisions = Self { known: HashMap::with_capacity(all.len()), successors: HashMap::new() };
        for row in all {
            if let Some(successor) = row.successor_code {
                divisions.successors.insert(row.code.clone(), successor);
            }
            divisions.known.insert(row.code, (row.level, row.parent_code));
        }
        Ok(divisions)
    }

    /// The code that stands for the place today; none when there is no such division.
    #[must_use]
    pub fn present<'a>(&'a self, code: &'a str) -> Option<&'a str> {
        let code = self.successors.get(code).map_or(code, String::as_str);
        self.known.contains_key(code).then_some(code)
    }

    /// A county and its townships, by present and former codes.
    #[must_use]
    pub fn of_county(&self, county: &str) -> HashSet<String> {
        self.known.keys().filter(|code| self.county_of(code) == Some(county)).cloned().collect()
    }

    /// The county a division is or lies in today; none for prefectures and provinces.
    #[must_use]
    pub fn county_of(&self, code: &str) -> Option<&str> {
        let (code, (level, parent)) = self.entry(code)?;
        match level {
            DivisionLevel::County | DivisionLevel::OtherCounty => Some(code),
            DivisionLevel::Township => parent.as_deref(),
            DivisionLevel::Province | DivisionLevel::Prefecture | DivisionLevel::OtherProvince => None,
        }
    }

    fn entry(&self, code: &str) -> Option<(&String, &(DivisionLevel, Option<String>))> {
        self.known.get_key_value(self.successors.get(code).map_or(code, String::as_str))
    }

    /// The prefecture a division is or lies in; none for provinces and other provinces' places.
    #[must_use]
    pub fn prefecture_of(&self, code: &str) -> Option<&str> {
        let (code, (level, parent)) = self.entry(code)?;
        match level {
            DivisionLevel::Prefecture => Some(code),
            DivisionLevel::County | DivisionLevel::Township => self.prefecture_of(parent.as_deref()?),
            DivisionLevel::Province | DivisionLevel::OtherProvince | DivisionLevel::OtherCounty => None,
        }
    }

    /// A place with its county, or a refusal.
    #[must_use]
    pub fn read(&self, row: Row<'_>, column: &'static str) -> Option<(String, String)> {
        let code = row.text(column)?;
        let county = self.county_of(code);
        if county.is_none() {
            row.refuse(
                column,
                format!("“{code}”不是县级或乡级行政区划代码"),
                format!("\"{code}\" is not the code of a county or township"),
            );
        }
        Some((self.present(code)?.to_owned(), county?.to_owned()))
    }
}

/// Brings in a file of schools; with `dry_run` checks it against the database and changes nothing.
///
/// # Errors
/// [`ImportError::Refused`] with every wrong cell; then nothing has changed.
pub async fn import_schools(ctx: &Ctx, text: &str, dry_run: bool) -> Result<Imported, ImportError> {
    let sheet = Sheet::read(text, &SCHOOLS).map_err(ImportError::Refused)?;
    let rows = sheet.len();
    let txn = ctx.store.begin().await?;
    let taken = take_schools(&txn, sheet, (&FileReach::everywhere(), true), Doing::Put).await?;
    finish(ctx, txn, dry_run, "school.import", Imported { rows, written: taken.written }).await
}

/// Takes rows of schools with their canteens; those that are known stay as they are. `whole` says that these are all
/// rows of the file.
///
/// # Errors
/// [`ImportError::Refused`] with every wrong cell.
pub async fn take_schools(
    txn: &DatabaseTransaction,
    sheet: Sheet,
    (reach, whole): (&FileReach, bool),
    doing: Doing,
) -> Result<Taken, ImportError> {
    let divisions = Divisions::load(txn).await?;
    let units: HashSet<String> = codes(txn).await?.into_iter().collect();
    let mut known =
        school::Entity::find().select_only().columns([school::Column::Code, school::Column::Name, school::Column::Id]);
    if let Some(codes) = named(&sheet, &["code", "run_by_code"], whole) {
        known = known.filter(school::Column::Code.is_in(codes));
    }
    let known: Vec<(String, String, SchoolId)> = known.into_tuple().all(txn).await?;
    let known = known.into_iter().map(|(code, name, id)| (code, (name, id))).collect();
    let (schools, canteens) = read_schools(sheet, &divisions, (&units, reach), &known).map_err(ImportError::Refused)?;
    let mut taken = Taken { new: schools.len(), written: 0 };
    if doing == Doing::Check {
        return Ok(taken);
    }
    taken.written += bulk::insert_with(txn, &schools, "on conflict do nothing").await?;
    taken.written += bulk::insert_with(txn, &canteens, "on conflict do nothing").await?;
    finding::put(txn, &schools).await?;
    let seats = schools.iter().map(|school| Seat::today(school).from(school.id, school.opened_on));
    bulk::insert_with(txn, &seats.collect::<Vec<_>>(), "on conflict do nothing").await?;
    let terms = canteens.iter().map(|canteen| term_of(canteen, OPENED_ON));
    bulk::insert_with(txn, &terms.collect::<Vec<_>>(), "on conflict do nothing").await?;
    Ok(taken)
}

async fn codes(db: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    reporting_unit::Entity::find().select_only().column(reporting_unit::Column::Code).into_tuple().all(db).await
}

/// Commits an import with the audit line that tells of it, or takes a dry run back.
///
/// # Errors
/// When the database refuses.
pub async fn finish(
    ctx: &Ctx,
    txn: DatabaseTransaction,
    dry_run: bool,
    action: &str,
    imported: Imported,
) -> Result<Imported, ImportError> {
    if dry_run {
        txn.rollback().await?;
        return Ok(imported);
    }
    if imported.written > 0 {
        let resource = action.split('.').next().unwrap_or_default();
        let facts = serde_json::json!({ "rows": imported.rows, "written": imported.written });
        let line = machine_line(ctx, action, resource, "import", facts);
        bulk::insert(&txn, &[line]).await?;
    }
    txn.commit().await?;
    Ok(imported)
}

type Schools = (Vec<school::Model>, Vec<canteen::Model>);

fn read_schools(
    sheet: Sheet,
    divisions: &Divisions,
    units: (&HashSet<String>, &FileReach),
    known: &HashMap<String, (String, SchoolId)>,
) -> Result<Schools, Vec<Refusal>> {
    let mut ids: HashMap<&str, SchoolId> = known.iter().map(|(code, (_, id))| (code.as_str(), *id)).collect();
    let mut seen = HashSet::new();
    for row in sheet.rows() {
        let Some(code) = row.text("code") else { continue };
        if !seen.insert(code) {
            row.refuse("code", format!("“{code}”重复"), format!("\"{code}\" is there twice"));
        }
        check_known(row, known.get(code).map(|(name, _)| name.as_str()));
        ids.entry(code).or_insert_with(|| derived_id("school", code));
    }
    let mut schools = Vec::new();
    let mut canteens = Vec::new();
    for row in sheet.rows() {
        let school = read_school(row, divisions, units, &ids);
        let canteen = read_canteen(row, &ids);
        if let (Some(school), Some(canteen)) = (school, canteen)
            && !known.contains_key(&school.code)
        {
            schools.push(school);
            canteens.push(canteen);
        }
    }
    sheet.finish()?;
    Ok((schools, canteens))
}

fn read_school(
    row: Row<'_>,
    divisions: &Divisions,
    (units, reach): (&HashSet<String>, &FileReach),
    ids: &HashMap<&str, SchoolId>,
) -> Option<school::Model> {
    let name = row.text("name");
    let stage = row.choice("stage");
    let place = divisions.read(row, "division_code");
    let unit = row.text("reporting_unit_code").filter(|unit| {
        let found = units.contains(*unit);
        if !found {
            row.refuse(
                "reporting_unit_code",
                format!("没有报送单位“{unit}”"),
                format!("there is no reporting unit \"{unit}\""),
            );
        }
        if found && !reach.everywhere && !reach.units.contains(*unit) {
            row.refuse("reporting_unit_code", "不在您的权限范围内", "lies outside your reach");
        }
        found
    });
    let (rural, nutrition_program) = (row.flag("rural"), row.flag("nutrition_program"));
    let diners = row.count("diners");
    let code = row.optional("code")?;
    let (division_code, county_code) = place?;
    Some(school::Model {
        id: *ids.get(code)?,
        code: code.to_owned(),
        name: name?.to_owned(),
        stage: stage?,
        division_code,
        county_code,
        reporting_unit_code: unit?.to_owned(),
        rural: rural?,
        nutrition_program: nutrition_program?,
        diners: diners?,
        opened_on: OPENED_ON,
        closed_on: None,
        version: 1,
    })
}

fn read_canteen(row: Row<'_>, ids: &HashMap<&str, SchoolId>) -> Option<canteen::Model> {
    let kind: CanteenKind = row.choice("canteen_kind")?;
    let run_by = row.optional("run_by_code");
    if (kind == CanteenKind::Shared) != run_by.is_some() {
        row.refuse(
            "run_by_code",
            "仅供餐食堂（shared）须填供餐学校代码",
            "needed for a shared kitchen and for no other kind",
        );
        return None;
    }
    let run_by_school_id = run_by.and_then(|code| ids.get(code).copied());
    if run_by.is_some() && run_by == row.optional("code") {
        row.refuse("run_by_code", "不能是本校", "must be another school");
    }
    if let Some(code) = run_by.filter(|_| run_by_school_id.is_none()) {
        row.refuse("run_by_code", format!("没有学校“{code}”"), format!("there is no school \"{code}\""));
        return None;
    }
    let (code, name) = (row.optional("code")?, row.optional("name")?);
    Some(canteen::Model {
        id: derived_id("canteen", code),
        school_id: *ids.get(code)?,
        name: format!("{name}食堂"),
        kind,
        run_by_school_id,
        version: 1,
    })
}
