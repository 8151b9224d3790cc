//! Where a request comes from: the peer, or what a reverse proxy that is trusted says of it.

use axum::{
    extract::{ConnectInfo, Request},
    http::HeaderMap,
};
use std::net::{IpAddr, SocketAddr};

/// The caller's address, put on every request that came over a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// Finds it. `X-Forwarded-For` is read from the right, past the proxies that are trusted, and only where the peer is
    /// one of them: what stands further left anybody may have written.
    #[must_use]
    pub fn of(request: &Request, trusted: &[IpAddr]) -> Option<Self> {
        let ConnectInfo(peer) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
        Some(Self(resolve(peer.ip().to_canonical(), request.headers(), trusted)))
    }
}

/// Whether a request passed a proxy on its way.
pub(crate) fn was_forwarded(headers: &HeaderMap) -> bool {
    ["x-forwarded-for", "forwarded", "x-real-ip", "via"].iter().any(|name| headers.contains_key(*name))
}

fn resolve(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    if !trusted.contains(&peer) {
        return peer;
    }
    let hops: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    for hop in hops.into_iter().rev() {
        // What is no address ends the trust: the hop before it is the last one known.
        let Ok(address) = hop.parse::<IpAddr>() else { return peer };
        let address = address.to_canonical();
        if !trusted.contains(&address) {
            return address;
        }
    }
    peer
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        let trusted = [address("127.0.0.1"), address("10.0.0.2")];
        let resolve = |peer: &str, lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", HeaderValue::from_static(line));
            }
            resolve(address(peer), &headers, &trusted).to_string()
        };
        assert_eq!(resolve("203.0.113.7", &["198.51.100.1"]), "203.0.113.7", "anybody can write a header");
        assert_eq!(resolve("127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(resolve("127.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(resolve("127.0.0.1", &["1.1.1.1", "198.51.100.1"]), "198.51.100.1", "lines go on in order");
        assert_eq!(resolve("127.0.0.1", &["1.1.1.1, nonsense"]), "127.0.0.1");
        assert_eq!(resolve("127.0.0.1", &[]), "127.0.0.1");
    }
}
