//! The arithmetic against a slow and obvious calculation, its properties, its traps and its file forms.

mod agreement;
mod build;
mod cases;
mod days;
mod form;
mod frozen;
mod hostile;
mod oracle;
mod properties;
mod reasons;
mod traps;
