use std::time::SystemTime;

use super::super::request::Place;
use super::super::token::{Judged, Tokens};
use super::*;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn in_a_minute() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap().as_secs() + 60
}

/// What these keys think of a token by this signer.
fn judged(signer: &TokenSigner, tokens: &Tokens) -> Judged {
    let mut claims = TokenClaims::new(Action::Play, "live/room", "test", in_a_minute());
    claims.subject = Some("anna".to_owned());
    claims.audience = Some("adit".to_owned());
    claims.issuer = Some("us".to_owned());
    let token = signer.token(&claims).unwrap();
    tokens.judge(
        &token,
        Action::Play,
        &Place::new("", "live", "room").stream("test"),
    )
}

fn for_us() -> Tokens {
    let mut tokens = Tokens::default();
    tokens.set_audience("adit");
    tokens.set_issuer("us");
    tokens
}

#[test]
fn a_token_by_each_kind_of_key_is_taken_by_its_counterpart() {
    let pairs = [
        (
            include_str!("../token/rsa.pem"),
            include_str!("../token/rsa.pub"),
        ),
        (
            include_str!("../token/p256.pem"),
            include_str!("../token/p256.pub"),
        ),
        (
            include_str!("../token/p384.pem"),
            include_str!("../token/p384.pub"),
        ),
    ];
    for (private, public) in pairs {
        let mut tokens = for_us();
        tokens.insert_public_key(public).unwrap();
        let signer = TokenSigner::by_private_key(private).unwrap();
        let judged = judged(&signer, &tokens);
        assert!(
            matches!(&judged, Judged::Right { who: Some(who), .. } if who == "anna"),
            "{signer:?} {judged:?}"
        );
    }
    let mut tokens = for_us();
    tokens.insert_secret(SECRET).unwrap();
    let signer = TokenSigner::by_secret(SECRET).unwrap();
    assert!(matches!(judged(&signer, &tokens), Judged::Right { .. }));
}

#[test]
fn what_does_not_sign_is_refused() {
    assert!(matches!(
        TokenSigner::by_secret(&SECRET[1..]),
        Err(TokenKeyError::SecretTooShort)
    ));
    for text in ["", "secret", include_str!("../token/p256.pub")] {
        let refused = TokenSigner::by_private_key(text).map(|_| ());
        assert_eq!(refused, Err(SignError::NotPrivate), "{text}");
    }
}
