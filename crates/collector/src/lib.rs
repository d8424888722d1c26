//! Polls the routers, writes samples and spans.

mod counter_delta;
mod evidence;
mod look;
mod piece;
mod timeline;
#[cfg(test)]
mod world;
