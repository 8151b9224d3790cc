//! `xiaonong rotate-keys [--master]`: new keys for personal data, while the service runs.

use super::fail;
use crate::{
    app,
    audit::machine_line,
    clock::{Ids, SystemClock, SystemEntropy},
    config::{Settings, hide_password},
    context::Ctx,
    store::bulk,
    suppliers::{
        households_to_reseal, reseal_households, reseal_suppliers, suppliers_to_reseal,
        verification::{objections_to_reseal, reseal_objections},
    },
    vault::VaultError,
};
use indicatif::{ProgressBar, ProgressStyle};
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};
use std::{
    io::{Error, IsTerminal, stderr},
    process::ExitCode,
    sync::Arc,
};

pub async fn run(settings: Settings, master: bool) -> ExitCode {
    println!("database: {}", hide_password(&settings.database_url));
    let clock = Arc::new(SystemClock);
    let ids = Ids::new(clock.clone(), Arc::new(SystemEntropy));
    let ctx = match app::context(settings, clock, ids).await {
        Ok(ctx) => ctx,
        Err(error) => return fail(&error),
    };
    let code = match ctx.store.pending_migrations().await {
        Ok(pending) if pending.is_empty() => {
            let outcome = if master { change_master(&ctx).await } else { rotate(&ctx).await };
            outcome.map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS)
        }
        Ok(_) => fail(&Error::other("the schema is not up to date: run `xiaonong migrate up` first")),
        Err(error) => fail(&error),
    };
    ctx.store.close().await;
    code
}

/// Makes a new data key and seals the numbers of every household, supplier and objector under it. What an earlier run left
/// is finished first, and then needs no further key.
async fn rotate(ctx: &Ctx) -> Result<(), VaultError> {
    let left = households_to_reseal(ctx).await? + suppliers_to_reseal(ctx).await? + objections_to_reseal(ctx).await?;
    if left > 0 {
        println!("resuming: {left} households, suppliers and contacts are still sealed under an older key");
    } else {
        let txn = ctx.store.begin().await?;
        let version = ctx.vault.rotate(&txn, &ctx.ids, ctx.clock.now()).await?;
        note(ctx, &txn, "data_key.rotate", &json!({"version": version})).await?;
        txn.commit().await?;
        println!("key: version {version} seals from now on; the one before is kept for reading");
    }
    let all = households_to_reseal(ctx).await?;
    let bar = if stderr().is_terminal() { ProgressBar::new(all) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("sealing: {bar:30} {pos}/{len} households");
    bar.set_style(style.unwrap_or(ProgressStyle::default_bar()));
    let sealed = reseal_households(ctx, |done| bar.set_position(done)).await?;
    bar.finish_and_clear();
    let suppliers = reseal_suppliers(ctx).await?;
    let contacts = reseal_objections(ctx).await?;
    let txn = ctx.store.begin().await?;
    let counts = json!({"households": sealed, "suppliers": suppliers, "contacts": contacts});
    note(ctx, &txn, "data_key.reseal", &counts).await?;
    txn.commit().await?;
    println!("sealed: {sealed} households, {suppliers} suppliers and {contacts} contacts under the present key");
    Ok(())
}

/// Wraps the data keys under the next master key; nothing else changes. A running service reads the new key from its file;
/// one that was given its key as a text must know `VAULT_KEY_NEXT` before.
async fn change_master(ctx: &Ctx) -> Result<(), VaultError> {
    let txn = ctx.store.begin().await?;
    let keys = ctx.vault.rewrap(&txn, &ctx.ids).await?;
    note(ctx, &txn, "data_key.rewrap", &json!({"keys": keys})).await?;
    txn.commit().await?;
    ctx.vault.settle()?;
    println!("master key: {keys} data keys are wrapped under the new one");
    println!("            where it is a file, it has been replaced: keep a copy of the new one");
    println!("            where it is VAULT_KEY, set it to what VAULT_KEY_NEXT is and start the service again");
    Ok(())
}

/// A line in the audit trail: done at the machine itself, by nobody with an account.
async fn note(ctx: &Ctx, txn: &DatabaseTransaction, action: &str, detail: &Value) -> Result<(), VaultError> {
    let line = machine_line(ctx, action, "data_key", "rotate-keys", detail.clone());
    Ok(bulk::insert(txn, &[line]).await?)
}
