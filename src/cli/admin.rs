//! `xiaonong admin …`: accounts kept by whoever owns the machine, without SQL and without a log-in.
//!
//! The same use cases as the API's, with every right and the same checks; the audit trail names no account.

use super::{fail, serve::prepare};
use crate::{
    access::{
        Actor, Caller,
        accounts::{self, AccountView, AccountsQuery, Draft, MembershipRequest, Names, Switch},
    },
    config::Settings,
    context::Ctx,
    http::{ApiError, IfMatch, Language},
};
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use entity::{
    account,
    id::{AccountId, SchoolId, SupplierId},
    membership::Role,
    school, supplier,
};
use sea_orm::{ActiveEnum, EntityTrait, QueryFilter, QuerySelect};
use serde::Deserialize;
use std::{process::ExitCode, sync::Arc};
use uuid::Uuid;

/// What to do with accounts.
#[derive(Subcommand)]
pub enum Admin {
    /// Make an account and print its one-time password
    Create(Create),
    /// Close an account and end its sessions
    Disable(Named),
    /// Open a closed account again
    Enable(Named),
    /// Print a new one-time password and end the sessions
    ResetPassword(Named),
    /// List accounts with their roles
    List {
        /// Part of the user name or of the name shown
        #[arg(long)]
        q: Option<String>,
        /// Rows at most, up to 200
        #[arg(long, default_value_t = 200)]
        limit: u64,
    },
}

/// An account to be made.
#[derive(Args)]
pub struct Create {
    /// Log-in name
    #[arg(long)]
    username: String,
    /// Name shown to others
    #[arg(long)]
    name: String,
    /// administrator, `authority_manager`, `authority_officer`, auditor, `school_principal`, `canteen_manager`,
    /// inspector, supplier, `supplier_clerk` or agent
    #[arg(long, value_parser = role)]
    role: Role,
    /// Code of the reporting unit
    #[arg(long)]
    unit: Option<String>,
    /// Code of the school
    #[arg(long)]
    school: Option<String>,
    /// Code of the supplier
    #[arg(long)]
    supplier: Option<String>,
    /// First day, today unless given
    #[arg(long)]
    from: Option<NaiveDate>,
    /// Last day
    #[arg(long)]
    to: Option<NaiveDate>,
}

/// An account by its log-in name.
#[derive(Args)]
pub struct Named {
    /// Log-in name
    #[arg(long)]
    username: String,
}

/// What is read back of an account made or reset.
#[derive(Deserialize)]
struct OneTimeAnswer {
    account: MadeAccount,
    one_time_password: Option<String>,
}

#[derive(Deserialize)]
struct MadeAccount {
    username: String,
}

fn role(text: &str) -> Result<Role, String> {
    Role::try_from_value(&text.to_owned()).map_err(|_| format!("one of: {}", Role::values().join(", ")))
}

pub async fn run(settings: Settings, admin: Admin) -> ExitCode {
    let ctx = match prepare(settings).await {
        Ok(ctx) => ctx,
        Err(error) => return fail(error.as_ref()),
    };
    let outcome = perform(&ctx, admin).await;
    ctx.store.close().await;
    match outcome {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(error) => refuse(&error),
    }
}

/// Does it, and answers what is to be printed.
///
/// # Errors
/// As the API's use case.
pub async fn perform(ctx: &Ctx, admin: Admin) -> Result<String, ApiError> {
    let caller = Caller { actor: Arc::new(Actor::system()), request_id: "admin".to_owned(), address: None };
    let any_version = IfMatch::Any;
    match admin {
        Admin::Create(new) => {
            let draft = draft(ctx, new).await?;
            let made: OneTimeAnswer = accounts::create(ctx, &caller, None, draft, Names::FLAGS).await?.read()?;
            Ok(one_time(&made))
        }
        Admin::ResetPassword(named) => {
            let id = find(ctx, &named).await?;
            let made: OneTimeAnswer = accounts::reset(ctx, &caller, None, &any_version, id).await?.read()?;
            Ok(one_time(&made))
        }
        Admin::Disable(named) => {
            let id = find(ctx, &named).await?;
            accounts::switch(ctx, &caller, None, &any_version, id, Switch::Off).await?;
            Ok(format!("已停用 closed: {}", named.username))
        }
        Admin::Enable(named) => {
            let id = find(ctx, &named).await?;
            accounts::switch(ctx, &caller, None, &any_version, id, Switch::On).await?;
            Ok(format!("已启用 open: {}", named.username))
        }
        Admin::List { q, limit } => {
            let query = AccountsQuery { q, limit: Some(limit), ..AccountsQuery::default() };
            let page = accounts::list(ctx, &caller, &query).await?;
            Ok(listed(&page.items, page.next_cursor.is_some()))
        }
    }
}

