//! Brings in households with their status histories, approved suppliers, and the links between them from CSV: all rows of
//! a file or none.

use super::{
    import_columns::{HOUSEHOLDS, LINKS, SUPPLIERS},
    import_numbers::Numbers,
    papers::overlap,
    verification::listed,
};
use crate::{
    context::Ctx,
    finding,
    registry::{Divisions, Doing, FileReach, ImportError, Imported, Taken, check_known, derived_id, finish, named},
    sheets::{Refusal, Row, Sheet},
    store::bulk,
};
use chrono::NaiveDate;
use entity::{
    beneficiary_link::{self, BeneficiaryLinkKind},
    household,
    household_status::{self, HouseholdStatusKind, StatusHistory},
    id::{AccountId, HouseholdId, SupplierId},
    supplier::{self, SupplierKind, SupplierStatus},
    supplier_entry,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect};
use std::collections::{HashMap, HashSet};

/// Columns a file of households may have besides; what they hold is sealed.
const PERSONAL: [&str; 3] = ["id_number", "phone", "bank_account"];

const KEEP: &str = "on conflict do nothing";

/// Brings in households; one row a period of a status. `to_on` is the last day. The columns `id_number`, `phone` and
/// `bank_account` may be there or not; what they hold is sealed, and no refusal repeats it.
///
/// # Errors
/// [`ImportError::Refused`] with every wrong cell; then nothing has changed.
pub async fn import_households(ctx: &Ctx, text: &str, dry_run: bool) -> Result<Imported, ImportError> {
    let sheet = Sheet::read(text, &HOUSEHOLDS).map_err(ImportError::Refused)?;
    let rows = sheet.len();
    let txn = ctx.store.begin().await?;
    let taken = take_households(ctx, &txn, sheet, (&FileReach::everywhere(), true), Doing::Put).await?;
    finish(ctx, txn, dry_run, "household.import", Imported { rows, written: taken.written }).await
}

/// Takes rows of households; periods that are known stay as they are. `whole` says that these are all rows of the file.
///
/// # Errors
/// [`ImportError::Refused`] with every wrong cell.
pub async fn take_households(
    ctx: &Ctx,
    txn: &DatabaseTransaction,
    sheet: Sheet,
    (reach, whole): (&FileReach, bool),
    doing: Doing,
) -> Result<Taken, ImportError> {
    let personal = PERSONAL.iter().any(|column| sheet.has(column));
    let divisions = Divisions::load(txn).await?;
    let known = household_ids(txn, named(&sheet, &["code"], whole)).await?;
    let mut held = household_status::Entity::find().filter(household_status::COLUMN.annulled_at.is_null());
    if !whole {
        held = held.filter(household_status::Column::HouseholdId.is_in(known.values().map(|(_, id)| *id)));
    }
    let held = held.all(txn).await?;
    let numbers = if personal { Numbers::read(ctx, txn, &sheet, whole).await? } else { Numbers::default() };
    let (mut households, statuses) =
        read_households(sheet, (&divisions, reach), &known, held).map_err(ImportError::Refused)?;
    let mut taken = Taken { new: statuses.len(), written: 0 };
    if doing == Doing::Check {
        return Ok(taken);
    }
    numbers.put(ctx, txn, &mut households).await?;
    taken.written += bulk::insert_with(txn, &households, KEEP).await?;
    taken.written += bulk::insert_with(txn, &statuses, KEEP).await?;
    Ok(taken)
}

/// Brings in suppliers as approved: the file is the county's own list of those it let in (H4).
///
/// # Errors
/// [`ImportError::Refused`] with every wrong cell; then nothing has changed.
pub async fn import_suppliers(ctx: &Ctx, text: &str, dry_run: bool) -> Result<Imported, ImportError> {
    let sheet = Sheet::read(text, &SUPPLIERS).map_err(ImportError::Refused)?;
    let rows = sheet.len();
    let txn = ctx.store.begin().await?;
    let taken = take_suppliers(ctx, &txn, sheet, (&FileReach::everywhere(), true), (Doing::Put, None)).await?;
    finish(ctx, txn, dry_run, "supplier.import", Imported { rows, written: taken.written }).await
}

