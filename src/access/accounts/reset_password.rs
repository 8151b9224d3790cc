//! Replace a forgotten password by a one-time password that is shown once.

use super::{
    create::OneTimeResponse,
    managed::{find_whole, update},
    view::view,
};
use crate::{
    access::{Action, Caller, Resource, access_changed, bootstrap::one_time_password, end_sessions, password},
    context::Ctx,
    http::{ApiError, Command, IfMatch, Path, Reply},
    store::{Begun, IdempotencyKey},
};
use axum::{extract::State, http::StatusCode};
use entity::{account, id::AccountId, session};
use sea_orm::{ColumnTrait, Condition, sea_query::Expr};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// Nothing more to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPasswordRequest {}

/// Reset a password
///
/// Ends the account's sessions and answers a one-time password, which only this answer shows. Only where every role
/// the account holds lies below the caller's own.
#[utoipa::path(
    post, path = "/accounts/{id}/reset-password", operation_id = "reset_password", tag = "accounts",
    security(("bearer" = [])),
    params(("id" = AccountId, Path, description = "The account")),
    request_body = ResetPasswordRequest,
    responses((status = 200, body = OneTimeResponse, description = "Reset"))
)]
pub async fn reset_password(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<AccountId>,
    version: IfMatch,
    command: Command<ResetPasswordRequest>,
) -> Result<Reply, ApiError> {
    reset(&ctx, &caller, command.key, &version, id).await
}

/// Resets the password of an account.
///
/// # Errors
/// 403 where it holds more than the caller could give, 404 outside the scope.
pub async fn reset(
    ctx: &Ctx,
    caller: &Caller,
    key: Option<IdempotencyKey>,
    version: &IfMatch,
    id: AccountId,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Manage, Resource::Account)?;
    let today = ctx.clock.now().business_day();
    // Hashing takes too long for an open transaction, and whoever may not do it costs no hash.
    match ctx.begin(caller, key.clone()).await? {
        Begun::New(work) => find_whole(work.txn(), &caller.actor, &scope, id, today).await.map(drop)?,
        Begun::Replay(reply) => return Ok(reply),
    }
    let password = one_time_password(ctx);
    let hash = password::hash(password.clone(), ctx.settings.password_cost).await?;
    let mut work = match ctx.begin(caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let mut account = find_whole(work.txn(), &caller.actor, &scope, id, today).await?.account;
    update(work.txn(), version, &mut account, |update| {
        update
            .col_expr(account::Column::PasswordHash, Expr::value(hash))
            .col_expr(account::Column::MustChangePassword, Expr::value(true))
    })
    .await?;
    account.must_change_password = true;
    end_sessions(work.txn(), Condition::all().add(session::COLUMN.account_id.eq(id)), work.at).await?;
    let mut answer = OneTimeResponse { account: view(work.txn(), &scope, account).await?, one_time_password: None };
    work.audit("account.reset_password", "account", &id, &json!({}));
    access_changed(ctx, work.txn(), id).await?;
    let reply = work.commit(StatusCode::OK, &answer).await?;
    ctx.guard.forget(id);
    if reply.replayed {
        return Ok(reply);
    }
    // Not part of what is stored for a repeated request.
    answer.one_time_password = Some(password);
    let body = serde_json::to_string(&answer).map_err(ApiError::internal)?;
    Ok(Reply { body, ..reply })
}
