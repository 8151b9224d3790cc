//! `xiaonong audit …` and `xiaonong verify --audit`: the trail checked, sealed by hand, archived.

use super::{fail, fail_inside, must_exist};
use crate::{
    app,
    audit::{self, Reach},
    clock::{Ids, SystemClock, SystemEntropy},
    config::{Settings, hide_password},
    context::Ctx,
};
use chrono::NaiveDate;
use clap::Subcommand;
use sea_orm::DbErr;
use std::{io::Error, path::PathBuf, process::ExitCode, sync::Arc, time::Instant};

/// What to do with the trail.
#[derive(Subcommand)]
pub enum AuditCommand {
    /// Seal every row that has no seal and sign the days that are over; a running service does so by itself
    Seal,
    /// Write a file for each signed day that is at least six months old; the table keeps its rows
    Archive {
        /// Days before this one, such as 2026-05-01
        #[arg(long)]
        before: NaiveDate,
        /// Folder for the files
        #[arg(long)]
        to: PathBuf,
    },
    /// Check archived days by themselves
    Check {
        /// Files that `archive` wrote
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

pub async fn run(settings: Settings, command: AuditCommand) -> ExitCode {
    let ctx = match open(settings).await {
        Ok(ctx) => ctx,
        Err(code) => return code,
    };
    let code = match command {
        AuditCommand::Seal => match audit::seal(&ctx, Reach::All).await {
            Ok(rows) => {
                println!("sealed: {rows} rows");
                ExitCode::SUCCESS
            }
            Err(error) => fail_inside("sealing", &error),
        },
        AuditCommand::Archive { before, to } => match audit::archive(&ctx, before, &to).await {
            Ok(done) => {
                done.written.iter().for_each(|path| println!("written and checked: {}", path.display()));
                println!(
                    "archived: {} days with {} rows, {} days were there already; the table keeps its rows",
                    done.written.len(),
                    done.rows,
                    done.present
                );
                ExitCode::SUCCESS
            }
            Err(error) => fail(&error),
        },
        AuditCommand::Check { files } => check(&ctx, &files),
    };
    ctx.store.close().await;
    code
}

fn check(ctx: &Ctx, files: &[PathBuf]) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for file in files {
        match audit::check_file(&ctx.tokens, file) {
            Ok((head, rows)) => println!("sound: {}, {rows} rows, head {head}", file.display()),
            Err(error) => code = fail(&error),
        }
    }
    code
}

/// `verify --audit`: exit 1 on anything that does not fit.
pub async fn verify(settings: Settings, from: Option<NaiveDate>, to: Option<NaiveDate>) -> ExitCode {
    let ctx = match open(settings).await {
        Ok(ctx) => ctx,
        Err(code) => return code,
    };
    let code = match report(&ctx, from, to).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(&error),
    };
    ctx.store.close().await;
    code
}

async fn report(ctx: &Ctx, from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<bool, DbErr> {
    let start = Instant::now();
    let verified = audit::verify(ctx, from, to).await?;
    for finding in &verified.findings {
        println!("audit: {finding}");
    }
    println!(
        "verified: {} audit rows, {} signed days, {} not signed yet, {} in {} ms",
        verified.rows,
        verified.signed_days,
        verified.open_days,
        match verified.found {
            0 => "nothing wrong".to_owned(),
            1 => "1 FINDING".to_owned(),
            many => format!("{many} FINDINGS"),
        },
        start.elapsed().as_millis()
    );
    if let Some((seq, head)) = verified.head {
        println!("head: place {seq}, {head}");
    }
    Ok(verified.found == 0)
}

async fn open(settings: Settings) -> Result<Ctx, ExitCode> {
    must_exist(&settings)?;
    println!("database: {}", hide_password(&settings.database_url));
    let clock = Arc::new(SystemClock);
    let ids = Ids::new(clock.clone(), Arc::new(SystemEntropy));
    let ctx = app::context(settings, clock, ids).await.map_err(|error| fail(&error))?;
    match ctx.store.pending_migrations().await {
        Ok(pending) if pending.is_empty() => Ok(ctx),
        Ok(_) => Err(fail(&Error::other("the schema is not up to date: run `xiaonong migrate up` first"))),
        Err(error) => Err(fail(&error)),
    }
}
