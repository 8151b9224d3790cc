//! `xiaonong simulate`: an invented province's school year, loaded in bulk.

use super::{fail, serve::prepare, verify};
use crate::{
    config::Settings,
    context::Ctx,
    simulate::{Plan, SimulateError, simulate},
};
use indicatif::{ProgressBar, ProgressStyle};
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
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => fail(&error),
        },
        Err(error) => fail(&error),
    };
    ctx.store.close().await;
    code
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
