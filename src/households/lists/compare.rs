//! Compares a list with the register, a few thousand rows a statement, and keeps the difference until it is applied.

use super::{
    file::Listed,
    judge::{Person, Verdict, is_duplicate, judge},
    register::{By, Walk, find_known},
    seen::Seen,
};
use crate::{
    access::Caller,
    context::Ctx,
    http::{ApiError, FieldError, Text},
    registry::Divisions,
    store::bulk,
    suppliers::{Sealed, parse},
    vault::{Keyring, NumberError, Secret},
};
use chrono::NaiveDate;
use entity::{
    household_list::{self, HouseholdListState},
    household_list_row::{self, ListReason},
    id::HouseholdListId,
};
use sea_orm::{ActiveModelTrait, DatabaseTransaction, DbErr, IntoActiveModel};
use std::collections::HashSet;

pub use super::judge::ListOf;

/// Rows looked up and kept at once.
const CHUNK: usize = 2_500;

/// A list that came in.
pub struct NewList {
    /// Whose, of which history, for which day.
    pub of: ListOf,
    /// SHA-256 of the file, in hex.
    pub file_hash: String,
    /// Its rows.
    pub rows: Vec<Listed>,
}

/// What comparing a row needs besides the row.
pub(super) struct Desk<'a> {
    pub(super) ctx: &'a Ctx,
    pub(super) of: &'a ListOf,
    pub(super) id: HouseholdListId,
    pub(super) keys: Keyring,
    places: HashSet<String>,
    today: NaiveDate,
}

/// Compares a list with the register as it is now. Nothing of the register changes. The rows are kept with their numbers
/// sealed for the household each is or becomes; a list cut short is cleared away later.
///
/// # Errors
/// When the database or the vault does not answer; 422 for a place that is no county.
pub async fn compare_list(ctx: &Ctx, caller: &Caller, list: NewList) -> Result<household_list::Model, ApiError> {
    let now = ctx.clock.now();
    let NewList { of, file_hash, mut rows } = list;
    let txn = ctx.store.begin().await?;
    let divisions = Divisions::load(&txn).await?;
    if divisions.county_of(&of.county_code) != Some(of.county_code.as_str()) {
        let detail = Text::new("须为县级行政区划代码。", "Must be the code of a county.");
        return Err(ApiError::Malformed(FieldError::new("?county", "county_unknown", detail)));
    }
    for row in &mut rows {
        if let Some(present) = divisions.present(&row.division_code).filter(|code| *code != row.division_code) {
            row.division_code = present.to_owned();
        }
    }
    let keys = ctx.vault.open_to_seal(&txn, &ctx.ids, now).await?;
    let mut list = household_list::Model {
        id: ctx.ids.next(),
        kind: of.kind,
        county_code: of.county_code.clone(),
        listed_on: of.listed_on,
        file_hash: keys.hash("household_list.file_hash", &file_hash).unwrap_or_default(),
        digest: String::new(),
        state: HouseholdListState::Reading,
        rows: i64::try_from(rows.len()).unwrap_or(i64::MAX),
        new_rows: 0,
        changed_rows: 0,
        ended_rows: 0,
        unknown_rows: 0,
        duplicate_rows: 0,
        same_rows: 0,
        holders: 0,
        created_by: caller.actor.recorded_account(),
        created_at: now,
        applied_by: None,
        applied_at: None,
        shrink_reason: None,
    };
    bulk::insert(&txn, std::slice::from_ref(&list)).await?;
    txn.commit().await?;
    let places = divisions.of_county(&of.county_code);
    let desk = Desk { ctx, of: &of, id: list.id, keys, places, today: now.business_day() };
    // All of it against one state of the register, whoever writes meanwhile.
    let register = ctx.store.begin_snapshot().await?;
    let mut seen = Seen::default();
    let last_line = rows.last().map_or(1, |row| row.line);
    let mut rows = rows.into_iter();
    loop {
        let chunk: Vec<Listed> = rows.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            break;
        }
        let compared = desk.compare(&register, &mut list, &mut seen, &chunk).await?;
        desk.keep(&compared).await?;
    }
    let mut walk = Walk::new(&of);
    let mut line = last_line;
    while let Some(households) = walk.next(&register).await? {
        let ended = desk.ended(&mut list, &seen, &mut line, households);
        desk.keep(&ended).await?;
    }
    list.digest = walk.digest();
    list.state = HouseholdListState::Ready;
    register.rollback().await?;
    let txn = ctx.store.begin().await?;
    list.clone().into_active_model().reset_all().update(&txn).await?;
    txn.commit().await?;
    Ok(list)
}

