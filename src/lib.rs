//! Xiaonong (校农): the procurement marketplace behind the school-farm integration programme.
//!
//! School canteens buy from poor counties and poor households; the service records orders and weighed, inspected
//! deliveries, and computes from them each school's share against the target. A request travels
//! [`app`] → a domain's use case → one transaction ([`store::Work`]) → the answer.
//!
//! Below are the rooms. Domains use only what stands before them in
//! `registry ← documents ← suppliers ← households ← catalogue ← ordering ← delivery ← ledger ← share ← statements`; all of them use the shared ground
//! (`http`, `access`, `audit`, `store`, `cache`, `clock`, `config`, `context`, `finding`, `metrics`, `province`, `sheets`,
//! `vault`);
//! a test holds the direction.

// The shared ground.
pub mod access;
pub mod audit;
pub mod cache;
pub mod clock;
pub mod config;
pub mod context;
pub mod finding;
pub mod http;
pub mod metrics;
pub mod province;
pub mod sheets;
pub mod store;
pub mod vault;

// The domains, in the order they may use one another.
pub mod catalogue;
pub mod delivery;
pub mod documents;
pub mod households;
pub mod ledger;
pub mod ordering;
pub mod registry;
pub mod share;
pub mod statements;
pub mod suppliers;

// What puts them together.
pub mod app;
pub mod cli;
pub mod demo;
pub mod exports;
pub mod imports;
pub mod jobs;
pub mod monitor;
pub mod openapi;
pub mod simulate;
