//! Connects to SQLite (default) or PostgreSQL and brings the schema up to date.

use migration::Migrator;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};
use thiserror::Error;

/// The pools: on SQLite one writing connection and several reading ones, on PostgreSQL one pool, or a replica to read.
#[derive(Clone)]
pub struct Store {
    /// For reads outside a transaction.
    pub read: DatabaseConnection,
    write: DatabaseConnection,
    log: Option<Log>,
}

/// SQLite's log of commits, which a connection of its own copies into the database's file: readers never wait for it.
#[derive(Clone)]
struct Log {
    file: PathBuf,
    copier: DatabaseConnection,
    /// What the file looked like when it was last copied.
    seen: Arc<Mutex<Option<(u64, SystemTime)>>>,
}

/// Why the database cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The address is of a kind we do not know.
    #[error("DATABASE_URL must begin with sqlite: or postgres:, such as sqlite:data/xiaonong.db")]
    UnknownScheme,
    /// The folder of the database file cannot be made.
    #[error("cannot create the folder {folder}: {cause}")]
    Folder {
        /// The folder.
        folder: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The database file cannot be made.
    #[error("cannot make the database file {file}: {cause}")]
    File {
        /// The file.
        file: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The database refused.
    #[error("the database does not answer (is it running, and does DATABASE_URL name it?): {0}")]
    Database(#[from] DbErr),
}

/// Reading connections of SQLite at least and at most; each has a thread and a cache of its own.
const READERS: [u32; 2] = [2, 8];
const POSTGRES_CONNECTIONS: u32 = 16;
/// Long enough for a queue of writers, short enough that a hang shows.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Key of the advisory lock that keeps replicas from migrating at once; any fixed number will do.
const MIGRATION_LOCK: i64 = 0x0058_494E_4F4E;

/// Connects; creates the folder and file of a SQLite database. `read_url` may name a PostgreSQL replica.
///
/// # Errors
/// [`StoreError`] when the address is unknown or the database does not answer.
pub async fn connect(url: &str, read_url: Option<&str>) -> Result<Store, StoreError> {
    if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        let write = Database::connect(postgres_options(url)).await?;
        let read = match read_url {
            Some(read_url) => Database::connect(postgres_options(read_url)).await?,
            None => write.clone(),
        };
        return Ok(Store { read, write, log: None });
    }
    let Some(file) = sqlite_file(url) else { return Err(StoreError::UnknownScheme) };
    if let Some(folder) = Path::new(file).parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .map_err(|cause| StoreError::Folder { folder: folder.display().to_string(), cause })?;
    }
    // In memory every connection has a database of its own: enough for printing the routes, for nothing else.
    let base = if file == ":memory:" { "sqlite::memory:".to_owned() } else { format!("sqlite://{file}") };
    if file != ":memory:" {
        make_private(Path::new(file)).map_err(|cause| StoreError::File { file: file.to_owned(), cause })?;
    }
    let write = Database::connect(sqlite_options(&format!("{base}?mode=rwc"), 1, false)).await?;
    let read = Database::connect(sqlite_options(&format!("{base}?mode=rw"), readers(), true)).await?;
    let log = match file {
        ":memory:" => None,
        _ => Some(Log {
            file: PathBuf::from(format!("{file}-wal")),
            copier: Database::connect(sqlite_options(&format!("{base}?mode=rw"), 1, true)).await?,
            seen: Arc::default(),
        }),
    };
    Ok(Store { read, write, log })
}

/// The file of a SQLite address.
#[must_use]
pub fn sqlite_file(url: &str) -> Option<&str> {
    let path = url.strip_prefix("sqlite:")?;
    Some(path.trim_start_matches("//").split('?').next().unwrap_or_default())
}

/// Makes an empty file for the database where there is none, for its owner only; SQLite gives the files beside it the same
/// rights.
fn make_private(file: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Err(cause) if cause.kind() != std::io::ErrorKind::AlreadyExists => Err(cause),
        _ => Ok(()),
    }
}

/// One a processor: more readers of one file only wait for one another.
fn readers() -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let [least, most] = READERS;
    u32::try_from(processors).unwrap_or(most).clamp(least, most)
}

fn sqlite_options(url: &str, connections: u32, read_only: bool) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .min_connections(1)
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(10))
                .pragma("journal_mode", "wal")
                // FULL: an answered order survives a power cut.
                .pragma("synchronous", "full")
                .pragma("query_only", if read_only { "on" } else { "off" })
                // Copying the log into the file is a job's, beside the writer. Only where no job runs or it lags, the
                // writer does so itself, every 64 MB: the log then begins anew.
                .pragma("wal_autocheckpoint", "16000")
                // What a statement of many rows needs to undo itself stays out of a file.
                .pragma("temp_store", if read_only { "default" } else { "memory" })
                // A reader's pages: what does not fit is in the system's cache anyway.
                .pragma("cache_size", if read_only { "-1000" } else { "-3000" })
                .statement_cache_capacity(if read_only { 40 } else { 100 })
                // Rows its thread may be ahead of who reads them: with few, both wait for each other all the time.
                .row_buffer_size(1_000)
        });
    options
}

fn postgres_options(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .min_connections(1)
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire_if_idle_for(Duration::from_secs(5))
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(|postgres| {
            // Compiling a roll-up takes several times as long as running it; with the 4 MB of the server's defaults the rows of
            // a county's schools are sorted on disk, and a page out of order costs what it cost on a turning disk, so that a
            // province's schools are read for those of a county.
            let options = [("jit", "off"), ("work_mem", "16MB"), ("random_page_cost", "1.1")];
            postgres.application_name("xiaonong").statement_cache_capacity(200).options(options)
        });
    options
}

