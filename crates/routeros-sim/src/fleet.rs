use crate::net::{self, Port};
use crate::router::{Router, SimRouter};
use crate::{RouterSpec, SimClock};
use std::io;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Any number of simulated routers in this process, each on its own port of 127.0.0.1.
///
/// Dropping the fleet stops them all; [`Fleet::shutdown`] also waits until they have stopped.
#[derive(Debug)]
pub struct Fleet {
    clock: SimClock,
    tasks: JoinSet<()>,
}

impl Fleet {
    /// An empty fleet whose routers take their time from `clock`.
    pub fn new(clock: SimClock) -> Self {
        Self { clock, tasks: JoinSet::new() }
    }

    /// Starts a router; it listens when this returns.
    ///
    /// # Errors
    /// When the port is taken or the system has no more.
    pub async fn add(&mut self, mut spec: RouterSpec) -> io::Result<SimRouter> {
        let port = Port::take(spec.port)?;
        let listener = net::open(&port)?;
        let tls = spec.tls.take();
        let router = Arc::new(Router::new(spec, self.clock.clone(), port.address));
        self.tasks.spawn(net::serve(Arc::clone(&router), port, tls, listener));
        Ok(SimRouter(router))
    }

    /// Stops every router, breaks their sessions and waits for the end of it.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }
}
