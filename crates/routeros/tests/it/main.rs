//! Tests against the public interface. The router's half is played by [`peer::Peer`] over a pipe, on paused time.

#[path = "../../fuzz/any_bytes.rs"]
mod any_bytes;
mod codec;
mod hostile;
mod login;
mod peer;
mod ping;
mod reports;
mod session;
mod streams;
mod tls;
mod verbs;
mod watch;
