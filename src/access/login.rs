//! Log in, log out.

use super::{
    actor::Caller,
    guard::{NewcomerCaller, access_changed},
    me::{MeResponse, describe},
    password, second_factor,
    session_store::{end_sessions, first_token, hash_token, user_agent},
    store,
    tokens::ACCESS_SECONDS,
    tries::Try,
    visitor::{Visitor, name_hash, note},
};
use crate::{
    context::Ctx,
    http::{ApiError, Command, Text},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use entity::{
    account,
    id::{AccountId, SessionId},
    session,
    time::Timestamp,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, Set, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A session ends this long after log-in, renewed or not.
const SESSION_MILLIS: i64 = 30 * 24 * 3600 * 1000;
/// A session ends this long after its last renewal: a lost phone in a drawer is no way in.
const IDLE_MILLIS: i64 = 7 * 24 * 3600 * 1000;

/// When a session that began at `began` ends, if it is not renewed after `now`.
pub(super) fn session_end(began: Timestamp, now: Timestamp) -> Timestamp {
    Timestamp((began.0 + SESSION_MILLIS).min(now.0 + IDLE_MILLIS))
}

/// Name, password and, where the account has a second factor, a code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// Log-in name.
    #[schema(example = "yunong")]
    pub username: String,
    /// Password.
    #[schema(example = "demo-canteen-2026", format = Password)]
    pub password: String,
    /// A code of the authenticator, or a recovery code; only for accounts with a second factor.
    #[serde(default)]
    #[schema(example = "287082")]
    pub code: Option<String>,
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

fn refused(code: &'static str, zh: &'static str, en: &'static str) -> ApiError {
    ApiError::Unauthenticated { code, detail: Text::new(zh, en) }
}

fn wrong_login() -> ApiError {
    refused("login_failed", "用户名或口令不正确。", "The user name or the password is wrong.")
}

pub(super) fn session_ended() -> ApiError {
    refused("refresh_failed", "登录已失效，请重新登录。", "This session has ended; log in again.")
}

/// Log in
///
/// Answers the same, and after the same work, for an unknown name and for a wrong password. Where the account has a second
/// factor, a right password without `code` is answered 401 `second_factor_required`, a wrong code 401
/// `second_factor_wrong`.
#[utoipa::path(
    post, path = "/auth/login", operation_id = "login", tag = "access",
    request_body = LoginRequest,
    responses((status = 200, body = LoginResponse, description = "Logged in"))
)]
pub async fn login(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    headers: HeaderMap,
    command: Command<LoginRequest>,
) -> Result<Json<LoginResponse>, ApiError> {
    let now = ctx.clock.now();
    let LoginRequest { username, password, code } = command.body;
    let username = username.trim().to_lowercase();
    let tried = Try::admit(&ctx, &username, visitor.peer, now).await?;
    let found = account::Entity::find().filter(account::COLUMN.username.eq(&username)).one(ctx.store.primary()).await?;
    let found = found.filter(|account| account.disabled_at.is_none());
    let stored = found.as_ref().map(|account| account.password_hash.clone());
    let right = password::verify(password.clone(), stored, ctx.settings.password_cost).await?;
    let known = found.as_ref().map(|account| account.id);
    let Some(account) = found.filter(|_| right) else {
        tried.failed().await;
        visitor.failed_log_in(known, name_hash(&ctx, &username)?);
        return Err(wrong_login());
    };
    let second = second_factor::find(ctx.store.primary(), account.id).await?;
    let codes = match (&second, &code) {
        (None, _) => None,
        (Some(_), None) => {
            // The sign of a stolen password, or of a client that asks before it knows: the trail keeps both.
            visitor.failed_log_in(known, name_hash(&ctx, &username)?);
            return Err(refused("second_factor_required", "请输入动态口令。", "Send a code of the second factor too."));
        }
        (Some(_), Some(_)) => Some(second_factor::admit(&ctx, account.id, now).await?),
    };
    let fresh_hash = if password::is_outdated(&account.password_hash, ctx.settings.password_cost) {
        Some(password::hash(password, ctx.settings.password_cost).await?)
    } else {
        None
    };
    let session_id: SessionId = ctx.ids.next();
    let refresh_token = first_token(&ctx, session_id)?;
    let txn = ctx.store.begin().await?;
    if let (Some(second), Some(code)) = (&second, &code)
        && !second_factor::take(&ctx, &txn, second, code, now).await?
    {
        // Nothing was written; the connection is free before the failure is counted.
        txn.rollback().await?;
        tried.failed().await;
        visitor.failed_log_in(Some(account.id), name_hash(&ctx, &username)?);
        return Err(refused(
            "second_factor_wrong",
            "动态口令不正确或已用过。",
            "The code is wrong or was used before.",
        ));
    }
    let row = session::ActiveModel {
        id: Set(session_id),
        account_id: Set(account.id),
        refresh_hash: Set(hash_token(&refresh_token)),
        previous_hash: Set(None),
        created_at: Set(now),
        expires_at: Set(session_end(now, now)),
        ended_at: Set(None),
        rotated_at: Set(None),
        successor_nonce: Set(None),
        last_used_at: Set(now),
        address: Set(visitor.peer.shown()),
        user_agent: Set(user_agent(&headers)),
    };
    row.insert(&txn).await?;
    if let Some(fresh) = fresh_hash {
        renew_hash(&txn, &account, fresh).await?;
    }
    let caller = visitor.caller(&txn, account.id, session_id, now).await?;
    note(&ctx, &txn, &caller, "session.login", session_id, serde_json::json!({})).await?;
    txn.commit().await?;
    tried.succeeded().await;
    if let Some(codes) = codes {
        ctx.counters.clear(&codes, now).await;
    }
    respond(&ctx, account.id, session_id, refresh_token, now).await.map(Json)
}

