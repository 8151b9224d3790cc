//! Log in, renew, log out.

use super::{
    actor::Caller,
    guard::NewcomerCaller,
    me::{MeResponse, describe},
    password,
    peer::{Peer, name_hash, note},
    tokens::ACCESS_SECONDS,
};
use crate::{
    context::Ctx,
    http::{ApiError, Command, Text, hex},
};
use axum::{Json, extract::State, http::StatusCode};
use entity::{
    account,
    id::{AccountId, SessionId},
    session,
    time::Timestamp,
};
use ring::digest;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Set, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use utoipa::ToSchema;

/// Failed tries for one name from one address before it has to wait.
const TRIES_PER_NAME: u64 = 10;
/// Log-ins from one address over all names, right or wrong: a success does not buy another hundred guesses.
const TRIES_PER_ADDRESS: u64 = 300;
/// Characters of a name that are told apart when counting.
const COUNTED_CHARACTERS: usize = 100;
const WINDOW: Duration = Duration::from_secs(900);
/// A session ends this long after log-in, renewed or not.
const SESSION_MILLIS: i64 = 30 * 24 * 3600 * 1000;

/// Name and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// Log-in name.
    #[schema(example = "yunong")]
    pub username: String,
    /// Password.
    #[schema(example = "demo-canteen-2026", format = Password)]
    pub password: String,
}

/// Tokens and who they belong to.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoginResponse {
    /// Send it as `Authorization: Bearer …`.
    #[schema(example = "eyJhbGciOiJFZERTQSJ9.e30.c2ln")]
    pub access_token: String,
    /// Good for one renewal.
    #[schema(example = "3f1c0000000070008000000000000001.5b7e")]
    pub refresh_token: String,
    /// Seconds the access token holds.
    #[schema(example = 600)]
    pub expires_in: i64,
    /// Who is logged in and where they may act.
    pub account: MeResponse,
}

/// A refresh token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The last refresh token of the session.
    #[schema(example = "3f1c0000000070008000000000000001.5b7e")]
    pub refresh_token: String,
}

fn wrong_login() -> ApiError {
    ApiError::Unauthenticated {
        code: "login_failed",
        detail: Text::new("用户名或口令不正确。", "The user name or the password is wrong."),
    }
}

fn refused_refresh() -> ApiError {
    ApiError::Unauthenticated {
        code: "refresh_failed",
        detail: Text::new("登录已失效，请重新登录。", "This session has ended; log in again."),
    }
}

/// Log in
///
/// Answers the same, and after the same work, for an unknown name and for a wrong password.
#[utoipa::path(
    post, path = "/auth/login", operation_id = "login", tag = "access",
    request_body = LoginRequest,
    responses((status = 200, body = LoginResponse, description = "Logged in"))
)]
pub async fn login(
    State(ctx): State<Ctx>,
    peer: Peer,
    command: Command<LoginRequest>,
) -> Result<Json<LoginResponse>, ApiError> {
    let now = ctx.clock.now();
    let username = command.body.username.trim().to_lowercase();
    // Counted by name and address together: a stranger elsewhere cannot lock the owner out. The address comes first and
    // the name is cut: what one address can make us remember stays small.
    let address = peer.address();
    let by_address = format!("xiaonong:login:{address}");
    let counted: String = username.chars().take(COUNTED_CHARACTERS).collect();
    let by_name = format!("xiaonong:login:{counted}:{address}");
    let too_many = ApiError::TooMany { retry_after: i64::try_from(WINDOW.as_secs()).unwrap_or(900) };
    if ctx.counters.hit(&by_address, WINDOW, now).await > TRIES_PER_ADDRESS {
        return Err(too_many);
    }
    if ctx.counters.hit(&by_name, WINDOW, now).await > TRIES_PER_NAME {
        return Err(too_many);
    }
    let found = account::Entity::find().filter(account::COLUMN.username.eq(&username)).one(ctx.store.primary()).await?;
    let found = found.filter(|account| account.disabled_at.is_none());
    let stored = found.as_ref().map(|account| account.password_hash.clone());
    let right = password::verify(command.body.password, stored, ctx.settings.password_cost).await?;
    let Some(account) = found.as_ref().filter(|_| right) else {
        peer.failed_log_in(found.map(|account| account.id), name_hash(&ctx, &counted)?);
        return Err(wrong_login());
    };
    ctx.counters.clear(&by_name, now).await;
    let session_id: SessionId = ctx.ids.next();
    let refresh_token = new_refresh_token(&ctx, session_id);
    let row = session::ActiveModel {
        id: Set(session_id),
        account_id: Set(account.id),
        refresh_hash: Set(hash_token(&refresh_token)),
        previous_hash: Set(None),
        created_at: Set(now),
        expires_at: Set(Timestamp(now.0 + SESSION_MILLIS)),
        ended_at: Set(None),
    };
    let txn = ctx.store.begin().await?;
    row.insert(&txn).await?;
    let caller = peer.caller(&txn, account.id, session_id, now).await?;
    note(&ctx, &txn, &caller, "session.login", session_id, serde_json::json!({})).await?;
    txn.commit().await?;
    respond(&ctx, account.id, session_id, refresh_token, now).await.map(Json)
}

