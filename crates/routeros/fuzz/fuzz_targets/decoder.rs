//! Bytes from the network into the decoder; the checks stand in `any_bytes.rs`.
//!
//! `cargo +nightly fuzz run decoder` in the crate's folder.
#![no_main]

#[path = "../any_bytes.rs"]
mod any_bytes;

libfuzzer_sys::fuzz_target!(|input: (u8, &[u8])| any_bytes::check(input.0, input.1));
