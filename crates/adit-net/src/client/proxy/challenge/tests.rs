use super::challenges;
use crate::client::limits;
use hyper::HeaderMap;
use hyper::header::{HeaderValue, PROXY_AUTHENTICATE};

fn check(fields: &[&str], expected: &[(&str, &str)]) {
    let mut headers = HeaderMap::new();
    for field in fields {
        headers.append(
            PROXY_AUTHENTICATE,
            HeaderValue::from_bytes(field.as_bytes()).unwrap(),
        );
    }
    let found: Vec<_> = challenges(&headers)
        .into_iter()
        .map(|challenge| (challenge.scheme, challenge.rest))
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(scheme, rest)| ((*scheme).to_owned(), (*rest).to_owned()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn challenges_are_told_apart_in_one_field_and_in_several() {
    check(&["Basic realm=\"x\""], &[("basic", "realm=\"x\"")]);
    check(
        &["Negotiate, NTLM TlRM==, Digest realm=\"a, b\", nonce = \"c\", BASIC realm=\"d\""],
        &[
            ("negotiate", ""),
            ("ntlm", "TlRM=="),
            ("digest", "realm=\"a, b\", nonce = \"c\""),
            ("basic", "realm=\"d\""),
        ],
    );
    check(&["NTLM", "Basic"], &[("ntlm", ""), ("basic", "")]);
    check(&["realm=\"lost\"", ", ,"], &[]);
    check(
        &["Basic realm=\"quo\\\"te, Digest\""],
        &[("basic", "realm=\"quo\\\"te, Digest\"")],
    );
    check(&["Digest realm=\"bücher\""], &[]);
}

#[test]
fn only_so_many_challenges_are_looked_at() {
    for count in [limits::CHALLENGES, limits::CHALLENGES + 1] {
        let mut headers = HeaderMap::new();
        for _ in 0..count {
            headers.append(PROXY_AUTHENTICATE, HeaderValue::from_static("Basic"));
        }
        assert_eq!(challenges(&headers).len(), limits::CHALLENGES);
    }
}
