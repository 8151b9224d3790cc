//! Which address a request came from: for rate limits, lists of sessions and the audit trail alike.

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request},
    http::{Extensions, HeaderMap, request::Parts},
};
use std::{
    convert::Infallible,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

/// Addresses that begin alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address.trim().parse().ok()?, Some(bits.trim().parse().ok()?)),
            None => (text.trim().parse().ok()?, None),
        };
        let most = if matches!(address, IpAddr::V4(_)) { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { address, bits })
    }

    fn holds(self, other: IpAddr) -> bool {
        match (self.address, other) {
            (IpAddr::V4(mine), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                mine.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(mine), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                mine.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// Which header the proxies write. Only one is read: the other would be the client's own to invent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardHeader {
    /// `X-Forwarded-For`
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239)
    Forwarded,
}

/// The reverse proxies whose word on a client's address is taken; none unless set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    trusted: Vec<Network>,
    header: ForwardHeader,
}

impl Proxies {
    /// Reads a list such as `10.0.0.0/8, 192.0.2.7`; `None` when an item is neither an address nor a network.
    #[must_use]
    pub fn parse(list: &str, header: ForwardHeader) -> Option<Self> {
        let items = list.split(',').map(str::trim).filter(|item| !item.is_empty());
        Some(Self { trusted: items.map(Network::parse).collect::<Option<_>>()?, header })
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.holds(address))
    }

    /// The client's address: each trusted hop is asked who stood before it, from the right, until one is not trusted
    /// or names nobody. What stands further left may be invented.
    #[must_use]
    pub fn client(&self, socket: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = socket.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let name = match self.header {
            ForwardHeader::XForwardedFor => "x-forwarded-for",
            ForwardHeader::Forwarded => "forwarded",
        };
        let lines: Vec<&str> = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).collect();
        for hop in lines.iter().flat_map(|line| line.split(',')).rev() {
            let named = match self.header {
                ForwardHeader::XForwardedFor => hop_address(hop),
                ForwardHeader::Forwarded => forwarded_for(hop).and_then(hop_address),
            };
            let Some(named) = named else { break };
            client = named;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }
}

/// The `for` of one element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim().trim_matches('"'))
    })
}

/// An address, with or without a port.
fn hop_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(text, |(address, _)| address);
    let address = bare.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip())).ok()?;
    Some(address.to_canonical())
}

/// The client's address; none where there is no socket, as inside the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub Option<IpAddr>);

impl Peer {
    /// As a layer found it.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        Self(extensions.get::<ClientAddress>().map(|client| client.0))
    }

    /// The address as the audit trail keeps it; none inside the process.
    #[must_use]
    pub fn stored(&self) -> Option<String> {
        self.0.map(|address| address.to_string())
    }

    /// The address as it is shown and stored; `local` where there is none.
    #[must_use]
    pub fn shown(&self) -> String {
        self.0.map_or_else(|| "local".to_owned(), |address| address.to_string())
    }

    /// What is counted as one: an IPv4 address, or the /64 that one IPv6 subscriber has to spend.
    #[must_use]
    pub fn counted(&self) -> String {
        match self.0 {
            Some(IpAddr::V6(address)) => {
                format!("{}/64", Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
            }
            _ => self.shown(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

/// The client's address, put on every request that came over a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// Finds it, as [`Proxies::client`] does.
    #[must_use]
    pub fn of(request: &Request, proxies: &Proxies) -> Option<Self> {
        let ConnectInfo(socket) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
        Some(Self(proxies.client(socket.ip(), request.headers())))
    }
}

/// Whether a request passed a proxy on its way.
#[must_use]
pub fn was_forwarded(headers: &HeaderMap) -> bool {
    ["x-forwarded-for", "forwarded", "x-real-ip", "via"].iter().any(|name| headers.contains_key(*name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn client(proxies: &str, header: ForwardHeader, socket: &str, lines: &[(&'static str, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"));
        }
        let proxies = Proxies::parse(proxies, header).expect("a list");
        proxies.client(socket.parse().expect("an address"), &headers).to_string()
    }

    #[test]
    fn the_word_of_trusted_proxies_is_taken_from_the_right() {
        let x = "x-forwarded-for";
        let ask = |proxies, socket, lines: &[_]| client(proxies, ForwardHeader::XForwardedFor, socket, lines);
        assert_eq!(ask("", "10.0.0.1", &[(x, "203.0.113.9")]), "10.0.0.1", "nobody is trusted unless set");
        assert_eq!(ask("10.0.0.0/8", "192.0.2.1", &[(x, "203.0.113.9")]), "192.0.2.1", "not a proxy");
        assert_eq!(ask("10.0.0.0/8", "10.0.0.1", &[(x, "203.0.113.9")]), "203.0.113.9");
        assert_eq!(ask("10.0.0.0/8", "10.0.0.1", &[(x, "6.6.6.6, 203.0.113.9, 10.1.1.1")]), "203.0.113.9");
        assert_eq!(ask("10.0.0.0/8", "10.0.0.1", &[(x, "6.6.6.6"), (x, "203.0.113.9")]), "203.0.113.9");
        assert_eq!(ask("10.0.0.0/8", "10.0.0.1", &[(x, "203.0.113.9, nonsense")]), "10.0.0.1");
        assert_eq!(ask("10.0.0.0/8", "10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(ask("10.0.0.0/8", "::ffff:10.0.0.1", &[(x, "203.0.113.9:4711")]), "203.0.113.9");
        assert_eq!(ask("10.0.0.0/8", "10.0.0.1", &[("forwarded", "for=6.6.6.6")]), "10.0.0.1", "not the header set");
    }

    #[test]
    fn forwarded_is_read_where_it_is_set() {
        let ask =
            |value| client("2001:db8::/32,10.0.0.1", ForwardHeader::Forwarded, "10.0.0.1", &[("forwarded", value)]);
        assert_eq!(ask("for=203.0.113.9;proto=https"), "203.0.113.9");
        assert_eq!(ask("For=\"[2001:db9::17]:4711\""), "2001:db9::17");
        assert_eq!(ask("for=203.0.113.9, for=\"[2001:db8::1]\""), "203.0.113.9");
        assert_eq!(ask("for=_hidden"), "10.0.0.1");
    }

    #[test]
    fn a_list_is_addresses_and_networks() {
        for wrong in ["10.0.0.0/33", "proxy.example", "10.0.0.0/8 10.0.0.1", "::1/129"] {
            assert_eq!(Proxies::parse(wrong, ForwardHeader::XForwardedFor), None, "{wrong}");
        }
        assert!(
            Proxies::parse("0.0.0.0/0", ForwardHeader::XForwardedFor)
                .is_some_and(|all| { all.trusts("203.0.113.9".parse().expect("an address")) })
        );
        let peer = Peer("2001:db8:1:2:3:4:5:6".parse().ok());
        assert_eq!((peer.counted(), peer.shown()), ("2001:db8:1:2::/64".into(), "2001:db8:1:2:3:4:5:6".into()));
    }
}
