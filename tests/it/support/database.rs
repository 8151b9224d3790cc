//! A database per test: on SQLite a copy of one migrated file, on PostgreSQL a schema of its own.

use super::{app, availability, postgres, process};
use sea_orm::{ConnectionTrait, Database as SeaOrm, DatabaseConnection, DbBackend};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use tokio::sync::OnceCell;
use xiaonong::clock::FixedClock;

/// Where a test's data is.
#[derive(Clone)]
pub struct Database {
    /// As in `DATABASE_URL`.
    pub url: String,
    schema: Option<String>,
}

fn number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Database {
    /// A migrated database that nobody else uses; `None` where PostgreSQL is asked for and there is none.
    pub async fn fresh(backend: DbBackend) -> Option<Self> {
        let database = Self::empty(backend).await?;
        if backend == DbBackend::Postgres {
            fill(&database.url).await;
        } else {
            let file = database.url.trim_start_matches("sqlite:");
            std::fs::copy(template().await, file).expect("the template is copied");
        }
        Some(database)
    }

    /// A database without tables.
    pub async fn empty(backend: DbBackend) -> Option<Self> {
        availability::announce();
        if backend != DbBackend::Postgres {
            let file = process::scratch_dir().join(format!("{}.db", number()));
            return Some(Self { url: format!("sqlite:{}", file.display()), schema: None });
        }
        if !availability::require("PostgreSQL", postgres::cluster().is_some()) {
            return None;
        }
        let base = &postgres::cluster()?.base_url;
        let schema = format!("it_{}_{}", std::process::id(), number());
        administer(base, &format!("create schema {schema}")).await;
        let joint = if base.contains('?') { '&' } else { '?' };
        Some(Self { url: format!("{base}{joint}options=-csearch_path%3D{schema}"), schema: Some(schema) })
    }

    /// Removes a PostgreSQL schema; a file goes with the scratch directory.
    pub async fn remove(self) {
        if let (Some(schema), Some(cluster)) = (self.schema, postgres::cluster()) {
            administer(&cluster.base_url, &format!("drop schema {schema} cascade")).await;
        }
    }
}

async fn administer(url: &str, sql: &str) {
    let connection: DatabaseConnection = SeaOrm::connect(url).await.expect("the cluster answers");
    connection.execute_unprepared(sql).await.expect("the cluster obeys");
    connection.close().await.expect("the connection ends");
}

async fn template() -> &'static PathBuf {
    static TEMPLATE: OnceCell<PathBuf> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let file = process::scratch_dir().join("template.db");
            fill(&format!("sqlite:{}", file.display())).await;
            file
        })
        .await
}

/// What every test finds: the tables.
async fn fill(url: &str) {
    let ctx = app::context(url, Arc::new(FixedClock::new(app::START)), 0, |_| {}).await;
    ctx.store.migrate_up().await.expect("the migrations run");
    ctx.store.close().await;
}
