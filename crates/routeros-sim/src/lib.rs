//! A pretend RouterOS router for tests and demos.
