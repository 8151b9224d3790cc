//! From the `Authorization` header to a [`Caller`]; verified callers are kept for a second.

use super::{
    actor::{Actor, Caller},
    store,
};
use crate::{
    audit::{Witness, peer_address},
    context::Ctx,
    http::{ApiError, RequestId, Text},
};
use axum::{
    extract::{FromRef, FromRequestParts},
    http::{header, request::Parts},
};
use entity::time::Timestamp;
use quick_cache::sync::Cache;
use std::sync::Arc;

/// How long a verified caller is trusted without asking the database: the longest a revocation takes to be seen.
const TRUST_MILLIS: i64 = 1_000;
const CALLERS: usize = 20_000;

#[derive(Clone)]
struct Known {
    actor: Arc<Actor>,
    expires: i64,
    checked_at: Timestamp,
}

/// Verified callers by token.
pub struct Guard {
    known: Cache<Box<str>, Known>,
}

impl Default for Guard {
    fn default() -> Self {
        Self { known: Cache::new(CALLERS) }
    }
}

fn unauthenticated() -> ApiError {
    ApiError::Unauthenticated {
        code: "token_invalid",
        detail: Text::new("缺少有效的访问令牌，请重新登录。", "There is no valid access token; log in again."),
    }
}

impl Guard {
    /// The actor behind a token.
    ///
    /// # Errors
    /// 401 when the token is not ours, expired, or its session has ended.
    pub async fn check(&self, ctx: &Ctx, token: &str) -> Result<Arc<Actor>, ApiError> {
        let now = ctx.clock.now();
        if let Some(known) = self.known.get(token)
            && known.expires > now.0 / 1000
            && (0..TRUST_MILLIS).contains(&(now.0 - known.checked_at.0))
        {
            return Ok(known.actor);
        }
        let claims = ctx.tokens.read(token, now).ok_or_else(unauthenticated)?;
        let Some(actor) = store::load_actor(ctx, claims.sid, claims.sub, now).await? else {
            self.known.remove(token);
            return Err(unauthenticated());
        };
        let actor = Arc::new(actor);
        let known = Known { actor: Arc::clone(&actor), expires: claims.exp, checked_at: now };
        self.known.insert(token.into(), known);
        Ok(actor)
    }

    /// Forgets every caller at once: after a log-out or a change of password.
    pub fn forget(&self) {
        self.known.clear();
    }
}

/// A caller that may still have a one-time password to replace.
pub struct NewcomerCaller(pub Caller);

impl<S> FromRequestParts<S> for NewcomerCaller
where
    S: Send + Sync,
    Ctx: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let ctx = Ctx::from_ref(state);
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or_else(unauthenticated)?;
        let actor = ctx.guard.check(&ctx, token).await?;
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let caller = Caller { actor, request_id, address: peer_address(&parts.extensions) };
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
        Ok(caller)
    }
}
