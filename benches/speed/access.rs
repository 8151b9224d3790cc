//! What access costs: a checked read beside the same one unchecked, and reads while a hundred people log in at once.

use crate::{
    Effort, history, process,
    report::line,
    seed::{self, debug, text},
    storm, twin,
};
use sea_orm::ConnectionTrait;
use std::{fs, time::Duration};
use xiaonong::access::password::{self, Cost};

/// A checked GET may cost this many times the same one unchecked.
const CHECKED_AT_MOST: f64 = 1.3;
/// The slowest hundredth of reads may take this many times as long under a storm of log-ins.
const STORM_AT_MOST: f64 = 2.0;
/// Orders to read.
const ORDERS: u64 = 64;

/// Measures and prints both, over one SQLite database.
pub fn measure(effort: Effort) -> Result<(), String> {
    eprintln!("access");
    let folder = process::scratch_dir().join("access");
    fs::create_dir_all(&folder).map_err(text)?;
    let url = format!("sqlite:{}", folder.join("bench.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(text)?;
    runtime.block_on(async {
        let ctx = seed::connect(&url, &folder).await?;
        let market = seed::fill(&ctx).await?;
        history::ledger(&ctx, &market).await?;
        history::consignments(&ctx, &market, ORDERS).await?;
        // The accounts were made with cheap hashes; log-ins are to cost here what they cost in service.
        let hash = password::hash(seed::PASSWORD.to_owned(), Cost::Strong).await.map_err(debug)?;
        let txn = ctx.store.begin().await.map_err(text)?;
        txn.execute_unprepared(&format!("update account set password_hash = '{hash}'")).await.map_err(text)?;
        txn.commit().await.map_err(text)?;
        ctx.store.close().await;
        Ok::<_, String>(())
    })?;
    let rounds = if effort.rounds > 1 { 7 } else { 3 };
    let turn = (effort.cell * 2 / rounds).max(Duration::from_millis(200));
    let reads = twin::measure(&url, &folder, turn, rounds)?;
    let storm = storm::measure(&url, &folder, effort.cell.max(Duration::from_secs(1)), rounds.min(5))?;
    twin::print(&reads);
    storm::print(&storm);
    println!("\ntargets of access");
    for read in &reads {
        let what = format!("authenticated GET beside the same without checks, {}", read.name);
        target(&what, read.ratio, CHECKED_AT_MOST);
    }
    for load in &storm {
        target(&format!("p99 of reads under 100 concurrent log-ins, {}", load.name), load.ratio(), STORM_AT_MOST);
    }
    Ok(())
}

fn target(what: &str, ratio: f64, at_most: f64) {
    line("SQLite", what, ratio <= at_most, &format!("{ratio:.2} (wanted at most {at_most:.2})"));
}

/// The middle of some figures; the lower of two.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}
