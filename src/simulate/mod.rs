//! A whole province's school year, invented and loaded in bulk: to measure, to rehearse, to show a department its own size.
//!
//! Owns the invented registry and a year of orders, receipts and declarations that look like real ones: seasons, sizes,
//! absent and late reporters, refused goods, corrections. The same plan makes the same rows. A county commits whole, small ones
//! together; a run that was cut short goes on with the next. On PostgreSQL foreign keys are looked at once, at the end, and
//! while counties are loaded nobody else reads. Refuses a database that holds schools of anybody else's.

mod calendar;
mod goods;
mod make;
mod market;
mod offers;
mod outside;
mod prepare;
mod prices;
mod registered;
mod registry;
mod rowset;
mod run;
mod trade;

pub use calendar::school_days;
pub use run::{Plan, Progress, SimulateError, Simulated, is_simulation, simulate};
