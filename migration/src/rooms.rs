//! One migration for each room of the house: its tables, checks, keys and indexes.

use sea_orm_migration::prelude::*;

/// A room's tables: the script that makes them and the tables in the order they can be dropped.
pub struct Room {
    name: &'static str,
    up: &'static str,
    drop: &'static [&'static str],
}

/// Every room, in the order their foreign keys need.
pub static ROOMS: [Room; 9] = [
    Room {
        name: "m20260301_01_registry",
        up: include_str!("sql/registry.sql"),
        drop: &[
            "canteen",
            "school",
            "reporting_unit",
            "county_list_member",
            "county_list",
            "division_change",
            "division",
        ],
    },
    Room {
        name: "m20260301_02_suppliers",
        up: include_str!("sql/suppliers.sql"),
        drop: &["beneficiary_link", "supplier", "household_status", "household"],
    },
    Room {
        name: "m20260301_03_catalogue",
        up: include_str!("sql/catalogue.sql"),
        drop: &["listing", "product_unit", "product", "unit", "category"],
    },
    Room {
        name: "m20260301_04_access",
        up: include_str!("sql/access.sql"),
        drop: &["session", "membership", "account"],
    },
    Room {
        name: "m20260301_05_operations",
        up: include_str!("sql/operations.sql"),
        drop: &["bundle", "idempotency", "notification", "outbox", "audit_entry"],
    },
    Room {
        name: "m20260301_06_ordering",
        up: include_str!("sql/ordering.sql"),
        drop: &["order_line", "purchase_order"],
    },
    Room {
        name: "m20260301_07_delivery",
        up: include_str!("sql/delivery.sql"),
        drop: &["receipt_line", "receipt_inspector", "receipt", "certificate", "consignment_line", "consignment"],
    },
    Room {
        name: "m20260301_08_ledger",
        up: include_str!("sql/ledger.sql"),
        drop: &["declared_certificate", "purchase_line", "import_run", "declared_purchase"],
    },
    Room {
        name: "m20260301_09_share",
        up: include_str!("sql/share.sql"),
        drop: &["indicator_class", "indicator", "school_month_total"],
    },
];

impl MigrationName for &'static Room {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for &'static Room {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.up).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in self.drop {
            manager.get_connection().execute_unprepared(&format!("drop table {table}")).await?;
        }
        Ok(())
    }
}
