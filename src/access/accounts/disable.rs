//! Close an account and open it again.

use super::{
    closing::{Standing, may_open, standing},
    managed::{Whole, find_whole, update},
    view::{AccountView, view},
};
use crate::{
    access::{Action, Caller, Resource, access_changed, end_sessions},
    context::Ctx,
    http::{ApiError, Command, IfMatch, Path, Reply, Text},
    store::{Begun, IdempotencyKey},
};
use axum::{extract::State, http::StatusCode};
use entity::{
    account::{self, ClosingRank},
    id::AccountId,
    session,
    time::Timestamp,
};
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
/// With the roles and the password it had. What an authority or an administrator closed is opened by the same, or by
/// whoever stands above.
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
/// 403 where it holds more than the caller could give or was closed from above, 404 outside the scope, 409 where it is so already.
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
    let Whole { mut account, held } = find_whole(work.txn(), &caller.actor, &scope, id, work.at.business_day()).await?;
    version.check(account.version)?;
    let own = standing(caller.actor.grants(), &held);
    let (done, disabled_at) = match (to, account.disabled_at) {
        (Switch::Off, None) => ("account.disable", Some(work.at)),
        // Closed anew by a higher rank, which alone opens it from then on.
        (Switch::Off, closed @ Some(_)) if own.rank > account.disabled_rank.unwrap_or(ClosingRank::Place) => {
            ("account.disable", closed)
        }
        (Switch::On, Some(_)) => {
            let closed = account.disabled_rank.map(|rank| Standing { rank, unit: account.disabled_unit.clone() });
            if !may_open(caller.actor.grants(), &held, closed.as_ref()) {
                return Err(closed_from_above());
            }
            ("account.enable", None)
        }
        (Switch::Off, Some(_)) => {
            let detail = Text::new("该账号已停用。", "This account is closed already.");
            return Err(ApiError::conflict("account_disabled", detail));
        }
        (Switch::On, None) => {
            let detail = Text::new("该账号未停用。", "This account is not closed.");
            return Err(ApiError::conflict("account_enabled", detail));
        }
    };
    let closed = disabled_at.map(|_| own);
    account.disabled_at = disabled_at;
    account.disabled_by = caller.actor.recorded_account().filter(|_| closed.is_some());
    account.disabled_rank = closed.as_ref().map(|closed| closed.rank);
    account.disabled_unit = closed.and_then(|closed| closed.unit);
    let stored = [
        (account::Column::DisabledAt, Expr::value(disabled_at.map(|Timestamp(millis)| millis))),
        (account::Column::DisabledBy, Expr::value(account.disabled_by)),
        (account::Column::DisabledRank, Expr::value(account.disabled_rank)),
        (account::Column::DisabledUnit, Expr::value(account.disabled_unit.clone())),
    ];
    update(work.txn(), version, &mut account, |update| {
        stored.into_iter().fold(update, |update, (column, value)| update.col_expr(column, value))
    })
    .await?;
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

fn closed_from_above() -> ApiError {
    ApiError::refused(
        "closed_from_above",
        Text::new(
            "该账号由上级停用，只能由其或更高一级启用。",
            "This account was closed from above; only the same or a higher rank opens it.",
        ),
    )
}
