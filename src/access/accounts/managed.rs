//! Finding accounts within a scope, and those that a caller may change as a whole.

use super::places::Places;
use crate::{
    access::{
        Actor,
        granting::{Target, grantable},
        scope::Scope,
    },
    http::{ApiError, IfMatch, Text},
};
use chrono::NaiveDate;
use entity::{
    account,
    id::AccountId,
    membership::{self, Role},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait, UpdateMany,
    sea_query::Expr,
};

/// Accounts with a membership in this scope, whenever it held.
pub(super) fn in_scope(scope: &Scope) -> Condition {
    if scope.is_everything() {
        return Condition::all();
    }
    let held = membership::Entity::find().select_only().column(membership::Column::AccountId);
    Condition::all().add(account::Column::Id.in_subquery(held.filter(scope.on_membership()).into_query()))
}

/// An account within the scope.
pub(super) async fn find(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: AccountId,
) -> Result<Option<account::Model>, DbErr> {
    account::Entity::find_by_id(id).filter(in_scope(scope)).one(db).await
}

/// An account within the scope that is not the caller's own: nobody gives to or takes from themselves.
pub(super) async fn find_other(
    db: &impl ConnectionTrait,
    actor: &Actor,
    scope: &Scope,
    id: AccountId,
) -> Result<account::Model, ApiError> {
    let account = find(db, scope, id).await?.ok_or(ApiError::NotFound)?;
    if account.id == actor.account_id() {
        return Err(ApiError::refused(
            "own_account",
            Text::new("不能变更本人的账号或角色。", "Nobody changes their own account or roles here."),
        ));
    }
    Ok(account)
}

/// An account with the roles it holds, or held last.
pub(super) struct Whole {
    pub account: account::Model,
    pub held: Vec<(Role, Target)>,
}

/// An account the caller may close, open or reset: every role it holds, or held last, is one the caller could give.
/// Otherwise a school could lock out an officer who also helps in its kitchen, or log in as one.
pub(super) async fn find_whole(
    db: &impl ConnectionTrait,
    actor: &Actor,
    scope: &Scope,
    id: AccountId,
    today: NaiveDate,
) -> Result<Whole, ApiError> {
    let account = find_other(db, actor, scope, id).await?;
    let mut held = membership::Entity::find().filter(membership::Column::AccountId.eq(id)).all(db).await?;
    let open = |held: &membership::Model| held.to_on.is_none_or(|to_on| to_on >= today);
    if held.iter().any(open) {
        held.retain(open);
    }
    let places = Places::of(db, &held).await?;
    let held: Option<Vec<_>> = held.iter().map(|held| Some((held.role, places.target(held)?))).collect();
    match held {
        Some(held) if held.iter().all(|(role, target)| grantable(actor.grants(), *role, target)) => {
            Ok(Whole { account, held })
        }
        _ => Err(beyond_reach()),
    }
}

/// The problem of an account that is more than the caller's.
pub(super) fn beyond_reach() -> ApiError {
    ApiError::refused(
        "account_beyond_reach",
        Text::new(
            "该账号还持有您无权授予的角色；您只能终止您权限范围内的角色。",
            "This account also holds roles you cannot give; you may only end those within your reach.",
        ),
    )
}

/// Writes a change to an account at the version it was read in.
pub(super) async fn update(
    db: &impl ConnectionTrait,
    version: &IfMatch,
    account: &mut account::Model,
    set: impl FnOnce(UpdateMany<account::Entity>) -> UpdateMany<account::Entity>,
) -> Result<(), ApiError> {
    version.check(account.version)?;
    let update = account::Entity::update_many().col_expr(account::Column::Version, Expr::value(account.version + 1));
    let changed = set(update)
        .filter(account::Column::Id.eq(account.id))
        .filter(account::Column::Version.eq(account.version))
        .exec(db)
        .await?;
    if changed.rows_affected != 1 {
        return Err(ApiError::Stale { version: account.version + 1 });
    }
    account.version += 1;
    Ok(())
}
