//! `xiaonong keys list|rotate|retire`: the keys that sign access tokens.

use super::fail;
use crate::{
    access::{KeyError, KeyFiles},
    clock::{Clock, SystemClock},
    config::Settings,
};
use clap::Subcommand;
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use entity::time::Timestamp;
use std::process::ExitCode;

/// What to do with the keys.
#[derive(Clone, Debug, Subcommand)]
pub enum Action {
    /// Name the keys in use
    List,
    /// Make a new key; running servers publish it within seconds and sign with it after five minutes
    Rotate {
        /// Sign with it at once, because the present key was stolen
        #[arg(long)]
        at_once: bool,
    },
    /// Take a key out of use: tokens signed with it are void within seconds and clients renew theirs
    Retire {
        /// Its id, as `keys list` shows it
        id: String,
    },
}

pub fn run(settings: &Settings, action: Action) -> ExitCode {
    let now = SystemClock.now();
    match act(&settings.token_keys, action, now) {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

fn act(files: &KeyFiles, action: Action, now: Timestamp) -> Result<String, KeyError> {
    match action {
        Action::List => list(files, now),
        Action::Rotate { at_once } => {
            let id = files.rotate(now, at_once)?;
            let when = if at_once { "signs at once" } else { "signs in five minutes" };
            Ok(format!("key {id}: made, {when}; retire the one before it ten minutes after that"))
        }
        Action::Retire { id } => {
            files.retire(&id, now)?;
            Ok(format!("key {id}: retired; running servers refuse its tokens within seconds"))
        }
    }
}

fn list(files: &KeyFiles, now: Timestamp) -> Result<String, KeyError> {
    let ring = files.load()?;
    let signing = ring.signing(now).id.clone();
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["kid", "signs from", "state"]);
    for key in ring.keys() {
        let state = match () {
            () if key.id == signing => "signs and verifies",
            () if key.signs_from > now => "verifies; will sign",
            () => "verifies",
        };
        let since = if key.signs_from.0 < 0 { "the start".to_owned() } else { key.signs_from.utc().to_rfc3339() };
        table.add_row([key.id.as_str(), since.as_str(), state]);
    }
    Ok(table.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_rotated_and_retired() {
        let folder = std::env::temp_dir().join(format!("xiaonong-keys-cli-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let files = KeyFiles { first: folder.join("token.key"), folder: folder.join("keys") };
        let now = Timestamp(1_772_445_600_000);
        let run = |action| act(&files, action, now).expect("works");
        assert_eq!(run(Action::List).matches("signs and verifies").count(), 1);
        let first = files.load().expect("reads").signing(now).id.clone();
        assert!(run(Action::Rotate { at_once: false }).contains("five minutes"));
        assert!(run(Action::List).contains("will sign"));
        assert!(act(&files, Action::Retire { id: first.clone() }, now).is_err());
        assert!(run(Action::Rotate { at_once: true }).contains("at once"));
        assert!(run(Action::Retire { id: first.clone() }).contains(&first));
        assert!(!run(Action::List).contains(&first));
    }
}
