//! The arithmetic against a slow and obvious calculation, its properties, its traps and its file forms.

mod cases;
mod frozen;
mod oracle;
