//! The commands of the binary.

mod admin;
mod audit;
mod demo;
mod household_list;
mod import;
mod keys;
mod migrate;
mod openapi;
mod policy;
mod rotate_keys;
mod serve;
mod simulate;
mod verify;

use crate::{
    config::{Settings, SettingsError, Source},
    http::ApiError,
    simulate::Plan,
    statements::Month,
    store::sqlite_file,
};
use chrono::NaiveDate;
use clap::{Parser, Subcommand};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// 校农 Xiaonong: the school-farm procurement marketplace.
#[derive(Parser)]
#[command(name = "xiaonong", version, about, long_about = None)]
pub struct Cli {
    /// SQLite file or PostgreSQL address [env: DATABASE_URL] [default: sqlite:data/xiaonong.db]
    #[arg(long, global = true)]
    database_url: Option<String>,
    /// Address to serve on [env: LISTEN_ADDR] [default: 127.0.0.1:8080]
    #[arg(long = "listen", global = true)]
    listen_addr: Option<String>,
    /// Folder for the database file and the token key [env: DATA_DIR] [default: data]
    #[arg(long, global = true)]
    data_dir: Option<String>,
    /// Folder or ZIP with the province's data [env: PROVINCE_BUNDLE] [default: the one built in]
    #[arg(long = "bundle", global = true)]
    province_bundle: Option<String>,
    /// TOML file with settings; flags and the environment stand above it
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    /// What to do; `serve` unless given
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API
    Serve,
    /// Fill a database with an invented province and a played term, report its shares, then serve it on this machine
    Demo,
    /// Bring the database schema up, down, or say what is pending
    Migrate {
        /// up, down or status
        #[arg(value_enum, default_value_t = migrate::Direction::Up)]
        direction: migrate::Direction,
        /// With down: also where there are accounts, whose data goes
        #[arg(long)]
        yes: bool,
    },
    /// Bring in a CSV or XLSX file: every row, or none and the reasons why
    Import {
        /// What the file holds
        #[arg(value_enum)]
        kind: import::Kind,
        /// CSV (UTF-8 or GB18030) or XLSX with a header
        file: PathBuf,
        /// Check only and change nothing
        #[arg(long)]
        dry_run: bool,
        /// What a list of households is of
        #[command(flatten)]
        list: household_list::ListOptions,
    },
    /// Make a new key for personal data and seal what is stored anew; the service may run meanwhile
    RotateKeys {
        /// Change the master key instead, which wraps the others
        #[arg(long)]
        master: bool,
    },
    /// Recompute every total from the ledger and name the differences
    Verify {
        /// Check the audit trail instead: every row, link and signed day
        #[arg(long)]
        audit: bool,
        /// First day of the trail to check
        #[arg(long, requires = "audit")]
        from: Option<NaiveDate>,
        /// Last day of the trail to check
        #[arg(long, requires = "audit")]
        to: Option<NaiveDate>,
        /// Prove the statements of this month, such as 2026-05, of the unit
        #[arg(long, requires = "unit", conflicts_with = "audit", value_parser = month)]
        period: Option<Month>,
        /// Code of the reporting unit
        #[arg(long, requires = "period")]
        unit: Option<String>,
    },
    /// Seal or archive the audit trail
    Audit {
        /// What to do
        #[command(subcommand)]
        command: audit::AuditCommand,
    },
    /// Name, rotate or retire the keys that sign access tokens
    Keys {
        /// What to do
        #[command(subcommand)]
        action: keys::Action,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Print who may do what
    Policy {
        /// zh or en
        #[arg(long, default_value = "zh", value_parser = ["zh", "en"])]
        lang: String,
    },
    /// Fill an empty database with an invented province's school year, to measure and to rehearse
    Simulate {
        /// Schools of the province
        #[arg(long, default_value_t = 17_400)]
        schools: usize,
        /// School days
        #[arg(long, default_value_t = 200)]
        days: usize,
        /// The same seed makes the same rows
        #[arg(long, default_value_t = 7)]
        seed: u64,
        /// First day
        #[arg(long, default_value = "2025-09-01")]
        from: NaiveDate,
        /// Put all schools into this county
        #[arg(long)]
        county: Option<String>,
    },
    /// Keep accounts from this machine: make, close, open, reset, list
    #[command(subcommand)]
    Admin(admin::Admin),
}

impl Cli {
    fn settings(&self) -> Result<Settings, SettingsError> {
        let flags = Source {
            database_url: self.database_url.clone(),
            listen_addr: self.listen_addr.clone(),
            data_dir: self.data_dir.clone(),
            province_bundle: self.province_bundle.clone(),
            ..Source::default()
        };
        let file = self.config.as_deref().map(Source::file).transpose()?.unwrap_or_default();
        let mut source = flags.over(Source::environment()).over(file);
        if matches!(self.command, Some(Command::Demo)) {
            demo::adjust(&mut source);
        }
        Settings::from_source(source)
    }
}

/// Who reads along, `head` say, may have enough: then this is no fault and nothing is left to tell.
fn end_with_the_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let told = panic.payload().downcast_ref::<String>();
        if told.is_some_and(|told| told.starts_with("failed printing to stdout") && told.contains("Broken pipe")) {
            std::process::exit(ENDED_BY_READER);
        }
        usual(panic);
    }));
}

