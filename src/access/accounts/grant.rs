//! Give an account a further role.

use super::{
    create::facts,
    draft::{Giver, MembershipRequest, Names, wanted},
    managed::{beyond_reach, find_other, update},
    places::Places,
    view::{AccountView, view},
};
use crate::{
    access::{Action, Caller, Resource, access_changed},
    context::Ctx,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    store::{Begun, bulk},
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{id::AccountId, membership};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

/// Roles an account may have held in all: a list without a bound is none of ours.
const MOST: usize = 100;

/// Give a role
///
/// One that lies below the caller's own, from a day to a day. An account may hold several; nobody gives to themselves,
/// nor to an account that by now acts elsewhere only.
#[utoipa::path(
    post, path = "/accounts/{id}/memberships", operation_id = "grant_membership", tag = "accounts",
    security(("bearer" = [])),
    params(("id" = AccountId, Path, description = "The account")),
    request_body = MembershipRequest,
    responses((status = 201, body = AccountView, description = "Given"))
)]
pub async fn grant_membership(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<AccountId>,
    version: IfMatch,
    command: Command<MembershipRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Manage, Resource::Account)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let mut account = find_other(work.txn(), &caller.actor, &scope, id).await?;
    version.check(account.version)?;
    let giver = Giver { actor: &caller.actor, scope: &scope, today: work.at.business_day() };
    let places = Places::find(work.txn(), wanted(std::iter::once(&command.body))).await?;
    let mut check = Check::default();
    let ids = (ctx.ids.next(), id);
    let new = giver.membership(&mut check, ("", Names::JSON), &command.body, &places, ids);
    check.finish()?;
    let new = new.ok_or_else(|| ApiError::internal("a role without a fault was not made"))?;
    let held = membership::Entity::find().filter(membership::Column::AccountId.eq(id)).all(work.txn()).await?;
    let near = membership::Entity::find().filter(membership::Column::AccountId.eq(id)).filter(scope.on_membership());
    refuse_foreign(&held, &near.all(work.txn()).await?, giver.today)?;
    refuse_twice(&held, &new)?;
    update(work.txn(), &version, &mut account, |update| update).await?;
    bulk::insert(work.txn(), std::slice::from_ref(&new)).await?;
    let view = view(work.txn(), &scope, account).await?;
    work.audit("membership.grant", "membership", &new.id, &facts(&new));
    access_changed(&ctx, work.txn(), id).await?;
    let reply = work.commit(StatusCode::CREATED, &view).await?;
    ctx.guard.forget(id);
    Ok(reply)
}

/// Whoever left for elsewhere is not given roles from here: their new superiors could no longer close the account.
fn refuse_foreign(held: &[membership::Model], near: &[membership::Model], today: NaiveDate) -> Result<(), ApiError> {
    let is_open = |held: &membership::Model| held.to_on.is_none_or(|to_on| to_on >= today);
    if held.iter().any(is_open) && !near.iter().any(is_open) {
        return Err(beyond_reach());
    }
    Ok(())
}

fn refuse_twice(held: &[membership::Model], new: &membership::Model) -> Result<(), ApiError> {
    let same = |held: &&membership::Model| {
        (held.role, held.school_id, held.supplier_id, &held.reporting_unit_code)
            == (new.role, new.school_id, new.supplier_id, &new.reporting_unit_code)
    };
    let meets = |held: &membership::Model| {
        held.to_on.is_none_or(|to_on| to_on >= new.from_on) && new.to_on.is_none_or(|to_on| to_on >= held.from_on)
    };
    if held.iter().filter(same).any(meets) {
        return Err(ApiError::conflict(
            "membership_held",
            Text::new("该账号在此期间已持有这一角色。", "The account holds this role in these days already."),
        ));
    }
    if held.len() >= MOST {
        return Err(ApiError::conflict(
            "too_many_memberships",
            Text::new("该账号的角色记录过多，请另建账号。", "The account has held too many roles; make another one."),
        ));
    }
    Ok(())
}
