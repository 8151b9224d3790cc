//! A new password of one's own.

use super::{
    enrol::with_password,
    guard::{NewcomerCaller, access_changed},
    password,
    session_store::end_other_sessions,
};
use crate::{
    context::Ctx,
    http::{ApiError, Check, Command, Text},
    store::{Begun, IdempotencyKey},
};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use entity::account;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde::Deserialize;
use utoipa::ToSchema;

/// A new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePasswordRequest {
    /// The present one.
    #[schema(example = "demo-canteen-2026", format = Password)]
    pub current: String,
    /// The new one: 12 to 128 characters, not put together from common words, repeats and sequences.
    #[schema(example = "苗岭梯田里的稻花香二十里", format = Password)]
    pub new: String,
}

/// Change the password
///
/// Ends every other session of the account. After ten wrong tries a session has to wait.
#[utoipa::path(
    post, path = "/me/password", operation_id = "change_password", tag = "access", security(("bearer" = [])),
    request_body = ChangePasswordRequest,
    responses((status = 204, description = "Changed"))
)]
pub async fn change_password(
    State(ctx): State<Ctx>,
    NewcomerCaller(caller): NewcomerCaller,
    command: Command<ChangePasswordRequest>,
) -> Result<Response, ApiError> {
    let key = command.key.map(|key| hide_body(&ctx, key)).transpose()?;
    // Looked up before the password is: on a retry the present password is the new one. Begun only to look, the
    // transaction is let go, since nobody should wait for the database while a password is checked.
    if key.is_some()
        && let Begun::Replay(_) = ctx.begin(&caller, key.clone()).await?
    {
        return Ok(changed(true));
    }
    let ChangePasswordRequest { current, new } = command.body;
    let id = caller.actor.account_id();
    let account = account::Entity::find_by_id(id).one(ctx.store.primary()).await?.ok_or(ApiError::NotFound)?;
    let mut check = Check::default();
    password::check(&mut check, "/new", &new, &account.username, ctx.settings.province.place_words());
    check.that(new != current, "/new", "password_unchanged", Text::new("须与现口令不同。", "Must differ."));
    check.finish()?;
    let account = with_password(&ctx, &caller, current).await?;
    let hash = password::hash(new, ctx.settings.password_cost).await?;
    let Begun::New(mut work) = ctx.begin(&caller, key).await? else { return Ok(changed(true)) };
    let written = account::Entity::update_many()
        .col_expr(account::Column::PasswordHash, Expr::value(hash))
        .col_expr(account::Column::MustChangePassword, Expr::value(false))
        .col_expr(account::Column::Version, Expr::value(account.version + 1))
        .filter(account::COLUMN.id.eq(id))
        .filter(account::COLUMN.version.eq(account.version))
        .exec(work.txn())
        .await?;
    if written.rows_affected != 1 {
        return Err(ApiError::Stale { version: account.version + 1 });
    }
    end_other_sessions(work.txn(), &caller, work.at).await?;
    access_changed(&ctx, work.txn(), id).await?;
    let fields = |must_change: bool| serde_json::json!({ "must_change_password": must_change });
    let before = fields(account.must_change_password);
    work.changed("account.change_password", "account", &id, &serde_json::json!({}), &before, &fields(false));
    let reply = work.commit(StatusCode::NO_CONTENT, &()).await?;
    ctx.guard.forget(id);
    Ok(changed(reply.replayed))
}

/// The hash over a body that holds passwords must not be one that can be guessed at: it is stored under a key.
fn hide_body(ctx: &Ctx, key: IdempotencyKey) -> Result<IdempotencyKey, ApiError> {
    let body_hash = ctx.seal.tag(&[b"idempotency", key.body_hash.as_bytes()])?;
    Ok(IdempotencyKey { key: key.key, body_hash })
}

fn changed(replayed: bool) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    if replayed {
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    response
}
