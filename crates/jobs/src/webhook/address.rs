//! Which addresses a webhook may lead to. A person who may enter a webhook must not reach what only the server can reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The address of a webhook leads into a network that is not the public internet.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not a public address; webhook.allow_private = true allows such addresses")]
pub(super) struct NotPublic(pub(super) IpAddr);

/// Looks names up, and gives only public addresses.
///
/// What it gives is what is connected to: a name that changes its address between the check and the connection gains nothing.
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let first = found.first().copied();
            let public: Vec<_> = found.into_iter().filter(|address| is_public(address.ip())).collect();
            match first {
                Some(first) if public.is_empty() => Err(NotPublic(first.ip()).into()),
                _ => Ok(Box::new(public.into_iter()) as Addrs),
            }
        })
    }
}

/// Whether an address belongs to the public internet (IANA's registries of special-purpose addresses).
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_special = a == 0
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast()
        // Shared address space, protocol assignments, the old 6to4 relays, benchmarks, and what is reserved for ever.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240;
    !is_special
}

/// Global unicast addresses only, without those that stand for an IPv4 address that is not public.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, third, ..] = ip.segments();
    let last = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    if first == 0x64 && second == 0xff9b {
        // NAT64; its local form is private.
        let [.., high, low] = ip.segments();
        return third == 0 && is_public_v4(last(high, low));
    }
    if first == 0x2002 {
        return is_public_v4(last(second, third));
    }
    let is_documentation = (first == 0x2001 && second == 0x0db8) || first == 0x3fff;
    // Teredo, benchmarks and the like.
    let is_protocol = first == 0x2001 && second < 0x0200;
    first & 0xe000 == 0x2000 && !is_documentation && !is_protocol
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        for public in
            ["8.8.8.8", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"]
        {
            assert!(is_public(public.parse().expect(public)), "{public}");
        }
        let special = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.88.99.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
            "64:ff9b::a00:1",
            "64:ff9b:1::808:808",
            "2002:7f00:1::1",
        ];
        for special in special {
            assert!(!is_public(special.parse().expect(special)), "{special}");
        }
    }
}
