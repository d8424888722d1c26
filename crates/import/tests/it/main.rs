//! Whole files against real databases.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

#[path = "../../../jobs/tests/it/database.rs"]
mod database;
mod files;
mod links;
