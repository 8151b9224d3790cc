//! `xiaonong import household-list FILE --history … --county … --listed-on …`: compare a list, and apply it.

use super::{fail, fail_inside, serve::prepare};
use crate::{
    access::{Actor, Caller, Grant, Place},
    config::Settings,
    context::Ctx,
    households::{HOUSEHOLD_LIST, ListOf, NewList, Shrink, apply_list, compare_list, read_list},
    http::{ApiError, Language, hex},
    sheets::text_of,
    store::Begun,
};
use axum::http::StatusCode;
use chrono::NaiveDate;
use clap::Args;
use entity::{household_list, household_status::StatusHistory, id::AccountId, membership::Role};
use ring::digest;
use sea_orm::ActiveEnum;
use std::{io::Error, process::ExitCode, sync::Arc};
use uuid::Uuid;

/// What a list of households is of.
#[derive(Args)]
pub struct ListOptions {
    /// Which history the list speaks of: registration or monitoring
    #[arg(long, value_parser = ["registration", "monitoring"])]
    history: Option<String>,
    /// Code of the county it is of
    #[arg(long)]
    county: Option<String>,
    /// Day the office drew it up for
    #[arg(long)]
    listed_on: Option<NaiveDate>,
    /// Let it end more of the register than the setting allows, for this reason
    #[arg(long, value_name = "REASON")]
    allow_shrink: Option<String>,
}

pub async fn run(settings: Settings, bytes: &[u8], dry_run: bool, options: ListOptions) -> ExitCode {
    let ListOptions { history, county, listed_on, allow_shrink } = options;
    let kind = history.and_then(|history| StatusHistory::try_from_value(&history).ok());
    let (Some(kind), Some(county_code), Some(listed_on)) = (kind, county, listed_on) else {
        return fail(&Error::other("须有 / needed: --history --county --listed-on"));
    };
    let ctx = match prepare(settings).await {
        Ok(ctx) => ctx,
        Err(error) => return fail(error.as_ref()),
    };
    let of = ListOf { kind, county_code, listed_on };
    let shrink = allow_shrink.map_or(Shrink::Refuse, Shrink::Allow);
    let code = match import(&ctx, bytes, of, dry_run, shrink).await {
        Ok(list) => {
            print(&list, dry_run);
            ExitCode::SUCCESS
        }
        Err(ApiError::Conflict { detail, .. }) => {
            let [zh, en] =
                [Language::Chinese, Language::English].map(|language| detail.in_language(language).to_owned());
            eprintln!("{zh}\n{en}");
            ExitCode::FAILURE
        }
        Err(ApiError::Invalid(errors)) => {
            for error in errors {
                let [zh, en] =
                    [Language::Chinese, Language::English].map(|one| error.detail.in_language(one).to_owned());
                eprintln!("{}：{zh} / {en}", error.pointer);
            }
            ExitCode::FAILURE
        }
        Err(error) => fail_inside("import household-list", &error),
    };
    ctx.store.close().await;
    code
}

async fn import(
    ctx: &Ctx,
    bytes: &[u8],
    of: ListOf,
    dry_run: bool,
    shrink: Shrink,
) -> Result<household_list::Model, ApiError> {
    // The owner of the machine stands for the manager of every county; the trail names no account.
    let everywhere = Grant { role: Role::AuthorityManager, place: Place::Everywhere };
    let actor = Actor::in_process(AccountId(Uuid::nil()), vec![everywhere]);
    let caller = Caller { actor: Arc::new(actor), request_id: "import".to_owned(), address: None };
    let file_hash = hex(digest::digest(&digest::SHA256, bytes).as_ref());
    let rows = read_list(&text_of(bytes, &HOUSEHOLD_LIST)?)?;
    let list = compare_list(ctx, &caller, NewList { of, file_hash, rows }).await?;
    if dry_run {
        return Ok(list);
    }
    let Begun::New(mut work) = ctx.begin(&caller, None).await? else { return Err(ApiError::Unavailable) };
    let list = apply_list(ctx, &caller, &mut work, list, shrink).await?;
    work.commit(StatusCode::OK, &()).await?;
    Ok(list)
}

fn print(list: &household_list::Model, dry_run: bool) {
    let household_list::Model {
        rows, new_rows, changed_rows, ended_rows, unknown_rows, duplicate_rows, same_rows, ..
    } = list;
    println!(
        "{rows} 行：新增 {new_rows}，变更 {changed_rows}，终止 {ended_rows}，无法认定 {unknown_rows}，\
         重复 {duplicate_rows}，一致 {same_rows}；{}",
        if dry_run { "未作改动" } else { "已入册" }
    );
    println!(
        "{rows} rows: {new_rows} new, {changed_rows} changed, {ended_rows} ended, {unknown_rows} unknown, \
         {duplicate_rows} duplicate, {same_rows} the same; {}",
        if dry_run { "nothing was changed" } else { "applied" }
    );
}
