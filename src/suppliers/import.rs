//! Brings in households with their status histories, approved suppliers, and the links between them from CSV: all rows of
//! a file or none.

use super::{
    import_columns::{HOUSEHOLDS, LINKS, SUPPLIERS},
    import_numbers::Numbers,
    verification::listed,
};
use crate::{
    context::Ctx,
    finding,
    registry::{Divisions, ImportError, Imported, derived_id, finish},
    sheets::{Refusal, Row, Sheet},
    store::bulk,
};
use entity::{
    beneficiary_link::{self, BeneficiaryLinkKind},
    household,
    household_status::{self, HouseholdStatusKind, StatusHistory},
    id::{HouseholdId, SupplierId},
    supplier::{self, SupplierKind, SupplierStatus},
};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
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
    let personal = PERSONAL.iter().any(|column| sheet.has(column));
    let txn = ctx.store.begin().await?;
    let divisions = Divisions::load(&txn).await?;
    let known = household_ids(&txn).await?;
    let held =
        household_status::Entity::find().filter(household_status::COLUMN.annulled_at.is_null()).all(&txn).await?;
    let rows = sheet.len();
    let numbers = if personal { Numbers::read(ctx, &txn, &sheet).await? } else { Numbers::default() };
    let (mut households, statuses) = read_households(sheet, &divisions, &known, held).map_err(ImportError::Refused)?;
    numbers.put(ctx, &txn, &mut households).await?;
    let mut written = bulk::insert_with(&txn, &households, KEEP).await?;
    written += bulk::insert_with(&txn, &statuses, KEEP).await?;
    finish(ctx, txn, dry_run, "household.import", Imported { rows, written }).await
}

/// Brings in suppliers as approved: the file is the county's own list of those it let in (H4).
///
/// # Errors
/// [`ImportError::Refused`] with every wrong cell; then nothing has changed.
pub async fn import_suppliers(ctx: &Ctx, text: &str, dry_run: bool) -> Result<Imported, ImportError> {
    let sheet = Sheet::read(text, &SUPPLIERS).map_err(ImportError::Refused)?;
    let txn = ctx.store.begin().await?;
    let divisions = Divisions::load(&txn).await?;
    let households = household_ids(&txn).await?;
    let known = supplier_ids(&txn).await?;
    let rows = sheet.len();
    let suppliers = read_suppliers(sheet, &divisions, &households, &known).map_err(ImportError::Refused)?;
    let written = bulk::insert_with(&txn, &suppliers, KEEP).await?;
    let (approvals, steps) = listed(suppliers.iter().map(|supplier| supplier.id), ctx.clock.now());
    bulk::insert_with(&txn, &approvals, KEEP).await?;
    bulk::insert_with(&txn, &steps, KEEP).await?;
    finding::put(&txn, &suppliers).await?;
    finish(ctx, txn, dry_run, "supplier.import", Imported { rows, written }).await
}

/// Brings in the links from suppliers to the households behind them (H3).
///
/// # Errors
/// [`ImportError::Refused`] with every wrong cell; then nothing has changed.
pub async fn import_links(ctx: &Ctx, text: &str, dry_run: bool) -> Result<Imported, ImportError> {
    let sheet = Sheet::read(text, &LINKS).map_err(ImportError::Refused)?;
    let txn = ctx.store.begin().await?;
    let (households, suppliers) = (household_ids(&txn).await?, supplier_ids(&txn).await?);
    let rows = sheet.len();
    let links = read_links(sheet, &households, &suppliers).map_err(ImportError::Refused)?;
    let written = bulk::insert_with(&txn, &links, KEEP).await?;
    finish(ctx, txn, dry_run, "beneficiary_link.import", Imported { rows, written }).await
}

async fn household_ids(db: &impl ConnectionTrait) -> Result<HashMap<String, HouseholdId>, DbErr> {
    let columns = [household::Column::Code, household::Column::Id];
    let found: Vec<(String, HouseholdId)> =
        household::Entity::find().select_only().columns(columns).into_tuple().all(db).await?;
    Ok(found.into_iter().collect())
}

async fn supplier_ids(db: &impl ConnectionTrait) -> Result<HashMap<String, SupplierId>, DbErr> {
    let columns = [supplier::Column::Code, supplier::Column::Id];
    let found: Vec<(String, SupplierId)> =
        supplier::Entity::find().select_only().columns(columns).into_tuple().all(db).await?;
    Ok(found.into_iter().collect())
}

type Households = (Vec<household::Model>, Vec<household_status::Model>);

fn read_households(
    sheet: Sheet,
    divisions: &Divisions,
    known: &HashMap<String, HouseholdId>,
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
        let id = code.map(|code| known.get(code).copied().unwrap_or_else(|| derived_id("household", code)));
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
    divisions: &Divisions,
    households: &HashMap<String, HouseholdId>,
    known: &HashMap<String, SupplierId>,
) -> Result<Vec<supplier::Model>, Vec<Refusal>> {
    let mut seen = HashSet::new();
    let mut sellers = HashSet::new();
    let mut suppliers = Vec::new();
    for row in sheet.rows() {
        let (code, name) = (row.text("code"), row.text("name"));
        let kind = row.choice::<SupplierKind>("kind");
        let place = read_place(row, divisions);
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
fn read_household(row: Row<'_>, households: &HashMap<String, HouseholdId>) -> Option<HouseholdId> {
    let code = row.optional("household_code")?;
    let found = households.get(code).copied();
    if found.is_none() {
        row.refuse("household_code", format!("没有农户“{code}”"), format!("there is no household \"{code}\""));
    }
    found
}

fn read_links(
    sheet: Sheet,
    households: &HashMap<String, HouseholdId>,
    suppliers: &HashMap<String, SupplierId>,
) -> Result<Vec<beneficiary_link::Model>, Vec<Refusal>> {
    let mut seen = HashSet::new();
    let mut links = Vec::new();
    for row in sheet.rows() {
        let supplier = row.text("supplier_code").and_then(|code| {
            let found = suppliers.get(code).copied();
            if found.is_none() {
                row.refuse("supplier_code", format!("没有供货商“{code}”"), format!("there is no supplier \"{code}\""));
            }
            found
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
        }
        links.push(beneficiary_link::Model {
            id: derived_id("beneficiary_link", &key),
            supplier_id,
            household_id,
            kind,
            from_on,
            to_on,
            proof_number: proof.to_owned(),
        });
    }
    sheet.finish()?;
    Ok(links)
}
