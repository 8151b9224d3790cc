//! The schema, room by room, up and down on SQLite and PostgreSQL.
//!
//! The statements are plain SQL that both databases read; what differs (triggers) is in [`append_only`].

use sea_orm_migration::prelude::*;

mod accounts;
mod append_only;
mod audit;
mod coverage;
mod denials;
mod divisions;
mod documents;
mod double_counts;
mod file_imports;
mod finding;
mod finding_faster;
mod finding_traits;
mod folded_totals;
mod goods_returns;
mod household_lists;
mod indicator_units;
mod packed_totals;
mod personal_data;
mod registry_histories;
mod registry_imports;
mod revocation;
mod rooms;
mod school_year;
mod sessions;
mod standing;
mod statements;
mod supplier_facts;
mod supplier_papers;
mod verification;
mod without_channel;

/// Runs the migrations in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all: Vec<Box<dyn MigrationTrait>> =
            rooms::ROOMS.iter().map(|room| Box::new(room) as Box<dyn MigrationTrait>).collect();
        all.push(Box::new(append_only::AppendOnly));
        all.push(Box::new(accounts::Accounts));
        all.push(Box::new(personal_data::PersonalData));
        all.push(Box::new(sessions::Sessions));
        all.push(Box::new(audit::Audit));
        all.push(Box::new(documents::Documents));
        all.push(Box::new(standing::Standing));
        all.push(Box::new(household_lists::HouseholdLists));
        all.push(Box::new(finding::Finding));
        all.push(Box::new(registry_histories::RegistryHistories));
        all.push(Box::new(divisions::Divisions));
        all.push(Box::new(supplier_facts::SupplierFacts));
        all.push(Box::new(registry_imports::RegistryImports));
        all.push(Box::new(verification::Verification));
        all.push(Box::new(revocation::Revocation));
        all.push(Box::new(denials::Denials));
        all.push(Box::new(folded_totals::FoldedTotals));
        all.push(Box::new(indicator_units::IndicatorUnits));
        all.push(Box::new(school_year::SchoolYear));
        all.push(Box::new(supplier_papers::SupplierPapers));
        all.push(Box::new(file_imports::FileImports));
        all.push(Box::new(statements::Statements));
        all.push(Box::new(double_counts::DoubleCounts));
        all.push(Box::new(finding_faster::FindingFaster));
        all.push(Box::new(coverage::Coverage));
        all.push(Box::new(without_channel::WithoutChannel));
        all.push(Box::new(goods_returns::GoodsReturns));
        all.push(Box::new(finding_traits::FindingTraits));
        all.push(Box::new(packed_totals::PackedTotals));
        all.into_iter().map(|migration| Box::new(Whole(migration)) as Box<dyn MigrationTrait>).collect()
    }
}

/// A migration in one transaction with the note that it ran, on SQLite too: a process that is killed leaves all of it or
/// nothing, and the next one goes on from there.
struct Whole(Box<dyn MigrationTrait>);

impl MigrationName for Whole {
    fn name(&self) -> &str {
        self.0.name()
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Whole {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.0.up(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.0.down(manager).await
    }
}