/// Renew the access token
///
/// The refresh token is replaced each time. One that was replaced before ends the session: it was copied.
#[utoipa::path(
    post, path = "/auth/refresh", operation_id = "refresh", tag = "access",
    request_body = RefreshRequest,
    responses((status = 200, body = LoginResponse, description = "New tokens"))
)]
pub async fn refresh(
    State(ctx): State<Ctx>,
    peer: Peer,
    command: Command<RefreshRequest>,
) -> Result<Json<LoginResponse>, ApiError> {
    let now = ctx.clock.now();
    let held = hash_token(&command.body.refresh_token);
    let txn = ctx.store.begin().await?;
    let found = session::Entity::find()
        .filter(
            Condition::any()
                .add(session::COLUMN.refresh_hash.eq(&held))
                .add(session::COLUMN.previous_hash.eq(held.as_str())),
        )
        .filter(session::COLUMN.ended_at.is_null())
        .one(&txn)
        .await?
        .ok_or_else(refused_refresh)?;
    if found.refresh_hash != held || found.expires_at <= now {
        end_sessions(&txn, Condition::all().add(session::COLUMN.id.eq(found.id)), now).await?;
        let caller = peer.caller(&txn, found.account_id, found.id, now).await?;
        let reason = if found.refresh_hash == held { "expired" } else { "refresh_token_reused" };
        note(&ctx, &txn, &caller, "session.end", found.id, serde_json::json!({ "reason": reason })).await?;
        txn.commit().await?;
        ctx.guard.forget();
        return Err(refused_refresh());
    }
    let refresh_token = new_refresh_token(&ctx, found.id);
    let changed = session::Entity::update_many()
        .col_expr(session::Column::RefreshHash, Expr::value(hash_token(&refresh_token)))
        .col_expr(session::Column::PreviousHash, Expr::value(held.clone()))
        .filter(session::COLUMN.id.eq(found.id))
        .filter(session::COLUMN.refresh_hash.eq(held))
        .exec(&txn)
        .await?;
    if changed.rows_affected != 1 {
        return Err(refused_refresh());
    }
    txn.commit().await?;
    respond(&ctx, found.account_id, found.id, refresh_token, now).await.map(Json)
}

/// Log out
///
/// Ends the session; its access token is void on this server at once and on every other within a second.
#[utoipa::path(
    post, path = "/auth/logout", operation_id = "logout", tag = "access", security(("bearer" = [])),
    responses((status = 204, description = "Logged out"))
)]
pub async fn logout(State(ctx): State<Ctx>, NewcomerCaller(caller): NewcomerCaller) -> Result<StatusCode, ApiError> {
    let now = ctx.clock.now();
    if let Some(session_id) = caller.actor.session_id() {
        let txn = ctx.store.begin().await?;
        end_sessions(&txn, Condition::all().add(session::COLUMN.id.eq(session_id)), now).await?;
        note(&ctx, &txn, &caller, "session.logout", session_id, serde_json::json!({})).await?;
        txn.commit().await?;
    }
    ctx.guard.forget();
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the sessions that fit `which`.
pub async fn end_sessions(db: &impl ConnectionTrait, which: Condition, now: Timestamp) -> Result<(), DbErr> {
    session::Entity::update_many()
        .col_expr(session::Column::EndedAt, Expr::value(now.0))
        .filter(which)
        .filter(session::COLUMN.ended_at.is_null())
        .exec(db)
        .await
        .map(drop)
}

async fn respond(
    ctx: &Ctx,
    account: AccountId,
    session: SessionId,
    refresh_token: String,
    now: Timestamp,
) -> Result<LoginResponse, ApiError> {
    let actor = super::store::load_actor(ctx, session, account, now).await?.ok_or_else(refused_refresh)?;
    let caller = Caller { actor: Arc::new(actor), request_id: String::new(), address: None };
    Ok(LoginResponse {
        access_token: ctx.tokens.issue(account, session, now).map_err(ApiError::internal)?,
        refresh_token,
        expires_in: ACCESS_SECONDS,
        account: describe(ctx, &caller).await?,
    })
}

fn new_refresh_token(ctx: &Ctx, session: SessionId) -> String {
    format!("{}.{}", session.0.simple(), hex(&ctx.ids.random::<32>()))
}

pub(super) fn hash_token(token: &str) -> String {
    hex(digest::digest(&digest::SHA256, token.as_bytes()).as_ref())
}
