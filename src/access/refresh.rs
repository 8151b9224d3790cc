//! Renew the access token: refresh tokens rotate, and one that comes back too late ends its session.
//!
//! The token names its session, so any token that once belonged to it is recognised by not being the present one. Seen
//! within 30 seconds, the token before the present one is a client whose answer was lost: it is given the very answer
//! again. Anything else was copied, and nobody can say which of the two holders is the thief.

use super::{
    guard::access_changed,
    login::{LoginResponse, respond, session_end, session_ended},
    session_store::{end_sessions, hash_token, nonce, session_of, successor, user_agent},
    totp::same,
    visitor::{Visitor, note},
};
use crate::{
    context::Ctx,
    http::{ApiError, Command},
};
use axum::{Json, extract::State, http::HeaderMap};
use entity::{session, time::Timestamp};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use serde::Deserialize;
use utoipa::ToSchema;

/// How long the token before is answered again: a client on a bad network retries within it.
const GRACE_MILLIS: i64 = 30_000;

/// A refresh token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The last refresh token of the session.
    #[schema(example = "3f1c0000000070008000000000000001.5b7e")]
    pub refresh_token: String,
}

/// What a token that was brought is to its session.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// The present one: it is replaced.
    Present,
    /// The one before, soon after it was replaced: the same successor again, made with this nonce.
    JustReplaced(String),
    /// An older one.
    Reused,
}

fn standing(session: &session::Model, held: &str, now: Timestamp) -> Standing {
    let hash = hash_token(held);
    if same(session.refresh_hash.as_bytes(), hash.as_bytes()) {
        return Standing::Present;
    }
    let is_previous = session.previous_hash.as_ref().is_some_and(|before| same(before.as_bytes(), hash.as_bytes()));
    let soon = session.rotated_at.is_some_and(|at| (0..GRACE_MILLIS).contains(&(now.0 - at.0)));
    match &session.successor_nonce {
        Some(nonce) if is_previous && soon => Standing::JustReplaced(nonce.clone()),
        _ => Standing::Reused,
    }
}

/// Renew the access token
///
/// The refresh token is replaced each time. The one before it is answered with the same successor for 30 seconds, for
/// clients whose answer was lost; after that, and for any older one, the session ends: it was copied.
#[utoipa::path(
    post, path = "/auth/refresh", operation_id = "refresh", tag = "access",
    request_body = RefreshRequest,
    responses((status = 200, body = LoginResponse, description = "New tokens"))
)]
pub async fn refresh(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    headers: HeaderMap,
    command: Command<RefreshRequest>,
) -> Result<Json<LoginResponse>, ApiError> {
    let now = ctx.clock.now();
    let held = command.body.refresh_token;
    // Made-up tokens get no further, whoever's session they name.
    let id = session_of(&ctx, &held)?.ok_or_else(session_ended)?;
    // Tokens of sessions that ended do not get as far as the write lock.
    let alive = session::Entity::find_by_id(id).filter(session::COLUMN.ended_at.is_null());
    alive.one(ctx.store.primary()).await?.ok_or_else(session_ended)?;
    let txn = ctx.store.begin().await?;
    // Locked where rows can be: two retries at once are answered one after the other.
    let found = session::Entity::find_by_id(id)
        .filter(session::COLUMN.ended_at.is_null())
        .filter(session::Column::ExpiresAt.gt(now))
        .lock_exclusive()
        .one(&txn)
        .await?
        .ok_or_else(session_ended)?;
    let refresh_token = match standing(&found, &held, now) {
        Standing::Present => {
            let nonce = nonce(&ctx);
            let next = successor(&ctx, id, &held, &nonce)?;
            rotate(&txn, &found, &next, nonce, now, (visitor.peer.shown(), user_agent(&headers))).await?;
            next
        }
        Standing::JustReplaced(nonce) => successor(&ctx, id, &held, &nonce)?,
        Standing::Reused => {
            end_sessions(&txn, Condition::all().add(session::COLUMN.id.eq(id)), now).await?;
            access_changed(&ctx, &txn, found.account_id).await?;
            let address = visitor.peer.shown();
            let caller = visitor.caller(&txn, found.account_id, id, now).await?;
            let told = serde_json::json!({ "reason": "refresh_token_reused" });
            note(&ctx, &txn, &caller, "session.end", id, told).await?;
            txn.commit().await?;
            ctx.guard.forget(found.account_id);
            tracing::warn!(session = %id, address, "a refresh token came back; its session was ended");
            return Err(session_ended());
        }
    };
    txn.commit().await?;
    respond(&ctx, found.account_id, id, refresh_token, now).await.map(Json)
}

async fn rotate(
    db: &impl ConnectionTrait,
    found: &session::Model,
    next: &str,
    nonce: String,
    now: Timestamp,
    (address, user_agent): (String, String),
) -> Result<(), DbErr> {
    session::Entity::update_many()
        .col_expr(session::Column::RefreshHash, Expr::value(hash_token(next)))
        .col_expr(session::Column::PreviousHash, Expr::value(found.refresh_hash.as_str()))
        .col_expr(session::Column::SuccessorNonce, Expr::value(nonce))
        .col_expr(session::Column::RotatedAt, Expr::value(now.0))
        .col_expr(session::Column::LastUsedAt, Expr::value(now.0))
        .col_expr(session::Column::ExpiresAt, Expr::value(session_end(found.created_at, now).0))
        .col_expr(session::Column::Address, Expr::value(address))
        .col_expr(session::Column::UserAgent, Expr::value(user_agent))
        .filter(session::COLUMN.id.eq(found.id))
        .exec(db)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::id::{AccountId, SessionId};
    use uuid::Uuid;

    #[test]
    fn a_token_stands_by_its_age() {
        let id = SessionId(Uuid::from_u128(1));
        let (first, nonce) = ("1.a".to_owned(), "n".to_owned());
        let second = "1.b".to_owned();
        let session = session::Model {
            id,
            account_id: AccountId(Uuid::from_u128(2)),
            refresh_hash: hash_token(&second),
            previous_hash: Some(hash_token(&first)),
            created_at: Timestamp(0),
            expires_at: Timestamp(i64::MAX),
            ended_at: None,
            rotated_at: Some(Timestamp(1_000)),
            successor_nonce: Some(nonce.clone()),
            last_used_at: Timestamp(1_000),
            address: String::new(),
            user_agent: String::new(),
        };
        let at = |held: &str, millis| standing(&session, held, Timestamp(millis));
        assert_eq!(at(&second, 1_000_000), Standing::Present);
        assert_eq!(at(&first, 1_000), Standing::JustReplaced(nonce.clone()));
        assert_eq!(at(&first, 1_000 + GRACE_MILLIS - 1), Standing::JustReplaced(nonce));
        assert_eq!(at(&first, 1_000 + GRACE_MILLIS), Standing::Reused);
        assert_eq!(at(&first, 999), Standing::Reused, "a clock that went back");
        assert_eq!(at("1.older", 1_000), Standing::Reused);
    }
}
