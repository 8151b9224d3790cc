//! The tables: up, down and up again; integers for money and weight; rows of evidence that nobody changes.

use crate::support::app::{App, on_both};
use migration::Migrator;
use sea_orm::{DbBackend, EntityTrait};
use sea_orm_migration::MigratorTrait;

/// Reads each entity's table, so that no column is missing or of another type; returns the names.
macro_rules! read_all {
    ($app:ident: $($table:ident)+) => {{
        $(entity::$table::Entity::find().one($app.ctx.store.primary()).await.expect(stringify!($table));)+
        vec![$(stringify!($table)),+]
    }};
}

/// Columns of a table with their types.
async fn columns(app: &App, table: &str) -> Vec<(String, String)> {
    let sql = match app.ctx.store.backend() {
        DbBackend::Postgres => format!(
            "select column_name || ' ' || data_type from information_schema.columns \
             where table_schema = current_schema() and table_name = '{table}'"
        ),
        _ => format!("select name || ' ' || lower(type) from pragma_table_info('{table}')"),
    };
    let split = |line: &String| line.split_once(' ').map(|(name, kind)| (name.to_owned(), kind.to_owned()));
    app.texts(&sql).await.iter().filter_map(split).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_together_migrate_once() {
    // On SQLite there are no replicas: one process holds the file.
    let Some(app) = App::start(DbBackend::Postgres, module_path!()).await else { return };
    app.ctx.store.migrate_down(None).await.expect("down");
    let (second, third) = (app.second_replica().await, app.second_replica().await);
    let stores = (&app.ctx.store, &second.ctx.store, &third.ctx.store);
    let done = tokio::join!(stores.0.migrate_up(), stores.1.migrate_up(), stores.2.migrate_up());
    done.0.and(done.1).and(done.2).expect("all three go on");
    assert_eq!(app.ctx.store.pending_migrations().await.expect("answers"), Vec::<String>::new());
    app.close().await;
}

on_both! {
    async fn a_migration_that_is_cut_short_leaves_nothing_and_runs_again(app: &App) {
        let store = &app.ctx.store;
        store.migrate_down(None).await.expect("goes down");
        // In the way of a migration's third table.
        app.execute("create table position (way integer)").await;
        store.migrate_up().await.expect_err("cannot go on");
        let tables = app.tables().await;
        assert!(!tables.iter().any(|table| table.starts_with("search_")), "{tables:?}");
        app.execute("drop table position").await;
        store.migrate_up().await.expect("goes on where it was");
        assert_eq!(store.pending_migrations().await.expect("answers"), Vec::<String>::new());
    }

    async fn the_schema_goes_up_and_down_and_up(app: &App) {
        let store = &app.ctx.store;
        let mut tables = app.tables().await;
        tables.sort();
        store.migrate_down(None).await.expect("down");
        assert_eq!(app.tables().await, ["seaql_migrations"]);
        if store.backend() == DbBackend::Postgres {
            let functions = "select proname::text from pg_proc where pronamespace = current_schema()::regnamespace";
            assert_eq!(app.texts(functions).await, Vec::<String>::new());
        }
        assert_eq!(store.pending_migrations().await.expect("answers").len(), Migrator::migrations().len());
        store.migrate_up().await.expect("up");
        let mut again = app.tables().await;
        again.sort();
        assert_eq!(again, tables);
        assert_eq!(store.pending_migrations().await.expect("answers"), Vec::<String>::new());
    }

    async fn wider_roles_keep_the_memberships_there_are(app: &App) {
        let roles = "select role || ' ' || cast(count(*) as text) from membership group by role order by role";
        let before = app.texts(roles).await;
        assert_eq!(before.len(), 10, "{before:?}");
        let old = ["administrator", "authority_officer", "canteen_manager", "inspector", "supplier"];
        let store = &app.ctx.store;
        let ours = || "m20260322_11_accounts".to_owned();
        while !store.pending_migrations().await.expect("answers").contains(&ours()) {
            store.migrate_down(Some(1)).await.expect("down");
        }
        let kept: Vec<String> =
            before.into_iter().filter(|line| old.iter().any(|role| line.starts_with(&format!("{role} ")))).collect();
        assert_eq!((kept.len(), app.texts(roles).await), (5, kept.clone()));
        app.try_execute("update membership set role = 'auditor'").await.expect_err("five roles");
        store.migrate_up().await.expect("up");
        assert_eq!(app.texts(roles).await, kept);
        app.execute("update membership set role = 'auditor' where role = 'authority_officer'").await;
        app.try_execute("update membership set role = 'auditor' where role = 'inspector'").await.expect_err("a place");
    }

    async fn no_query_waits_for_a_compiler(app: &App) {
        if app.ctx.store.backend() == DbBackend::Postgres {
            assert_eq!(app.texts("select current_setting('jit')").await, ["off"]);
        }
    }

    async fn every_table_has_its_entity(app: &App) {
        let mut known = read_all!(app:
            access_change account area_category_class_sums area_class_sums audit_day audit_entry audit_seal beneficiary_link bundle canteen canteen_term capacity category certificate consignment consignment_line
            county_list county_list_member coverage_change coverage_count coverage_span coverage_year data_key declared_certificate declared_purchase division division_past division_succession
            document document_content document_link double_count file_import file_import_part file_import_refusal goods_return goods_return_line household
            household_consent household_discrepancy household_list household_list_row household_status
            idempotency import_run indicator indicator_class late_line licence line_correction listing membership notification objection order_line outbox position product product_unit
            purchase_line purchase_order receipt receipt_denial receipt_inspector receipt_line recovery_code registry_import reporting_unit
            sale_denial school school_affiliation school_diners school_merger school_class_sums school_month_total school_total school_year search_name search_term session stated_producer statement
            supplier supplier_contact supplier_entry supplier_revocation supply_base supply_base_party total_change totp unit verification verification_step);
        known.push("seaql_migrations");
        known.sort_unstable();
        let mut tables = app.tables().await;
        tables.sort();
        assert_eq!(tables, known);
    }

    async fn money_and_weight_are_integers(app: &App) {
        let mut seen = 0;
        for table in app.tables().await {
            for (name, kind) in columns(app, &table).await {
                let measured = ["_fen", "_gram", "_base", "_bp"].iter().any(|end| name.ends_with(end))
                    || ["grams", "grams_per_piece", "base_quantity", "rows", "diners"].contains(&name.as_str());
                seen += i32::from(measured);
                let fits = if measured { &["bigint", "integer"][..] } else if name == "sums" { &["bytea", "blob"][..] } else {
                    &["bigint", "integer", "text", "uuid", "boolean", "date", "character varying", "varchar"][..]
                };
                assert!(fits.contains(&kind.as_str()), "{table}.{name} is a {kind}");
            }
        }
        assert!(seen >= 30, "only {seen} columns of money or weight");
    }

    async fn the_audit_trail_refuses_change(app: &App) {
        app.execute("insert into audit_entry (id, at, account_id, action, resource, resource_id, request_id, detail) \
             values ('01990000-0000-7000-8000-000000000001', 1, null, 'a', 'b', 'c', 'd', '{}')").await;
        for sql in ["update audit_entry set at = 2", "delete from audit_entry", "update audit_entry set id = id"] {
            let told = app.try_execute(sql).await.expect_err(sql).to_string();
            assert!(told.contains("audit_entry is append-only"), "{told}");
        }
        if app.ctx.store.backend() == DbBackend::Postgres {
            app.try_execute("truncate audit_entry").await.expect_err("truncate is a change");
        }
        assert_eq!(app.number("select count(*) from audit_entry where at = 1").await, 1);
        app.execute("insert into audit_seal values (1, '2026-03-02', '01990000-0000-7000-8000-000000000001', 'a', 'b')").await;
        app.execute("insert into audit_day values ('2026-03-02', 1, 1, 'b', 'k', 's', 1)").await;
        for table in ["audit_seal", "audit_day"] {
            for sql in [format!("update {table} set day = day"), format!("delete from {table}")] {
                let told = app.try_execute(&sql).await.expect_err(&sql).to_string();
                assert!(told.contains(&format!("{table} is append-only")), "{told}");
            }
            if app.ctx.store.backend() == DbBackend::Postgres {
                app.try_execute(&format!("truncate {table}")).await.expect_err("truncate is a change");
            }
        }
    }
}
