//! Divisions as they were: former names and places, and what became of codes that are no more.

use sea_orm_migration::prelude::*;

pub struct Divisions;

const UP: &str = "
drop table division_change;
alter table division add column successor_code text; -- the one division that stands in its place today
create index division_successor on division (successor_code) where successor_code is not null;
create table division_past (
  code text not null references division (code), -- the division
  until_on date not null, -- last day it was so
  name text not null, -- Chinese name then
  parent_code text references division (code), -- the division above then; none for provinces
  primary key (code, until_on)
);
create table division_succession (
  old_code text not null references division (code), -- the division that ended
  new_code text not null references division (code), -- one it went into
  effective_on date not null, -- first day of the new code
  kind text not null, -- what happened, in Chinese
  primary key (old_code, new_code),
  check (old_code <> new_code)
);
create index division_succession_new on division_succession (new_code);
delete from bundle where name like 'registry%';
";

const DOWN: &str = "
drop table division_succession;
drop table division_past;
drop index division_successor;
alter table division drop column successor_code;
create table division_change (
  id bigint not null primary key, -- running number of the change in its bundle
  effective_on date not null, -- day the change took effect
  old_code text, -- code before; none for a division newly set up
  old_name text, -- name before
  new_code text not null, -- code after
  new_name text not null, -- name after
  kind text not null -- what happened, in Chinese
);
create index division_change_old on division_change (old_code);
delete from bundle where name like 'registry%';
";

impl MigrationName for Divisions {
    fn name(&self) -> &'static str {
        "m20261126_31_divisions"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Divisions {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(UP).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
