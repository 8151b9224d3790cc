//! What is known of a supplier beyond its name: its social credit code, its village, its numbers, sealed.

use sea_orm_migration::prelude::*;

pub struct SupplierFacts;

const DOWN: &str = "
drop table supplier_contact;
drop index supplier_household;
drop index supplier_social_credit_code;
alter table supplier drop column village;
alter table supplier drop column social_credit_code;
";

impl MigrationName for SupplierFacts {
    fn name(&self) -> &'static str {
        "m20261126_41_supplier_facts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SupplierFacts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/supplier_facts.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
