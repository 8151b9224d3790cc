//! An account as those above it see it: with the roles that lie in their reach, and no others.

use super::places::Places;
use crate::access::scope::Scope;
use chrono::NaiveDate;
use entity::{
    account::{self, ClosingRank},
    id::{AccountId, MembershipId, SchoolId, SupplierId},
    membership::{self, Role},
    time::Timestamp,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use utoipa::ToSchema;

/// An account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountView {
    /// Its id.
    pub id: AccountId,
    /// Log-in name.
    #[schema(example = "songpo-wang")]
    pub username: String,
    /// Name shown to others.
    #[schema(example = "王老师")]
    pub display_name: String,
    /// Whether a one-time password is still to be replaced.
    #[schema(example = true)]
    pub must_change_password: bool,
    /// When it was closed; null while open.
    pub disabled_at: Option<Timestamp>,
    /// As what it was closed: only the same rank or a higher one opens it; null while open.
    pub disabled_rank: Option<ClosingRank>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Roles past, present and to come, as far as they lie in the caller's reach.
    pub memberships: Vec<HeldMembershipView>,
    /// Version of the account with its roles.
    #[schema(example = 1)]
    pub version: i64,
}

/// A role, where and when it holds.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HeldMembershipView {
    /// Its id.
    pub id: MembershipId,
    /// The role.
    pub role: Role,
    /// School of a principal, canteen manager or inspector.
    pub school_id: Option<SchoolId>,
    /// Supplier of an owner or a clerk.
    pub supplier_id: Option<SupplierId>,
    /// Top of an authority's subtree; the unit an agent is registered with.
    #[schema(example = "910526")]
    pub reporting_unit_code: Option<String>,
    /// Name of the school, supplier or unit.
    #[schema(example = "雨农小学")]
    pub place: Option<String>,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day; null while it holds.
    pub to_on: Option<NaiveDate>,
}

impl AccountView {
    /// The view of an account with these of its memberships.
    pub(super) fn new(account: account::Model, held: &[membership::Model], places: &Places) -> Self {
        let own = held.iter().filter(|held| held.account_id == account.id);
        let view = |held: &membership::Model| HeldMembershipView {
            id: held.id,
            role: held.role,
            school_id: held.school_id,
            supplier_id: held.supplier_id,
            reporting_unit_code: held.reporting_unit_code.clone(),
            place: places.name(held),
            from_on: held.from_on,
            to_on: held.to_on,
        };
        Self {
            memberships: own.map(view).collect(),
            id: account.id,
            username: account.username,
            display_name: account.display_name,
            must_change_password: account.must_change_password,
            disabled_at: account.disabled_at,
            disabled_rank: account.disabled_rank,
            created_at: account.created_at,
            version: account.version,
        }
    }
}

/// Views of these accounts with the memberships within `scope`.
pub(super) async fn views(
    db: &impl ConnectionTrait,
    scope: &Scope,
    accounts: Vec<account::Model>,
) -> Result<Vec<AccountView>, DbErr> {
    let held = membership::Entity::find()
        .filter(membership::Column::AccountId.is_in(accounts.iter().map(|account| account.id)))
        .filter(scope.on_membership())
        .order_by_asc(membership::Column::Id)
        .all(db)
        .await?;
    let places = Places::of(db, &held).await?;
    Ok(accounts.into_iter().map(|account| AccountView::new(account, &held, &places)).collect())
}

/// The view of one account.
pub(super) async fn view(
    db: &impl ConnectionTrait,
    scope: &Scope,
    account: account::Model,
) -> Result<AccountView, crate::http::ApiError> {
    views(db, scope, vec![account]).await?.pop().ok_or(crate::http::ApiError::NotFound)
}
