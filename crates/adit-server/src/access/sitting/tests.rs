use super::*;
use crate::access::tests::{OUTSIDE, visitor};
use crate::access::token::CHECKED;
use crate::access::{AccessConfig, Need, Rule, TokenClaims, TokenSigner, Tokens};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// A token to play these streams of every application, for a minute.
fn token(stream: &str) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let until = now.unwrap().as_secs() + 60;
    let claims = TokenClaims::new(Action::Play, "*", stream, until);
    let signer = TokenSigner::by_secret(SECRET).unwrap();
    signer.token(&claims).unwrap()
}

/// Who lists needs this.
fn access(need: Need) -> Access {
    let mut tokens = Tokens::default();
    tokens.insert_secret(SECRET).unwrap();
    Access::new(AccessConfig {
        rules: vec![Rule::new([Action::Play], need)],
        tokens,
        ..AccessConfig::default()
    })
}

/// Which of the streams of `live` are listed for this token, and how often it was checked for that.
fn listed(access: &Access, token: &str) -> (Vec<usize>, usize) {
    let (visitor, credentials) = (visitor(OUTSIDE), Credentials::none().with_bearer(token));
    let before = CHECKED.get();
    let listing = access.listing(&visitor, &credentials);
    let shows = |at: &usize| {
        let place = Place::new("", "live", "_definst_");
        listing.shows(place.stream(&format!("stream{at}")))
    };
    let listed = (0..100).filter(shows).collect();
    (listed, CHECKED.get() - before)
}

#[test]
fn a_token_is_checked_once_for_a_list_however_many_streams_there_are() {
    let access = access(Need::proof());
    assert_eq!(listed(&access, &token("stream7")), (vec![7], 1));
    assert_eq!(listed(&access, "no token"), (vec![], 1));
}

#[test]
fn where_a_list_needs_no_proof_none_is_checked() {
    let (listed, checked) = listed(&access(Need::Nothing), "no token");
    assert_eq!((listed.len(), checked), (100, 0));
}

#[test]
fn a_token_is_checked_once_for_a_play_that_rules_about_two_addresses_are_about() {
    let mut config = AccessConfig::default();
    config.tokens.insert_secret(SECRET).unwrap();
    let mut earlier = Rule::new([Action::Play], Need::proof());
    earlier.application = "live".parse().unwrap();
    earlier.stream = "room/cam".parse().unwrap();
    config.rules = vec![earlier, Rule::new([Action::Play], Need::proof())];
    let access = Access::new(config);
    let place = Place::new("", "live", "room").stream("cam");
    let request = Request::new(Action::Play, place, visitor(OUTSIDE));
    let request = request.with(Credentials::none().with_bearer(&token("*")));
    let before = CHECKED.get();
    assert!(matches!(access.authorize(&request).settled(), Ok(Ok(_))));
    assert_eq!(CHECKED.get() - before, 1);
}
