//! A supplier with what stands behind it, its numbers masked and shown to its own and its authorities only (P1, P2).

use super::contact;
use crate::{
    access::{Caller, Scope},
    context::Ctx,
    http::ApiError,
    suppliers::{
        list::{Names, SupplierResponse},
        personal::SEALED,
        store,
    },
    vault::{BankAccount, IdNumber, PhoneNumber},
};
use entity::{household, supplier};
use sea_orm::{ConnectionTrait, EntityTrait};
use zeroize::Zeroizing;

/// Numbers as they are shown.
#[derive(Debug, Default)]
pub(in crate::suppliers) struct Numbers {
    pub id_number: Option<String>,
    pub phone: Option<String>,
    pub bank_account: Option<String>,
}

/// The numbers in clear, in the order of [`SEALED`]: a household's are its own.
pub(super) async fn open_numbers(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    row: &supplier::Model,
) -> Result<[Option<Zeroizing<String>>; 3], ApiError> {
    let keys = ctx.vault.open(db).await?;
    let mut numbers = [None, None, None];
    if let Some(id) = row.household_id {
        let home = household::Entity::find_by_id(id).one(db).await?.ok_or(ApiError::NotFound)?;
        for (field, number) in SEALED.into_iter().zip(&mut numbers) {
            *number = field.open(&keys, &home)?;
        }
    } else {
        let sealed = contact::find(db, row.id).await?;
        for (field, number) in SEALED.into_iter().zip(&mut numbers) {
            *number = contact::open(field, &keys, &sealed)?;
        }
    }
    Ok(numbers)
}

/// The same, masked.
pub(in crate::suppliers) async fn numbers_of(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    row: &supplier::Model,
) -> Result<Numbers, ApiError> {
    let [id_number, phone, bank_account] = open_numbers(ctx, db, row).await?;
    Ok(Numbers {
        id_number: id_number.map(|number| IdNumber::mask(&number)),
        phone: phone.map(|number| PhoneNumber::mask(&number)),
        bank_account: bank_account.map(|number| BankAccount::mask(&number)),
    })
}

/// A supplier as this caller, who changed it, sees it.
pub(super) async fn show(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    caller: &Caller,
    scope: &Scope,
    row: supplier::Model,
) -> Result<SupplierResponse, ApiError> {
    let names = Names::shown_to(caller, scope);
    let linked = store::linked_households_on(db, &[row.id], ctx.clock.now().business_day()).await?;
    let linked = linked.get(&row.id).copied().unwrap_or_default();
    let numbers = if names.tells_numbers(&row) { numbers_of(ctx, db, &row).await? } else { Numbers::default() };
    Ok(SupplierResponse::of(names.view(row, false), linked, numbers))
}
