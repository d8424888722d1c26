//! Statements of every kind in every form.

mod account_mail;
mod cases;
mod fixtures;
mod mail;
mod month;
mod pdf;
mod poppler;
mod remote;
mod sheet;
mod snapshot;