impl Store {
    /// Which database this is.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.write.get_database_backend()
    }

    /// For reads that must see the latest commit: never a replica.
    #[must_use]
    pub fn primary(&self) -> &DatabaseConnection {
        // On SQLite the readers see the same file, and the one writing connection may be busy with a transaction.
        if self.backend() == DbBackend::Postgres { &self.write } else { &self.read }
    }

    /// Starts a writing transaction; on SQLite it holds the write lock from its first moment.
    ///
    /// # Errors
    /// When no connection comes free in time or the database is gone.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        self.write.begin_with_options(options).await
    }

    /// Starts a reading transaction that sees one state of the database throughout.
    ///
    /// # Errors
    /// When no connection comes free in time or the database is gone.
    pub async fn begin_snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        // SQLite's readers have it by themselves.
        let isolation_level = (self.backend() == DbBackend::Postgres).then_some(IsolationLevel::RepeatableRead);
        self.primary().begin_with_options(TransactionOptions { isolation_level, ..Default::default() }).await
    }

    /// On SQLite, whether a commit waits until the disk has it. Not waiting keeps the file sound but may lose the last
    /// commits to a power cut: only for what is repeated then, as the demonstration's term is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn wait_for_disk(&self, wait: bool) -> Result<(), DbErr> {
        if self.backend() == DbBackend::Sqlite {
            let level = if wait { "full" } else { "normal" };
            self.write.execute_unprepared(&format!("pragma synchronous = {level}")).await?;
        }
        Ok(())
    }

    /// On SQLite, copies what was committed from the log into the file, while the writer goes on; where the log is as it
    /// was the last time, nothing is done.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn checkpoint(&self) -> Result<(), DbErr> {
        let Some(log) = &self.log else { return Ok(()) };
        // Without a file there is no log.
        let Ok(now) = std::fs::metadata(&log.file).and_then(|file| Ok((file.len(), file.modified()?))) else {
            return Ok(());
        };
        let seen = || log.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen() == Some(now) {
            return Ok(());
        }
        log.copier.execute_unprepared("pragma wal_checkpoint(passive)").await?;
        // Only now: what failed is tried again though the log is as it was.
        *seen() = Some(now);
        Ok(())
    }

    /// Brings the schema up to date; replicas that start together wait for one another.
    ///
    /// # Errors
    /// When a migration fails.
    pub async fn migrate_up(&self) -> Result<(), DbErr> {
        self.locked(|| Migrator::up(&self.write, None)).await
    }

    /// Takes back the newest `steps` migrations, or all.
    ///
    /// # Errors
    /// When a migration fails.
    pub async fn migrate_down(&self, steps: Option<u32>) -> Result<(), DbErr> {
        self.locked(|| Migrator::down(&self.write, steps)).await
    }

    /// Names of the migrations still to run.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, DbErr> {
        let pending = Migrator::get_pending_migrations(&self.write).await?;
        Ok(pending.iter().map(|migration| migration.name().to_owned()).collect())
    }

    /// One statement that shows the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.read.execute_unprepared("select 1").await.map(drop)
    }

    /// Closes the pools, so that SQLite folds its log into the file.
    pub async fn close(&self) {
        let copier = self.log.as_ref().map(|log| &log.copier);
        for pool in [Some(&self.read), copier, Some(&self.write)].into_iter().flatten() {
            if let Err(error) = pool.close_by_ref().await {
                tracing::warn!(%error, "closing the database");
            }
        }
    }

    async fn locked<F, T>(&self, run: F) -> Result<(), DbErr>
    where
        F: FnOnce() -> T,
        T: Future<Output = Result<(), DbErr>>,
    {
        if self.backend() != DbBackend::Postgres {
            return run().await;
        }
        // The lock lives in a transaction of its own and goes with it, also when this process dies.
        let holder = self.write.begin().await?;
        holder.execute_unprepared(&format!("select pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
        let outcome = run().await;
        holder.commit().await?;
        outcome
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_database_file_is_its_owners_and_stays_as_it_is() {
        let file = std::env::temp_dir().join(format!("xiaonong-private-{}.db", std::process::id()));
        let _ = std::fs::remove_file(&file);
        make_private(&file).expect("made");
        let mode = std::fs::metadata(&file).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&file, b"rows").expect("written");
        make_private(&file).expect("is there already");
        assert_eq!(std::fs::read(&file).expect("reads"), b"rows");
        std::fs::remove_file(&file).expect("removed");
    }

    #[tokio::test]
    async fn what_was_committed_is_copied_into_the_file_while_the_writer_goes_on() {
        let folder = std::env::temp_dir().join(format!("xiaonong-checkpoint-{}", std::process::id()));
        let file = folder.join("log.db");
        let store = connect(&format!("sqlite:{}", file.display()), None).await.expect("connects");
        store.write.execute_unprepared("create table note (text text not null)").await.expect("made");
        let in_file = |text: &str| {
            let bytes = std::fs::read(&file).expect("reads");
            bytes.windows(text.len()).any(|part| part == text.as_bytes())
        };
        let write = async |text: &str| {
            let txn = store.begin().await.expect("begins");
            txn.execute_unprepared(&format!("insert into note values ('{text}')")).await.expect("written");
            txn
        };
        write("kept for good").await.commit().await.expect("commits");
        let under_way = write("under way").await;
        assert!(!in_file("kept for good"));
        store.checkpoint().await.expect("copies");
        assert!(in_file("kept for good") && !in_file("under way"));
        under_way.commit().await.expect("commits");
        store.close().await;
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
