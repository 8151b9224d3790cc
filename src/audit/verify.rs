//! Recomputes the chain from the rows, a batch at a time, and names whatever does not fit.

use super::{
    canon::{GENESIS, Row, day_message, link},
    store,
};
use crate::{access::Tokens, context::Ctx, http::unhex};
use chrono::NaiveDate;
use entity::{audit_day, audit_seal, id::AuditEntryId, time::Timestamp};
use sea_orm::{ConnectionTrait, DbErr};
use std::fmt;
use uuid::Uuid;

const BATCH: u64 = 1_000;
/// Findings named one by one; beyond that they are counted.
const NAMED: usize = 1_000;
/// A row this old must have its seal: the job looks every second.
const UNSEALED_MILLIS: i64 = 120_000;

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The row is not what was sealed.
    Altered { seq: i64, entry: Uuid },
    /// The sealed row is gone.
    Deleted { seq: i64, entry: Uuid },
    /// The seal does not follow the one before it: moved to another place or changed.
    Reordered { seq: i64, entry: Uuid },
    /// Seals are gone.
    MissingSeals { from: i64, to: i64 },
    /// A row that should have been sealed by now.
    Unsealed { entry: Uuid },
    /// The day's signature or what it stands for is wrong.
    Day { day: NaiveDate, why: &'static str },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { seq, entry } => write!(f, "row {entry} at place {seq} was altered"),
            Self::Deleted { seq, entry } => write!(f, "row {entry} at place {seq} is missing"),
            Self::Reordered { seq, entry } => {
                write!(
                    f,
                    "the seal of row {entry} at place {seq} was moved or changed: it does not follow the one before"
                )
            }
            Self::MissingSeals { from, to } if from == to => write!(f, "the seal at place {from} is missing"),
            Self::MissingSeals { from, to } => write!(f, "the seals at places {from} to {to} are missing"),
            Self::Unsealed { entry } => write!(f, "row {entry} has no seal"),
            Self::Day { day, why } => write!(f, "day {day}: {why}"),
        }
    }
}

/// What was checked and found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Sealed rows recomputed.
    pub rows: u64,
    /// Days whose signature holds.
    pub signed_days: u64,
    /// Days after the newest signed one: today, and what a stopped service has not signed yet.
    pub open_days: u64,
    /// The first thousand of what was found.
    pub findings: Vec<Finding>,
    /// How much was found.
    pub found: u64,
    /// The end of the chain: place and hash, to be kept elsewhere.
    pub head: Option<(i64, String)>,
}

impl Verified {
    fn find(&mut self, finding: Finding) {
        self.found += 1;
        if self.findings.len() < NAMED {
            self.findings.push(finding);
        }
    }
}

/// What a part of the chain holds for one day.
struct DayPart {
    day: NaiveDate,
    first_seq: i64,
    last_seq: i64,
    head: String,
}

