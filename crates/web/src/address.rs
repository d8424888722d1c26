use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::HeaderMap;

/// Where a request came from: the peer, or what a trusted proxy says of it.
///
/// `X-Forwarded-For` is read from the right, past our own proxies: the first address that is none of them was seen
/// by one of ours; what stands left of it is the client's own claim.
pub(crate) fn client_address(
    peer: Option<&ConnectInfo<SocketAddr>>,
    headers: &HeaderMap,
    trusted: &[IpAddr],
) -> IpAddr {
    let mut address = peer_address(peer);
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for claim in forwarded.into_iter().rev() {
        if !trusted.contains(&address) {
            break;
        }
        let Some(next) = parse(claim) else { break };
        address = next;
    }
    address
}

/// The address of a proxy that says for whom it asks and is not on the list. Anybody can send the header; only what
/// stands in a network of its own is taken for a proxy.
pub(crate) fn unbelieved_proxy(
    peer: Option<&ConnectInfo<SocketAddr>>,
    headers: &HeaderMap,
    trusted: &[IpAddr],
) -> Option<IpAddr> {
    let address = peer_address(peer);
    let is_near = match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    };
    (headers.contains_key("x-forwarded-for") && is_near && !trusted.contains(&address)).then_some(address)
}

/// A server that does not say who calls gets one shared count, which throttles too much and never too little.
fn peer_address(peer: Option<&ConnectInfo<SocketAddr>>) -> IpAddr {
    peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |info| info.0.ip()).to_canonical()
}

/// A network that is counted as one: an IPv4 address, or an IPv6 prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u8,
}

/// The prefixes that are counted of an IPv6 address: what one subscriber has at least, a usual delegation, and a site's.
const IPV6_PREFIXES: [u8; NETWORKS_MAX] = [64, 56, 48];
/// The most networks that an address counts in.
pub(crate) const NETWORKS_MAX: usize = 3;

/// The networks that an address counts in, the smallest first: an IPv4 address by itself; an IPv6 address by its /64,
/// /56 and /48, since whoever has a /48 has 65,536 times a /64.
pub(crate) fn networks(address: IpAddr) -> Vec<Network> {
    match address.to_canonical() {
        IpAddr::V4(address) => vec![Network { address: address.into(), prefix: 32 }],
        IpAddr::V6(address) => {
            let of = |prefix: u8| {
                let bits = 128 - u32::from(prefix);
                Network { address: Ipv6Addr::from_bits(address.to_bits() >> bits << bits).into(), prefix }
            };
            IPV6_PREFIXES.map(of).to_vec()
        }
    }
}

/// What an account is known by at a place: an IPv4 address, or the /64 that one IPv6 subscriber has.
pub(crate) fn throttle_key(address: IpAddr) -> String {
    networks(address).first().map(Network::to_string).unwrap_or_default()
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.address {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "{address}/{}", self.prefix),
        }
    }
}

fn parse(claim: &str) -> Option<IpAddr> {
    let claim = claim.trim();
    let address: IpAddr = claim.parse().ok().or_else(|| Some(claim.parse::<SocketAddr>().ok()?.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, forwarded: &str, trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        let trusted: Vec<IpAddr> = trusted.iter().map(|ip| ip.parse().unwrap()).collect();
        let peer = ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1));
        client_address(Some(&peer), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_its_own_word() {
        assert_eq!(from("198.51.100.7", "203.0.113.1", &[]), "198.51.100.7");
        assert_eq!(from("10.0.0.1", "203.0.113.1", &["10.0.0.1"]), "203.0.113.1");
        assert_eq!(from("10.0.0.1", "6.6.6.6, 203.0.113.1", &["10.0.0.1"]), "203.0.113.1");
        assert_eq!(
            from("10.0.0.1", "6.6.6.6, 203.0.113.1, 10.0.0.2", &["10.0.0.1", "10.0.0.2"]),
            "203.0.113.1"
        );
        assert_eq!(from("10.0.0.1", "nonsense", &["10.0.0.1"]), "10.0.0.1");
        assert_eq!(from("::ffff:10.0.0.1", "203.0.113.1:5000", &["10.0.0.1"]), "203.0.113.1");
    }

    #[test]
    fn a_forgotten_proxy_is_noticed_and_a_customers_own_header_is_not() {
        let found = |peer: &str, header: bool, trusted: &[&str]| {
            let mut headers = HeaderMap::new();
            if header {
                headers.insert("x-forwarded-for", "203.0.113.1".parse().unwrap());
            }
            let trusted: Vec<IpAddr> = trusted.iter().map(|ip| ip.parse().unwrap()).collect();
            let peer = ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1));
            unbelieved_proxy(Some(&peer), &headers, &trusted).is_some()
        };
        assert!(found("127.0.0.1", true, &[]) && found("::ffff:10.0.0.1", true, &["10.0.0.2"]));
        assert!(found("fd00::1", true, &[]));
        assert!(!found("10.0.0.1", true, &["10.0.0.1"]), "it is believed");
        assert!(!found("10.0.0.1", false, &[]), "no proxy");
        assert!(!found("198.51.100.7", true, &[]), "a customer who sends the header");
    }

    #[test]
    fn one_ipv6_subscriber_is_one_key() {
        let key = |text: &str| throttle_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2:aaaa::1"), key("2001:db8:1:2:bbbb::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("203.0.113.1"), "203.0.113.1");
    }
}
