//! Columns for what identifies a household, sealed and by keyed hash, and the wrapped keys (P1).

use sea_orm_migration::prelude::*;

pub struct PersonalData;

const COLUMNS: [&str; 6] =
    ["bank_account_hash", "bank_account_sealed", "phone_hash", "phone_sealed", "id_number_hash", "id_number_sealed"];
const INDEXES: [&str; 4] = ["household_county", "household_bank_account", "household_phone", "household_id_number"];

impl MigrationName for PersonalData {
    fn name(&self) -> &'static str {
        "m20260322_14_personal_data"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for PersonalData {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/personal_data.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for index in INDEXES {
            db.execute_unprepared(&format!("drop index {index}")).await?;
        }
        for column in COLUMNS {
            db.execute_unprepared(&format!("alter table household drop column {column}")).await?;
        }
        db.execute_unprepared("drop table data_key").await.map(drop)
    }
}
