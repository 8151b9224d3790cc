//! From the `Authorization` header to a [`Caller`], without a query where nothing has changed.
//!
//! Every change of a session, of an account's standing or of its memberships leaves a row in `access_change` in its own
//! transaction ([`access_changed`]). Each replica looks at the new rows several times a second ([`Guard::catch_up`]) and
//! forgets the callers concerned. A caller is taken from memory only while the last look that succeeded began less than
//! a second ago; without one the database is asked each time. So a revocation holds everywhere within a second, and a
//! replica that can no longer hear of revocations trusts nobody from memory.

use super::{
    actor::{Actor, Caller},
    store,
};
use crate::{
    audit::Witness,
    cache::Bell,
    context::Ctx,
    http::{ApiError, Peer, RequestId, Text},
};
use axum::{
    extract::{FromRef, FromRequestParts},
    http::{Extensions, HeaderMap, header, request::Parts},
};
use entity::{
    access_change,
    id::{AccessChangeId, AccountId, SessionId},
    time::Timestamp,
};
use quick_cache::sync::Cache;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, Set};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

/// How long after a look callers are taken from memory: the longest a revocation takes to be seen.
const TRUST_MILLIS: i64 = 1_000;
/// How long a stream goes on between two looks at its session.
const RENEW_MILLIS: i64 = 1_000;
/// A caller is loaded again after this long at the latest: what no note is left of, such as a unit moved to another
/// parent, is seen by then.
const KEEP_MILLIS: i64 = 60_000;
/// How far each look reaches back: a row commits later than its timestamp says, by up to the longest request, and the
/// replicas' clocks differ.
const LOOK_BACK_MILLIS: i64 = 60_000;
/// Rows in one look; more of them and every caller is forgotten.
const LOOK_LIMIT: u64 = 5_000;
const CALLERS: usize = 20_000;

#[derive(Clone)]
struct Known {
    actor: Arc<Actor>,
    expires: i64,
    loaded_at: Timestamp,
    /// Number of changes heard of before it was loaded.
    era: u64,
}

/// Verified callers by token.
pub struct Guard {
    known: Cache<Box<str>, Known>,
    /// Changes heard of.
    era: AtomicU64,
    /// The era in which an account changed last.
    changed: RwLock<HashMap<AccountId, u64>>,
    /// Callers of this era or an earlier one are forgotten, whoever they are.
    forgotten: AtomicU64,
    looked_at: AtomicI64,
    seen: Mutex<HashSet<AccessChangeId>>,
    bell: Bell,
}

impl Guard {
    /// A guard that tells other replicas of changes made here.
    #[must_use]
    pub fn ringing(bell: Bell) -> Self {
        Self {
            bell,
            known: Cache::new(CALLERS),
            era: AtomicU64::new(1),
            changed: RwLock::default(),
            forgotten: AtomicU64::new(0),
            looked_at: AtomicI64::new(i64::MIN),
            seen: Mutex::default(),
        }
    }
}

/// The token of the `Authorization` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn unauthenticated() -> ApiError {
    ApiError::Unauthenticated {
        code: "token_invalid",
        detail: Text::new("缺少有效的访问令牌，请重新登录。", "There is no valid access token; log in again."),
    }
}

/// Tells every replica that an account's sessions, standing or memberships change with `db`'s transaction. Call
/// [`Guard::forget`] after the commit, so that it holds on this replica at once.
///
/// # Errors
/// When the database refuses.
pub async fn access_changed(ctx: &Ctx, db: &impl ConnectionTrait, account: AccountId) -> Result<(), DbErr> {
    let row =
        access_change::ActiveModel { id: Set(ctx.ids.next()), at: Set(ctx.clock.now()), account_id: Set(account) };
    row.insert(db).await.map(drop)
}

impl Guard {
    /// The actor behind a token.
    ///
    /// # Errors
    /// 401 when the token is not ours, expired, or its session has ended.
    pub async fn check(&self, ctx: &Ctx, token: &str) -> Result<Arc<Actor>, ApiError> {
        let now = ctx.clock.now();
        if let Some(known) = self.known.get(token)
            && self.still_holds(&known, now)
        {
            return Ok(known.actor);
        }
        let claims = ctx.tokens.read(token, now).ok_or_else(unauthenticated)?;
        // Read before the query: a change that it did not see yet comes with a later era.
        let era = self.era.load(Ordering::Acquire);
        let Some(actor) = store::load_actor(ctx, claims.sid, claims.sub, now).await? else {
            self.known.remove(token);
            return Err(unauthenticated());
        };
        let actor = Arc::new(actor);
        let known = Known { actor: Arc::clone(&actor), expires: claims.exp, loaded_at: now, era };
        self.known.insert(token.into(), known);
        Ok(actor)
    }

