//! `xiaonong migrate up|down|status`.

use super::fail;
use crate::{
    config::{Settings, hide_password},
    store::{Store, connect},
};
use entity::account;
use sea_orm::EntityTrait;
use std::{io::Error, process::ExitCode};

/// Which way to migrate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Direction {
    /// Run what is pending.
    Up,
    /// Take everything back: all data goes.
    Down,
    /// Name what is pending.
    Status,
}

pub async fn run(settings: Settings, direction: Direction, yes: bool) -> ExitCode {
    let store = match connect(&settings.database_url, None).await {
        Ok(store) => store,
        Err(error) => return fail(&error),
    };
    println!("database: {}", hide_password(&settings.database_url));
    if direction == Direction::Down && !yes && is_in_use(&store).await {
        store.close().await;
        return fail(&Error::other("this database is in use and `down` removes all of its data: say so with --yes"));
    }
    let outcome = match direction {
        Direction::Up => store.migrate_up().await,
        Direction::Down => store.migrate_down(None).await,
        Direction::Status => Ok(()),
    };
    let pending = match outcome {
        Ok(()) => store.pending_migrations().await,
        Err(error) => Err(error),
    };
    let code = match pending {
        Ok(pending) if pending.is_empty() => {
            println!("schema: up to date");
            ExitCode::SUCCESS
        }
        Ok(pending) => {
            println!("schema: {} migrations pending", pending.len());
            for name in pending {
                println!("  {name}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    };
    store.close().await;
    code
}

/// Whether anybody has an account; without the table there is nobody's data either.
async fn is_in_use(store: &Store) -> bool {
    account::Entity::find().one(store.primary()).await.is_ok_and(|account| account.is_some())
}
