//! The numbers in a file of households: checked, told apart, and sealed into the rows that are new.

use super::{
    personal::{SEALED, Sealed},
    search_households::parse,
};
use crate::{
    context::Ctx,
    registry::ImportError,
    sheets::Sheet,
    vault::{Secret, VaultError},
};
use entity::household;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect};
use std::collections::HashMap;

/// The numbers of a file by household, in normal form.
#[derive(Default)]
pub(super) struct Numbers(HashMap<String, [Option<Secret>; 3]>);

impl Numbers {
    /// Notes every wrong number, every row that contradicts an earlier one of its household, and every ID number that two
    /// households have, here or in the database.
    pub(super) async fn read(
        ctx: &Ctx,
        txn: &DatabaseTransaction,
        sheet: &Sheet,
        whole: bool,
    ) -> Result<Self, ImportError> {
        let today = ctx.clock.now().business_day();
        let keys = ctx.vault.open_to_seal(txn, &ctx.ids, ctx.clock.now()).await.map_err(broken)?;
        let hash = |text: &str| {
            let number = parse(Sealed::IdNumber, text, today).ok()?;
            keys.hash(Sealed::IdNumber.column(), number.expose())
        };
        let of = (!whole).then(|| sheet.rows().filter_map(|row| hash(row.optional("id_number")?)).collect());
        let mut owners = id_number_owners(txn, of).await?;
        let mut numbers: HashMap<String, [Option<Secret>; 3]> = HashMap::new();
        for row in sheet.rows() {
            let Some(code) = row.optional("code") else { continue };
            let read = |field: Sealed, column| {
                let text = row.optional(column)?;
                parse(field, text, today).map_err(|error| row.refuse_as(column, error.text())).ok()
            };
            let mine = [
                read(Sealed::IdNumber, "id_number"),
                read(Sealed::Phone, "phone"),
                read(Sealed::BankAccount, "bank_account"),
            ];
            if numbers.get(code).is_some_and(|first| *first != mine) {
                row.refuse("id_number", "与同一农户前面各行不一致", "differs from the household's rows above");
                continue;
            }
            let hash = mine[0].as_ref().and_then(|number| keys.hash(Sealed::IdNumber.column(), number.expose()));
            if let Some(hash) = hash
                && owners.entry(hash).or_insert_with(|| code.to_owned()) != code
            {
                row.refuse("id_number", "已登记在另一农户名下", "another household is entered under it");
            }
            numbers.entry(code.to_owned()).or_insert(mine);
        }
        Ok(Self(numbers))
    }

    /// Seals them into the households of the file that are new.
    pub(super) async fn put(
        &self,
        ctx: &Ctx,
        txn: &DatabaseTransaction,
        households: &mut [household::Model],
    ) -> Result<(), ImportError> {
        if self.0.is_empty() || households.is_empty() {
            return Ok(());
        }
        let keys = ctx.vault.open_to_seal(txn, &ctx.ids, ctx.clock.now()).await.map_err(broken)?;
        for household in households {
            let Some(numbers) = self.0.get(&household.code) else { continue };
            for (field, number) in SEALED.into_iter().zip(numbers) {
                field.put(&keys, &ctx.ids, household, number.as_ref().map(Secret::expose)).map_err(broken)?;
            }
        }
        Ok(())
    }
}

fn broken(error: VaultError) -> ImportError {
    match error {
        VaultError::Database(error) => error.into(),
        other => DbErr::Custom(other.to_string()).into(),
    }
}

/// Codes of the households that have an ID number, by its hash: of these hashes, or all.
async fn id_number_owners(
    db: &impl ConnectionTrait,
    of: Option<Vec<String>>,
) -> Result<HashMap<String, String>, DbErr> {
    let columns = [household::Column::IdNumberHash, household::Column::Code];
    let mut found =
        household::Entity::find().select_only().columns(columns).filter(household::Column::IdNumberHash.is_not_null());
    if let Some(hashes) = of {
        found = found.filter(household::Column::IdNumberHash.is_in(hashes));
    }
    let found: Vec<(String, String)> = found.into_tuple().all(db).await?;
    Ok(found.into_iter().collect())
}
