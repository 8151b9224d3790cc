//! What a row of a list comes down to, beside what the register says: rules without I/O.

use super::file::Listed;
use crate::households::period::{self, Held};
use chrono::NaiveDate;
use entity::{
    household_discrepancy::DiscrepancyKind,
    household_list_row::ListReason,
    household_status::{HouseholdStatusKind, StatusHistory},
    id::{HouseholdId, HouseholdStatusId},
};

/// Characters a cell may have.
const LONGEST: usize = 100;

/// Whose list, of which history, for which day.
#[derive(Clone, Debug)]
pub struct ListOf {
    /// Which of the two histories.
    pub kind: StatusHistory,
    /// The county.
    pub county_code: String,
    /// The day.
    pub listed_on: NaiveDate,
}

/// A household of the register.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub id: HouseholdId,
    pub version: i64,
    pub code: String,
    pub name: String,
    pub division_code: String,
    pub county_code: String,
    pub id_number_hash: Option<String>,
    /// The last of its periods in the list's history.
    pub last: Option<Held>,
}

/// The ID number of a row.
pub(super) enum Person {
    /// The cell is empty.
    Missing,
    /// It is none.
    Wrong(ListReason),
    /// Its keyed hash.
    Is(String),
}

/// What a row comes down to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The register says the same.
    Same(HouseholdId),
    /// A household the register does not have.
    New(Begin),
    /// Something differs.
    Changed(Change),
    /// It is not taken; `seen` is the household of the county it names all the same, which does not end.
    Refused { reason: ListReason, seen: Option<HouseholdId> },
}

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub household: HouseholdId,
    pub version: i64,
    pub name: bool,
    pub place: bool,
    pub id_number: bool,
    pub status: Option<Begin>,
}

/// A status that begins, and the one it takes the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Begin {
    pub status: HouseholdStatusKind,
    pub from_on: NaiveDate,
    pub to_on: Option<NaiveDate>,
    pub ends: Option<(HouseholdStatusId, NaiveDate)>,
}

/// A status by its name, as the API or the office writes it.
fn status_of(text: &str) -> Option<HouseholdStatusKind> {
    use HouseholdStatusKind::{Lifted, MarginalAtRisk, RegisteredPoor, RiskCleared, SuddenHardship, UnstableLifted};
    Some(match text {
        "registered_poor" | "建档立卡贫困户" | "建档立卡户" | "贫困户" => RegisteredPoor,
        "lifted" | "脱贫户" => Lifted,
        "unstable_lifted" | "脱贫不稳定户" => UnstableLifted,
        "marginal_at_risk" | "边缘易致贫户" => MarginalAtRisk,
        "sudden_hardship" | "突发严重困难户" => SuddenHardship,
        "risk_cleared" | "风险消除" | "风险消除户" => RiskCleared,
        _ => return None,
    })
}

/// What the work list calls a row that was not taken; none for what is wrong with the file alone.
pub(super) fn work_for(reason: ListReason) -> Option<DiscrepancyKind> {
    use ListReason::{
        CertificateMissing, CodeOfAnother, CodeTwice, DateMalformed, IdChecksum, IdChild, IdDate, IdMalformed,
        IdMissing, OtherCode, OtherCounty, PeriodOverlaps, PlaceElsewhere, StatusMalformed, StatusPeriod,
        TextMalformed, TwiceInList,
    };
    match reason {
        IdMissing | CodeOfAnother | CodeTwice => Some(DiscrepancyKind::CertificateWithoutPerson),
        CertificateMissing => Some(DiscrepancyKind::PersonWithoutCertificate),
        TwiceInList | OtherCode | OtherCounty => Some(DiscrepancyKind::DuplicatePerson),
        IdMalformed | IdDate | IdChecksum | IdChild => Some(DiscrepancyKind::InvalidId),
        TextMalformed | PlaceElsewhere | StatusMalformed | DateMalformed | StatusPeriod | PeriodOverlaps => None,
    }
}

/// Whether a refused row tells of somebody who is there already.
pub(super) fn is_duplicate(reason: ListReason) -> bool {
    matches!(reason, ListReason::TwiceInList | ListReason::CodeTwice | ListReason::OtherCode | ListReason::OtherCounty)
}

