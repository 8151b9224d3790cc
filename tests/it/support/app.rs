//! The service under test: a context with a clock that stands and ids that repeat, and the router over it.

use super::{call::Call, database::Database, process};
use axum::Router;
use entity::{membership::Role, time::Timestamp};
use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
use sea_orm::DbBackend;
use serde_json::{Value, json};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, OnceLock, atomic::AtomicU64, atomic::Ordering},
};
use xiaonong::{
    access::{NewAccount, Rates, SecondFactor, Tokens, create_accounts, password::Cost},
    app,
    clock::{Clock, FixedClock, Ids, SeededEntropy},
    config::{Settings, Source},
    context::Ctx,
    store::{FilesAt, connect},
    vault::{MasterKey, MasterSource, Secret},
};

/// 2026-03-02, 18:00 in China: where every test's clock stands at first.
pub const START: Timestamp = Timestamp(1_772_445_600_000);
/// Password of every account.
pub const PASSWORD: &str = "correct-horse-battery";

/// Master key of every test's database.
pub const VAULT_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// One replica of the service over a test's own database.
pub struct App {
    /// What the handlers share.
    pub ctx: Ctx,
    /// Its clock, to be moved.
    pub clock: Arc<FixedClock>,
    /// The service.
    pub router: Router,
    database: Database,
    replicas: AtomicU64,
    seed: u64,
}

impl App {
    /// The service over a fresh database; `None` where there is no PostgreSQL and it is asked for. `test` seeds the ids.
    pub async fn start(backend: DbBackend, test: &str) -> Option<Self> {
        let database = Database::fresh(backend).await?;
        let mut hasher = DefaultHasher::new();
        test.hash(&mut hasher);
        Some(Self::over(database, Arc::new(FixedClock::new(START)), hasher.finish(), |_| {}).await)
    }

    async fn over(database: Database, clock: Arc<FixedClock>, seed: u64, change: impl FnOnce(&mut Settings)) -> Self {
        let ctx = context(&database.url, clock.clone(), seed, change).await;
        Self { router: app::router(ctx.clone()), ctx, clock, database, replicas: AtomicU64::new(0), seed }
    }

    /// Another process over the same database and clock.
    pub async fn second_replica(&self) -> Self {
        self.replica(|_| {}).await
    }

    /// Another process with other settings.
    pub async fn replica(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let number = self.replicas.fetch_add(1, Ordering::Relaxed) + 1;
        let seed = self.seed.wrapping_add(number);
        Self::over(self.database.clone(), self.clock.clone(), seed, change).await
    }

    /// Address of its database, as in `DATABASE_URL`.
    pub fn database_url(&self) -> &str {
        &self.database.url
    }

    /// Ends the service and removes its database.
    pub async fn close(self) {
        drop(self.router);
        self.ctx.store.close().await;
        self.database.remove().await;
    }

    /// Lets time pass.
    pub fn wait_millis(&self, millis: i64) {
        self.clock.set(Timestamp(self.clock.now().0 + millis));
    }

    /// Makes an administrator with [`PASSWORD`].
    pub async fn account(&self, username: &str) {
        self.account_with(username, false).await;
    }

    /// The same; with `one_time`, its password must be replaced first.
    pub async fn account_with(&self, username: &str, one_time: bool) {
        let account = NewAccount {
            id: self.ctx.ids.next(),
            username,
            display_name: username,
            password: PASSWORD.to_owned(),
            one_time,
            role: Role::Administrator,
            school_id: None,
            supplier_id: None,
            reporting_unit_code: None,
        };
        create_accounts(&self.ctx, vec![account], Cost::Light).await.expect("the account is made");
    }

    /// Logs in with [`PASSWORD`] and answers with the whole answer.
    pub async fn session(&self, username: &str) -> Value {
        let answer = self.post("/auth/login", json!({"username": username, "password": PASSWORD})).await;
        answer.ok()
    }

    /// Logs in with [`PASSWORD`] and answers with the access token.
    pub async fn login(&self, username: &str) -> String {
        let session = self.session(username).await;
        session["access_token"].as_str().expect("a token").to_owned()
    }

    /// A GET below `/api/v1`.
    pub fn get(&self, path: &str) -> Call {
        self.call("GET", &format!("/api/v1{path}"))
    }

    /// A POST below `/api/v1`.
    pub fn post(&self, path: &str, body: impl Into<Value>) -> Call {
        self.call("POST", &format!("/api/v1{path}")).json(&body.into())
    }

    /// A PATCH below `/api/v1`.
    pub fn patch(&self, path: &str, body: impl Into<Value>) -> Call {
        self.call("PATCH", &format!("/api/v1{path}")).json(&body.into())
    }

    /// Any request.
    pub fn call(&self, method: &str, path: &str) -> Call {
        Call::new(self.router.clone(), method, path)
    }
}

/// A context as `serve` makes it, but with a clock that stands, ids that repeat and cheap passwords.
pub async fn context(url: &str, clock: Arc<FixedClock>, seed: u64, change: impl FnOnce(&mut Settings)) -> Ctx {
    let source = Source { database_url: Some(url.to_owned()), ..Source::default() };
    let mut settings = Settings::from_source(source).expect("settings");
    settings.password_cost = Cost::Light;
    // A test asks faster than people do, while its clock stands.
    settings.rates = Rates { account: 0, writes: 0, address: 0 };
    let current = MasterKey::parse(&Secret::new(VAULT_KEY.to_owned())).expect("a key");
    settings.master_keys = MasterSource::Given { current, next: None };
    // Most tests' administrators have no authenticator; the tests of the second factor make it compulsory again.
    settings.second_factor = SecondFactor::Voluntary;
    settings.seal_key_file = process::scratch_dir().join("seal.key");
    // The replicas of one database share their documents, as the processes of one service do.
    let mut hasher = DefaultHasher::new();
    url.hash(&mut hasher);
    settings.documents = FilesAt::Folder(process::scratch_dir().join(format!("documents-{:x}", hasher.finish())));
    change(&mut settings);
    let store = connect(&settings.database_url, None).await.expect("the database answers");
    let ids = Ids::new(clock.clone(), Arc::new(SeededEntropy::new(seed)));
    app::context_with(settings, clock, ids, store, tokens()).expect("the Redis address is one")
}

/// The key all replicas sign with, as PKCS#8.
pub fn token_key() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key").as_ref().to_vec())
}

fn tokens() -> Tokens {
    Tokens::from_pkcs8(token_key()).expect("the key is read")
}

/// Makes two tests of one body: `name::sqlite` and `name::postgres`.
macro_rules! on_both {
    ($(async fn $name:ident($app:ident: &App) $body:block)+) => {$(
        async fn $name($app: &crate::support::app::App) $body

        mod $name {
            use crate::support::app::App;
            use sea_orm::DbBackend;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let app = App::start(DbBackend::Sqlite, module_path!()).await.expect("SQLite is always there");
                super::$name(&app).await;
                app.close().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(app) = App::start(DbBackend::Postgres, module_path!()).await {
                    super::$name(&app).await;
                    app.close().await;
                }
            }
        }
    )+};
}
pub(crate) use on_both;
