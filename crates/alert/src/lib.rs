//! Who is told when something goes wrong, and that it is over.
//!
//! [`decide`](decide::decide) is the heart: what is stored goes in, what is to be written comes out, without input, output
//! or a clock. [`AlertEngine`] reads and writes around it; [`preview`] runs it over the past.

mod book;
mod budget;
mod condition;
mod decide;
mod desk;
mod disk;
mod engine;
mod gate;
mod link_rules;
mod moments;
mod notice;
mod past;
mod preview;
mod quality;
mod quality_read;
mod router_rules;
mod track;

pub use engine::{AlertEngine, AlertOutcome};
pub use preview::{PREVIEW_DAYS_MAX, Preview, PreviewCount, PreviewDay, PreviewRecipients, preview};

#[cfg(test)]
mod decide_tests;
#[cfg(test)]
mod world;