/// Takes rows of suppliers; those that are known stay as they are. What an account enters waits for approval by others
/// (H4); at the command line it is approved. `whole` says that these are all rows of the file.
///
/// # Errors
/// [`ImportError::Refused`] with every wrong cell.
pub async fn take_suppliers(
    ctx: &Ctx,
    txn: &DatabaseTransaction,
    sheet: Sheet,
    (reach, whole): (&FileReach, bool),
    (doing, by): (Doing, Option<AccountId>),
) -> Result<Taken, ImportError> {
    let divisions = Divisions::load(txn).await?;
    let households = household_ids(txn, named(&sheet, &["household_code"], whole)).await?;
    let known = supplier_ids(txn, named(&sheet, &["code"], whole)).await?;
    let mut suppliers =
        read_suppliers(sheet, (&divisions, reach), &households, &known).map_err(ImportError::Refused)?;
    let mut taken = Taken { new: suppliers.len(), written: 0 };
    if doing == Doing::Check {
        return Ok(taken);
    }
    let now = ctx.clock.now();
    if by.is_some() {
        for supplier in &mut suppliers {
            supplier.status = SupplierStatus::Pending;
        }
    }
    taken.written += bulk::insert_with(txn, &suppliers, KEEP).await?;
    if let Some(account_id) = by {
        let entry = |one: &supplier::Model| supplier_entry::Model { supplier_id: one.id, account_id, entered_at: now };
        bulk::insert_with(txn, &suppliers.iter().map(entry).collect::<Vec<_>>(), KEEP).await?;
    } else {
        let (approvals, steps) = listed(suppliers.iter().map(|supplier| supplier.id), now);
        bulk::insert_with(txn, &approvals, KEEP).await?;
        bulk::insert_with(txn, &steps, KEEP).await?;
    }
    finding::put(txn, &suppliers).await?;
    Ok(taken)
}

/// Brings in the links from suppliers to the households behind them (H3).
///
/// # Errors
/// [`ImportError::Refused`] with every wrong cell; then nothing has changed.
pub async fn import_links(ctx: &Ctx, text: &str, dry_run: bool) -> Result<Imported, ImportError> {
    let sheet = Sheet::read(text, &LINKS).map_err(ImportError::Refused)?;
    let rows = sheet.len();
    let txn = ctx.store.begin().await?;
    let taken = take_links(&txn, sheet, (&FileReach::everywhere(), true), Doing::Put).await?;
    finish(ctx, txn, dry_run, "beneficiary_link.import", Imported { rows, written: taken.written }).await
}

/// Takes rows of links; those that are known stay as they are. `whole` says that these are all rows of the file.
///
/// # Errors
/// [`ImportError::Refused`] with every wrong cell.
pub async fn take_links(
    txn: &DatabaseTransaction,
    sheet: Sheet,
    (reach, whole): (&FileReach, bool),
    doing: Doing,
) -> Result<Taken, ImportError> {
    let divisions = Divisions::load(txn).await?;
    let households = household_ids(txn, named(&sheet, &["household_code"], whole)).await?;
    let suppliers = supplier_ids(txn, named(&sheet, &["supplier_code"], whole)).await?;
    let mut held = beneficiary_link::Entity::find();
    if !whole {
        held = held.filter(beneficiary_link::Column::SupplierId.is_in(suppliers.values().map(|one| one.id)));
        held = held.filter(beneficiary_link::Column::HouseholdId.is_in(households.values().map(|(_, id)| *id)));
    }
    let held = held.all(txn).await?;
    let links =
        read_links(sheet, (&divisions, reach), &households, (&suppliers, held)).map_err(ImportError::Refused)?;
    let mut taken = Taken { new: links.len(), written: 0 };
    if doing == Doing::Put {
        taken.written = bulk::insert_with(txn, &links, KEEP).await?;
    }
    Ok(taken)
}

/// Households by code, with the name each is registered under: of these codes, or all.
async fn household_ids(
    db: &impl ConnectionTrait,
    of: Option<Vec<String>>,
) -> Result<HashMap<String, (String, HouseholdId)>, DbErr> {
    let columns = [household::Column::Code, household::Column::Name, household::Column::Id];
    let mut found = household::Entity::find().select_only().columns(columns);
    if let Some(codes) = of {
        found = found.filter(household::Column::Code.is_in(codes));
    }
    let found: Vec<(String, String, HouseholdId)> = found.into_tuple().all(db).await?;
    Ok(found.into_iter().map(|(code, name, id)| (code, (name, id))).collect())
}

/// Suppliers by code: of these codes, or all.
async fn supplier_ids(
    db: &impl ConnectionTrait,
    of: Option<Vec<String>>,
) -> Result<HashMap<String, supplier::Model>, DbErr> {
    let mut found = supplier::Entity::find();
    if let Some(codes) = of {
        found = found.filter(supplier::Column::Code.is_in(codes));
    }
    Ok(found.all(db).await?.into_iter().map(|row| (row.code.clone(), row)).collect())
}

/// What a link is one of a day of.
type LinkKey = (SupplierId, HouseholdId, BeneficiaryLinkKind);

type Households = (Vec<household::Model>, Vec<household_status::Model>);

