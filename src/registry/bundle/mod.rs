//! The registry of the province's bundle: divisions, county lists and the reporting tree, as published.
//!
//! Refuses files whose hierarchies are not complete; loads each set of files once.

mod files;

use crate::{
    context::Ctx,
    province::{Bundle, FileError, digest_of},
    store::bulk,
};
use entity::{
    bundle, county_list, county_list_member,
    division::{self, DivisionLevel},
    division_past, division_succession,
    registry_import::{self, RegistryImportKind},
    reporting_unit,
};
use files::Registry;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use std::collections::HashSet;

const NAME: &str = "registry";

/// Reads the registry's files without loading them.
///
/// # Errors
/// [`FileError`] for the first row that is malformed or points at nothing.
pub fn check(bundle: &Bundle) -> Result<(), FileError> {
    Registry::parse(bundle).map(drop)
}

/// Brings the database up to the bundled files; `false` when these very files were loaded before.
///
/// Divisions, units and lists that left the files stay, since schools and ledger lines point at them.
///
/// # Errors
/// When a file is malformed (naming file and line), when the database is another province's, or refuses; then nothing has
/// changed.
pub async fn load(ctx: &Ctx) -> Result<bool, DbErr> {
    let bundle = &ctx.settings.province;
    let digest = digest_of(&files::files(bundle));
    if is_loaded(ctx.store.primary(), NAME, &digest).await? {
        return Ok(false);
    }
    let registry = Registry::parse(bundle)?;
    let txn = ctx.store.begin().await?;
    let province =
        division::Entity::find().filter(division::Column::Level.eq(DivisionLevel::Province)).one(&txn).await?;
    if let Some(other) = province.filter(|held| held.code != bundle.manifest.code) {
        return Err(DbErr::Custom(format!(
            "this database is of the province {} {}, and the bundle of {} {}: use another DATABASE_URL",
            other.code, other.name, bundle.manifest.code, bundle.manifest.name_zh
        )));
    }
    let kept = Kept::find(&txn).await?;
    let registry = kept.leave(registry, &txn).await?;
    bulk::insert_with(
        &txn,
        &registry.divisions,
        "on conflict (code) do update set name = excluded.name, parent_code = excluded.parent_code,
         level = excluded.level, valid_from = excluded.valid_from, valid_to = excluded.valid_to,
         successor_code = excluded.successor_code",
    )
    .await?;
    // Nothing points at these: what was corrected in the files must not stand beside it.
    if !kept.divisions {
        division_past::Entity::delete_many().exec(&txn).await?;
        bulk::insert(&txn, &registry.pasts).await?;
        division_succession::Entity::delete_many().exec(&txn).await?;
        bulk::insert(&txn, &registry.successions).await?;
    }
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

/// What administrators brought in by file: it is theirs since then, and a bundle does not write over it.
struct Kept {
    divisions: bool,
    lists: HashSet<String>,
}

impl Kept {
    async fn find(db: &impl ConnectionTrait) -> Result<Self, DbErr> {
        let imports = registry_import::Entity::find().all(db).await?;
        Ok(Self {
            divisions: imports.iter().any(|one| one.kind == RegistryImportKind::Divisions),
            lists: imports
                .into_iter()
                .filter(|one| one.kind == RegistryImportKind::CountyList)
                .map(|one| one.subject)
                .collect(),
        })
    }

    /// What of a bundle's registry is still the bundle's: other provinces, and lists nobody brought in.
    async fn leave(&self, mut registry: Registry, db: &impl ConnectionTrait) -> Result<Registry, DbErr> {
        registry.lists.retain(|list| !self.lists.contains(&list.code));
        registry.members.retain(|member| !self.lists.contains(&member.list_code));
        if self.divisions {
            // Lists and units went along with the divisions: those that are there stay as they are.
            let lists: HashSet<String> =
                county_list::Entity::find().all(db).await?.into_iter().map(|row| row.code).collect();
            let units: HashSet<String> =
                reporting_unit::Entity::find().all(db).await?.into_iter().map(|row| row.code).collect();
            let known: HashSet<String> =
                division::Entity::find().all(db).await?.into_iter().map(|row| row.code).collect();
            registry
                .divisions
                .retain(|one| matches!(one.level, DivisionLevel::OtherProvince | DivisionLevel::OtherCounty));
            let is_known = |code: &str| known.contains(code) || registry.divisions.iter().any(|one| one.code == code);
            registry.lists.retain(|list| !lists.contains(&list.code));
            registry.members.retain(|row| !lists.contains(&row.list_code) && is_known(&row.division_code));
            registry
                .units
                .retain(|unit| !units.contains(&unit.code) && unit.division_code.as_deref().is_none_or(is_known));
        }
        Ok(registry)
    }
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
