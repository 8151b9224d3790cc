//! One change: a transaction that commits with its audit lines, its events and the answer to its idempotency key.

use super::{
    bulk::{self, Kind, Rows},
    is_duplicate,
};
use crate::{
    access::Caller,
    audit::{Deed, changes, line},
    context::Ctx,
    http::{ApiError, FieldError, Reply, Text},
};
use axum::http::StatusCode;
use entity::{
    audit_entry::{self, Outcome},
    id::AccountId,
    idempotency, outbox,
    time::Timestamp,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult, Statement};
use serde::Serialize;
use std::collections::HashMap;

/// A key that makes a retry harmless: the caller's header and a hash over method, path and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The header.
    pub key: String,
    /// SHA-256 in hex.
    pub body_hash: String,
}

/// A begun change, or the stored answer of the same request.
pub enum Begun<'a> {
    /// Go on and commit.
    New(Work<'a>),
    /// Answered before.
    Replay(Reply),
}

/// An open transaction and what must commit with it. Dropped uncommitted, it leaves nothing.
pub struct Work<'a> {
    ctx: &'a Ctx,
    caller: &'a Caller,
    key: Option<IdempotencyKey>,
    txn: DatabaseTransaction,
    /// The instant of the change.
    pub at: Timestamp,
    audit: Vec<audit_entry::Model>,
    events: Vec<outbox::Model>,
}

impl Ctx {
    /// Starts a change for `caller`, or finds the answer already given under `key`.
    ///
    /// # Errors
    /// 422 when the key was used for another request; 503 when the database is busy.
    pub async fn begin<'a>(&'a self, caller: &'a Caller, key: Option<IdempotencyKey>) -> Result<Begun<'a>, ApiError> {
        let txn = self.store.begin().await?;
        if let Some(key) = &key
            && let Some(reply) = find_answer(&txn, caller, key).await?
        {
            return Ok(Begun::Replay(reply));
        }
        let at = self.clock.now();
        Ok(Begun::New(Work { ctx: self, caller, key, txn, at, audit: Vec::new(), events: Vec::new() }))
    }
}

async fn find_answer(
    db: &impl ConnectionTrait,
    caller: &Caller,
    key: &IdempotencyKey,
) -> Result<Option<Reply>, ApiError> {
    let stored = idempotency::Entity::find_by_id((caller.actor.account_id(), key.key.clone())).one(db).await?;
    stored.map(|stored| stored_answer(&stored, key)).transpose()
}

/// Whose request, and its key.
pub(crate) type AnswerKey = (AccountId, String);

/// The answers already given under these keys, in one statement.
pub(crate) async fn stored_answers<'a>(
    db: &impl ConnectionTrait,
    requests: impl Iterator<Item = (&'a Caller, &'a IdempotencyKey)>,
) -> Result<HashMap<AnswerKey, idempotency::Model>, DbErr> {
    let cells = requests.map(|(caller, key)| vec![caller.actor.account_id().into(), key.key.as_str().into()]).collect();
    let backend = db.get_database_backend();
    let (relation, values) = Rows::new(&["account_id", "key"], &[Kind::Uuid, Kind::Text], cells).relation(backend)?;
    let sql = format!("select i.* from idempotency i join {relation} on i.account_id = r.account_id and i.key = r.key");
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let found = idempotency::Model::find_by_statement(statement).all(db).await?;
    Ok(found.into_iter().map(|row| ((row.account_id, row.key.clone()), row)).collect())
}

