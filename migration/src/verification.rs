//! How suppliers are let in: applications, their history, objections to public notices (H4).

use crate::append_only::refuse_change;
use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub struct Verification;

const DOWN: &str = "
drop table objection;
drop table verification_step;
drop table verification;
drop table supplier_entry;
";

impl MigrationName for Verification {
    fn name(&self) -> &'static str {
        "m20261126_51_verification"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Verification {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared(include_str!("sql/verification.sql")).await?;
        db.execute_unprepared(&approve_listed(db.get_database_backend())).await?;
        refuse_change(manager, "verification_step").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}

/// Suppliers that are there came by a county's list of those it had let in: three years from now they apply anew. Each has
/// one verification, which takes over its id.
fn approve_listed(backend: DbBackend) -> String {
    let (now, today, yesterday, later) = if backend == DbBackend::Postgres {
        (
            "cast(extract(epoch from now()) * 1000 as bigint)",
            "current_date",
            "current_date - 1",
            "cast(current_date + interval '3 years' as date)",
        )
    } else {
        (
            "cast(strftime('%s', 'now') as integer) * 1000",
            "date('now')",
            "date('now', '-1 day')",
            "date('now', '+3 years')",
        )
    };
    let end = format!("case status when 'expired' then {yesterday} else {later} end");
    format!(
        "insert into verification (id, supplier_id, state, expires_on, version) \
         select id, id, status, {end}, 1 from supplier where status <> 'pending'; \
         insert into verification_step (verification_id, number, step, at, until_on) \
         select id, 1, 'list', {now}, {end} from supplier where status <> 'pending'; \
         insert into verification_step (verification_id, number, step, at, from_on, reason) \
         select id, 2, case status when 'suspended' then 'suspend' when 'expired' then 'expire' else 'revoke' end, {now}, \
         {today}, '此前已登记的状态' from supplier where status in ('suspended', 'expired', 'revoked');"
    )
}
