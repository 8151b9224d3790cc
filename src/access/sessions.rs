//! One's own sessions: listed, and ended one by one or all.

use super::{
    guard::{NewcomerCaller, access_changed},
    session_store::{end_other_sessions, end_sessions},
};
use crate::{
    context::Ctx,
    http::{ApiError, Page, PageQuery, Path, Query, page},
    store::Begun,
};
use axum::{Json, extract::State, http::StatusCode};
use entity::{id::SessionId, session, time::Timestamp};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// One log-in that still holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// The session.
    pub id: SessionId,
    /// Log-in.
    pub created_at: Timestamp,
    /// Log-in or last renewal.
    pub last_used_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// Where it was used from, at log-in or last renewal.
    #[schema(example = "203.0.113.9")]
    pub address: String,
    /// What program, as it named itself.
    #[schema(example = "curl/8.5.0")]
    pub user_agent: String,
    /// Whether it is the session of this very request.
    #[schema(example = true)]
    pub current: bool,
}

/// Which sessions end.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EndSessionsQuery {
    /// `true` to end the present session too; the others only unless given.
    #[param(example = false)]
    pub current: Option<bool>,
}

/// List one's sessions
///
/// The log-ins of the caller's account that still hold, newest first.
#[utoipa::path(
    get, path = "/me/sessions", operation_id = "list_sessions", tag = "access", security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, body = Page<SessionView>, description = "A page"))
)]
pub async fn list_sessions(
    State(ctx): State<Ctx>,
    NewcomerCaller(caller): NewcomerCaller,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<SessionView>>, ApiError> {
    let (limit, after) = (query.limit()?, query.after_id()?);
    let mut wanted = session::Entity::find()
        .filter(session::COLUMN.account_id.eq(caller.actor.account_id()))
        .filter(session::COLUMN.ended_at.is_null())
        .filter(session::Column::ExpiresAt.gt(ctx.clock.now()))
        .order_by_desc(session::Column::Id)
        .limit(limit + 1);
    if let Some(id) = after {
        wanted = wanted.filter(session::COLUMN.id.lt(SessionId(id)));
    }
    let rows = wanted.all(ctx.store.primary()).await?;
    let current = caller.actor.session_id();
    let show = |row: session::Model| SessionView {
        id: row.id,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
        address: row.address,
        user_agent: row.user_agent,
        current: current == Some(row.id),
    };
    Ok(Json(page(rows, limit, |row| row.id.to_string(), show)))
}

/// End a session
///
/// Its tokens are void on this server at once and on every other within a second. Ending an ended session is 404.
#[utoipa::path(
    delete, path = "/me/sessions/{id}", operation_id = "end_session", tag = "access", security(("bearer" = [])),
    params(("id" = SessionId, Path, description = "The session")),
    responses((status = 204, description = "Ended"))
)]
pub async fn end_session(
    State(ctx): State<Ctx>,
    NewcomerCaller(caller): NewcomerCaller,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, ApiError> {
    let account = caller.actor.account_id();
    let Begun::New(mut work) = ctx.begin(&caller, None).await? else { return Ok(StatusCode::NO_CONTENT) };
    let this = Condition::all().add(session::COLUMN.id.eq(id)).add(session::COLUMN.account_id.eq(account));
    if end_sessions(work.txn(), this, work.at).await? == 0 {
        return Err(ApiError::NotFound);
    }
    access_changed(&ctx, work.txn(), account).await?;
    work.audit("session.end", "session", &id, &serde_json::json!({}));
    work.commit(StatusCode::NO_CONTENT, &()).await?;
    ctx.guard.forget(account);
    Ok(StatusCode::NO_CONTENT)
}

/// End one's sessions
///
/// Every other session of the account, with `current=true` the present one too.
#[utoipa::path(
    delete, path = "/me/sessions", operation_id = "end_sessions", tag = "access", security(("bearer" = [])),
    params(EndSessionsQuery),
    responses((status = 204, description = "Ended"))
)]
pub async fn end_all_sessions(
    State(ctx): State<Ctx>,
    NewcomerCaller(caller): NewcomerCaller,
    Query(query): Query<EndSessionsQuery>,
) -> Result<StatusCode, ApiError> {
    let account = caller.actor.account_id();
    let Begun::New(mut work) = ctx.begin(&caller, None).await? else { return Ok(StatusCode::NO_CONTENT) };
    let ended = if query.current == Some(true) {
        let all = Condition::all().add(session::COLUMN.account_id.eq(account));
        end_sessions(work.txn(), all, work.at).await?
    } else {
        end_other_sessions(work.txn(), &caller, work.at).await?
    };
    access_changed(&ctx, work.txn(), account).await?;
    work.audit("session.end_all", "account", &account, &serde_json::json!({ "ended": ended }));
    work.commit(StatusCode::NO_CONTENT, &()).await?;
    ctx.guard.forget(account);
    Ok(StatusCode::NO_CONTENT)
}
