//! `xiaonong verify`: every total recomputed from the ledger, every ledger line against what it rests on; or the statements
//! of a unit's month.

use super::{fail, fail_inside, must_exist};
use crate::{
    app,
    clock::{Ids, SystemClock, SystemEntropy},
    config::{Settings, hide_password},
    context::Ctx,
    share,
    statements::{self, Month},
};
use sea_orm::DbErr;
use std::{io::Error, process::ExitCode, sync::Arc, time::Instant};

pub async fn run(settings: Settings, statement: Option<(Month, String)>) -> ExitCode {
    if let Err(code) = must_exist(&settings) {
        return code;
    }
    println!("database: {}", hide_password(&settings.database_url));
    let clock = Arc::new(SystemClock);
    let ids = Ids::new(clock.clone(), Arc::new(SystemEntropy));
    let ctx = match app::context(settings, clock, ids).await {
        Ok(ctx) => ctx,
        Err(error) => return fail(&error),
    };
    let code = match ctx.store.pending_migrations().await {
        Ok(pending) if pending.is_empty() => match &statement {
            Some((month, unit)) => prove(&ctx, *month, unit).await,
            None => match check(&ctx).await {
                Ok(true) => ExitCode::SUCCESS,
                Ok(false) => ExitCode::FAILURE,
                Err(error) => fail(&error),
            },
        },
        Ok(_) => fail(&Error::other("the schema is not up to date: run `xiaonong migrate up` first")),
        Err(error) => fail(&error),
    };
    ctx.store.close().await;
    code
}

/// Verifies and says what was found; `false` when anything differs.
pub async fn check(ctx: &Ctx) -> Result<bool, DbErr> {
    let start = Instant::now();
    let found = share::verify(ctx).await?;
    for difference in &found.differences {
        println!("difference: {difference}");
    }
    println!(
        "verified: {} ledger lines, {} totals, {} in {} ms",
        found.lines,
        found.totals,
        match found.differences.len() {
            0 => "no difference".to_owned(),
            1 => "1 DIFFERENCE".to_owned(),
            many => format!("{many} DIFFERENCES"),
        },
        start.elapsed().as_millis()
    );
    Ok(found.differences.is_empty())
}

/// Proves the statements of a unit's month and says what was found.
async fn prove(ctx: &Ctx, month: Month, unit: &str) -> ExitCode {
    let proof = match statements::prove(ctx, unit, month).await {
        Ok(proof) => proof,
        Err(error) => return fail_inside("the statements could not be proven", &error),
    };
    for statement in &proof.statements {
        println!("statement: {statement}");
    }
    for difference in &proof.differences {
        println!("difference: {difference}");
    }
    if proof.statements.is_empty() && proof.differences.is_empty() {
        return fail(&Error::other(format!("unit {unit} has not closed {month}")));
    }
    let proven = proof.differences.is_empty();
    println!("{}", if proven { "proven: hash, signature, chain, lines and sums hold" } else { "NOT PROVEN" });
    if proven { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
