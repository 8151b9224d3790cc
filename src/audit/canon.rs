//! The bytes of a row that are hashed, and the links of the chain. Pure: what was written once must hash the same for
//! years, so a change here is a new version, never an edit.

use chrono::NaiveDate;
use entity::{audit_entry, time::Timestamp};
use ring::digest::{Context, SHA256};
use sea_orm::ActiveEnum;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Begins the bytes of every row.
const ROW: &[u8] = b"xiaonong-audit-row:1\0";
/// Begins the bytes of every link.
const LINK: &[u8] = b"xiaonong-audit-link:1\0";
/// What the first link takes for the hash before it.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A row as it is hashed and archived: plain values, whatever the columns become.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Id.
    pub id: Uuid,
    /// Milliseconds since 1970.
    pub at: i64,
    /// Who.
    pub account_id: Option<Uuid>,
    /// What.
    pub action: String,
    /// To what kind of thing.
    pub resource: String,
    /// To which.
    pub resource_id: String,
    /// Request.
    pub request_id: String,
    /// Facts as JSON text.
    pub detail: String,
    /// `done` or `refused`.
    pub outcome: String,
    /// For whom.
    pub on_behalf_of: Option<String>,
    /// From where.
    pub address: Option<String>,
    /// School.
    pub school_id: Option<Uuid>,
    /// Supplier.
    pub supplier_id: Option<Uuid>,
    /// Reporting unit.
    pub reporting_unit_code: Option<String>,
}

impl From<audit_entry::Model> for Row {
    fn from(entry: audit_entry::Model) -> Self {
        Self {
            id: entry.id.0,
            at: entry.at.0,
            account_id: entry.account_id.map(|id| id.0),
            action: entry.action,
            resource: entry.resource,
            resource_id: entry.resource_id,
            request_id: entry.request_id,
            detail: entry.detail,
            outcome: entry.outcome.to_value(),
            on_behalf_of: entry.on_behalf_of,
            address: entry.address,
            school_id: entry.school_id.map(|id| id.0),
            supplier_id: entry.supplier_id.map(|id| id.0),
            reporting_unit_code: entry.reporting_unit_code,
        }
    }
}

impl Row {
    /// The business day the row itself tells of.
    #[must_use]
    pub fn day(&self) -> NaiveDate {
        Timestamp(self.at).business_day()
    }

    /// SHA-256 in hex over all values, each with its length before it and a missing one told from an empty one.
    #[must_use]
    pub fn hash(&self) -> String {
        let uuid = |id: &Option<Uuid>| id.map(|id| id.as_bytes().to_vec());
        let text = |value: &Option<String>| value.as_ref().map(|value| value.as_bytes().to_vec());
        let mut context = Context::new(&SHA256);
        context.update(ROW);
        for value in [
            Some(self.id.as_bytes().to_vec()),
            Some(self.at.to_be_bytes().to_vec()),
            uuid(&self.account_id),
            Some(self.action.clone().into_bytes()),
            Some(self.resource.clone().into_bytes()),
            Some(self.resource_id.clone().into_bytes()),
            Some(self.request_id.clone().into_bytes()),
            Some(self.detail.clone().into_bytes()),
            Some(self.outcome.clone().into_bytes()),
            text(&self.on_behalf_of),
            text(&self.address),
            uuid(&self.school_id),
            uuid(&self.supplier_id),
            text(&self.reporting_unit_code),
        ] {
            put(&mut context, value.as_deref());
        }
        crate::http::hex(context.finish().as_ref())
    }
}

fn put(context: &mut Context, value: Option<&[u8]>) {
    match value {
        None => context.update(&[0]),
        Some(bytes) => {
            context.update(&[1]);
            context.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(bytes);
        }
    }
}

/// The hash at a place of the chain, in hex: over the hash before, the place, the day and the row's own hash.
#[must_use]
pub fn link(before: &str, seq: i64, day: NaiveDate, entry: Uuid, row_hash: &str) -> String {
    let mut context = Context::new(&SHA256);
    context.update(LINK);
    for value in
        [before.as_bytes(), &seq.to_be_bytes(), day.to_string().as_bytes(), entry.as_bytes(), row_hash.as_bytes()]
    {
        put(&mut context, Some(value));
    }
    crate::http::hex(context.finish().as_ref())
}

/// What is signed when a day is over. No token can read like it: a token's text has no colon.
#[must_use]
pub fn day_message(day: NaiveDate, last_seq: i64, head: &str) -> String {
    format!("xiaonong-audit-day:{day}:{last_seq}:{head}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            id: Uuid::from_u128(1),
            at: 1_772_445_600_000,
            account_id: None,
            action: "order.place".to_owned(),
            resource: "order".to_owned(),
            resource_id: "7".to_owned(),
            request_id: "r".to_owned(),
            detail: "{}".to_owned(),
            outcome: "done".to_owned(),
            on_behalf_of: None,
            address: None,
            school_id: None,
            supplier_id: None,
            reporting_unit_code: None,
        }
    }

    #[test]
    fn the_bytes_of_a_row_stay_what_they_are() {
        // Rows sealed by an earlier release must verify for ever.
        assert_eq!(row().hash(), "fa30a9b229f8750a8f8a00ca3cbe8c455bbf31c0226a3f6293663593d921453f");
        let day = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a date");
        assert_eq!(
            link(GENESIS, 1, day, row().id, &row().hash()),
            "e3e5b19b9054f82abcafbc36b46c34c9b9e8f48ec208d0ed49aeeff0b2e38065"
        );
    }

    #[test]
    fn no_two_rows_have_the_same_bytes() {
        let variants = [
            row(),
            Row { account_id: Some(Uuid::nil()), ..row() },
            Row { address: Some(String::new()), ..row() },
            Row { on_behalf_of: Some(String::new()), ..row() },
            Row { resource: "orde".to_owned(), resource_id: "r7".to_owned(), ..row() },
            Row { action: "order.placeo".to_owned(), resource: "rder".to_owned(), ..row() },
            Row { school_id: Some(Uuid::from_u128(2)), ..row() },
            Row { supplier_id: Some(Uuid::from_u128(2)), ..row() },
            Row { outcome: "refused".to_owned(), ..row() },
        ];
        let mut hashes: Vec<String> = variants.iter().map(Row::hash).collect();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), variants.len());
    }

    #[test]
    fn a_link_depends_on_all_it_binds() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a date");
        let base = link(GENESIS, 1, day, Uuid::nil(), "a");
        assert_ne!(base, link("1", 1, day, Uuid::nil(), "a"));
        assert_ne!(base, link(GENESIS, 2, day, Uuid::nil(), "a"));
        assert_ne!(base, link(GENESIS, 1, day.succ_opt().expect("a day"), Uuid::nil(), "a"));
        assert_ne!(base, link(GENESIS, 1, day, Uuid::max(), "a"));
        assert_ne!(base, link(GENESIS, 1, day, Uuid::nil(), "b"));
    }

    #[test]
    fn an_archived_row_reads_back() {
        let text = serde_json::to_string(&row()).expect("writes");
        assert_eq!(serde_json::from_str::<Row>(&text).expect("reads"), row());
    }
}
