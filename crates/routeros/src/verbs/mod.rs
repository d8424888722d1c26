//! Typed verbs over [`Client::run`](crate::Client::run), one file per thing of the router.

pub(crate) mod ethernet;
pub(crate) mod interface;
pub(crate) mod ping;
pub(crate) mod ppp;
pub(crate) mod system;
pub(crate) mod traffic;
pub(crate) mod watch;
