//! A database per test, copied from one that was migrated and loaded once: a file, or a PostgreSQL database.

use super::{app, availability, postgres, process};
use sea_orm::{ConnectionTrait, Database as SeaOrm, DbBackend};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use tokio::sync::OnceCell;
use xiaonong::{
    access::password::{self, Cost},
    clock::FixedClock,
    demo, share,
};

/// Where a test's data is.
#[derive(Clone)]
pub struct Database {
    /// As in `DATABASE_URL`.
    pub url: String,
    /// Its name in the cluster, where it is one.
    name: Option<String>,
}

impl Database {
    /// A database with the demonstration's province before its term, that nobody else uses; `None` where PostgreSQL is
    /// asked for and there is none.
    pub async fn fresh(backend: DbBackend) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        availability::announce();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        if backend != DbBackend::Postgres {
            let file = process::scratch_dir().join(format!("{number}.db"));
            std::fs::copy(file_template().await, &file).expect("the template is copied");
            return Some(Self { url: format!("sqlite:{}", file.display()), name: None });
        }
        if !availability::require("PostgreSQL", postgres::cluster().is_some()) {
            return None;
        }
        let base = &postgres::cluster()?.base_url;
        let name = format!("it_{}_{number}", std::process::id());
        administer(base, &format!("create database {name} template {}", cluster_template(base).await)).await;
        Some(Self { url: in_cluster(base, &name), name: Some(name) })
    }

    /// Removes a PostgreSQL database; a file goes with the scratch directory.
    pub async fn remove(self) {
        if let (Some(name), Some(cluster)) = (self.name, postgres::cluster()) {
            administer(&cluster.base_url, &format!("drop database {name} with (force)")).await;
        }
    }
}

/// The address of another database of the cluster.
fn in_cluster(base: &str, name: &str) -> String {
    let (address, options) = base.split_once('?').unwrap_or((base, ""));
    let (server, _) = address.rsplit_once('/').expect("a database in the address");
    format!("{server}/{name}?{options}")
}

async fn administer(url: &str, sql: &str) {
    let connection = SeaOrm::connect(url).await.expect("the cluster answers");
    connection.execute_unprepared(sql).await.expect(sql);
    connection.close().await.expect("the connection ends");
}

async fn file_template() -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let make = async || {
        let file = process::scratch_dir().join("template.db").display().to_string();
        fill(&format!("sqlite:{file}")).await;
        file
    };
    TEMPLATE.get_or_init(make).await
}

/// Made anew by each run: a cluster that outlives them serves one run at a time.
async fn cluster_template(base: &str) -> &'static str {
    static TEMPLATE: OnceCell<&str> = OnceCell::const_new();
    let make = async || {
        let name = "xiaonong_it_template";
        administer(base, &format!("drop database if exists {name} with (force)")).await;
        administer(base, &format!("create database {name}")).await;
        fill(&in_cluster(base, name)).await;
        name
    };
    TEMPLATE.get_or_init(make).await
}

async fn fill(url: &str) {
    let ctx = app::context(url, Arc::new(FixedClock::new(app::START)), 0, |_| {}).await;
    ctx.store.migrate_up().await.expect("the migrations run");
    demo::load_province(&ctx).await.expect("the province loads");
    share::load_indicators(&ctx).await.expect("the indicators load");
    // One password for all, so that a test need not know whose is which.
    let hash = password::hash(app::PASSWORD.to_owned(), Cost::Light).await.expect("hashes");
    let txn = ctx.store.begin().await.expect("begins");
    txn.execute_unprepared(&format!("update account set password_hash = '{hash}'")).await.expect("updates");
    txn.commit().await.expect("commits");
    ctx.store.close().await;
}
