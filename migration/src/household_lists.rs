//! Statuses that can be annulled, the lists of the rural-revitalisation office, and what they leave to be looked into.

use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

pub struct HouseholdLists;

// The key of the histories allows no two rows of a day: annulled ones cannot go back.
const DOWN: &str = "
drop table household_discrepancy;
drop table household_list_row;
drop table household_list;
delete from household_status where annulled_at is not null;
drop index household_status_period;
alter table household_status drop column annul_reason;
alter table household_status drop column annulled_by;
alter table household_status drop column annulled_at;
alter table household_status drop column list_id;
alter table household_status drop column recorded_by;
alter table household_status drop column recorded_at;
create unique index household_status_period on household_status (household_id, history, from_on);
";

impl MigrationName for HouseholdLists {
    fn name(&self) -> &'static str {
        "m20261125_18_household_lists"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for HouseholdLists {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/household_lists.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
