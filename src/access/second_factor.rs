//! The second factor as the log-in asks for it: whose roles need one, is it there, is this code right.

use super::{actor::Grant, totp as codes, tries};
use crate::{context::Ctx, http::ApiError, store::bulk};
use entity::{id::AccountId, membership::Role, recovery_code, time::Timestamp, totp};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};

/// Whether roles can make a second factor compulsory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondFactor {
    /// For the roles [`needs_second_factor`] names: unless something else is set.
    Compulsory,
    /// For every account, whatever its roles.
    Everybody,
    /// For nobody, though anyone may have one: the demonstration alone, whose passwords are published. No setting
    /// leads here.
    Voluntary,
}

/// Recovery codes handed out at once.
const RECOVERY_CODES: usize = 10;
/// As [`super::bootstrap`] writes one-time passwords; 16 of 31 are 79 bits.
const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// Characters of a recovery code, without its dashes.
const RECOVERY_LENGTH: usize = 16;

/// Whether this role is for those only who log in with a second factor.
#[must_use]
pub fn needs_second_factor(role: Role) -> bool {
    matches!(role, Role::Administrator | Role::AuthorityManager)
}

/// Whether an account with these grants may not do without a second factor.
#[must_use]
pub fn is_compulsory(ctx: &Ctx, grants: &[Grant]) -> bool {
    match ctx.settings.second_factor {
        SecondFactor::Compulsory => grants.iter().any(|held| needs_second_factor(held.role)),
        SecondFactor::Everybody => true,
        SecondFactor::Voluntary => false,
    }
}

/// Whether an account with these grants needs a second factor and has none.
pub async fn is_lacking(ctx: &Ctx, account: AccountId, grants: &[Grant]) -> Result<bool, DbErr> {
    Ok(is_compulsory(ctx, grants) && find(ctx.store.primary(), account).await?.is_none())
}

/// The confirmed second factor of an account.
pub async fn find(db: &impl ConnectionTrait, account: AccountId) -> Result<Option<totp::Model>, DbErr> {
    totp::Entity::find_by_id(account).filter(totp::COLUMN.confirmed_at.is_not_null()).one(db).await
}

/// The secret of a row.
///
/// # Errors
/// 500 when it does not open: its key file was replaced.
pub fn secret_of(ctx: &Ctx, row: &totp::Model) -> Result<Vec<u8>, ApiError> {
    ctx.seal.open(&row.sealed_secret, row.account_id.0.as_bytes())
}

/// Counts a try of a code, before a transaction is begun for it. Answers the counter's key, to be cleared after a success.
///
/// # Errors
/// 429 after ten wrong codes of an account in 15 minutes.
pub async fn admit(ctx: &Ctx, account: AccountId, now: Timestamp) -> Result<String, ApiError> {
    tries::admit_inside(ctx, "code", &account, now).await
}

/// Takes `code`, one from the authenticator or a recovery code; `false` where it is neither, or was taken before. What
/// is taken is spent with `db`'s transaction.
///
/// # Errors
/// 500 when the secret does not open; when the database refuses.
pub async fn take(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    row: &totp::Model,
    code: &str,
    now: Timestamp,
) -> Result<bool, ApiError> {
    let code: String = code.chars().filter(|one| !one.is_whitespace() && *one != '-').collect();
    if code.chars().count() == RECOVERY_LENGTH {
        take_recovery(ctx, db, row.account_id, &code.to_lowercase(), now).await
    } else {
        take_step(ctx, db, row, &code, now).await
    }
}

async fn take_step(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    row: &totp::Model,
    code: &str,
    now: Timestamp,
) -> Result<bool, ApiError> {
    let Some(step) = codes::matching_step(&secret_of(ctx, row)?, code, now, row.last_step) else {
        return Ok(false);
    };
    // Of two that bring the same code at once, one is too late.
    let spent = totp::Entity::update_many()
        .col_expr(totp::Column::LastStep, Expr::value(step))
        .filter(totp::COLUMN.account_id.eq(row.account_id))
        .filter(totp::COLUMN.last_step.lt(step))
        .exec(db)
        .await?;
    Ok(spent.rows_affected == 1)
}

async fn take_recovery(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    account: AccountId,
    code: &str,
    now: Timestamp,
) -> Result<bool, ApiError> {
    let spent = recovery_code::Entity::update_many()
        .col_expr(recovery_code::Column::UsedAt, Expr::value(now.0))
        .filter(recovery_code::COLUMN.account_id.eq(account))
        .filter(recovery_code::COLUMN.code_hash.eq(hash_of(ctx, account, code)?))
        .filter(recovery_code::COLUMN.used_at.is_null())
        .exec(db)
        .await?;
    Ok(spent.rows_affected == 1)
}

fn hash_of(ctx: &Ctx, account: AccountId, code: &str) -> Result<String, ApiError> {
    ctx.seal.tag(&[b"recovery code", account.0.as_bytes(), code.as_bytes()])
}

/// Replaces an account's recovery codes; the answer is the only place they are ever seen.
///
/// # Errors
/// When the database refuses.
pub async fn new_recovery_codes(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Vec<String>, ApiError> {
    recovery_code::Entity::delete_many().filter(recovery_code::COLUMN.account_id.eq(account)).exec(db).await?;
    let mut shown = Vec::with_capacity(RECOVERY_CODES);
    let mut rows = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let random = ctx.ids.random::<RECOVERY_LENGTH>();
        let code: String = random.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect();
        rows.push(recovery_code::Model {
            account_id: account,
            code_hash: hash_of(ctx, account, &code)?,
            used_at: None,
        });
        shown.push(format!("{}-{}-{}-{}", &code[..4], &code[4..8], &code[8..12], &code[12..]));
    }
    bulk::insert(db, &rows).await?;
    Ok(shown)
}

/// A secret as it is stored: it opens for this account only.
pub(super) fn seal_secret(ctx: &Ctx, account: AccountId, secret: &[u8]) -> Result<String, ApiError> {
    ctx.seal.close(secret, account.0.as_bytes(), ctx.ids.random())
}
