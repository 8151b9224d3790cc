//! What a document may be linked to by its id: whose it is, and how long its papers are kept.
//!
//! The things stand in rooms that come after this one; their tables are read here, nothing of them is decided.

use super::{
    keep::{keep_goods, keep_paper},
    link::Owner,
};
use chrono::NaiveDate;
use entity::{
    document_link::DocumentSubject,
    id::{SchoolId, SupplierId},
    time::Timestamp,
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};
use uuid::Uuid;

/// A thing that can be proven.
pub(super) struct Thing {
    pub(super) owner: Owner,
    pub(super) keep_until: Option<NaiveDate>,
}

#[derive(FromQueryResult)]
struct Row {
    school_id: Option<SchoolId>,
    supplier_id: Option<SupplierId>,
    county_code: Option<String>,
    /// Last day of a paper.
    ends_on: Option<NaiveDate>,
    /// Day goods were received or bought.
    day: Option<NaiveDate>,
    /// Instant goods were sent.
    sent_at: Option<Timestamp>,
    produced_on: Option<NaiveDate>,
    shelf_life_days: Option<i32>,
}

const NOBODY: &str = "cast(null as uuid)";
const NO_DAY: &str = "cast(null as date)";

/// Finds a thing whatever the caller may see; none where it is nowhere, or is linked by its own room only.
pub(super) async fn find(
    db: &impl ConnectionTrait,
    subject: DocumentSubject,
    id: Uuid,
) -> Result<Option<Thing>, DbErr> {
    // school, supplier, county, end, day, sent, produced, shelf life, from
    let [school, supplier, county, end, day, sent, produced, life, from] = match subject {
        DocumentSubject::Supplier => [NOBODY, "t.id", "null", NO_DAY, NO_DAY, "null", NO_DAY, "null", "supplier t"],
        DocumentSubject::School => ["t.id", NOBODY, "null", NO_DAY, NO_DAY, "null", NO_DAY, "null", "school t"],
        DocumentSubject::Household => {
            [NOBODY, NOBODY, "t.county_code", NO_DAY, NO_DAY, "null", NO_DAY, "null", "household t"]
        }
        DocumentSubject::HouseholdStatus => [
            NOBODY,
            NOBODY,
            "h.county_code",
            "t.to_on",
            NO_DAY,
            "null",
            NO_DAY,
            "null",
            "household_status t join household h on h.id = t.household_id",
        ],
        DocumentSubject::BeneficiaryLink => [
            NOBODY,
            "t.supplier_id",
            "h.county_code",
            "t.to_on",
            NO_DAY,
            "null",
            NO_DAY,
            "null",
            "beneficiary_link t join household h on h.id = t.household_id",
        ],
        DocumentSubject::Consent => {
            [NOBODY, "t.supplier_id", "null", "t.to_on", NO_DAY, "null", NO_DAY, "null", "household_consent t"]
        }
        DocumentSubject::Certificate => [
            "c.school_id",
            "c.supplier_id",
            "null",
            NO_DAY,
            NO_DAY,
            "c.sent_at",
            "l.produced_on",
            "l.shelf_life_days",
            "certificate t join consignment_line l on l.id = t.consignment_line_id \
             join consignment c on c.id = l.consignment_id",
        ],
        DocumentSubject::Receipt => {
            ["t.school_id", "t.supplier_id", "null", NO_DAY, "t.received_on", "null", NO_DAY, "null", "receipt t"]
        }
        DocumentSubject::DeclaredPurchase => {
            ["t.school_id", NOBODY, "null", NO_DAY, "t.purchased_on", "null", NO_DAY, "null", "declared_purchase t"]
        }
        DocumentSubject::DeclaredCertificate => [
            "p.school_id",
            NOBODY,
            "null",
            NO_DAY,
            "p.purchased_on",
            "null",
            NO_DAY,
            "null",
            "declared_certificate t join purchase_line p on p.id = t.purchase_line_id",
        ],
        DocumentSubject::Verification => {
            [NOBODY, "t.supplier_id", "null", NO_DAY, NO_DAY, "null", NO_DAY, "null", "verification t"]
        }
        DocumentSubject::Licence => {
            [NOBODY, "t.supplier_id", "null", "t.valid_to", NO_DAY, "null", NO_DAY, "null", "licence t"]
        }
    };
    let sql = format!(
        "select {school} as school_id, {supplier} as supplier_id, cast({county} as text) as county_code,
           {end} as ends_on, {day} as day, cast({sent} as bigint) as sent_at, {produced} as produced_on,
           cast({life} as integer) as shelf_life_days
         from {from} where t.id = $1"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, [id.into()]);
    let found = Row::find_by_statement(statement).one(db).await?;
    Ok(found.map(|row| {
        let day = row.day.or(row.sent_at.map(Timestamp::business_day));
        let keep_until = match day {
            Some(day) => Some(keep_goods(day, row.produced_on, row.shelf_life_days)),
            None => keep_paper(row.ends_on),
        };
        let owner = Owner { school_id: row.school_id, supplier_id: row.supplier_id, county_code: row.county_code };
        Thing { owner, keep_until }
    }))
}
