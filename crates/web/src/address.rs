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
    // A server that does not say who calls gets one shared count, which throttles too much and never too little.
    let mut address = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |info| info.0.ip()).to_canonical();
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

/// What failed logins are counted by: an IPv4 address, or the /64 that one IPv6 subscriber owns.
pub(crate) fn throttle_key(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            format!("{}/64", Ipv6Addr::from_bits(network))
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
    fn one_ipv6_subscriber_is_one_key() {
        let key = |text: &str| throttle_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2:aaaa::1"), key("2001:db8:1:2:bbbb::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("203.0.113.1"), "203.0.113.1");
    }
}
