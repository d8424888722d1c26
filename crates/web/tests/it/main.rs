//! The pages against a real store, SQLite always and PostgreSQL where the environment names a server.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod account;
mod board;
mod brand;
mod csv;
mod deliveries;
mod events;
mod headers;
mod install;
mod ledger;
mod live;
mod login;
mod lost_updates;
mod notifications;
mod pages;
mod portal;
mod ranges;
mod reset;
mod second_factor;
mod series;
mod staff;
mod staff_checks;
mod staff_files;
mod staff_forms;
mod staff_password;
mod staff_reports;
mod staff_team;
mod staff_users;
mod staff_walk;
mod telling;
mod throttle;
mod users;
mod viewing;
mod walk;
mod webhooks;
mod whatsapp;
