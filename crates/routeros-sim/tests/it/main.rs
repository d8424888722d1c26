//! A hand-made client talks to simulated routers over real sockets.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod client;
mod counters;
mod faults;
mod login;
mod own_client;
mod ping;
mod print;
mod program;
mod properties;
mod public_clients;
mod tags;
mod tls;

use routeros_sim::{Fleet, InterfaceSpec, RouterSpec, SimClock, SimRouter};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Monday 2026-11-23 10:00:00 UTC.
const START_MS: i64 = 1_795_428_000_000;

/// One router under a clock that only the test moves.
struct World {
    fleet: Fleet,
    now_ms: Arc<AtomicI64>,
}

impl World {
    fn new() -> Self {
        let now_ms = Arc::new(AtomicI64::new(START_MS));
        let clock = Arc::clone(&now_ms);
        Self { fleet: Fleet::new(SimClock::new(move || clock.load(Ordering::SeqCst))), now_ms }
    }

    async fn router(spec: RouterSpec) -> (Self, SimRouter) {
        let mut world = Self::new();
        let router = world.fleet.add(spec).await.unwrap();
        (world, router)
    }

    fn pass_ms(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

/// A router with two ports and a PPPoE session.
fn spec() -> RouterSpec {
    RouterSpec::new("edge-1")
        .interface(InterfaceSpec::ethernet("ether1").comment(b"uplink"))
        .interface(InterfaceSpec::ethernet("ether2"))
        .interface(InterfaceSpec::pppoe("<pppoe-anna>"))
}
