//! Divisions and lists that administrators brought in by file.

use sea_orm_migration::prelude::*;

pub struct RegistryImports;

const UP: &str = "
create table registry_import (
  id uuid not null primary key, -- id:RegistryImportId
  kind text not null check (kind in ('divisions', 'county_list')), -- level:RegistryImportKind
  subject text not null, -- code of the list, or of the province
  from_on date not null, -- first day the file held
  difference text not null, -- the difference that was applied, as SHA-256 in hex
  applied_at bigint not null, -- when it was applied
  applied_by uuid references account (id) -- who applied it
);
create index registry_import_subject on registry_import (kind, subject);
";

const DOWN: &str = "
drop table registry_import;
";

impl MigrationName for RegistryImports {
    fn name(&self) -> &'static str {
        "m20261126_32_registry_imports"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for RegistryImports {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(UP).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
