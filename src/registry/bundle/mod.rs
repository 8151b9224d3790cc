//! The bundled registry: divisions, county lists and the reporting tree, as published.
//!
//! Refuses files whose hierarchies are not complete; loads each set of files once.

pub(crate) mod file;
mod files;

pub(crate) use file::{File, FileError, digest_of};

use crate::{context::Ctx, store::bulk};
use entity::{bundle, county_list, county_list_member, division_past, division_succession};
use files::{FILES, Registry};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

const NAME: &str = "registry/guizhou";

/// Brings the database up to the bundled files; `false` when these very files were loaded before.
///
/// Divisions, units and lists that left the files stay, since schools and ledger lines point at them.
///
/// # Errors
/// When a file is malformed (naming file and line) or the database refuses; then nothing has changed.
pub async fn load(ctx: &Ctx) -> Result<bool, DbErr> {
    let digest = digest_of(&FILES);
    if is_loaded(ctx.store.primary(), NAME, &digest).await? {
        return Ok(false);
    }
    let registry = Registry::parse()?;
    let txn = ctx.store.begin().await?;
    bulk::insert_with(
        &txn,
        &registry.divisions,
        "on conflict (code) do update set name = excluded.name, parent_code = excluded.parent_code,
         level = excluded.level, valid_from = excluded.valid_from, valid_to = excluded.valid_to,
         successor_code = excluded.successor_code",
    )
    .await?;
    // Nothing points at these: what was corrected in the files must not stand beside it.
    division_past::Entity::delete_many().exec(&txn).await?;
    bulk::insert(&txn, &registry.pasts).await?;
    division_succession::Entity::delete_many().exec(&txn).await?;
    bulk::insert(&txn, &registry.successions).await?;
    bulk::insert_with(
        &txn,
        &registry.lists,
        "on conflict (code) do update set kind = excluded.kind, name_zh = excluded.name_zh,
         name_en = excluded.name_en, source = excluded.source",
    )
    .await?;
    replace_members(&txn, &registry.lists, &registry.members).await?;
    bulk::insert_with(
        &txn,
        &registry.units,
        "on conflict (code) do update set name = excluded.name, kind = excluded.kind,
         parent_code = excluded.parent_code, division_code = excluded.division_code",
    )
    .await?;
    record(ctx, &txn, NAME, digest).await?;
    txn.commit().await?;
    Ok(true)
}

/// The members of a list are written anew: their first day is part of the key, so that correcting it in the files must
/// not leave the wrong one standing. Ledger lines hold the lists of their day themselves (S3).
async fn replace_members(
    db: &impl ConnectionTrait,
    lists: &[county_list::Model],
    members: &[county_list_member::Model],
) -> Result<(), DbErr> {
    let codes = lists.iter().map(|list| list.code.clone());
    county_list_member::Entity::delete_many()
        .filter(county_list_member::Column::ListCode.is_in(codes))
        .exec(db)
        .await?;
    bulk::insert(db, members).await
}

/// Whether the bundle `name` was loaded with these very files.
pub(crate) async fn is_loaded(db: &impl ConnectionTrait, name: &str, digest: &str) -> Result<bool, DbErr> {
    let loaded = bundle::Entity::find_by_id(name).one(db).await?;
    Ok(loaded.is_some_and(|loaded| loaded.digest == digest))
}

/// Notes that the bundle `name` is loaded.
pub(crate) async fn record(ctx: &Ctx, db: &impl ConnectionTrait, name: &str, digest: String) -> Result<(), DbErr> {
    let row = bundle::Model { name: name.to_owned(), digest, loaded_at: ctx.clock.now() };
    let behind = "on conflict (name) do update set digest = excluded.digest, loaded_at = excluded.loaded_at";
    bulk::insert_with(db, &[row], behind).await.map(drop)
}
