//! Totals of schools, counties and units folded from the changes that receipts leave, so that no receipt waits for another
//! school's and no roll-up reads every school's categories.

use sea_orm_migration::prelude::*;

pub struct FoldedTotals;

const DOWN: &str = "
create index school_month_total_unit on school_month_total (reporting_unit_code, month);
drop table area_category_total;
drop table area_total;
drop table school_total;
drop table total_change;
";

impl MigrationName for FoldedTotals {
    fn name(&self) -> &'static str {
        "m20261126_71_folded_totals"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for FoldedTotals {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/folded_totals.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
