//! How often a log-in may be tried: counted by name and address, so that guessing is slow and nobody locks another out.
//!
//! | counted | within | and then |
//! | --- | --- | --- |
//! | one name from one address: 10 tries | 15 min | that address waits for that name |
//! | one address: 300 tries, right or wrong | 15 min | that address waits |
//! | one address: 50 names it failed for (spraying) | 15 min | that address waits |
//! | one name: 30 failures from anywhere | 15 min | one try in 15 s from addresses new to the account |
//! | everyone: 1,000 failures | 1 min | one try in 5 s from an address new to the account |
//!
//! The last three never hold up an address from which the account logged in before: its owner passes while strangers
//! guess. The counters are shared through Redis where there is one and go on in this process without it.

use crate::{
    context::Ctx,
    http::{ApiError, Peer},
};
use entity::{account, session, time::Timestamp};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait};
use std::time::Duration;

const TRIES_PER_NAME: u64 = 10;
const TRIES_PER_ADDRESS: u64 = 300;
const NAMES_PER_ADDRESS: u64 = 50;
const FAILURES_PER_NAME: u64 = 30;
const FAILURES_OF_ALL: u64 = 1_000;
/// Tries of a second factor, or of one's own password from within a session.
const TRIES_INSIDE: u64 = 10;
/// Characters of a name that are told apart when counting.
const COUNTED_CHARACTERS: usize = 100;
const WINDOW: Duration = Duration::from_secs(900);
const MINUTE: Duration = Duration::from_secs(60);
const SLOT_OF_NAME: Duration = Duration::from_secs(15);
const SLOT_OF_ADDRESS: Duration = Duration::from_secs(5);

fn wait(window: Duration) -> ApiError {
    ApiError::TooMany { retry_after: i64::try_from(window.as_secs()).unwrap_or(i64::MAX) }
}

/// One try to log in.
pub struct Try<'a> {
    ctx: &'a Ctx,
    username: &'a str,
    address: String,
    now: Timestamp,
    // The address comes first and the name is cut: what one address can make us remember stays small.
    by_address: String,
    by_both: String,
    by_name: String,
    names: String,
    /// Tries of this name from this address in the present window, this one included.
    count: u64,
}

/// Failures of everyone.
const ALL: &str = "xiaonong:failed";

impl<'a> Try<'a> {
    /// Counts a try of `username`, in lower case, and lets it pass or not.
    ///
    /// # Errors
    /// 429 with the seconds to wait.
    pub async fn admit(ctx: &'a Ctx, username: &'a str, peer: Peer, now: Timestamp) -> Result<Self, ApiError> {
        let from = peer.counted();
        let name: String = username.chars().take(COUNTED_CHARACTERS).collect();
        let mut this = Self {
            ctx,
            username,
            address: peer.shown(),
            now,
            by_address: format!("xiaonong:login:{from}"),
            by_both: format!("xiaonong:login:{name}:{from}"),
            by_name: format!("xiaonong:failed:{name}"),
            names: format!("xiaonong:names:{from}"),
            count: 0,
        };
        let counters = &ctx.counters;
        if counters.hit(&this.by_address, WINDOW, now).await > TRIES_PER_ADDRESS {
            return Err(wait(WINDOW));
        }
        this.count = counters.hit(&this.by_both, WINDOW, now).await;
        if this.count > TRIES_PER_NAME {
            return Err(wait(WINDOW));
        }
        this.hold_up_strangers().await?;
        Ok(this)
    }

    async fn hold_up_strangers(&self) -> Result<(), ApiError> {
        let counters = &self.ctx.counters;
        let sprays = counters.count(&self.names, self.now).await >= NAMES_PER_ADDRESS;
        let name_is_guessed = counters.count(&self.by_name, self.now).await >= FAILURES_PER_NAME;
        let storm = counters.count(ALL, self.now).await >= FAILURES_OF_ALL;
        if !(sprays || name_is_guessed || storm) || self.is_known().await? {
            return Ok(());
        }
        if sprays {
            return Err(wait(WINDOW));
        }
        let slots = [
            (name_is_guessed, self.by_name.replacen("failed", "slot", 1), SLOT_OF_NAME),
            (storm, self.by_address.replacen("login", "slot-of", 1), SLOT_OF_ADDRESS),
        ];
        for (_, slot, length) in slots.into_iter().filter(|(applies, ..)| *applies) {
            if counters.hit(&slot, length, self.now).await > 1 {
                return Err(wait(length));
            }
        }
        Ok(())
    }

    /// Whether the account of this name, if there is one, logged in from here before. One query whoever is named.
    async fn is_known(&self) -> Result<bool, DbErr> {
        let named = account::Entity::find()
            .select_only()
            .column(account::Column::Id)
            .filter(account::COLUMN.username.eq(self.username))
            .into_query();
        let before = session::Entity::find()
            .filter(session::COLUMN.account_id.in_subquery(named))
            .filter(session::COLUMN.address.eq(self.address.as_str()));
        Ok(before.limit(1).count(self.ctx.store.primary()).await? > 0)
    }

    /// Notes that the password or the code was wrong.
    pub async fn failed(&self) {
        let counters = &self.ctx.counters;
        if self.count == 1 {
            counters.hit(&self.names, WINDOW, self.now).await;
        }
        counters.hit(&self.by_name, WINDOW, self.now).await;
        let all = counters.hit(ALL, MINUTE, self.now).await;
        tracing::info!(address = %self.address, all, "a log-in was refused");
    }

    /// Forgets the tries of this name from here.
    pub async fn succeeded(&self) {
        self.ctx.counters.clear(&self.by_both, self.now).await;
    }
}

/// Counts a try of something secret by someone who is known already: `what` names the secret, `whose` who holds it.
/// Answers the counter's key, to be cleared after a success.
///
/// # Errors
/// 429 after ten tries in 15 minutes.
pub async fn admit_inside(ctx: &Ctx, what: &str, whose: &impl ToString, now: Timestamp) -> Result<String, ApiError> {
    let key = format!("xiaonong:{what}:{}", whose.to_string());
    if ctx.counters.hit(&key, WINDOW, now).await > TRIES_INSIDE { Err(wait(WINDOW)) } else { Ok(key) }
}
