//! Refuses callers who ask too often: by account once they are known, and by address.

use super::guard::{Checked, bearer};
use crate::{
    cache::{Budget, Verdict},
    context::Ctx,
    http::{ApiError, ClientAddress, RATE_LIMIT, RATE_LIMIT_POLICY},
};
use axum::{
    extract::Request,
    http::HeaderValue,
    response::{IntoResponse, Response},
};
use std::fmt::Write;

/// Bytes that what is told of three budgets fits in.
const TOLD: usize = 96;

/// Requests a minute; 0 sets no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Of an account.
    pub account: u64,
    /// Of an account, those that change something.
    pub writes: u64,
    /// Of an address. Loopback addresses have no limit: behind them stands the operator, or a reverse proxy that has not
    /// been named in `TRUSTED_PROXIES` and hides everybody behind one address.
    pub address: u64,
}

/// The budgets a request was counted against, as the draft `RateLimit` headers tell them.
struct Told {
    policy: String,
    left: String,
}

impl Told {
    fn add(&mut self, name: &str, most: u64, verdict: Verdict) {
        let joint = if self.policy.is_empty() { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(self.policy, "{joint}\"{name}\";q={most};w=60");
        let _ = write!(self.left, "{joint}\"{name}\";r={};t={}", verdict.left, verdict.resets_in);
    }

    fn on(self, mut response: Response) -> Response {
        for (name, text) in [(RATE_LIMIT_POLICY, self.policy), (RATE_LIMIT, self.left)] {
            if !text.is_empty()
                && let Ok(text) = HeaderValue::try_from(text)
            {
                response.headers_mut().insert(name, text);
            }
        }
        response
    }
}

/// Counts the request, and answers 429 where an allowance has run out. A token that is none costs its address only.
pub async fn throttle<F>(ctx: &Ctx, mut request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let rates = ctx.settings.rates;
    let mut budgets = Vec::with_capacity(3);
    let client = request.extensions().get::<ClientAddress>().map(|client| client.0);
    if let Some(address) = client.filter(|address| rates.address > 0 && !address.is_loopback()) {
        budgets.push(("address", Budget::of_address(address), rates.address));
    }
    let mut told = Told { policy: String::with_capacity(TOLD), left: String::with_capacity(TOLD) };
    if let Err(refusal) = spend(ctx, &budgets, &mut told).await {
        return told.on(refusal.into_response());
    }
    budgets.clear();
    if (rates.account > 0 || rates.writes > 0)
        && let Some(token) = bearer(request.headers())
        && let Ok(actor) = ctx.guard.check(ctx, token).await
    {
        if rates.account > 0 {
            budgets.push(("account", Budget::Account(actor.account_id()), rates.account));
        }
        if rates.writes > 0 && !request.method().is_safe() {
            budgets.push(("writes", Budget::Writes(actor.account_id()), rates.writes));
        }
        request.extensions_mut().insert(Checked(actor));
    }
    match spend(ctx, &budgets, &mut told).await {
        Ok(()) => told.on(next(request).await),
        Err(refusal) => told.on(refusal.into_response()),
    }
}

async fn spend(ctx: &Ctx, budgets: &[(&str, Budget, u64)], told: &mut Told) -> Result<(), ApiError> {
    let now = ctx.clock.now();
    for (name, budget, most) in budgets {
        let verdict = ctx.allowances.spend(*budget, *most, now).await;
        told.add(name, *most, verdict);
        if !verdict.within {
            return Err(ApiError::TooMany { retry_after: verdict.resets_in });
        }
    }
    Ok(())
}