fn read_households(
    sheet: Sheet,
    (divisions, reach): (&Divisions, &FileReach),
    known: &HashMap<String, (String, HouseholdId)>,
    held: Vec<household_status::Model>,
) -> Result<Households, Vec<Refusal>> {
    let mut households: HashMap<&str, household::Model> = HashMap::new();
    let mut order = Vec::new();
    let mut periods: HashMap<HouseholdId, Vec<household_status::Model>> = HashMap::new();
    for status in held {
        periods.entry(status.household_id).or_default().push(status);
    }
    let mut statuses = Vec::new();
    for row in sheet.rows() {
        let name = row.text("name");
        let place = divisions.read(row, "division_code");
        let code = row.text("code");
        let registered = code.and_then(|code| known.get(code));
        let id = code.map(|code| registered.map_or_else(|| derived_id("household", code), |(_, id)| *id));
        if let Some((_, county)) = &place {
            reach.check_county(row, "division_code", county);
        }
        check_known(row, registered.map(|(name, _)| name.as_str()));
        let status = read_status(row, id);
        let (Some(code), Some(name), Some((division_code, county_code)), Some(id)) = (code, name, place, id) else {
            continue;
        };
        let household = household::Model {
            id,
            code: code.to_owned(),
            name: name.to_owned(),
            division_code,
            county_code,
            id_number_sealed: None,
            id_number_hash: None,
            phone_sealed: None,
            phone_hash: None,
            bank_account_sealed: None,
            bank_account_hash: None,
            version: 1,
        };
        match households.get(code) {
            Some(first) if *first != household => {
                row.refuse("name", "与同一农户前面各行不一致", "differs from the household's rows above");
            }
            Some(_) => {}
            None => {
                households.insert(code, household);
                order.push(code);
            }
        }
        if let Some(status) = status {
            take_period(row, periods.entry(id).or_default(), &mut statuses, status);
        }
    }
    let new = order.iter().filter(|code| !known.contains_key(**code));
    let new = new.filter_map(|code| households.get(code).cloned()).collect();
    sheet.finish()?;
    Ok((new, statuses))
}

fn read_status(row: Row<'_>, household: Option<HouseholdId>) -> Option<household_status::Model> {
    let history = row.choice::<StatusHistory>("history");
    let status = row.choice::<HouseholdStatusKind>("status");
    let period = row.period("from_on", "to_on");
    let proof = row.text("proof_number");
    let (history, status, household_id) = (history?, status?, household?);
    let registered = matches!(status, HouseholdStatusKind::RegisteredPoor | HouseholdStatusKind::Lifted);
    if registered != (history == StatusHistory::Registration) {
        row.refuse("status", "该状态不属于此历史（H1）", "this status belongs to the other history (H1)");
        return None;
    }
    let (from_on, to_on) = period?;
    let name = if registered { "registration" } else { "monitoring" };
    Some(household_status::Model {
        id: derived_id("household_status", &format!("{household_id}:{name}:{from_on}")),
        household_id,
        history,
        status,
        from_on,
        to_on,
        proof_number: proof?.to_owned(),
        recorded_at: None,
        recorded_by: None,
        list_id: None,
        annulled_at: None,
        annulled_by: None,
        annul_reason: None,
    })
}

/// Takes a period that is new, skips one that is there already, refuses one that overlaps another of its history.
fn take_period(
    row: Row<'_>,
    held: &mut Vec<household_status::Model>,
    new: &mut Vec<household_status::Model>,
    status: household_status::Model,
) {
    let same = |other: &household_status::Model| {
        (other.history, other.status, other.from_on, other.to_on)
            == (status.history, status.status, status.from_on, status.to_on)
    };
    if held.iter().any(same) {
        return;
    }
    let overlaps = |other: &household_status::Model| {
        other.history == status.history
            && status.to_on.is_none_or(|to_on| other.from_on <= to_on)
            && other.to_on.is_none_or(|to_on| status.from_on <= to_on)
    };
    if let Some(other) = held.iter().find(|other| overlaps(other)) {
        let from = other.from_on;
        row.refuse(
            "from_on",
            format!("与同一历史中自 {from} 起的状态重叠"),
            format!("overlaps the status of the same history from {from}"),
        );
        return;
    }
    held.push(status.clone());
    new.push(status);
}

