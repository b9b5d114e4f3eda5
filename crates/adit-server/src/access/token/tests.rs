use jsonwebtoken::jwk::PublicKeyUse;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::*;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

// Made for these tests, and of use nowhere else.
const RSA: &str = include_str!("rsa.pem");
const RSA_PUBLIC: &str = include_str!("rsa.pub");
const P256: &str = include_str!("p256.pem");
const P256_PUBLIC: &str = include_str!("p256.pub");
const P384: &str = include_str!("p384.pem");
const P384_PUBLIC: &str = include_str!("p384.pub");

fn place() -> Place {
    Place::new("", "live", "_definst_").stream("test")
}

fn in_seconds(seconds: i64) -> i64 {
    let now = jsonwebtoken::get_current_timestamp();
    i64::try_from(now).unwrap() + seconds
}

fn claims() -> Value {
    json!({ "exp": in_seconds(60), "action": "play", "app": "live", "stream": "te*", "sub": "anna" })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn signing_key(algorithm: Algorithm) -> EncodingKey {
    match algorithm.family() {
        AlgorithmFamily::Hmac => EncodingKey::from_secret(SECRET),
        AlgorithmFamily::Rsa => EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap(),
        _ if algorithm == Algorithm::ES256 => EncodingKey::from_ec_pem(P256.as_bytes()).unwrap(),
        _ => EncodingKey::from_ec_pem(P384.as_bytes()).unwrap(),
    }
}

fn signed(algorithm: Algorithm, claims: &Value) -> String {
    encode(&Header::new(algorithm), claims, &signing_key(algorithm)).unwrap()
}

impl Tokens {
    /// What a token is worth there.
    pub(in crate::access) fn judge(&self, token: &str, action: Action, place: &Place) -> Judged {
        match self.claims(token) {
            Err(judged) => judged,
            Ok(claims) => claims.judge(action, place),
        }
    }
}

fn with_secret() -> Tokens {
    let mut tokens = Tokens::default();
    tokens.insert_secret(SECRET).unwrap();
    tokens
}

fn with_public(pem: &str) -> Tokens {
    let mut tokens = Tokens::default();
    tokens.insert_public_key(pem).unwrap();
    tokens
}

#[track_caller]
fn check(tokens: &Tokens, token: &str, expected: &str) {
    let judged = tokens.judge(token, Action::Play, &place());
    let got = match &judged {
        Judged::Right { .. } => "right",
        Judged::Expired => "expired",
        Judged::Wrong(why) => why,
    };
    assert_eq!(got, expected, "{token}");
}

#[track_caller]
fn check_claims(claims: &Value, expected: &str) {
    check(&with_secret(), &signed(Algorithm::HS256, claims), expected);
}

const OTHER_KEY: &str = "signed by no key and algorithm of ours";

#[test]
fn tokens_of_every_algorithm_are_right_for_the_key_that_made_them_and_for_no_other() {
    use Algorithm::{ES256, ES384, HS256, HS384, HS512, PS256, RS256, RS384, RS512};
    let keys = [
        (with_secret(), vec![HS256, HS384, HS512]),
        (with_public(RSA_PUBLIC), vec![RS256, RS384, RS512, PS256]),
        (with_public(P256_PUBLIC), vec![ES256]),
        (with_public(P384_PUBLIC), vec![ES384]),
    ];
    let all: Vec<Algorithm> = keys.iter().flat_map(|(_, own)| own.clone()).collect();
    for (tokens, own) in &keys {
        for algorithm in &all {
            let token = signed(*algorithm, &claims());
            let judged = tokens.judge(&token, Action::Play, &place());
            let is_right = matches!(judged, Judged::Right { .. });
            assert_eq!(
                is_right,
                own.contains(algorithm),
                "{algorithm:?} {tokens:?}"
            );
        }
    }
}

/// A token whose head says what it likes, with a signature that is made by `sign` or is empty.
fn forged(head: &Value, claims: &Value, sign: Option<&[u8]>) -> String {
    use base64::Engine as _;
    let text =
        |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", text(head), text(claims));
    let signature = sign.map(|secret| {
        let key = EncodingKey::from_secret(secret);
        jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap()
    });
    format!("{message}.{}", signature.unwrap_or_default())
}

#[test]
fn no_game_with_the_algorithm_makes_a_token_right() {
    let all = [
        with_secret(),
        with_public(RSA_PUBLIC),
        with_public(P256_PUBLIC),
    ];
    for none in ["none", "None", "NONE", "nOnE", "", "HS0"] {
        let token = forged(&json!({ "alg": none, "typ": "JWT" }), &claims(), None);
        for tokens in &all {
            check(tokens, &token, "no token");
        }
    }
    // No algorithm at all, and no signature under the name of one.
    for head in [
        json!({}),
        json!({ "alg": null }),
        json!({ "alg": ["HS256"] }),
    ] {
        check(&all[0], &forged(&head, &claims(), Some(SECRET)), "no token");
    }
    let bare = forged(&json!({ "alg": "HS256" }), &claims(), None);
    check(&all[0], &bare, DOES_NOT_FIT);
    // The public key, which everybody has, as the secret of HS256.
    for (tokens, public) in [(&all[1], RSA_PUBLIC), (&all[2], P256_PUBLIC)] {
        let head = json!({ "alg": "HS256" });
        let token = forged(&head, &claims(), Some(public.as_bytes()));
        check(tokens, &token, OTHER_KEY);
    }
    // A key that the token brings along.
    let key = json!({ "kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" });
    let head = json!({ "alg": "HS256", "jwk": key, "jku": "http://127.0.0.1/keys" });
    check(
        &all[0],
        &forged(&head, &claims(), Some(&[0; 32])),
        DOES_NOT_FIT,
    );
    let head = json!({ "alg": "HS256", "crit": ["exp"] });
    check(
        &all[0],
        &forged(&head, &claims(), Some(SECRET)),
        "it asks for an extension",
    );
}

#[test]
fn what_is_no_token_is_wrong() {
    let good = signed(Algorithm::HS256, &claims());
    let (front, _) = good.rsplit_once('.').unwrap();
    for text in ["", ".", "..", "a.b.c", "a.b.c.d", front] {
        let judged = with_secret().judge(text, Action::Play, &place());
        assert!(matches!(judged, Judged::Wrong(_)), "{text}");
    }
    check(&Tokens::default(), &good, OTHER_KEY);
}

#[test]
fn a_token_is_as_long_as_allowed_and_not_longer() {
    let padded = |length: usize| {
        let token =
            |padding: usize| signed(Algorithm::HS256, &with("pad", "x".repeat(padding).into()));
        let padding = (0..length).find(|padding| token(*padding).len() >= length);
        token(padding.unwrap())
    };
    let longest = padded(TOKEN_BYTES - 1);
    assert!(longest.len() <= TOKEN_BYTES);
    check(&with_secret(), &longest, "right");
    check(
        &with_secret(),
        &padded(TOKEN_BYTES + 1),
        "longer than 4096 bytes",
    );
}

#[test]
fn times_audience_and_issuer_are_checked() {
    check_claims(&with("exp", in_seconds(-60).into()), "expired");
    check_claims(&with("exp", in_seconds(-5).into()), "right");
    check_claims(&with("nbf", in_seconds(60).into()), "it is not valid yet");
    check_claims(&with("nbf", in_seconds(-60).into()), "right");
    for exp in [
        Value::Null,
        "soon".into(),
        (-1).into(),
        true.into(),
        json!([1]),
    ] {
        let judged = with_secret().judge(
            &signed(Algorithm::HS256, &with("exp", exp.clone())),
            Action::Play,
            &place(),
        );
        assert!(matches!(judged, Judged::Wrong(_)), "{exp}");
    }
    // Somebody else is meant.
    check_claims(&with("aud", "other".into()), "it is for another audience");
    let mut tokens = with_secret();
    tokens.set_audience("adit");
    tokens.set_issuer("us");
    let asked = |aud: Value, iss: Value| {
        let mut claims = claims();
        claims["aud"] = aud;
        claims["iss"] = iss;
        signed(Algorithm::HS256, &claims)
    };
    check(&tokens, &asked("adit".into(), "us".into()), "right");
    check(&tokens, &asked(json!(["x", "adit"]), "us".into()), "right");
    check(
        &tokens,
        &asked("x".into(), "us".into()),
        "it is for another audience",
    );
    check(
        &tokens,
        &asked("adit".into(), "them".into()),
        "it comes from another issuer",
    );
    check(
        &tokens,
        &asked(Value::Null, "us".into()),
        "it lacks exp, aud or iss",
    );
}

#[test]
fn a_token_is_for_the_actions_applications_and_streams_it_names() {
    for action in [json!("play"), json!("*"), json!(["publish", "play"])] {
        check_claims(&with("action", action), "right");
    }
    for action in [json!("publish"), json!([]), Value::Null] {
        check_claims(&with("action", action), "it is not for this action");
    }
    check_claims(
        &with("app", "other".into()),
        "it is not for this application",
    );
    check_claims(&with("app", json!(["other", "li*"])), "right");
    check_claims(&with("app", json!([])), "it is not for this application");
    check_claims(&with("stream", "other".into()), "it is not for this stream");
    check_claims(
        &with("stream", json!(["a", "b"])),
        "it is not for this stream",
    );
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove("app");
    claims.as_object_mut().unwrap().remove("stream");
    check_claims(&claims, "right");
    claims.as_object_mut().unwrap().remove("action");
    claims["actions"] = json!(["play"]);
    check_claims(&claims, "right");
}

#[test]
fn what_a_right_takes_in_goes_with_it() {
    let may = |named: &str, action: Action| {
        let token = signed(Algorithm::HS256, &with("action", named.into()));
        matches!(
            with_secret().judge(&token, action, &place()),
            Judged::Right { .. }
        )
    };
    assert!(may("play", Action::List) && may("publish", Action::Record));
    assert!(may("play", Action::Connect) && may("publish", Action::Connect));
    assert!(!may("play", Action::Publish) && !may("publish", Action::Play));
}

#[test]
fn it_is_known_whose_token_it_is_and_until_when() {
    let claims = claims();
    let token = signed(Algorithm::HS256, &claims);
    let exp = Duration::from_secs(claims["exp"].as_u64().unwrap());
    let expected = Judged::Right {
        until: Some(SystemTime::UNIX_EPOCH + exp),
        who: Some("anna".into()),
    };
    assert_eq!(
        with_secret().judge(&token, Action::Play, &place()),
        expected
    );
}

/// A set with the secret and both curves, each under a name.
fn set(change: impl FnOnce(&mut Vec<Jwk>)) -> Result<Tokens, TokenKeyError> {
    let jwk = |algorithm: Algorithm, id: &str| {
        let mut jwk = Jwk::from_encoding_key(&signing_key(algorithm), algorithm).unwrap();
        jwk.common.key_id = Some(id.into());
        jwk
    };
    let mut keys = vec![
        jwk(Algorithm::HS256, "secret"),
        jwk(Algorithm::ES256, "curve"),
        jwk(Algorithm::RS256, "rsa"),
    ];
    change(&mut keys);
    let mut tokens = Tokens::default();
    tokens.insert_set(&serde_json::to_string(&JwkSet { keys }).unwrap())?;
    Ok(tokens)
}

#[test]
fn a_set_of_keys_checks_by_the_key_that_the_token_names() {
    let tokens = set(|_| {}).unwrap();
    let named = |algorithm: Algorithm, id: &str| {
        let mut header = Header::new(algorithm);
        header.kid = Some(id.to_owned());
        encode(&header, &claims(), &signing_key(algorithm)).unwrap()
    };
    for (algorithm, id) in [
        (Algorithm::HS256, "secret"),
        (Algorithm::ES256, "curve"),
        (Algorithm::RS256, "rsa"),
    ] {
        check(&tokens, &named(algorithm, id), "right");
        check(&tokens, &signed(algorithm, &claims()), "right");
        check(&tokens, &named(algorithm, "other"), OTHER_KEY);
    }
    check(&tokens, &named(Algorithm::HS256, "curve"), OTHER_KEY);
    // The set says which algorithm a key is for.
    check(&tokens, &signed(Algorithm::HS512, &claims()), OTHER_KEY);
}

#[test]
fn keys_that_are_for_something_else_are_left_out_of_a_set() {
    let tokens = set(|keys| {
        for key in keys.iter_mut() {
            key.common.public_key_use = Some(PublicKeyUse::Encryption);
        }
        keys[1].common.public_key_use = Some(PublicKeyUse::Signature);
    });
    let tokens = tokens.unwrap();
    check(&tokens, &signed(Algorithm::ES256, &claims()), "right");
    check(&tokens, &signed(Algorithm::HS256, &claims()), OTHER_KEY);
    assert_eq!(set(Vec::clear).unwrap_err(), TokenKeyError::NoneOfUse);
}

#[test]
fn keys_that_cannot_be_used_are_told_as_what_they_are() {
    let mut tokens = Tokens::default();
    let short = tokens.insert_secret(&SECRET[1..]);
    assert_eq!(short, Err(TokenKeyError::SecretTooShort));
    assert_eq!(tokens.insert_public_key(RSA), Err(TokenKeyError::Private));
    assert_eq!(
        tokens.insert_public_key("nothing"),
        Err(TokenKeyError::NotPem)
    );
    let nothing = tokens.insert_set("[]");
    assert!(matches!(nothing, Err(TokenKeyError::NotSet(_))));
    let short = r#"{"keys":[{"kty":"oct","k":"c2hvcnQ"}]}"#;
    assert_eq!(tokens.insert_set(short), Err(TokenKeyError::SecretTooShort));
    assert!(tokens.is_empty());
}

#[test]
fn there_are_as_many_keys_for_tokens_as_allowed_and_not_one_more() {
    let mut tokens = Tokens::default();
    for _ in 0..TOKEN_KEYS {
        tokens.insert_secret(SECRET).unwrap();
    }
    assert_eq!(tokens.insert_secret(SECRET), Err(TokenKeyError::TooMany));
}
