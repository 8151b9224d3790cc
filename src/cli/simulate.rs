//! `xiaonong simulate`: an invented province's school year, loaded in bulk.

use super::{fail, serve::prepare, verify};
use crate::{
    config::Settings,
    context::Ctx,
    share,
    simulate::{Plan, SimulateError, school_days, simulate},
};
use indicatif::{ProgressBar, ProgressStyle};
use sea_orm::DbErr;
use std::{
    io::{IsTerminal, stderr},
    process::ExitCode,
    time::{Duration, Instant},
};

/// How often progress is said where there is no terminal.
const SAID_EVERY: Duration = Duration::from_secs(10);

pub async fn run(settings: Settings, plan: Plan) -> ExitCode {
    let ctx = match prepare(settings).await {
        Ok(ctx) => ctx,
        Err(error) => return fail(error.as_ref()),
    };
    let code = match fill(&ctx, &plan).await {
        Ok(()) => match verify::check(&ctx).await {
            Ok(true) => match back_test(&ctx, &plan).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&error),
            },
            Ok(false) => ExitCode::FAILURE,
            Err(error) => fail(&error),
        },
        Err(error) => fail(&error),
    };
    ctx.store.close().await;
    code
}

/// Says how far off the projection of shares would have been, seen after a half and after three quarters of the year.
async fn back_test(ctx: &Ctx, plan: &Plan) -> Result<(), DbErr> {
    let Some(last) = school_days(plan.from, plan.days).last().copied() else { return Ok(()) };
    let length = (last - plan.from).num_days();
    for (part, seen) in [("a half", length / 2), ("three quarters", length * 3 / 4)] {
        let day = plan.from + chrono::TimeDelta::days(seen);
        let found = share::back_test(ctx, (plan.from, last), day).await?;
        println!(
            "projection after {part} of the year: {} schools, half of them off by at most {} points, nine tenths by at most {}",
            found.schools,
            share::Percent(found.half_within_bp),
            share::Percent(found.most_within_bp)
        );
    }
    Ok(())
}

async fn fill(ctx: &Ctx, plan: &Plan) -> Result<(), SimulateError> {
    let start = Instant::now();
    let bar = if stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("simulating: {bar:30} {pos}/{len} schools, {msg} lines, {eta} left");
    bar.set_style(style.unwrap_or(ProgressStyle::default_bar()));
    let mut said = start;
    let made = simulate(ctx, plan, |progress| {
        bar.set_length(progress.of as u64);
        bar.set_position(progress.schools as u64);
        bar.set_message(progress.lines.to_string());
        if bar.is_hidden() && said.elapsed() >= SAID_EVERY {
            said = Instant::now();
            println!("simulating: {} of {} schools, {} lines", progress.schools, progress.of, progress.lines);
        }
    })
    .await?;
    bar.finish_and_clear();
    println!(
        "simulated: {} schools, {} suppliers, {} ledger lines in {} ms{}",
        made.schools,
        made.suppliers,
        made.lines,
        start.elapsed().as_millis(),
        match made.skipped {
            0 => String::new(),
            skipped => format!("; {skipped} of {} counties were there already", made.counties),
        }
    );
    Ok(())
}
