//! Whether something stands between a client and this server that says so.

use hyper::HeaderMap;

/// Whether the head of a request says that it was passed on by somebody: a reverse proxy, a CDN, a gateway. The address it comes from
/// is theirs then.
///
/// Anybody can say so, and nobody has to: it can take a right away that goes with an address, and never give one.
pub fn was_forwarded(head: &HeaderMap) -> bool {
    SIGNS.iter().any(|sign| head.contains_key(*sign))
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
        assert!(!was_forwarded(&head));
        for sign in ["X-Forwarded-For", "Via", "forwarded"] {
            let mut head = head.clone();
            let sign: HeaderName = sign.parse().unwrap();
            head.insert(sign, HeaderValue::from_static("203.0.113.7"));
            assert!(was_forwarded(&head), "{head:?}");
        }
    }
}
