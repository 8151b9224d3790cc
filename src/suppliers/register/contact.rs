//! What a supplier's row of numbers holds sealed. The numbers of a household that sells stand with the household.

use crate::{
    clock::Ids,
    store::bulk,
    suppliers::personal::Sealed,
    vault::{Keyring, Place, VaultError},
};
use entity::{id::SupplierId, supplier_contact};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use zeroize::Zeroizing;

/// Name under which the vault knows the column.
pub(super) fn column(field: Sealed) -> &'static str {
    match field {
        Sealed::IdNumber => "supplier.id_number",
        Sealed::Phone => "supplier.phone",
        Sealed::BankAccount => "supplier.bank_account",
    }
}

fn place(field: Sealed, supplier: SupplierId) -> Place {
    Place { column: column(field), row: supplier.0 }
}

/// A row without any number.
pub(super) fn empty(supplier_id: SupplierId) -> supplier_contact::Model {
    supplier_contact::Model {
        supplier_id,
        id_number_sealed: None,
        id_number_hash: None,
        phone_sealed: None,
        bank_account_sealed: None,
    }
}

/// The number in clear, where there is one.
pub(super) fn open(
    field: Sealed,
    keys: &Keyring,
    row: &supplier_contact::Model,
) -> Result<Option<Zeroizing<String>>, VaultError> {
    let sealed = match field {
        Sealed::IdNumber => &row.id_number_sealed,
        Sealed::Phone => &row.phone_sealed,
        Sealed::BankAccount => &row.bank_account_sealed,
    };
    sealed.as_deref().map(|text| keys.open(place(field, row.supplier_id), text)).transpose()
}

/// Puts a number in normal form into a row, sealed, or takes it out.
///
/// # Errors
/// When there is no key to seal with.
pub(super) fn put(
    field: Sealed,
    keys: &Keyring,
    ids: &Ids,
    row: &mut supplier_contact::Model,
    number: Option<&str>,
) -> Result<(), VaultError> {
    let sealed = number.map(|number| keys.seal(ids, place(field, row.supplier_id), number)).transpose()?;
    match field {
        Sealed::IdNumber => {
            row.id_number_hash = number.and_then(|number| keys.hash(column(field), number));
            row.id_number_sealed = sealed;
        }
        Sealed::Phone => row.phone_sealed = sealed,
        Sealed::BankAccount => row.bank_account_sealed = sealed,
    }
    Ok(())
}

/// The numbers of a supplier, empty where none was entered.
pub(super) async fn find(db: &impl ConnectionTrait, id: SupplierId) -> Result<supplier_contact::Model, DbErr> {
    Ok(supplier_contact::Entity::find_by_id(id).one(db).await?.unwrap_or_else(|| empty(id)))
}

/// Writes a row over the one that is there.
///
/// # Errors
/// A duplicate where another supplier has the ID number.
pub(super) async fn store(db: &impl ConnectionTrait, row: &supplier_contact::Model) -> Result<(), DbErr> {
    let over = "on conflict (supplier_id) do update set id_number_sealed = excluded.id_number_sealed,
        id_number_hash = excluded.id_number_hash, phone_sealed = excluded.phone_sealed,
        bank_account_sealed = excluded.bank_account_sealed";
    bulk::insert_with(db, std::slice::from_ref(row), over).await.map(drop)
}

/// Whether another supplier is entered under the row's ID number.
pub(super) async fn is_taken(db: &impl ConnectionTrait, row: &supplier_contact::Model) -> Result<bool, DbErr> {
    let Some(hash) = &row.id_number_hash else { return Ok(false) };
    let columns = supplier_contact::COLUMN;
    let other = supplier_contact::Entity::find()
        .filter(columns.id_number_hash.eq(hash.as_str()))
        .filter(columns.supplier_id.ne(row.supplier_id))
        .one(db)
        .await?;
    Ok(other.is_some())
}