fn read_suppliers(
    sheet: Sheet,
    (divisions, reach): (&Divisions, &FileReach),
    households: &HashMap<String, (String, HouseholdId)>,
    known: &HashMap<String, supplier::Model>,
) -> Result<Vec<supplier::Model>, Vec<Refusal>> {
    let mut seen = HashSet::new();
    let mut sellers = HashSet::new();
    let mut suppliers = Vec::new();
    for row in sheet.rows() {
        let (code, name) = (row.text("code"), row.text("name"));
        let kind = row.choice::<SupplierKind>("kind");
        let place = read_place(row, divisions);
        if let Some(place) = place {
            reach.check_county(row, "division_code", divisions.county_of(place).unwrap_or(place));
        }
        check_known(row, code.and_then(|code| known.get(code)).map(|one| one.name.as_str()));
        let household_id = read_household(row, households);
        if let Some(code) = code.filter(|code| !seen.insert(*code)) {
            row.refuse("code", format!("“{code}”重复"), format!("\"{code}\" is there twice"));
        }
        if household_id.is_some_and(|one| !sellers.insert(one)) {
            row.refuse("household_code", "同一农户只登记一次", "a household is one supplier only");
        }
        if kind.is_some_and(|kind| (kind == SupplierKind::Household) == row.optional("household_code").is_none()) {
            row.refuse("household_code", "农户须填，其他类型须留空", "needed for a household and for no other kind");
        }
        let (Some(code), Some(name), Some(kind), Some(division_code)) = (code, name, kind, place) else { continue };
        if !known.contains_key(code) {
            suppliers.push(supplier::Model {
                id: derived_id("supplier", code),
                code: code.to_owned(),
                name: name.to_owned(),
                kind,
                division_code: division_code.to_owned(),
                household_id,
                status: SupplierStatus::Approved,
                version: 1,
                social_credit_code: None,
                village: None,
            });
        }
    }
    sheet.finish()?;
    Ok(suppliers)
}

/// The registered place of a supplier; any division will do.
fn read_place<'a>(row: Row<'a>, divisions: &'a Divisions) -> Option<&'a str> {
    let code = row.text("division_code")?;
    let present = divisions.present(code);
    if present.is_some() {
        return present;
    }
    row.refuse("division_code", format!("没有行政区划“{code}”"), format!("there is no division \"{code}\""));
    None
}

/// The household a row names, if it names one.
fn read_household(row: Row<'_>, households: &HashMap<String, (String, HouseholdId)>) -> Option<HouseholdId> {
    let code = row.optional("household_code")?;
    let found = households.get(code).map(|(_, id)| *id);
    if found.is_none() {
        row.refuse("household_code", format!("没有农户“{code}”"), format!("there is no household \"{code}\""));
    }
    found
}

fn read_links(
    sheet: Sheet,
    (divisions, reach): (&Divisions, &FileReach),
    households: &HashMap<String, (String, HouseholdId)>,
    (suppliers, held): (&HashMap<String, supplier::Model>, Vec<beneficiary_link::Model>),
) -> Result<Vec<beneficiary_link::Model>, Vec<Refusal>> {
    let mut seen = HashSet::new();
    let mut periods: HashMap<LinkKey, Vec<(NaiveDate, Option<NaiveDate>)>> = HashMap::new();
    for one in held {
        periods.entry((one.supplier_id, one.household_id, one.kind)).or_default().push((one.from_on, one.to_on));
    }
    let mut links = Vec::new();
    for row in sheet.rows() {
        let supplier = row.text("supplier_code").and_then(|code| {
            let found = suppliers.get(code);
            match found {
                None => {
                    let (zh, en) = (format!("没有供货商“{code}”"), format!("there is no supplier \"{code}\""));
                    row.refuse("supplier_code", zh, en);
                }
                Some(one) => {
                    let place = one.division_code.as_str();
                    reach.check_county(row, "supplier_code", divisions.county_of(place).unwrap_or(place));
                }
            }
            found.map(|one| one.id)
        });
        let household = row.text("household_code").and_then(|_| read_household(row, households));
        let kind = row.choice::<BeneficiaryLinkKind>("kind");
        let period = row.period("from_on", "to_on");
        let proof = row.text("proof_number");
        let (Some(supplier_id), Some(household_id), Some(kind), Some((from_on, to_on)), Some(proof)) =
            (supplier, household, kind, period, proof)
        else {
            continue;
        };
        let key = format!("{supplier_id}:{household_id}:{kind:?}:{from_on}");
        if !seen.insert(key.clone()) {
            row.refuse("from_on", "同一关联重复", "the same link is there twice");
            continue;
        }
        let periods = periods.entry((supplier_id, household_id, kind)).or_default();
        if periods.contains(&(from_on, to_on)) {
            continue;
        }
        if let Some((other, _)) = periods.iter().find(|other| overlap(**other, (from_on, to_on))) {
            let (zh, en) =
                (format!("与自 {other} 起的同类关联重叠"), format!("overlaps the link of its kind from {other}"));
            row.refuse("from_on", zh, en);
            continue;
        }
        periods.push((from_on, to_on));
        links.push(beneficiary_link::Model {
            id: derived_id("beneficiary_link", &key),
            supplier_id,
            household_id,
            kind,
            from_on,
            to_on,
            proof_number: proof.to_owned(),
            share_bp: None,
        });
    }
    sheet.finish()?;
    Ok(links)
}