impl Desk<'_> {
    async fn keep(&self, rows: &[household_list_row::Model]) -> Result<(), DbErr> {
        if rows.is_empty() {
            return Ok(());
        }
        let txn = self.ctx.store.begin().await?;
        bulk::insert(&txn, rows).await?;
        txn.commit().await
    }

    async fn compare(
        &self,
        register: &DatabaseTransaction,
        list: &mut household_list::Model,
        seen: &mut Seen,
        chunk: &[Listed],
    ) -> Result<Vec<household_list_row::Model>, ApiError> {
        let people: Vec<(Person, Option<Secret>)> = chunk.iter().map(|row| self.person(row)).collect();
        let can_be_one = |code: &&String| !code.is_empty() && !code.contains(char::is_control);
        let codes = chunk.iter().map(|row| &row.code).filter(can_be_one).cloned().collect();
        let hashes =
            people.iter().filter_map(|(one, _)| if let Person::Is(hash) = one { Some(hash.clone()) } else { None });
        let by_code = find_known(register, self.of, By::Code, codes).await?;
        let by_hash = find_known(register, self.of, By::IdNumberHash, hashes.collect()).await?;
        let mut kept = Vec::new();
        for (row, (person, number)) in chunk.iter().zip(people) {
            let by_code = by_code.get(&row.code);
            let by_person = if let Person::Is(hash) = &person { by_hash.get(hash) } else { None };
            let in_county = self.places.contains(&row.division_code);
            let verdict = seen
                .again(row, &person, by_code, by_person, self.of)
                .unwrap_or_else(|| judge(self.of, row, &person, by_code, by_person, in_county));
            let verdict = seen.take(verdict);
            let known = by_person.or(by_code);
            match verdict {
                Verdict::Same(_) => list.same_rows += 1,
                Verdict::New(begin) => {
                    list.new_rows += 1;
                    kept.push(self.new_row(row, &person, number.as_ref(), begin)?);
                }
                Verdict::Changed(change) => {
                    list.changed_rows += 1;
                    kept.push(self.changed_row(row, &person, number.as_ref(), known, change)?);
                }
                Verdict::Refused { reason, seen } => {
                    let counted = if is_duplicate(reason) { &mut list.duplicate_rows } else { &mut list.unknown_rows };
                    *counted += 1;
                    kept.push(self.refused_row(row, reason, seen));
                }
            }
        }
        Ok(kept)
    }

    /// The person a row names, with its number in normal form.
    fn person(&self, row: &Listed) -> (Person, Option<Secret>) {
        if row.id_number.expose().is_empty() {
            return (Person::Missing, None);
        }
        match parse(Sealed::IdNumber, row.id_number.expose(), self.today) {
            Ok(number) => match self.keys.hash(Sealed::IdNumber.column(), number.expose()) {
                Some(hash) => (Person::Is(hash), Some(number)),
                None => (Person::Wrong(ListReason::IdMalformed), None),
            },
            Err(error) => (Person::Wrong(reason_of(error)), None),
        }
    }
}

fn reason_of(error: NumberError) -> ListReason {
    match error {
        NumberError::IdDate => ListReason::IdDate,
        NumberError::IdChecksum => ListReason::IdChecksum,
        NumberError::IdChild => ListReason::IdChild,
        _ => ListReason::IdMalformed,
    }
}
