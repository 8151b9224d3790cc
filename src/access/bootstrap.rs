//! Accounts made from inside: the first administrator and the demonstration's log-ins.

use super::password::{self, Cost};
use crate::{audit::machine_line, context::Ctx, http::ApiError, store::bulk};
use chrono::NaiveDate;
use entity::{
    account, audit_entry,
    id::{AccountId, SchoolId, SupplierId},
    membership::{self, Role},
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

/// Memberships made here hold from before the programme began, so that past days can be played.
const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(2014, 1, 1).expect("a date");

/// An account to be made.
pub struct NewAccount<'a> {
    /// Its id, so that making it again can be recognised.
    pub id: AccountId,
    /// Log-in name.
    pub username: &'a str,
    /// Name shown to others.
    pub display_name: &'a str,
    /// First password.
    pub password: String,
    /// Whether the first password is for one log-in only.
    pub one_time: bool,
    /// The role.
    pub role: Role,
    /// School of a principal, canteen manager or inspector.
    pub school_id: Option<SchoolId>,
    /// Supplier of an owner or a clerk.
    pub supplier_id: Option<SupplierId>,
    /// Top of an authority's subtree, or the unit an agent is registered with.
    pub reporting_unit_code: Option<String>,
}

/// Makes the accounts in one transaction; names that exist are left as they are.
///
/// # Errors
/// When hashing fails or the database refuses.
pub async fn create_accounts(ctx: &Ctx, wanted: Vec<NewAccount<'_>>, cost: Cost) -> Result<(), ApiError> {
    let now = ctx.clock.now();
    let mut accounts = Vec::with_capacity(wanted.len());
    let mut memberships = Vec::with_capacity(wanted.len());
    for new in wanted {
        accounts.push(account::Model {
            id: new.id,
            username: new.username.to_lowercase(),
            display_name: new.display_name.to_owned(),
            password_hash: password::hash(new.password, cost).await?,
            must_change_password: new.one_time,
            disabled_at: None,
            disabled_by: None,
            disabled_rank: None,
            disabled_unit: None,
            created_at: now,
            version: 1,
        });
        memberships.push(membership::Model {
            // One membership each, recognisable by the account's own id.
            id: new.id.0.into(),
            account_id: new.id,
            role: new.role,
            school_id: new.school_id,
            supplier_id: new.supplier_id,
            reporting_unit_code: new.reporting_unit_code,
            from_on: FIRST_DAY,
            to_on: None,
        });
    }
    let txn = ctx.store.begin().await?;
    let wanted: Vec<AccountId> = accounts.iter().map(|account| account.id).collect();
    let among_wanted = account::Entity::find().filter(account::COLUMN.id.is_in(wanted));
    let before = among_wanted.clone().all(&txn).await?;
    bulk::insert_with(&txn, &accounts, "on conflict do nothing").await?;
    // A name taken under another id keeps what it holds.
    let present = among_wanted.all(&txn).await?;
    memberships.retain(|held| present.iter().any(|account| account.id == held.account_id));
    bulk::insert_with(&txn, &memberships, "on conflict do nothing").await?;
    let new = memberships.iter().filter(|held| before.iter().all(|account| account.id != held.account_id));
    let told: Vec<audit_entry::Model> = new.map(|held| created(ctx, held)).collect();
    bulk::insert(&txn, &told).await?;
    txn.commit().await?;
    Ok(())
}

fn created(ctx: &Ctx, held: &membership::Model) -> audit_entry::Model {
    let facts = serde_json::json!({
        "role": held.role, "school_id": held.school_id, "supplier_id": held.supplier_id,
        "reporting_unit_code": held.reporting_unit_code,
    });
    let line = machine_line(ctx, "account.create", "account", "bootstrap", facts);
    audit_entry::Model { resource_id: held.account_id.to_string(), ..line }
}

/// Letters and digits that are not mistaken for one another; 16 of 31 are 79 bits.
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// A password for one log-in.
pub(super) fn one_time_password(ctx: &Ctx) -> String {
    ctx.ids.random::<16>().iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}

/// On a database without accounts, makes the administrator `admin` and returns its one-time password.
///
/// # Errors
/// When hashing fails or the database refuses.
pub async fn first_administrator(ctx: &Ctx) -> Result<Option<String>, ApiError> {
    if account::Entity::find().count(ctx.store.primary()).await? > 0 {
        return Ok(None);
    }
    let password = one_time_password(ctx);
    let id: AccountId = ctx.ids.next();
    let admin = NewAccount {
        id,
        username: "admin",
        display_name: "系统管理员",
        password: password.clone(),
        one_time: true,
        role: Role::Administrator,
        school_id: None,
        supplier_id: None,
        reporting_unit_code: None,
    };
    create_accounts(ctx, vec![admin], ctx.settings.password_cost).await?;
    // Not there: another replica that started at the same time was faster.
    let made = account::Entity::find_by_id(id).one(ctx.store.primary()).await?;
    Ok(made.map(|_| password))
}
