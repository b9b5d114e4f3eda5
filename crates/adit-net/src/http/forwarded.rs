//! Whether something stands between a client and this server that says so.

use hyper::HeaderMap;
use std::net::{IpAddr, SocketAddr};

/// That the head of a request says that it was passed on by somebody: a reverse proxy, a CDN, a gateway. The address it comes from is
/// theirs then.
///
/// Anybody can say so, and nobody has to: it can take a right away that goes with an address, and never give one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forwarded {
    /// Whom the last one that passed it on names as the one it came from, in `X-Forwarded-For`. What others named before is what a client
    /// can write itself.
    pub client: Option<IpAddr>,
}

impl Forwarded {
    /// What a head says of it; nothing if there is no sign of it.
    pub fn of(head: &HeaderMap) -> Option<Self> {
        let is_shown = SIGNS.iter().any(|sign| head.contains_key(*sign));
        is_shown.then(|| Self {
            client: client(head),
        })
    }
}

fn client(head: &HeaderMap) -> Option<IpAddr> {
    let field = head.get_all("x-forwarded-for").iter().next_back()?;
    let named = field.to_str().ok()?.rsplit(',').next()?.trim();
    let bare = named
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(named).parse::<IpAddr>();
    // Some write the port too.
    let address = address.or_else(|_| named.parse::<SocketAddr>().map(|it| it.ip()));
    address.ok().map(|address| address.to_canonical())
}

/// What those add who pass requests on [RFC 7239 4], [RFC 9110 7.6.3], and what has become usual.
const SIGNS: [&str; 8] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "cf-connecting-ip",
    "true-client-ip",
];

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::{HOST, HeaderName, HeaderValue};

    #[test]
    fn a_head_shows_that_the_request_was_passed_on_if_anything_in_it_says_so() {
        let mut head = HeaderMap::new();
        head.insert(HOST, HeaderValue::from_static("example.com"));
        assert_eq!(Forwarded::of(&head), None);
        for sign in ["X-Forwarded-For", "Via", "forwarded"] {
            let mut head = head.clone();
            let sign: HeaderName = sign.parse().unwrap();
            head.insert(sign, HeaderValue::from_static("something"));
            assert_eq!(Forwarded::of(&head), Some(Forwarded { client: None }));
        }
    }

    #[test]
    fn the_client_is_the_one_that_is_named_last() {
        let check = |fields: &[&str], expected: Option<&str>| {
            let mut head = HeaderMap::new();
            for field in fields {
                head.append("x-forwarded-for", field.parse().unwrap());
            }
            let forwarded = Forwarded::of(&head).unwrap();
            let expected = expected.map(|address| address.parse().unwrap());
            assert_eq!(forwarded.client, expected, "{fields:?}");
        };
        check(&["203.0.113.7"], Some("203.0.113.7"));
        check(&["10.0.0.1, 203.0.113.7"], Some("203.0.113.7"));
        check(&["10.0.0.1", "203.0.113.7"], Some("203.0.113.7"));
        check(&["203.0.113.7:4711"], Some("203.0.113.7"));
        check(&["::ffff:203.0.113.7"], Some("203.0.113.7"));
        check(&["2001:db8::1"], Some("2001:db8::1"));
        check(&["[2001:db8::1]"], Some("2001:db8::1"));
        check(&["[2001:db8::1]:4711"], Some("2001:db8::1"));
        check(&["203.0.113.7, unknown"], None);
        check(&["203.0.113.7,"], None);
    }
}
