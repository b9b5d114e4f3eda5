use super::*;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const EXPIRES: u64 = 1_800_000_000;
const PEER: &str = "203.0.113.7";

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn place() -> Place {
    Place::new("", "live", "_definst_").stream("test")
}

fn signing() -> Signing {
    let mut signing = Signing::default();
    signing.insert(SECRET).unwrap();
    signing
}

fn judged(query: &str, now: u64, action: Action, place: &Place) -> Option<Signed> {
    let credentials = Credentials::none().with_query(query);
    let peer = PEER.parse().unwrap();
    signing().check(at(now), action, place, peer, &credentials)
}

#[track_caller]
fn check(query: &str, expected: Signed) {
    let got = judged(query, EXPIRES - 1, Action::Play, &place());
    match (got, expected) {
        (Some(Signed::Wrong(_)), Signed::Wrong(_)) => {}
        (got, expected) => assert_eq!(got, Some(expected), "{query}"),
    }
}

// Made with: printf 'play\n/live/test\n1800000000' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef -r
const MADE_BY_OPENSSL: &str = "107fbc04572e4b8860a3f03988505e3fb249fea6562a22474f6f240ee5a9c154";
// The same with '\n203.0.113.7' behind it.
const MADE_FOR_ONE_ADDRESS: &str =
    "98fa9423d93e7fc134dbc7b72a621fb93e17377e080d58242326656213e4d6be";

#[test]
fn an_address_that_openssl_signed_is_right() {
    check(
        &format!("expires=1800000000&signature={MADE_BY_OPENSSL}"),
        Signed::Right(at(EXPIRES)),
    );
    check(
        &format!("expires=1800000000&ip=203.0.113.7&signature={MADE_FOR_ONE_ADDRESS}"),
        Signed::Right(at(EXPIRES)),
    );
    let own = signing().query(Action::Play, &place(), EXPIRES, None);
    let expected = format!("expires=1800000000&signature={MADE_BY_OPENSSL}");
    assert_eq!(own, Some(expected));
}

#[test]
fn whatever_is_changed_makes_it_wrong() {
    for query in [
        format!("expires=1800000001&signature={MADE_BY_OPENSSL}"),
        format!("expires=01800000000&signature={MADE_BY_OPENSSL}"),
        format!("signature={MADE_BY_OPENSSL}"),
        format!("expires=1800000000&ip=203.0.113.7&signature={MADE_BY_OPENSSL}"),
        format!("expires=1800000000&signature={MADE_FOR_ONE_ADDRESS}"),
        format!("expires=1800000000&ip=203.0.113.8&signature={MADE_FOR_ONE_ADDRESS}"),
        format!("expires=1800000000&signature={}", "0".repeat(64)),
        "expires=1800000000&signature=00".to_owned(),
        "expires=1800000000&signature=nonsense".to_owned(),
    ] {
        check(&query, Signed::Wrong(""));
    }
    let query = format!("expires=1800000000&signature={MADE_BY_OPENSSL}");
    let now = EXPIRES - 1;
    let other = place().stream("other");
    let is_wrong = |judged| matches!(judged, Some(Signed::Wrong(_)));
    assert!(is_wrong(judged(&query, now, Action::Play, &other)));
    assert!(is_wrong(judged(&query, now, Action::Publish, &place())));
    let mut elsewhere = place();
    elsewhere.vhost = "tenant".into();
    assert!(is_wrong(judged(&query, now, Action::Play, &elsewhere)));
    // Who may play may see it in the list.
    let listed = judged(&query, now, Action::List, &place());
    assert_eq!(listed, Some(Signed::Right(at(EXPIRES))));
}

#[test]
fn it_is_right_until_it_expires() {
    let query = format!("expires=1800000000&signature={MADE_BY_OPENSSL}");
    let judged = |now| judged(&query, now, Action::Play, &place());
    assert_eq!(judged(EXPIRES - 1), Some(Signed::Right(at(EXPIRES))));
    assert_eq!(judged(EXPIRES), Some(Signed::Expired));
}

#[test]
fn an_address_signed_for_another_visitor_is_wrong_for_this_one() {
    let other = "203.0.113.8".parse().unwrap();
    let query = signing().query(Action::Play, &place(), EXPIRES, Some(other));
    check(&query.unwrap(), Signed::Wrong(""));
}

#[test]
fn while_a_secret_is_replaced_both_are_right() {
    let mut both = Signing::default();
    both.insert(b"a new secret of some length").unwrap();
    both.insert(SECRET).unwrap();
    let peer = PEER.parse().unwrap();
    for signing in [&both, &signing()] {
        let query = signing.query(Action::Play, &place(), EXPIRES, None);
        let credentials = Credentials::none().with_query(&query.unwrap());
        let judged = both.check(at(1), Action::Play, &place(), peer, &credentials);
        assert_eq!(judged, Some(Signed::Right(at(EXPIRES))));
    }
}

#[test]
fn a_short_secret_is_refused() {
    assert!(Signing::default().insert(b"0123456789abcdef").is_ok());
    assert_eq!(
        Signing::default().insert(b"0123456789abcde"),
        Err(SecretTooShort)
    );
}

#[test]
fn paths_name_hosts_and_instances_where_there_are_any() {
    assert_eq!(place().path(), "/live/test");
    let elsewhere = Place::new("tenant", "live", "room").stream("a/b");
    assert_eq!(elsewhere.path(), "//tenant/live/room/a/b");
}
