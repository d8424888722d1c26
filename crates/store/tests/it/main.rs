//! The store's tests: every one runs on SQLite and on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail by panicking, and the killed writer tells of its rounds"
)]

mod audit;
mod claim;
mod database;
mod fixture;
mod kill;
mod link;
mod open;
mod people;
mod rollup;
mod round;
mod router;
mod sample;
mod schema;
mod session;
mod tail;
