//! The binary as its users meet it, and the rules that keep the workspace in shape.

mod alerts;
mod bad_input;
mod company;
mod crowd;
mod edits;
mod evaluate;
mod exchange;
mod exclusion;
mod first_router;
mod installation;
mod kill;
mod kill_mail;
mod layering;
mod ledger;
mod logo_trial;
#[path = "../../../jobs/tests/it/mail_server.rs"]
mod mail_server;
mod months;
mod outbox;
mod readyz;
mod staff;
mod timeline;
mod webhook;
mod whatsapp;
