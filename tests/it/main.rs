//! The integration tests: the router as a whole over a fresh database per test, each body on SQLite and on PostgreSQL.
//!
//! No socket, no sleep, no retry: requests go straight into the router, and time stands where a test puts it. What only
//! shows from outside is asked of the running binary, pages of a browser.

mod support {
    pub mod app;
    pub mod availability;
    pub mod browser;
    pub mod call;
    pub mod database;
    pub mod document;
    pub mod papers;
    pub mod people;
    pub mod postgres;
    #[expect(clippy::disallowed_methods, reason = "finds the servers under test by the environment, as CI names them")]
    pub mod process;
    pub mod redis;
    pub mod server;
    pub mod snapshot;
    pub mod trade;
}

mod access;
mod accounts;
mod accounts_import;
mod admin;
mod agents;
mod audit;
mod audit_chain;
mod audit_days;
mod audit_sessions;
mod bad_input;
mod bulk;
mod commands;
mod corrections;
mod coverage;
mod crash;
mod demo;
mod denied;
mod direction;
mod divisions;
mod documents;
mod documents_kept;
mod double_counts;
mod evidence;
mod exports;
mod finding;
mod finding_kept;
mod giving;
mod goods_returns;
mod groups;
mod household_lists;
mod household_privacy;
mod household_register;
mod imports;
mod indicators;
mod ledger;
mod limits;
mod lists;
mod main_job;
mod monitor;
mod openapi;
mod personal_data;
mod policy;
mod problems;
mod province;
mod public_notices;
mod race;
mod ranking;
mod registry_imports;
mod revocation;
mod revoked_suppliers;
mod sale_denials;
mod scanner;
mod schema;
mod schools;
mod second_factor;
mod sessions;
mod share;
mod sheets;
mod simulate;
mod standing;
mod statements;
mod supplier_papers;
mod supplier_register;
mod tenants;
mod throttling;
mod tokens;
mod transport;
mod verification;
