//! Whether a router has the interface that a new link is to be measured at.

use std::time::Duration;

use routeros::{Client, Credentials};
use sla::LinkPort;
use store::{Router, Store, interface_as_typed};

use super::router::{limits, target_of};
use crate::{
    cli::LinkAddArgs,
    config::Config,
    fault::{one_line, wrong_use},
};

/// A router that answers so slowly is not worth waiting for: the collector will tell.
const PATIENCE: Duration = Duration::from_secs(10);
/// Names that an error lists; a concentrator has thousands.
const NAMES_MAX: usize = 12;

/// What became of the question.
pub(super) enum Checked {
    /// The router has it.
    There,
    /// The router was asked, and the PPP user has no session there: that is no mistake.
    NotConnected,
    /// The router could not be asked, and why.
    Not(String),
}

/// Asks the router for its interfaces, or for its PPP sessions. An interface that it does not have is wrong use; a router that cannot be asked is no
/// reason to refuse a link.
pub(super) async fn check(
    store: &Store,
    config: &Config,
    router: &Router,
    args: &LinkAddArgs,
) -> anyhow::Result<Checked> {
    if args.unchecked {
        return Ok(Checked::Not("as you asked".to_owned()));
    }
    let interface = &args.interface;
    let password = store.router_password(router.id).await?;
    let credentials = Credentials { username: router.username.clone(), password };
    let (target, limits) = (target_of(router), limits(config, router));
    let user = LinkPort::of(interface).ppp_user();
    let names = async {
        let client = Client::connect(&target, &credentials, &limits).await?;
        Ok::<_, routeros::Error>(match user {
            Some(_) => client.ppp_sessions().await?.into_iter().map(|session| session.user).collect(),
            None => client.interfaces().await?.into_iter().map(|found| found.name).collect::<Vec<_>>(),
        })
    };
    let found = match tokio::time::timeout(PATIENCE, names).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Ok(Checked::Not(one_line(&error.into()))),
        Err(_) => return Ok(Checked::Not(format!("no answer within {} s", PATIENCE.as_secs()))),
    };
    let mut names: Vec<String> = found.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if let Some(user) = user {
        let is_connected = names.iter().any(|name| name == user);
        return Ok(if is_connected { Checked::There } else { Checked::NotConnected });
    }
    if names.iter().any(|name| interface_as_typed(name) == interface_as_typed(interface)) {
        return Ok(Checked::There);
    }
    let more = names.len().saturating_sub(NAMES_MAX);
    names.truncate(NAMES_MAX);
    let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Err(wrong_use(format!(
        "router {} has no interface named {interface:?}, but {}{and_more}; add it all the same with --unchecked",
        router.name,
        names.join(", ")
    )))
}