/// Judges a row by the households its certificate and its person are known under.
pub(super) fn judge(
    list: &ListOf,
    row: &Listed,
    person: &Person,
    by_code: Option<&Known>,
    by_person: Option<&Known>,
    in_county: bool,
) -> Verdict {
    let seen = |known: Option<&Known>| known.filter(|one| one.county_code == list.county_code).map(|one| one.id);
    let refuse = |reason, known| Verdict::Refused { reason, seen: seen(known) };
    let named = by_code.filter(|known| known.name == row.name);
    let known = match (person, by_person) {
        (Person::Wrong(reason), _) => return refuse(*reason, by_code),
        (Person::Is(_), Some(known)) if known.county_code != list.county_code => {
            return refuse(ListReason::OtherCounty, by_code);
        }
        // Without a number of its own the row names the person it is known by.
        (Person::Is(_), Some(known)) if known.code == row.code || row.code.is_empty() => Some(known),
        (Person::Is(_), Some(known)) => return refuse(ListReason::OtherCode, Some(known)),
        (_, None) if row.code.is_empty() => return refuse(ListReason::CertificateMissing, None),
        (Person::Is(_), None) => match by_code {
            Some(known) if known.id_number_hash.is_some() || named.is_none() => {
                return refuse(ListReason::CodeOfAnother, Some(known));
            }
            known => known,
        },
        (Person::Missing, _) => match by_code {
            None => return refuse(ListReason::IdMissing, None),
            Some(known) if named.is_none() => return refuse(ListReason::CodeOfAnother, Some(known)),
            known => known,
        },
    };
    if known.is_some_and(|known| known.county_code != list.county_code) {
        return refuse(ListReason::OtherCounty, known);
    }
    let texts = [&row.code, &row.name, &row.proof_number];
    let odd = |text: &&String| {
        text.chars().count() > LONGEST || text.chars().any(|one| one.is_control() || crate::http::is_hidden(one))
    };
    if row.name.is_empty() || texts.iter().any(odd) {
        return refuse(ListReason::TextMalformed, known);
    }
    if !in_county {
        return refuse(ListReason::PlaceElsewhere, known);
    }
    match begin(list, row, known.and_then(|known| known.last)) {
        Err(reason) => refuse(reason, known),
        Ok(begin) => verdict(row, person, known, begin),
    }
}

fn verdict(row: &Listed, person: &Person, known: Option<&Known>, begin: Option<Begin>) -> Verdict {
    let Some(known) = known else {
        // Without a household there is no period that could say the same.
        return begin.map_or(Verdict::Refused { reason: ListReason::StatusPeriod, seen: None }, Verdict::New);
    };
    let change = Change {
        household: known.id,
        version: known.version,
        name: known.name != row.name,
        place: known.division_code != row.division_code,
        id_number: known.id_number_hash.is_none() && matches!(person, Person::Is(_)),
        status: begin,
    };
    if change.name || change.place || change.id_number || change.status.is_some() {
        Verdict::Changed(change)
    } else {
        Verdict::Same(known.id)
    }
}

/// The status a row makes begin; none where the register says the same of the list's day.
fn begin(of: &ListOf, row: &Listed, last: Option<Held>) -> Result<Option<Begin>, ListReason> {
    let status = status_of(&row.status).filter(|status| period::history_of(*status) == of.kind);
    let status = status.ok_or(ListReason::StatusMalformed)?;
    let present = last.filter(|last| last.on(of.listed_on));
    let day = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
    let given = match row.from_on.as_str() {
        "" => None,
        text => Some(day(text).ok_or(ListReason::DateMalformed)?),
    };
    if present.is_some_and(|present| present.status == status) {
        return Ok(None);
    }
    let from_on = given.unwrap_or(of.listed_on);
    let to_on = period::last_day(status);
    let held = Held { id: HouseholdStatusId(uuid::Uuid::nil()), status, from_on, to_on };
    if period::existed(status, from_on, to_on).is_err() || !held.on(of.listed_on) {
        return Err(ListReason::StatusPeriod);
    }
    // The last day of what was there is the day before; it keeps one day at least.
    let fits = last.is_none_or(|last| {
        last.from_on < from_on && (present.is_some() || last.to_on.is_some_and(|end| end < from_on))
    });
    if !fits {
        return Err(ListReason::PeriodOverlaps);
    }
    let ends = present.and_then(|present| Some((present.id, from_on.pred_opt()?)));
    Ok(Some(Begin { status, from_on, to_on, ends }))
}
