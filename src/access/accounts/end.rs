//! End a role.

use super::{
    draft::check_end,
    managed::{find_other, update},
    places::Places,
    view::{AccountView, view},
};
use crate::{
    access::{Action, Caller, Resource, access_changed, granting::grantable},
    context::Ctx,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    store::Begun,
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{id::MembershipId, membership};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// When it ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndMembershipRequest {
    /// Last day: yesterday ends it at once.
    #[schema(example = "2026-08-31")]
    pub to_on: NaiveDate,
}

/// End a role
///
/// One that the caller could give. The account stays, with its other roles; `If-Match` takes the account's version.
#[utoipa::path(
    post, path = "/memberships/{id}/end", operation_id = "end_membership", tag = "accounts",
    security(("bearer" = [])),
    params(("id" = MembershipId, Path, description = "The role held")),
    request_body = EndMembershipRequest,
    responses((status = 200, body = AccountView, description = "Ended"))
)]
pub async fn end_membership(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<MembershipId>,
    version: IfMatch,
    command: Command<EndMembershipRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Manage, Resource::Account)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let found = membership::Entity::find_by_id(id).filter(scope.on_membership()).one(work.txn()).await?;
    let held = found.ok_or(ApiError::NotFound)?;
    let mut account = find_other(work.txn(), &caller.actor, &scope, held.account_id).await?;
    version.check(account.version)?;
    let places = Places::of(work.txn(), std::slice::from_ref(&held)).await?;
    let may = places.target(&held).is_some_and(|target| grantable(caller.actor.grants(), held.role, &target));
    if !may {
        return Err(ApiError::refused(
            "role_not_grantable",
            Text::new("您无权授予、也无权终止这一角色。", "You can neither give nor end this role."),
        ));
    }
    let to_on = command.body.to_on;
    let mut check = Check::default();
    check_end(&mut check, to_on, held.to_on, work.at.business_day());
    check.finish()?;
    update(work.txn(), &version, &mut account, |update| update).await?;
    membership::Entity::update_many()
        .col_expr(membership::Column::ToOn, Expr::value(to_on))
        .filter(membership::Column::Id.eq(id))
        .exec(work.txn())
        .await?;
    let view = view(work.txn(), &scope, account).await?;
    let told = json!({
        "membership_id": id, "account_id": held.account_id, "role": held.role,
        "to_on": { "before": held.to_on, "after": to_on },
    });
    work.audit("membership.end", "membership", &id, &told);
    access_changed(&ctx, work.txn(), held.account_id).await?;
    let reply = work.commit(StatusCode::OK, &view).await?;
    ctx.guard.forget(held.account_id);
    Ok(reply)
}
