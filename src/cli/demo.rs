//! `xiaonong demo`: an invented province with a played term, reported and served on this machine.

use super::{
    fail, fail_inside,
    serve::{is_demonstration, listen, may_listen, prepare, start_log},
    verify,
};
use crate::{
    access::{SecondFactor, password::Cost},
    audit::{self, Reach},
    config::{Settings, Source},
    context::Ctx,
    demo::{self, Province},
    http::ApiError,
};
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use entity::{account, membership::Role};
use indicatif::{ProgressBar, ProgressStyle};
use sea_orm::EntityTrait;
use std::{
    io::{Error, IsTerminal, stderr},
    process::ExitCode,
    sync::Arc,
    time::Instant,
};

/// Keeps the demonstration's log to what went wrong.
pub fn adjust(source: &mut Source) {
    source.log.get_or_insert_with(|| "warn".to_owned());
}

pub async fn run(mut settings: Settings) -> ExitCode {
    if !settings.listen_addr.ip().is_loopback() {
        return fail(&Error::other(format!(
            "the demonstration's passwords are published, so it is served on this machine only: {} is not a loopback \
             address; use --listen 127.0.0.1:8080",
            settings.listen_addr
        )));
    }
    // Told before the term is played, not after.
    if let Err(code) = may_listen(settings.listen_addr).await {
        return code;
    }
    settings.password_cost = Cost::Light;
    // Published accounts, on this machine only: nobody has an authenticator for them.
    settings.second_factor = SecondFactor::Voluntary;
    start_log(&settings.log);
    let ctx = match prepare(settings).await {
        Ok(ctx) => ctx,
        Err(error) => return fail(error.as_ref()),
    };
    match holds_real_accounts(&ctx).await {
        Ok(false) => {}
        Ok(true) => {
            return fail(&Error::other(
                "this database has accounts and is not the demonstration's: the demonstration would add an administrator \
                 whose password is published; use another DATABASE_URL, such as sqlite:data/demo.db",
            ));
        }
        Err(error) => return fail(&error),
    }
    if !ctx.settings.province.has_demonstration() {
        return fail(&Error::other(
            "the province's bundle brings no demonstration: it has no folder demo; `serve` and `simulate` work without",
        ));
    }
    match fill(&ctx).await {
        Ok(true) => listen(ctx).await,
        Ok(false) => fail(&Error::other("the totals differ from the ledger; nothing is served")),
        Err(error) => fail_inside("the demonstration", &error),
    }
}

/// Whether somebody works with this database in earnest.
async fn holds_real_accounts(ctx: &Ctx) -> Result<bool, sea_orm::DbErr> {
    Ok(!is_demonstration(ctx).await? && account::Entity::find().one(ctx.store.primary()).await?.is_some())
}

/// Loads, plays, verifies and reports; `false` when a total is not what its lines add up to.
async fn fill(ctx: &Ctx) -> Result<bool, ApiError> {
    let start = Instant::now();
    let province = Arc::new(demo::load_province(ctx).await?);
    println!(
        "loading: {} schools, {} suppliers, {} offers, in {} ms",
        province.schools.len(),
        province.suppliers.len(),
        province.offers.len(),
        start.elapsed().as_millis()
    );
    play(ctx, &province).await?;
    let sound = verify::check(ctx).await?;
    println!("\n{}", demo::report(ctx).await?);
    logins(ctx)?;
    Ok(sound)
}

async fn play(ctx: &Ctx, province: &Arc<Province>) -> Result<(), ApiError> {
    let start = Instant::now();
    let (from, to) = demo::span();
    let weeks = demo::WEEKS;
    let bar = if stderr().is_terminal() { ProgressBar::new(weeks as u64) } else { ProgressBar::hidden() };
    let style =
        ProgressStyle::with_template("playing: {bar:30} {pos}/{len} weeks").unwrap_or(ProgressStyle::default_bar());
    bar.set_style(style);
    let played = demo::play_term(ctx, province, |done| {
        bar.set_position(done as u64);
        if bar.is_hidden() && (done % 6 == 0 || done == 1) {
            println!("playing: week {done} of {weeks}");
        }
    })
    .await?;
    bar.finish_and_clear();
    // Past days: the running service looks back an hour only.
    audit::seal(ctx, Reach::All).await?;
    if played {
        println!("played: the term from {from} to {to}, {weeks} weeks, in {} ms", start.elapsed().as_millis());
    } else {
        println!("played: the term from {from} to {to} is there already, nothing was changed");
    }
    Ok(())
}

fn logins(ctx: &Ctx) -> Result<(), ApiError> {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["角色 Role", "用户名 User name", "口令 Password"]);
    let logins = demo::logins(&ctx.settings.province)?;
    for login in &logins {
        let [zh, en] = &login.who;
        table.add_row([format!("{zh} {en}"), login.username.clone(), login.password.to_owned()]);
    }
    let address = ctx.settings.listen_addr;
    println!("{table}");
    println!("其他学校以学校代码登录，其他供货商以供货商代码登录，口令同上。");
    println!("Every other school logs in by its code, every other supplier by its code, with the same passwords.\n");
    println!("  登录 log in   curl -s http://{address}/api/v1/auth/login -H 'Content-Type: application/json' \\");
    if let Some(login) = logins.iter().find(|login| login.role == Role::CanteenManager) {
        println!(
            "                     -d '{{\"username\":\"{}\",\"password\":\"{}\"}}'",
            login.username, login.password
        );
    }
    println!("  监测 monitor  http://{address}/monitor");
    println!("  接口 the API  http://{address}/docs   http://{address}/openapi.json\n");
    Ok(())
}
