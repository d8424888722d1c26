//! An async client for the MikroTik RouterOS API.
