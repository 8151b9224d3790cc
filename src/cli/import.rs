//! `xiaonong import KIND FILE [--dry-run]`: schools, households, suppliers and links from CSV or XLSX, and lists of households.

use super::{
    fail, fail_inside,
    household_list::{self, ListOptions},
    serve::prepare,
};
use crate::{
    config::Settings,
    http::{ApiError, Language},
    registry::{ImportError, SCHOOLS, import_schools},
    sheets::{Refusal, text_of},
    suppliers::{HOUSEHOLDS, LINKS, SUPPLIERS, import_households, import_links, import_suppliers},
};
use std::{io::Error, path::Path, process::ExitCode};

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Schools and their canteens
    Schools,
    /// Households with their status histories
    Households,
    /// Approved suppliers; after the households
    Suppliers,
    /// Links from suppliers to households; after both
    Links,
    /// A county's list of households from its rural-revitalisation office: compared with the register, then applied
    HouseholdList,
}

pub async fn run(settings: Settings, kind: Kind, file: &Path, dry_run: bool, list: ListOptions) -> ExitCode {
    let name = file.display();
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => return fail(&Error::other(format!("{name}: {error}"))),
    };
    if kind == Kind::HouseholdList {
        return household_list::run(settings, &bytes, dry_run, list).await;
    }
    let columns = match kind {
        Kind::Schools => &SCHOOLS,
        Kind::Suppliers => &SUPPLIERS,
        Kind::Links => &LINKS,
        Kind::Households | Kind::HouseholdList => &HOUSEHOLDS,
    };
    let text = match text_of(&bytes, columns) {
        Ok(text) => text,
        Err(ApiError::Invalid(errors)) => {
            for error in errors {
                let [zh, en] =
                    [Language::Chinese, Language::English].map(|one| error.detail.in_language(one).to_owned());
                eprintln!("{name} {}：{zh} / {en}", error.pointer);
            }
            return ExitCode::FAILURE;
        }
        Err(error) => return fail_inside("import", &error),
    };
    let ctx = match prepare(settings).await {
        Ok(ctx) => ctx,
        Err(error) => return fail(error.as_ref()),
    };
    let outcome = match kind {
        Kind::Schools => import_schools(&ctx, &text, dry_run).await,
        Kind::Households => import_households(&ctx, &text, dry_run).await,
        Kind::Suppliers => import_suppliers(&ctx, &text, dry_run).await,
        Kind::Links => import_links(&ctx, &text, dry_run).await,
        Kind::HouseholdList => return ExitCode::FAILURE,
    };
    let code = match outcome {
        Ok(done) if dry_run => {
            println!("{name}：{} 行可导入，新增 {} 条；未作改动", done.rows, done.written);
            println!("{name}: {} rows are fine, {} records would be new; nothing was changed", done.rows, done.written);
            ExitCode::SUCCESS
        }
        Ok(done) => {
            println!("{name}：{} 行，新增 {} 条，其余已在册", done.rows, done.written);
            println!(
                "{name}: {} rows, {} new records; what was there already is left as it is",
                done.rows, done.written
            );
            ExitCode::SUCCESS
        }
        Err(ImportError::Refused(refusals)) => {
            refusals.iter().for_each(say);
            eprintln!("{name}：{} 处有误，未导入任何内容", refusals.len());
            eprintln!("{name}: {} cells refused, nothing was imported", refusals.len());
            ExitCode::FAILURE
        }
        Err(ImportError::Database(error)) => fail(&error),
    };
    ctx.store.close().await;
    code
}

fn say(refusal: &Refusal) {
    let Refusal { line, column, reason, .. } = refusal;
    // Some are of a whole row.
    let (zh, en) =
        if column.is_empty() { (String::new(), String::new()) } else { (format!(" {column}"), format!(", {column}")) };
    eprintln!(
        "第 {line} 行{zh}：{} / line {line}{en}: {}",
        reason.in_language(Language::Chinese),
        reason.in_language(Language::English)
    );
}
