//! What suppliers hold and can yield: links to households with their shares, licences, capacities, supply bases.

use sea_orm_migration::prelude::*;

pub struct SupplierPapers;

// Members were not known before; the rest of the links stays.
const DOWN: &str = "
drop table supply_base_party;
drop table supply_base;
drop table capacity;
drop table licence;
create table beneficiary_link_narrower (
  id uuid not null primary key,
  supplier_id uuid not null references supplier (id),
  household_id uuid not null references household (id),
  kind text not null check (kind in ('contract', 'labour', 'dividend', 'purchase')),
  from_on date not null,
  to_on date,
  proof_number text not null,
  check (to_on is null or from_on <= to_on)
);
insert into beneficiary_link_narrower
select id, supplier_id, household_id, kind, from_on, to_on, proof_number from beneficiary_link where kind <> 'member';
drop table beneficiary_link;
alter table beneficiary_link_narrower rename to beneficiary_link;
create unique index beneficiary_link_period on beneficiary_link (supplier_id, household_id, kind, from_on);
create index beneficiary_link_household on beneficiary_link (household_id);
";

impl MigrationName for SupplierPapers {
    fn name(&self) -> &'static str {
        "m20261126_81_supplier_papers"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SupplierPapers {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/supplier_papers.sql")).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
