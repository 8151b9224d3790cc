//! Prove the statements of a unit's month from the ledger.

use super::{
    body::{Body, add, class_sums, sha256},
    close::adjustments,
    lines::Stated,
    month::Month,
    view::body_of,
};
use crate::{
    context::Ctx,
    http::{ApiError, unhex},
    share::Percent,
};
use entity::statement::{self, Column};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use std::collections::BTreeMap;

/// What the proof of a unit's month found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// The statements looked at, in words.
    pub statements: Vec<String>,
    /// What does not hold, in words.
    pub differences: Vec<String>,
}

/// Proves every version of a unit's month: the hash and the signature over its text, its place in the unit's chain, the
/// ledger lines it stands on, the adjustments it shows, and the statements below that it takes in.
///
/// # Errors
/// When the database does not answer.
pub async fn prove(ctx: &Ctx, unit: &str, month: Month) -> Result<Proof, ApiError> {
    // One state of the ledger throughout.
    let txn = ctx.store.begin_snapshot().await?;
    let rows = statement::Entity::find()
        .filter(Column::ReportingUnitCode.eq(unit))
        .filter(Column::Month.eq(month.number()))
        .order_by_asc(Column::Version)
        .all(&txn)
        .await?;
    let mut proof = Proof::default();
    for row in &rows {
        let mut wrong = Vec::new();
        match body_of(row) {
            Ok(body) => {
                signed(ctx, row, &mut wrong);
                chained(&txn, row, &body, &mut wrong).await?;
                let counted = stands(&txn, row, &body, month, &mut wrong).await?;
                taken_in(&txn, row, &body, &mut wrong).await?;
                let (amount, weight, _) = body.share();
                let percent = |share: Option<Percent>| share.map_or_else(|| "-".to_owned(), |share| share.to_string());
                proof.statements.push(format!(
                    "{unit} {month} version {}{}: {counted} lines, share {} % by amount, {} % by weight, {}",
                    row.version,
                    if row.reopened_at.is_some() { " (opened again)" } else { "" },
                    percent(amount.percent),
                    percent(weight.percent),
                    row.hash,
                ));
            }
            Err(_) => wrong.push("its text is no statement".to_owned()),
        }
        let version = row.version;
        proof.differences.extend(wrong.into_iter().map(|what| format!("{unit} {month} version {version}: {what}")));
    }
    txn.rollback().await?;
    Ok(proof)
}

fn signed(ctx: &Ctx, row: &statement::Model, wrong: &mut Vec<String>) {
    if sha256(&row.body) != row.hash {
        wrong.push("its hash is not that of its text".to_owned());
    }
    let holds = unhex(&row.signature).and_then(|bytes| ctx.tokens.verify(&row.key_id, row.body.as_bytes(), &bytes));
    match holds {
        Some(true) => {}
        Some(false) => wrong.push(format!("the signature is not that of key {}", row.key_id)),
        None => wrong.push(format!("the key {} is none of ours", row.key_id)),
    }
}

async fn chained(
    db: &impl ConnectionTrait,
    row: &statement::Model,
    body: &Body,
    wrong: &mut Vec<String>,
) -> Result<(), DbErr> {
    let month = Month::of(row.month).map(|month| month.to_string()).unwrap_or_default();
    let said = (body.unit.as_str(), body.month.as_str(), body.version, body.seq);
    if said != (row.reporting_unit_code.as_str(), month.as_str(), row.version, row.seq) {
        wrong.push("its text is of another unit, month, version or place".to_owned());
    }
    let before = statement::Entity::find()
        .filter(Column::ReportingUnitCode.eq(row.reporting_unit_code.as_str()))
        .filter(Column::Seq.eq(row.seq - 1))
        .one(db)
        .await?;
    if before.map(|before| before.hash) != body.previous {
        wrong.push("it does not follow the unit's statement before".to_owned());
    }
    Ok(())
}

/// Its own lines and adjustments; answers how many lines the ledger has.
async fn stands(
    db: &impl ConnectionTrait,
    row: &statement::Model,
    body: &Body,
    month: Month,
    wrong: &mut Vec<String>,
) -> Result<i64, DbErr> {
    let stated = Stated { unit: row.reporting_unit_code.clone(), month, version: row.version };
    let found = stated.count(db).await?;
    let digest = found.digest();
    if digest != body.lines {
        wrong.push(format!(
            "stated {} lines {}, the ledger has {} lines {}",
            body.lines.count, body.lines.sha256, digest.count, digest.sha256
        ));
    }
    if found.stated() != body.own {
        wrong.push("its sums by class are not those of the ledger".to_owned());
    }
    if adjustments(db, &row.reporting_unit_code, Some(row.id), month).await? != body.adjustments {
        wrong.push("its adjustments are not those of the ledger".to_owned());
    }
    Ok(digest.count)
}

/// The statements below, and the sums over them and its own.
async fn taken_in(
    db: &impl ConnectionTrait,
    row: &statement::Model,
    body: &Body,
    wrong: &mut Vec<String>,
) -> Result<(), DbErr> {
    let hashes = body.below.iter().map(|below| below.hash.as_str());
    let rows = statement::Entity::find()
        .filter(Column::Hash.is_in(hashes))
        .filter(Column::Month.eq(row.month))
        .all(db)
        .await?;
    let (mut whole, mut adjusted) = (BTreeMap::new(), BTreeMap::new());
    add(&mut whole, &body.own);
    for one in &body.adjustments {
        add(&mut adjusted, &one.sums);
    }
    for below in &body.below {
        let found = rows.iter().find(|row| row.hash == below.hash && row.reporting_unit_code == below.unit);
        match found.map(body_of) {
            Some(Ok(body)) => {
                add(&mut whole, &body.whole);
                add(&mut adjusted, &body.adjusted);
            }
            _ => wrong.push(format!("the statement of {} it takes in is not there", below.unit)),
        }
    }
    if class_sums(&whole) != body.whole || class_sums(&adjusted) != body.adjusted {
        wrong.push("its sums are not its own and those below".to_owned());
    }
    Ok(())
}
