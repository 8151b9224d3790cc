//! Where a request comes from that brings no token yet, and what the trail keeps of sessions.

use super::actor::{Actor, Caller};
use crate::{
    audit::{Deed, Witness, line},
    context::Ctx,
    http::{ApiError, Peer, RequestId},
    store::bulk,
};
use axum::{
    extract::{FromRef, FromRequestParts},
    http::{header, request::Parts},
};
use entity::{
    audit_entry::Outcome,
    id::{AccountId, SessionId},
    time::Timestamp,
};
use sea_orm::{ConnectionTrait, DbErr};
use std::{convert::Infallible, sync::Arc};
use uuid::Uuid;

/// A request before anybody is known to be behind it.
pub struct Visitor {
    /// Where it comes from.
    pub peer: Peer,
    request_id: String,
    witness: Option<Witness>,
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self {
            peer: Peer::of(&parts.extensions),
            request_id: parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default(),
            witness: parts.extensions.get::<Witness>().cloned(),
        })
    }
}

impl Visitor {
    /// Tells the layer that records refusals whose log-in this was.
    pub fn failed_log_in(&self, account: Option<AccountId>, name_hash: String) {
        if let Some(witness) = &self.witness {
            witness.failed_log_in(account, name_hash);
        }
    }

    /// The account that has proved itself, with what it holds today.
    pub async fn caller(
        self,
        db: &impl ConnectionTrait,
        account: AccountId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<Caller, DbErr> {
        let grants = super::store::grants(db, account, now).await?;
        let actor = Arc::new(Actor::new(account, session, false, grants));
        Ok(Caller { actor, request_id: self.request_id, address: self.peer.stored() })
    }
}

/// Somebody with or without a token: a wrong one is refused all the same.
pub struct Guest {
    /// The account, or nobody: an actor that holds nothing and is recorded as none.
    pub caller: Caller,
    /// Where the request comes from.
    pub peer: Peer,
}

impl<S> FromRequestParts<S> for Guest
where
    S: Send + Sync,
    Ctx: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let peer = Peer::of(&parts.extensions);
        if parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(Self { caller: Caller::from_request_parts(parts, state).await?, peer });
        }
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let actor = Arc::new(Actor::in_process(AccountId(Uuid::nil()), Vec::new()));
        Ok(Self { caller: Caller { actor, request_id, address: peer.stored() }, peer })
    }
}

/// Writes what happened to a session into the trail, in the transaction that makes it happen.
pub async fn note(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    caller: &Caller,
    action: &str,
    session: SessionId,
    facts: serde_json::Value,
) -> Result<(), DbErr> {
    let deed = Deed { action, resource: "session", resource_id: session.to_string(), outcome: Outcome::Done, facts };
    bulk::insert(db, &[line(ctx, caller, ctx.clock.now(), deed)]).await
}

/// What the trail keeps of a name somebody tried: people type passwords there, so nothing that can be guessed back
/// without our key.
///
/// # Errors
/// 500 when the key cannot be read.
pub fn name_hash(ctx: &Ctx, name: &str) -> Result<String, ApiError> {
    Ok(ctx.seal.tag(&[b"login-name", name.as_bytes()])?[..16].to_owned())
}
