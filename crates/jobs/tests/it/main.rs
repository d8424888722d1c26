//! Timed work driven step by step: on real databases, and against real and hostile mail servers.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod account_mail;
mod alerts;
mod clock;
mod close;
mod database;
mod deliver;
mod graph_api;
mod hostile_server;
mod housekeeping;
mod isp;
mod mail_priority;
mod mail_server;
mod month_mails;
mod promptness;
mod real_server;
mod receiver;
mod runner;
mod schedule;
mod smtp_utf8;
mod storm;
mod storm_kill;
mod storm_play;
mod webhook;
mod whatsapp;
