use super::{Authorizer, Kept};
use crate::client::{AuthScheme, Credentials, ProxyError};
use hyper::HeaderMap;
use hyper::header::{HeaderValue, PROXY_AUTHENTICATE};

fn headers(fields: &[&'static str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for field in fields {
        headers.append(PROXY_AUTHENTICATE, HeaderValue::from_static(field));
    }
    headers
}

fn somebody() -> Authorizer {
    Authorizer::new(Some(Credentials::new("Mufasa", "Circle of Life")))
}

fn said(authorizer: &mut Authorizer) -> String {
    let value = authorizer
        .header("POST", "http://s/open/1")
        .unwrap()
        .unwrap();
    assert!(value.is_sensitive());
    value.to_str().unwrap().to_owned()
}

#[test]
fn nothing_is_said_before_it_is_asked_for() {
    let mut authorizer = somebody();
    assert_eq!(authorizer.header("POST", "http://s/").unwrap(), None);
    assert_eq!(authorizer.scheme(), None);
}

#[test]
fn digest_counts_the_requests_of_a_connection_and_survives_a_new_nonce() {
    let mut authorizer = somebody();
    let challenge = headers(&["Digest realm=\"r\", nonce=\"n\", qop=\"auth\""]);
    authorizer.challenged(&challenge, Kept::Open).unwrap();
    assert!(said(&mut authorizer).contains("nc=00000001"));
    authorizer.accepted();
    assert!(said(&mut authorizer).contains("nc=00000002"));
    authorizer.challenged(&challenge, Kept::Open).unwrap();
    assert!(said(&mut authorizer).contains("nc=00000001"));
    let again = authorizer.challenged(&challenge, Kept::Open);
    assert!(matches!(again, Err(ProxyError::CredentialsRefused { .. })));
}

#[test]
fn ntlm_proves_a_connection_once_and_a_new_one_again() {
    let mut authorizer = somebody();
    authorizer
        .challenged(&headers(&["NTLM"]), Kept::Closed)
        .unwrap();
    assert_eq!(authorizer.scheme(), Some(AuthScheme::Ntlm));
    assert!(!authorizer.is_settled());
    assert!(said(&mut authorizer).starts_with("NTLM TlRMTVNTUAABAAAA"));
    let token = "NTLM TlRMTVNTUAACAAAACQAJACgAAAACAgAAASNFZ4mrze8AAAAAAAAAAFdPUktHUk9VUA==";
    authorizer
        .challenged(&headers(&[token]), Kept::Open)
        .unwrap();
    assert!(authorizer.is_settled());
    assert!(said(&mut authorizer).starts_with("NTLM TlRMTVNTUAADAAAA"));
    authorizer.accepted();
    assert_eq!(authorizer.header("POST", "http://s/").unwrap(), None);
    authorizer.reconnected();
    assert!(said(&mut authorizer).starts_with("NTLM TlRMTVNTUAABAAAA"));
    let closed = authorizer.challenged(&headers(&[token]), Kept::Closed);
    assert!(matches!(closed, Err(ProxyError::NtlmConnectionClosed)));
}

#[test]
fn a_challenge_that_cannot_be_answered_leaves_the_next_one() {
    for digest in [
        "Digest realm=\"r\"",
        "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
        "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-1024",
        "Digest realm=\"r",
    ] {
        let mut authorizer = somebody();
        authorizer
            .challenged(&headers(&[digest, "Basic realm=\"r\""]), Kept::Open)
            .unwrap();
        assert_eq!(authorizer.scheme(), Some(AuthScheme::Basic), "{digest}");
    }
}

#[test]
fn the_better_hash_is_taken() {
    let mut authorizer = somebody();
    authorizer
        .challenged(
            &headers(&[
                "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=MD5",
                "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256",
            ]),
            Kept::Open,
        )
        .unwrap();
    assert!(said(&mut authorizer).contains("algorithm=SHA-256"));
}

#[test]
fn secrets_are_not_shown() {
    let mut authorizer = somebody();
    authorizer
        .challenged(&headers(&["Basic"]), Kept::Open)
        .unwrap();
    let shown = format!(
        "{authorizer:?} {:?}",
        Credentials::new("Mufasa", "Circle of Life")
    );
    assert!(
        !shown.contains("Circle") && !shown.contains("Mufasa"),
        "{shown}"
    );
}
