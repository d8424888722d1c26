//! The store's tests: every one runs on SQLite and on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail by panicking, and the killed writer tells of its rounds"
)]

mod account;
mod audit;
mod claim;
mod company;
mod database;
mod exclusion;
mod figures;
mod fixture;
mod kill;
mod latest_mark;
mod ledger;
mod link;
mod live;
mod notification;
mod open;
mod outbox;
mod people;
mod readiness;
mod report;
mod report_news;
mod rollup;
mod round;
mod router;
mod router_check;
mod sample;
mod schema;
mod search;
mod session;
mod shown;
mod staff;
mod staff_deliveries;
mod staff_file;
mod staff_reports;
mod staff_scope;
mod staff_write;
mod tail;
mod timeline_repair;
mod version;
mod webhook;
mod whatsapp;
mod writer;
