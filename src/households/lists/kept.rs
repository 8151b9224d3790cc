//! The rows of a list as they are kept until it is applied: numbers sealed for the household each is or becomes.

use super::{
    compare::Desk,
    file::Listed,
    judge::{Begin, Change, Known, ListOf, Person, is_duplicate, work_for},
    seen::Seen,
};
use crate::{
    http::ApiError,
    registry::derived_id,
    suppliers::Sealed,
    vault::{IdNumber, Secret, redact},
};
use entity::{
    household_list,
    household_list_row::{self, ListOutcome, ListReason},
    household_status::HouseholdStatusKind,
    id::HouseholdId,
};

/// Characters of a refused cell that are kept.
const SHOWN: usize = 100;

impl Desk<'_> {
    fn row(&self, row: &Listed, outcome: ListOutcome) -> household_list_row::Model {
        household_list_row::Model {
            list_id: self.id,
            line: row.line,
            outcome,
            reason: None,
            changes: String::new(),
            household_id: None,
            household_version: None,
            code: row.code.clone(),
            name: row.name.clone(),
            division_code: row.division_code.clone(),
            status: None,
            from_on: None,
            to_on: None,
            proof_number: if row.proof_number.is_empty() { row.code.clone() } else { row.proof_number.clone() },
            begins_status_id: None,
            ends_status_id: None,
            ends_on: None,
            id_number_masked: None,
            id_number_sealed: None,
            id_number_hash: None,
            fingerprint: None,
        }
    }

    pub(super) fn new_row(
        &self,
        row: &Listed,
        person: &Person,
        number: Option<&Secret>,
        begin: Begin,
    ) -> Result<household_list_row::Model, ApiError> {
        // The same each time, as in files of households.
        let household: HouseholdId = derived_id("household", &row.code);
        let mut kept = self.row(row, ListOutcome::New);
        kept.household_id = Some(household);
        self.begins(&mut kept, begin);
        self.seal(&mut kept, household, person, number)?;
        Ok(kept)
    }

    pub(super) fn changed_row(
        &self,
        row: &Listed,
        person: &Person,
        number: Option<&Secret>,
        known: Option<&Known>,
        change: Change,
    ) -> Result<household_list_row::Model, ApiError> {
        let mut kept = self.row(row, ListOutcome::Changed);
        kept.household_id = Some(change.household);
        kept.household_version = Some(change.version);
        if let Some(known) = known {
            kept.code.clone_from(&known.code);
        }
        let what = [
            (change.name, "name"),
            (change.place, "place"),
            (change.id_number, "id_number"),
            (change.status.is_some(), "status"),
        ];
        kept.changes = what.iter().filter(|(differs, _)| *differs).map(|(_, name)| *name).collect::<Vec<_>>().join("|");
        if let Some(begin) = change.status {
            self.begins(&mut kept, begin);
        }
        if change.id_number {
            self.seal(&mut kept, change.household, person, number)?;
        }
        Ok(kept)
    }

    fn begins(&self, kept: &mut household_list_row::Model, begin: Begin) {
        kept.status = Some(begin.status);
        kept.from_on = Some(begin.from_on);
        kept.to_on = begin.to_on;
        kept.begins_status_id = Some(self.ctx.ids.next());
        if let Some((id, day)) = begin.ends {
            kept.ends_status_id = Some(id);
            kept.ends_on = Some(day);
        }
    }

    fn seal(
        &self,
        kept: &mut household_list_row::Model,
        household: HouseholdId,
        person: &Person,
        number: Option<&Secret>,
    ) -> Result<(), ApiError> {
        let (Person::Is(hash), Some(number)) = (person, number) else { return Ok(()) };
        let place = Sealed::IdNumber.place(household);
        kept.id_number_masked = Some(IdNumber::mask(number.expose()));
        kept.id_number_sealed = Some(self.keys.seal(&self.ctx.ids, place, number.expose())?);
        kept.id_number_hash = Some(hash.clone());
        Ok(())
    }

    /// A row that is not taken is kept for people to look at: its cells cut, nobody's number among them.
    pub(super) fn refused_row(
        &self,
        row: &Listed,
        reason: ListReason,
        seen: Option<HouseholdId>,
    ) -> household_list_row::Model {
        let shown = |text: &str| {
            let plain: String = text.chars().filter(|one| !one.is_control()).take(SHOWN).collect();
            redact(&plain)
        };
        let outcome = if is_duplicate(reason) { ListOutcome::Duplicate } else { ListOutcome::Unknown };
        let mut kept = self.row(row, outcome);
        kept.reason = Some(reason);
        kept.household_id = seen;
        for text in [&mut kept.code, &mut kept.name, &mut kept.division_code, &mut kept.proof_number] {
            *text = shown(text);
        }
        let number = row.id_number.expose();
        if !number.is_empty() {
            let plain = number.bytes().all(|byte| byte.is_ascii_alphanumeric());
            kept.id_number_masked = Some(IdNumber::mask(if plain { number } else { "" }));
        }
        if let Some(kind) = work_for(reason) {
            let ListOf { kind: history, county_code, .. } = self.of;
            let facts = format!("{kind:?}|{reason:?}|{history:?}|{county_code}|{}|{}|{number}", row.code, row.name);
            kept.fingerprint = self.keys.hash("household_discrepancy.fingerprint", &facts);
        }
        kept
    }

    /// Of these households of the register, those the list does not name any more.
    pub(super) fn ended(
        &self,
        list: &mut household_list::Model,
        seen: &Seen,
        line: &mut i64,
        households: Vec<Known>,
    ) -> Vec<household_list_row::Model> {
        let mut ended = Vec::new();
        for known in households {
            // Whose risk was cleared is not expected in a list.
            let Some(held) = known.last.filter(|held| held.status != HouseholdStatusKind::RiskCleared) else {
                continue;
            };
            list.holders += 1;
            let stays = seen.names(known.id);
            // What began that day or later the list cannot know of.
            let Some(ends_on) = self.of.listed_on.pred_opt().filter(|day| !stays && held.from_on <= *day) else {
                continue;
            };
            *line += 1;
            list.ended_rows += 1;
            ended.push(household_list_row::Model {
                list_id: self.id,
                line: *line,
                outcome: ListOutcome::Ended,
                reason: None,
                changes: "status".to_owned(),
                household_id: Some(known.id),
                household_version: Some(known.version),
                code: known.code,
                name: known.name,
                division_code: known.division_code,
                status: Some(held.status),
                from_on: None,
                to_on: None,
                proof_number: String::new(),
                begins_status_id: None,
                ends_status_id: Some(held.id),
                ends_on: Some(ends_on),
                id_number_masked: None,
                id_number_sealed: None,
                id_number_hash: None,
                fingerprint: None,
            });
        }
        ended
    }
}