/// As a shell reports a process that SIGPIPE ended.
const ENDED_BY_READER: i32 = 141;

/// Runs the command line.
#[must_use]
pub fn run() -> ExitCode {
    end_with_the_reader();
    let cli = Cli::parse();
    let settings = match cli.settings() {
        Ok(settings) => settings,
        Err(error) => return fail(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    runtime.block_on(async move {
        match cli.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(settings).await,
            Command::Demo => demo::run(settings).await,
            Command::Migrate { direction, yes } => migrate::run(settings, direction, yes).await,
            Command::Import { kind, file, dry_run, list } => import::run(settings, kind, &file, dry_run, list).await,
            Command::Verify { audit: true, from, to, .. } => audit::verify(settings, from, to).await,
            Command::Verify { period, unit, .. } => verify::run(settings, period.zip(unit)).await,
            Command::Audit { command } => audit::run(settings, command).await,
            Command::RotateKeys { master } => rotate_keys::run(settings, master).await,
            Command::Keys { action } => keys::run(&settings, action),
            Command::Openapi => openapi::run(settings).await,
            Command::Policy { lang } => policy::run(&lang),
            Command::Simulate { schools, days, seed, from, county } => {
                simulate::run(settings, Plan { schools, days, seed, from, county }).await
            }
            Command::Admin(admin) => admin::run(settings, admin).await,
        }
    })
}

fn month(text: &str) -> Result<Month, String> {
    text.parse().map_err(|()| "a month looks like 2026-05".to_owned())
}

/// Says on stderr what went wrong inside; the causes of an [`ApiError`] are for those at the machine.
pub(crate) fn fail_inside(doing: &str, error: &ApiError) -> ExitCode {
    match error {
        ApiError::Internal(cause) => eprintln!("xiaonong: {doing}: {cause}"),
        other => eprintln!("xiaonong: {doing}: {other:?}"),
    }
    ExitCode::FAILURE
}

/// Says on stderr what went wrong.
pub(crate) fn fail(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("xiaonong: {error}");
    ExitCode::FAILURE
}

/// Prints a page. Who reads only its beginning, as `head` does, has what they want.
pub(crate) fn print(page: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(page.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => fail(&error),
        _ => ExitCode::SUCCESS,
    }
}

/// Refuses where there is no database yet: a command that only looks must not make one.
pub(crate) fn must_exist(settings: &Settings) -> Result<(), ExitCode> {
    match sqlite_file(&settings.database_url) {
        Some(file) if file != ":memory:" && !Path::new(file).exists() => Err(fail(&std::io::Error::other(format!(
            "there is no database {file}: name another with --database-url or DATABASE_URL"
        )))),
        _ => Ok(()),
    }
}
