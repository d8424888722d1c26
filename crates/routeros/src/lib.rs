//! An async client for the MikroTik RouterOS API.

pub mod codec;
