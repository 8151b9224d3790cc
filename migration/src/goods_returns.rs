//! Goods that were accepted and given back later: evidence like the receipts they take from (S1, F3).

use crate::append_only::refuse_change;
use sea_orm_migration::prelude::*;

pub struct GoodsReturns;

// Their triggers go with the tables.
const DOWN: &str = "
drop table goods_return_line;
drop table goods_return;
";

impl MigrationName for GoodsReturns {
    fn name(&self) -> &'static str {
        "m20261127_96_goods_returns"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for GoodsReturns {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("sql/goods_returns.sql")).await?;
        for table in ["goods_return", "goods_return_line"] {
            refuse_change(manager, table).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