async fn find(ctx: &Ctx, named: &Named) -> Result<AccountId, ApiError> {
    let username = named.username.trim().to_lowercase();
    let found = account::Entity::find().filter(account::COLUMN.username.eq(username)).one(ctx.store.primary()).await?;
    found.map(|account| account.id).ok_or(ApiError::NotFound)
}

/// The account with its place looked up; a code that is nowhere becomes an id that is nowhere, which the check names.
async fn draft(ctx: &Ctx, new: Create) -> Result<Draft, ApiError> {
    let db = ctx.store.primary();
    let school_id = match new.school {
        None => None,
        Some(code) => {
            let found = school::Entity::find().select_only().column(school::Column::Id);
            let id: Option<SchoolId> = found.filter(school::COLUMN.code.eq(code)).into_tuple().one(db).await?;
            Some(id.unwrap_or(SchoolId(Uuid::nil())))
        }
    };
    let supplier_id = match new.supplier {
        None => None,
        Some(code) => {
            let found = supplier::Entity::find().select_only().column(supplier::Column::Id);
            let id: Option<SupplierId> = found.filter(supplier::COLUMN.code.eq(code)).into_tuple().one(db).await?;
            Some(id.unwrap_or(SupplierId(Uuid::nil())))
        }
    };
    Ok(Draft {
        pointer: "-".to_owned(),
        role_pointer: "-".to_owned(),
        id: None,
        username: new.username,
        display_name: new.name,
        membership: MembershipRequest {
            role: new.role,
            school_id,
            supplier_id,
            reporting_unit_code: new.unit,
            from_on: new.from,
            to_on: new.to,
        },
    })
}

fn one_time(made: &OneTimeAnswer) -> String {
    format!(
        "用户名 user name: {}\n一次性口令 one-time password: {}\n首次登录后须修改；此口令不再显示。 \
         To be replaced after the first log-in; it is not shown again.",
        made.account.username,
        made.one_time_password.as_deref().unwrap_or("-")
    )
}

fn listed(accounts: &[AccountView], more: bool) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["用户名 User name", "姓名 Name", "角色 Roles", "停用 Closed"]);
    for account in accounts {
        let roles: Vec<String> = account
            .memberships
            .iter()
            .map(|held| {
                let place = held.place.as_deref().unwrap_or_default();
                let to_on = held.to_on.map_or(String::new(), |day| day.to_string());
                format!("{} {place} {}–{to_on}", held.role.to_value(), held.from_on)
            })
            .collect();
        let closed = if account.disabled_at.is_some() { "是 yes" } else { "" };
        table.add_row([account.username.clone(), account.display_name.clone(), roles.join("\n"), closed.to_owned()]);
    }
    let rest = if more {
        "\n还有更多，请用 --q 缩小范围。 There are more; narrow them down with --q."
    } else {
        ""
    };
    format!("{table}{rest}")
}

/// Says on stderr what was refused, in both languages.
fn refuse(error: &ApiError) -> ExitCode {
    if let ApiError::Internal(cause) = error {
        eprintln!("xiaonong: {cause}");
        return ExitCode::FAILURE;
    }
    let [zh, en] = [Language::Chinese, Language::English].map(|language| error.body(language, ""));
    eprintln!("xiaonong: {} / {}", zh.detail, en.detail);
    for (zh, en) in zh.errors.iter().zip(&en.errors) {
        eprintln!("  {}: {} / {}", zh.pointer.replace("-/", "--"), zh.detail, en.detail);
    }
    ExitCode::FAILURE
}
