//! Close an account and open it again.

use super::{
    managed::{find_whole, update},
    view::{AccountView, view},
};
use crate::{
    access::{Action, Caller, Resource, access_changed, end_sessions},
    context::Ctx,
    http::{ApiError, Command, IfMatch, Path, Reply, Text},
    store::{Begun, IdempotencyKey},
};
use axum::{extract::State, http::StatusCode};
use entity::{account, id::AccountId, session, time::Timestamp};
use sea_orm::{ColumnTrait, Condition, sea_query::Expr};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// Nothing more to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchAccountRequest {}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Close.
    Off,
    /// Open.
    On,
}

/// Close an account
///
/// Its sessions end at once and nobody logs in with it. Only where every role it holds lies below the caller's own;
/// otherwise the roles within the caller's reach can be ended one by one.
#[utoipa::path(
    post, path = "/accounts/{id}/disable", operation_id = "disable_account", tag = "accounts",
    security(("bearer" = [])),
    params(("id" = AccountId, Path, description = "The account")),
    request_body = SwitchAccountRequest,
    responses((status = 200, body = AccountView, description = "Closed"))
)]
pub async fn disable_account(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<AccountId>,
    version: IfMatch,
    command: Command<SwitchAccountRequest>,
) -> Result<Reply, ApiError> {
    switch(&ctx, &caller, command.key, &version, id, Switch::Off).await
}

/// Open an account again
///
/// With the roles and the password it had.
#[utoipa::path(
    post, path = "/accounts/{id}/enable", operation_id = "enable_account", tag = "accounts",
    security(("bearer" = [])),
    params(("id" = AccountId, Path, description = "The account")),
    request_body = SwitchAccountRequest,
    responses((status = 200, body = AccountView, description = "Open"))
)]
pub async fn enable_account(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<AccountId>,
    version: IfMatch,
    command: Command<SwitchAccountRequest>,
) -> Result<Reply, ApiError> {
    switch(&ctx, &caller, command.key, &version, id, Switch::On).await
}

/// Closes or opens an account.
///
/// # Errors
/// 403 where it holds more than the caller could give, 404 outside the scope, 409 where it is so already.
pub async fn switch(
    ctx: &Ctx,
    caller: &Caller,
    key: Option<IdempotencyKey>,
    version: &IfMatch,
    id: AccountId,
    to: Switch,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Manage, Resource::Account)?;
    let mut work = match ctx.begin(caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let mut account = find_whole(work.txn(), &caller.actor, &scope, id, work.at.business_day()).await?;
    version.check(account.version)?;
    let (done, disabled_at) = match (to, account.disabled_at) {
        (Switch::Off, None) => ("account.disable", Some(work.at)),
        (Switch::On, Some(_)) => ("account.enable", None),
        (Switch::Off, Some(_)) => {
            let detail = Text::new("该账号已停用。", "This account is closed already.");
            return Err(ApiError::conflict("account_disabled", detail));
        }
        (Switch::On, None) => {
            let detail = Text::new("该账号未停用。", "This account is not closed.");
            return Err(ApiError::conflict("account_enabled", detail));
        }
    };
    let stored = Expr::value(disabled_at.map(|Timestamp(millis)| millis));
    update(work.txn(), version, &mut account, |update| update.col_expr(account::Column::DisabledAt, stored)).await?;
    account.disabled_at = disabled_at;
    if to == Switch::Off {
        end_sessions(work.txn(), Condition::all().add(session::COLUMN.account_id.eq(id)), work.at).await?;
    }
    let view = view(work.txn(), &scope, account).await?;
    work.audit(done, "account", &id, &json!({}));
    access_changed(ctx, work.txn(), id).await?;
    let reply = work.commit(StatusCode::OK, &view).await?;
    ctx.guard.forget(id);
    Ok(reply)
}
