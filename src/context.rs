//! What every handler shares: database, clock, ids, caches, tokens, settings.

use crate::{
    access::{Guard, Seal, Tokens},
    cache::{Allowances, Counters, Pages},
    clock::{Clock, Ids},
    config::Settings,
    metrics::Metrics,
    store::{Files, Store},
    vault::Vault,
};
use std::sync::Arc;

/// Cheap to clone: one per request.
#[derive(Clone)]
pub struct Ctx {
    /// Both databases' pools.
    pub store: Store,
    /// Content of documents, by hash.
    pub files: Arc<Files>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids and random bytes.
    pub ids: Ids,
    /// Counters that may be lost (Redis, or in-process).
    pub counters: Counters,
    /// What accounts and addresses may still ask this minute.
    pub allowances: Allowances,
    /// Answers kept for a moment.
    pub pages: Arc<Pages>,
    /// Issues and checks access tokens.
    pub tokens: Arc<Tokens>,
    /// Seals and opens personal data.
    pub vault: Arc<Vault>,
    /// Seals what must be read back and must not lie open.
    pub seal: Arc<Seal>,
    /// Verified callers, kept for a moment.
    pub guard: Arc<Guard>,
    /// Typed settings.
    pub settings: Arc<Settings>,
    /// Figures for `/metrics`.
    pub metrics: Arc<Metrics>,
}
