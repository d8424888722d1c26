//! Statements of every kind in every form.

mod cases;
mod fixtures;
mod mail;
mod pdf;
mod poppler;
mod sheet;
mod snapshot;
