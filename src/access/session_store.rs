//! Writes to the session table, and how its refresh tokens are made.

use super::actor::Caller;
use super::totp::same;
use crate::{
    context::Ctx,
    http::{ApiError, hex},
};
use axum::http::{HeaderMap, header};
use entity::{id::SessionId, session, time::Timestamp};
use ring::{digest, hmac};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};

/// Characters kept of a `User-Agent`.
const USER_AGENT_CHARACTERS: usize = 200;
/// Characters of a refresh token's mark: 128 bits.
const MARK_CHARACTERS: usize = 32;

/// Ends the sessions that fit `which`; answers how many. Say [`super::access_changed`] in the same transaction.
///
/// # Errors
/// When the database refuses.
pub async fn end_sessions(db: &impl ConnectionTrait, which: Condition, now: Timestamp) -> Result<u64, DbErr> {
    session::Entity::update_many()
        .col_expr(session::Column::EndedAt, Expr::value(now.0))
        .filter(which)
        .filter(session::COLUMN.ended_at.is_null())
        .exec(db)
        .await
        .map(|ended| ended.rows_affected)
}

/// Ends every session of the caller's account but the present one.
///
/// # Errors
/// When the database refuses.
pub async fn end_other_sessions(db: &impl ConnectionTrait, caller: &Caller, now: Timestamp) -> Result<u64, DbErr> {
    let mut others = Condition::all().add(session::COLUMN.account_id.eq(caller.actor.account_id()));
    if let Some(session) = caller.actor.session_id() {
        others = others.add(session::COLUMN.id.ne(session));
    }
    end_sessions(db, others, now).await
}

/// The first refresh token of a session: its id, 256 random bits, and a mark that it is ours.
pub(super) fn first_token(ctx: &Ctx, session: SessionId) -> Result<String, ApiError> {
    token(ctx, session, &ctx.ids.random::<32>())
}

/// Random bytes from which, with the token before, the next one is made.
pub(super) fn nonce(ctx: &Ctx) -> String {
    hex(&ctx.ids.random::<32>())
}

/// The token that follows `held`. Whoever holds `held` can be given the same successor again after a lost answer, and
/// the database, which knows the nonce and no token, yields none.
pub(super) fn successor(ctx: &Ctx, session: SessionId, held: &str, nonce: &str) -> Result<String, ApiError> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, held.as_bytes());
    token(ctx, session, hmac::sign(&key, nonce.as_bytes()).as_ref())
}

fn token(ctx: &Ctx, session: SessionId, secret: &[u8]) -> Result<String, ApiError> {
    let unmarked = format!("{}.{}", session.0.simple(), hex(secret));
    Ok(format!("{unmarked}.{}", mark(ctx, &unmarked)?))
}

/// Only we can make it: so an old token is told from one made up by somebody who knows a session's id.
fn mark(ctx: &Ctx, unmarked: &str) -> Result<String, ApiError> {
    Ok(ctx.seal.tag(&[b"refresh-token", unmarked.as_bytes()])?[..MARK_CHARACTERS].to_owned())
}

/// The session a token of ours names; none for one that we never gave.
pub(super) fn session_of(ctx: &Ctx, token: &str) -> Result<Option<SessionId>, ApiError> {
    let Some((unmarked, marked)) = token.rsplit_once('.') else { return Ok(None) };
    if !same(mark(ctx, unmarked)?.as_bytes(), marked.as_bytes()) {
        return Ok(None);
    }
    Ok(unmarked.split_once('.').and_then(|(id, _)| id.parse().ok()))
}

/// SHA-256 in hex: enough for what has 256 random bits.
pub(super) fn hash_token(token: &str) -> String {
    hex(digest::digest(&digest::SHA256, token.as_bytes()).as_ref())
}

/// What program a request came from, cut and without control characters.
pub(super) fn user_agent(headers: &HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    text.unwrap_or_default().chars().filter(|one| !one.is_control()).take(USER_AGENT_CHARACTERS).collect()
}