/// The stored answer, if it belongs to this very request.
pub(crate) fn stored_answer(stored: &idempotency::Model, key: &IdempotencyKey) -> Result<Reply, ApiError> {
    if stored.body_hash != key.body_hash {
        return Err(ApiError::Invalid(vec![FieldError::new(
            "",
            "idempotency_key_reused",
            Text::new(
                "该 Idempotency-Key 已用于另一请求，请换一个新值。",
                "This Idempotency-Key was used for another request; take a new one.",
            ),
        )]));
    }
    let status = u16::try_from(stored.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    Ok(Reply { status: status.unwrap_or(StatusCode::OK), body: stored.response.clone(), replayed: true })
}

impl Work<'_> {
    /// The transaction.
    #[must_use]
    pub fn txn(&self) -> &DatabaseTransaction {
        &self.txn
    }

    /// Notes who did what to which resource. A `school_id`, `supplier_id` or `reporting_unit_code` in `detail` says whose
    /// trail the row belongs to.
    pub fn audit(&mut self, action: &str, resource: &str, id: &impl ToString, detail: &impl Serialize) {
        self.audit.push(audit_line(self.ctx, self.caller, self.at, action, resource, id, detail));
    }

    /// The same for a change of fields: of `before` and `after` the trail keeps what differs, personal data masked.
    pub fn changed(
        &mut self,
        action: &str,
        resource: &str,
        id: &impl ToString,
        facts: &impl Serialize,
        before: &impl Serialize,
        after: &impl Serialize,
    ) {
        self.audit(action, resource, id, &with_changes(facts, before, after));
    }

    /// Notes an event for the outbox.
    pub fn event(&mut self, topic: &str, payload: &impl Serialize) {
        self.events.push(outbox_line(self.ctx, self.at, topic, payload));
    }

    /// Writes the rows that tell of the change and commits all of it.
    ///
    /// # Errors
    /// When the database refuses; then nothing has changed. Where another request with the same key was faster, its
    /// answer is returned.
    pub async fn commit(self, status: StatusCode, answer: &impl Serialize) -> Result<Reply, ApiError> {
        let body = serde_json::to_string(answer).map_err(ApiError::internal)?;
        let Self { ctx, caller, key, txn, at, audit, events } = self;
        bulk::insert(&txn, &audit).await?;
        bulk::insert(&txn, &events).await?;
        if let Some(key) = key {
            let row = idempotency_line(caller, &key, status, &body, at);
            if let Err(error) = bulk::insert(&txn, &[row]).await {
                txn.rollback().await?;
                if !is_duplicate(&error) {
                    return Err(error.into());
                }
                // The same request ran twice at once and the other one won.
                let txn = ctx.store.begin().await?;
                return find_answer(&txn, caller, &key).await?.ok_or(ApiError::Unavailable);
            }
        }
        txn.commit().await?;
        Ok(Reply { status, body, replayed: false })
    }
}

pub(crate) fn audit_line(
    ctx: &Ctx,
    caller: &Caller,
    at: Timestamp,
    action: &str,
    resource: &str,
    id: &impl ToString,
    detail: &impl Serialize,
) -> audit_entry::Model {
    let facts = serde_json::to_value(detail).unwrap_or_default();
    let deed = Deed { action, resource, resource_id: id.to_string(), outcome: Outcome::Done, facts };
    line(ctx, caller, at, deed)
}

/// The same for a change of fields, `before` and `after`.
pub(crate) fn changed_line(
    ctx: &Ctx,
    caller: &Caller,
    at: Timestamp,
    (action, resource): (&str, &str),
    id: &impl ToString,
    facts: &impl Serialize,
    [before, after]: [&impl Serialize; 2],
) -> audit_entry::Model {
    audit_line(ctx, caller, at, action, resource, id, &with_changes(facts, before, after))
}

fn with_changes(facts: &impl Serialize, before: &impl Serialize, after: &impl Serialize) -> serde_json::Value {
    let mut detail = serde_json::to_value(facts).unwrap_or_default();
    if let Some(detail) = detail.as_object_mut() {
        detail.insert("changes".to_owned(), changes(before, after));
    }
    detail
}

pub(crate) fn outbox_line(ctx: &Ctx, at: Timestamp, topic: &str, payload: &impl Serialize) -> outbox::Model {
    outbox::Model {
        id: ctx.ids.next(),
        topic: topic.to_owned(),
        payload: serde_json::to_string(payload).unwrap_or_default(),
        created_at: at,
        delivered_at: None,
    }
}

pub(crate) fn idempotency_line(
    caller: &Caller,
    key: &IdempotencyKey,
    status: StatusCode,
    body: &str,
    at: Timestamp,
) -> idempotency::Model {
    idempotency::Model {
        account_id: caller.actor.account_id(),
        key: key.key.clone(),
        body_hash: key.body_hash.clone(),
        status: i32::from(status.as_u16()),
        response: body.to_owned(),
        created_at: at,
    }
}