    fn still_holds(&self, known: &Known, now: Timestamp) -> bool {
        let heard = (0..TRUST_MILLIS).contains(&now.0.saturating_sub(self.looked_at.load(Ordering::Acquire)));
        heard
            && known.expires > now.0 / 1000
            && (0..KEEP_MILLIS).contains(&(now.0 - known.loaded_at.0))
            // Memberships begin and end with the day.
            && known.loaded_at.business_day() == now.business_day()
            && known.era > self.forgotten.load(Ordering::Acquire)
            && self
                .changed
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .get(&known.actor.account_id())
                .is_none_or(|changed| known.era > *changed)
    }

    /// The bell by which other replicas tell of theirs.
    pub(super) fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Forgets the callers of an account and has other replicas look: after the commit of a change.
    pub fn forget(&self, account: AccountId) {
        self.forget_here(account);
        self.bell.ring();
    }

    fn forget_here(&self, account: AccountId) {
        let mut changed = self.changed.write().unwrap_or_else(PoisonError::into_inner);
        changed.insert(account, self.era.fetch_add(1, Ordering::AcqRel));
        if changed.len() > CALLERS {
            changed.clear();
            self.forget_all();
        }
    }

    fn forget_all(&self) {
        self.forgotten.store(self.era.fetch_add(1, Ordering::AcqRel), Ordering::Release);
        self.known.clear();
    }

    /// Looks at what changed since the last look and forgets the callers concerned.
    ///
    /// # Errors
    /// When the database does not answer; then callers are soon no longer taken from memory.
    pub async fn catch_up(&self, ctx: &Ctx) -> Result<(), DbErr> {
        let now = ctx.clock.now();
        let last = self.looked_at.load(Ordering::Acquire);
        let is_first = last == i64::MIN;
        // After a gap, the whole gap is looked at too.
        let since = if is_first { now.0 } else { last.min(now.0) } - LOOK_BACK_MILLIS;
        let rows = access_change::Entity::find()
            .filter(access_change::Column::At.gt(Timestamp(since)))
            .limit(LOOK_LIMIT)
            .all(ctx.store.primary())
            .await?;
        if is_first || rows.len() as u64 >= LOOK_LIMIT {
            self.forget_all();
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for row in rows.iter().filter(|row| !seen.contains(&row.id)) {
            self.forget_here(row.account_id);
        }
        *seen = rows.into_iter().map(|row| row.id).collect();
        self.looked_at.store(now.0, Ordering::Release);
        Ok(())
    }
}

/// Left in a request by the layer that checked its token for the count of requests: a token is checked once.
#[derive(Clone)]
pub(super) struct Checked(pub(super) Arc<Actor>);

/// A session under which an answer goes on that takes its time: longer than the token it was asked with, never longer than
/// the session itself.
pub struct Session {
    id: SessionId,
    account: AccountId,
    seen_at: Timestamp,
}

impl Session {
    /// That of the caller who sent `parts`, which are its own from here on.
    ///
    /// # Errors
    /// 401 when the token has expired meanwhile.
    pub fn of(ctx: &Ctx, caller: &Caller, parts: &mut Parts) -> Result<Self, ApiError> {
        let now = ctx.clock.now();
        let claims =
            bearer(&parts.headers).and_then(|token| ctx.tokens.read(token, now)).ok_or_else(unauthenticated)?;
        parts.extensions.insert(Checked(Arc::clone(&caller.actor)));
        Ok(Self { id: claims.sid, account: claims.sub, seen_at: now })
    }

    /// Looks whether it is still there, once a second at most, and what its account may do now.
    ///
    /// # Errors
    /// 401 when it has ended.
    pub async fn renew(&mut self, ctx: &Ctx, extensions: &mut Extensions) -> Result<(), ApiError> {
        let now = ctx.clock.now();
        if now.0 - self.seen_at.0 < RENEW_MILLIS {
            return Ok(());
        }
        let actor = store::load_actor(ctx, self.id, self.account, now).await?.ok_or_else(unauthenticated)?;
        extensions.insert(Checked(Arc::new(actor)));
        self.seen_at = now;
        Ok(())
    }
}

/// A caller that may still have a one-time password to replace or a second factor to enrol.
pub struct NewcomerCaller(pub Caller);

impl<S> FromRequestParts<S> for NewcomerCaller
where
    S: Send + Sync,
    Ctx: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let ctx = Ctx::from_ref(state);
        let actor = match parts.extensions.get::<Checked>() {
            Some(Checked(actor)) => Arc::clone(actor),
            None => ctx.guard.check(&ctx, bearer(&parts.headers).ok_or_else(unauthenticated)?).await?,
        };
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let caller = Caller { actor, request_id, address: Peer::of(&parts.extensions).stored() };
        // Told before anything else is looked at: whatever is refused from here on is refused to this caller.
        if let Some(witness) = parts.extensions.get::<Witness>() {
            witness.called(&caller);
        }
        Ok(Self(caller))
    }
}

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Ctx: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let NewcomerCaller(caller) = NewcomerCaller::from_request_parts(parts, state).await?;
        if caller.actor.must_change_password() {
            return Err(ApiError::PasswordChangeRequired);
        }
        if caller.actor.lacks_second_factor() {
            return Err(ApiError::SecondFactorNeeded);
        }
        Ok(caller)
    }
}