/// Stores the same password at the present cost, unless it was changed meanwhile. Not a change anyone else should see:
/// the version stays.
async fn renew_hash(db: &impl ConnectionTrait, account: &account::Model, fresh: String) -> Result<(), sea_orm::DbErr> {
    account::Entity::update_many()
        .col_expr(account::Column::PasswordHash, Expr::value(fresh))
        .filter(account::COLUMN.id.eq(account.id))
        .filter(account::COLUMN.password_hash.eq(account.password_hash.as_str()))
        .exec(db)
        .await
        .map(drop)
}

/// Log out
///
/// Ends the session; its access token is void on this server at once and on every other within a second.
#[utoipa::path(
    post, path = "/auth/logout", operation_id = "logout", tag = "access", security(("bearer" = [])),
    responses((status = 204, description = "Logged out"))
)]
pub async fn logout(State(ctx): State<Ctx>, NewcomerCaller(caller): NewcomerCaller) -> Result<StatusCode, ApiError> {
    let (now, id) = (ctx.clock.now(), caller.actor.account_id());
    if let Some(session_id) = caller.actor.session_id() {
        let txn = ctx.store.begin().await?;
        end_sessions(&txn, Condition::all().add(session::COLUMN.id.eq(session_id)), now).await?;
        access_changed(&ctx, &txn, id).await?;
        note(&ctx, &txn, &caller, "session.logout", session_id, serde_json::json!({})).await?;
        txn.commit().await?;
    }
    ctx.guard.forget(id);
    Ok(StatusCode::NO_CONTENT)
}

/// The answer to a log-in and to a renewal.
pub(super) async fn respond(
    ctx: &Ctx,
    account: AccountId,
    session: SessionId,
    refresh_token: String,
    now: Timestamp,
) -> Result<LoginResponse, ApiError> {
    let actor = store::load_actor(ctx, session, account, now).await?.ok_or_else(session_ended)?;
    let caller = Caller { actor: Arc::new(actor), request_id: String::new(), address: None };
    Ok(LoginResponse {
        access_token: ctx.tokens.issue(account, session, now).map_err(ApiError::internal)?,
        refresh_token,
        expires_in: ACCESS_SECONDS,
        account: describe(ctx, &caller).await?,
    })
}
