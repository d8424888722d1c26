//! The store's tests: every one runs on SQLite and on PostgreSQL.

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