/// Verifies the days of the chain from `from` to `to`, all without bounds.
///
/// # Errors
/// When the database does not answer.
pub async fn verify(ctx: &Ctx, from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<Verified, DbErr> {
    let txn = ctx.store.begin_snapshot().await?;
    let first = from.unwrap_or(NaiveDate::MIN).max(FIRST_DAY);
    let last = to.unwrap_or(LAST_DAY).min(LAST_DAY);
    let mut verified = Verified::default();
    let parts = walk(&txn, &mut verified, from, last).await?;
    let signed = store::days(&txn, first, last).await?;
    check_days(&ctx.tokens, &mut verified, &parts, &signed);
    find_unsealed(&txn, &mut verified, from, to, ctx.clock.now()).await?;
    txn.commit().await?;
    Ok(verified)
}

/// Dates both databases hold.
const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a date");
const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a date");

async fn walk(
    db: &impl ConnectionTrait,
    verified: &mut Verified,
    from: Option<NaiveDate>,
    last: NaiveDate,
) -> Result<Vec<DayPart>, DbErr> {
    let mut parts: Vec<DayPart> = Vec::new();
    // A range begins behind the seal before it; that one is anchored by its own day's signature.
    let before = match from {
        None => None,
        Some(day) => match store::seal_from_day(db, day).await? {
            None => return Ok(parts),
            Some(first) => store::seal_before(db, first.seq).await?,
        },
    };
    let (mut seq, mut hash) = before.map_or((0, Some(GENESIS.to_owned())), |seal| (seal.seq, Some(seal.hash)));
    loop {
        let seals = store::seals(db, seq + 1, BATCH).await?;
        let entries = store::entries_of(db, &seals).await?;
        let Some(end) = seals.last().map(|seal| seal.seq) else { return Ok(parts) };
        for seal in seals {
            if seal.day > last {
                return Ok(parts);
            }
            if seal.seq != seq + 1 {
                verified.find(Finding::MissingSeals { from: seq + 1, to: seal.seq - 1 });
                // Without its predecessor this link cannot be recomputed; the next ones can.
                hash = None;
            }
            let row = entries.get(&seal.entry_id.0).cloned().map(Row::from);
            check_seal(verified, &seal, row.as_ref(), hash.as_deref());
            match parts.last_mut().filter(|part| part.day == seal.day) {
                Some(part) => (part.last_seq, part.head) = (seal.seq, seal.hash.clone()),
                None => parts.push(DayPart {
                    day: seal.day,
                    first_seq: seal.seq,
                    last_seq: seal.seq,
                    head: seal.hash.clone(),
                }),
            }
            verified.rows += 1;
            verified.head = Some((seal.seq, seal.hash.clone()));
            (seq, hash) = (seal.seq, Some(seal.hash));
        }
        seq = end;
    }
}

fn check_seal(verified: &mut Verified, seal: &audit_seal::Model, row: Option<&Row>, before: Option<&str>) {
    let (seq, entry) = (seal.seq, seal.entry_id.0);
    match row {
        None => verified.find(Finding::Deleted { seq, entry }),
        Some(row) if row.hash() != seal.row_hash => verified.find(Finding::Altered { seq, entry }),
        Some(_) => {}
    }
    if before.is_some_and(|before| link(before, seq, seal.day, entry, &seal.row_hash) != seal.hash) {
        verified.find(Finding::Reordered { seq, entry });
    }
}

fn check_days(tokens: &Tokens, verified: &mut Verified, parts: &[DayPart], signed: &[audit_day::Model]) {
    let newest = signed.last().map(|day| day.day);
    for part in parts {
        match signed.iter().find(|day| day.day == part.day) {
            Some(day) => match wrong_day(tokens, part, day) {
                Some(why) => verified.find(Finding::Day { day: day.day, why }),
                None => verified.signed_days += 1,
            },
            // Days are signed in order, so a later signature means this one was there.
            None if newest.is_some_and(|newest| part.day < newest) => {
                verified.find(Finding::Day { day: part.day, why: "the signature is missing" });
            }
            None => verified.open_days += 1,
        }
    }
    for day in signed.iter().filter(|day| parts.iter().all(|part| part.day != day.day)) {
        verified.find(Finding::Day { day: day.day, why: "it is signed but its seals are missing" });
    }
}

fn wrong_day(tokens: &Tokens, part: &DayPart, day: &audit_day::Model) -> Option<&'static str> {
    if (part.first_seq, part.last_seq) != (day.first_seq, day.last_seq) {
        return Some("its places in the chain are not the signed ones");
    }
    if part.head != day.head {
        return Some("its head is not the signed one");
    }
    signature_fault(tokens, day.day, day.last_seq, &day.head, &day.key_id, &day.signature)
}

/// What is wrong with the signature of a day's head, if anything.
pub(super) fn signature_fault(
    tokens: &Tokens,
    day: NaiveDate,
    last_seq: i64,
    head: &str,
    key_id: &str,
    signature: &str,
) -> Option<&'static str> {
    let message = day_message(day, last_seq, head);
    match unhex(signature).and_then(|signature| tokens.verify(key_id, message.as_bytes(), &signature)) {
        Some(true) => None,
        Some(false) => Some("the signature is wrong"),
        None => Some("the signature is malformed or by a key that is not here"),
    }
}

async fn find_unsealed(
    db: &impl ConnectionTrait,
    verified: &mut Verified,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    now: Timestamp,
) -> Result<(), DbErr> {
    let settled = Timestamp(now.0 - UNSEALED_MILLIS);
    let end = to.and_then(|day| day.succ_opt()).map_or(settled, |day| store::start_of(day).min(settled));
    let mut from = from.map_or(AuditEntryId(Uuid::nil()), |day| store::first_id(store::start_of(day)));
    let end = store::first_id(end);
    loop {
        let rows = store::waiting(db, from, end, BATCH).await?;
        let Some(last) = rows.last().map(|row| row.id.0) else { return Ok(()) };
        for row in rows {
            verified.find(Finding::Unsealed { entry: row.id.0 });
        }
        from = AuditEntryId(Uuid::from_u128(last.as_u128().saturating_add(1)));
    }
}
