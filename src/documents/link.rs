//! What a document proves, for the rooms that keep what is proven.

use super::store;
use crate::{
    access::{Action, Caller, Resource},
    http::{ApiError, Text},
    store::{Work, bulk},
};
use chrono::NaiveDate;
use entity::{
    document,
    document_link::{self, DocumentSubject},
    id::{DocumentId, SchoolId, SupplierId},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use std::collections::HashMap;
use uuid::Uuid;

/// Whose a proven thing is: who may see the document is who holds one of these. A household's is its county's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// A school's.
    pub school_id: Option<SchoolId>,
    /// A supplier's.
    pub supplier_id: Option<SupplierId>,
    /// A county's.
    pub county_code: Option<String>,
}

/// A document and what it proves.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The document.
    pub document_id: DocumentId,
    /// Kind of thing it proves.
    pub subject: DocumentSubject,
    /// Which one.
    pub subject_id: Uuid,
    /// Whose that is.
    pub owner: Owner,
    /// Last day to keep it, as [`super::keep_goods`] and [`super::keep_paper`] say; none while there is no end.
    pub keep_until: Option<NaiveDate>,
}

/// Whether this document is there for the caller: brought by it and not used yet, or proving something it may see.
///
/// # Errors
/// When the database does not answer.
pub async fn exists_for(db: &impl ConnectionTrait, caller: &Caller, id: DocumentId) -> Result<bool, DbErr> {
    let Ok(scope) = caller.actor.may(Action::Read, Resource::Document) else { return Ok(false) };
    Ok(store::find(db, &caller.actor, &scope, id).await?.is_some())
}

/// Links a document to what it proves, within the caller's transaction and with a line in the trail. Whether the caller
/// may change what is proven is for the calling room to know. Linking the same twice changes nothing.
///
/// # Errors
/// 422 `document_unknown` at `pointer` for a document that is not there for the caller.
pub async fn link(work: &mut Work<'_>, caller: &Caller, pointer: &str, proof: Proof) -> Result<(), ApiError> {
    let unknown = || {
        ApiError::field(
            pointer,
            "document_unknown",
            Text::new("没有这份材料，或您无权使用。", "No such document in your reach."),
        )
    };
    let scope = caller.actor.may(Action::Read, Resource::Document)?;
    let row = store::find(work.txn(), &caller.actor, &scope, proof.document_id).await?.ok_or_else(unknown)?;
    // The row is taken first: from here on it cannot be cleared away as unused.
    let taken = document::Entity::update_many()
        .col_expr(document::Column::LinkedAt, Expr::col(document::Column::LinkedAt).if_null(Expr::value(work.at)))
        .filter(document::Column::Id.eq(row.id))
        .exec(work.txn())
        .await?;
    if taken.rows_affected != 1 {
        return Err(unknown());
    }
    let Proof { document_id, subject, subject_id, owner, keep_until } = proof;
    let told = serde_json::json!({
        "subject": subject, "subject_id": subject_id, "keep_until": keep_until,
        "school_id": owner.school_id, "supplier_id": owner.supplier_id,
    });
    let link = document_link::Model {
        document_id,
        subject,
        subject_id,
        school_id: owner.school_id,
        supplier_id: owner.supplier_id,
        county_code: owner.county_code,
        open_to_buyers: subject == DocumentSubject::Licence && !row.kind.is_personal(),
        keep_until,
        linked_by: caller.actor.account_id(),
        linked_at: work.at,
    };
    if bulk::insert_with(work.txn(), &[link], "on conflict do nothing").await? > 0 {
        work.audit("document.link", "document", &document_id, &told);
    }
    Ok(())
}

/// Sets how long the documents of a thing must be kept, when it ends or ends otherwise.
///
/// # Errors
/// When the database does not answer.
pub async fn keep_until(
    db: &impl ConnectionTrait,
    subject: DocumentSubject,
    subject_id: Uuid,
    day: Option<NaiveDate>,
) -> Result<(), DbErr> {
    document_link::Entity::update_many()
        .col_expr(document_link::Column::KeepUntil, Expr::value(day))
        .filter(document_link::Column::Subject.eq(subject))
        .filter(document_link::Column::SubjectId.eq(subject_id))
        .exec(db)
        .await
        .map(drop)
}

/// Ids of the documents that prove each of these things, in one statement; at most 200 things.
///
/// # Errors
/// When the database does not answer.
pub async fn proofs_of(
    db: &impl ConnectionTrait,
    subject: DocumentSubject,
    things: &[Uuid],
) -> Result<HashMap<Uuid, Vec<DocumentId>>, DbErr> {
    use document_link::Column;
    let mut proofs: HashMap<Uuid, Vec<DocumentId>> = HashMap::new();
    if things.is_empty() {
        return Ok(proofs);
    }
    let rows: Vec<(Uuid, DocumentId)> = document_link::Entity::find()
        .select_only()
        .columns([Column::SubjectId, Column::DocumentId])
        .filter(Column::Subject.eq(subject))
        .filter(Column::SubjectId.is_in(things.iter().copied()))
        .order_by_asc(Column::DocumentId)
        .into_tuple()
        .all(db)
        .await?;
    for (thing, document) in rows {
        proofs.entry(thing).or_default().push(document);
    }
    Ok(proofs)
}
