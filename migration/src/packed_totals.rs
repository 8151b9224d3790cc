//! The sums of all classes of a span of months in one value, in place of a row for each class of each month.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub struct PackedTotals;

impl MigrationName for PackedTotals {
    fn name(&self) -> &'static str {
        "m20261127_98_packed_totals"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for PackedTotals {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        // A class takes forty-four bytes: its code in four and each sum in eight, the highest byte first.
        let (bytes, pack) = match db.get_database_backend() {
            DbBackend::Postgres => (
                "bytea",
                "string_agg(int4send(class) || int8send(amount_fen) || int8send(weight_gram) || int8send(unknown_weight_fen) \
                 || int8send(unknown_weight_lines) || int8send(line_count), ''::bytea order by class)",
            ),
            _ => (
                "blob",
                "unhex(group_concat(printf('%08x%016x%016x%016x%016x%016x', class, amount_fen, weight_gram, unknown_weight_fen, \
                 unknown_weight_lines, line_count), '' order by class))",
            ),
        };
        let sql = include_str!("sql/packed_totals.sql").replace("/*bytes*/", bytes).replace("/*pack*/", pack);
        db.execute_unprepared(&sql).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/packed_totals_down.sql")).await.map(drop)
    }
}
