use super::*;
use crate::login::EncoderLogin;

/// From where somebody comes.
const LOCAL: &str = "192.168.1.9";
pub(super) const OUTSIDE: &str = "203.0.113.7";

const KEY: &str = "5f3a61c09be84d5a";
const ANY_KEY: &str = "77aa8b1b3c4d5e6f";

/// Somebody who comes by RTMP.
pub(super) fn visitor(peer: &str) -> Visitor {
    Visitor {
        peer: peer.parse().unwrap(),
        reached: Reached::Directly,
        behind: None,
        protocol: "rtmp",
        is_secure: false,
        connection: Some(1),
    }
}

fn request(action: Action, peer: &str, stream: &str) -> Request {
    let place = Place::new("", "live", "_definst_").stream(stream);
    Request::new(action, place, visitor(peer))
}

fn publish(peer: &str, stream: &str) -> Request {
    request(Action::Publish, peer, stream)
}

fn query(request: Request, query: &str) -> Request {
    request.with(Credentials::none().with_query(query))
}

fn keys() -> StreamKeys {
    format!("{KEY} live/studio\n{ANY_KEY} *\n").parse().unwrap()
}

/// As `adit serve` begins.
fn safe() -> Access {
    let mut config = AccessConfig::default().with_local_publishers();
    config.keys = keys();
    Access::new(config)
}

/// How it ends: the public name where it differs, or why not.
fn outcome(access: &Access, request: &Request) -> Result<Option<String>, Denial> {
    let Ok(decided) = access.authorize(request).settled() else {
        panic!("not decided at once");
    };
    decided
        .map(|granted| granted.stream)
        .map_err(|refusal| refusal.denial().unwrap())
}

#[track_caller]
fn check(access: &Access, request: &Request, expected: Result<Option<&str>, Denial>) {
    let expected = expected.map(|name| name.map(str::to_owned));
    assert_eq!(outcome(access, request), expected, "{request:?}");
}

#[test]
fn without_rules_everything_is_allowed() {
    let access = Access::new(AccessConfig::default());
    for action in [
        Action::Connect,
        Action::Publish,
        Action::Play,
        Action::Record,
        Action::List,
    ] {
        check(&access, &request(action, OUTSIDE, "test"), Ok(None));
    }
    // What means nothing here is not looked at: an application may take it.
    let asked = query(publish(OUTSIDE, "test"), "key=x&token=y&signature=z");
    check(&access, &asked, Ok(None));
}

#[test]
fn at_first_whoever_is_near_may_publish_and_others_need_a_key() {
    let access = safe();
    let near = [
        "127.0.0.1",
        "::1",
        "10.1.2.3",
        "172.31.0.1",
        LOCAL,
        "169.254.1.1",
        "fd00::1",
        "fe80::1",
        "::ffff:10.1.2.3",
    ];
    for peer in near {
        check(&access, &publish(peer, "test"), Ok(None));
        check(&access, &request(Action::Record, peer, "test"), Ok(None));
    }
    for peer in [
        OUTSIDE,
        "172.32.0.1",
        "100.64.0.1",
        "2001:db8::1",
        "::ffff:203.0.113.8",
        "fec0::1",
    ] {
        check(&access, &publish(peer, "test"), Err(Denial::Missing));
        check(&access, &request(Action::Play, peer, "test"), Ok(None));
        check(&access, &request(Action::List, peer, "test"), Ok(None));
        check(&access, &request(Action::Connect, peer, "test"), Ok(None));
        check(
            &access,
            &query(publish(peer, "test"), &format!("key={ANY_KEY}")),
            Ok(None),
        );
    }
}

#[test]
fn a_near_address_means_nothing_when_something_passed_the_request_on() {
    let access = safe();
    let mut asked = publish("127.0.0.1", "test");
    asked.visitor.reached = Reached::Forwarded;
    check(&access, &asked, Err(Denial::Missing));
    check(&access, &query(asked, &format!("key={ANY_KEY}")), Ok(None));
}

#[test]
fn who_says_that_he_was_passed_on_does_not_escape_a_rule_that_refuses_his_address() {
    let mut config = AccessConfig::default();
    let there = [OUTSIDE.parse().unwrap()];
    config
        .rules
        .push(Rule::new([Action::Play], Need::Refused).from(there));
    let access = Access::new(config);
    let mut asked = request(Action::Play, OUTSIDE, "test");
    check(&access, &asked, Err(Denial::Forbidden));
    asked.visitor.reached = Reached::Forwarded;
    check(&access, &asked, Err(Denial::Forbidden));
    check(&access, &request(Action::Play, LOCAL, "test"), Ok(None));
}

#[test]
fn a_key_is_published_under_the_public_name_wherever_it_comes_from() {
    let access = safe();
    for peer in [LOCAL, OUTSIDE] {
        check(&access, &publish(peer, KEY), Ok(Some("studio")));
        check(
            &access,
            &request(Action::Record, peer, KEY),
            Ok(Some("studio")),
        );
        check(
            &access,
            &query(publish(peer, "studio"), &format!("key={KEY}")),
            Ok(None),
        );
    }
}

#[test]
fn a_key_is_for_its_stream_and_its_application_only() {
    let access = safe();
    let other_stream = query(publish(OUTSIDE, "other"), &format!("key={KEY}"));
    check(&access, &other_stream, Err(Denial::Wrong));
    let mut other_application = publish(OUTSIDE, KEY);
    other_application.place.application = "private".into();
    check(&access, &other_application, Err(Denial::Wrong));
    // Nor does anybody see it there.
    other_application.visitor = visitor(LOCAL);
    check(&access, &other_application, Err(Denial::Wrong));
}

#[test]
fn the_key_of_all_streams_never_becomes_the_name_of_one() {
    let access = safe();
    for peer in [LOCAL, OUTSIDE] {
        check(&access, &publish(peer, ANY_KEY), Err(Denial::Wrong));
    }
    assert!(access.is_secret(KEY) && access.is_secret(ANY_KEY) && !access.is_secret("studio"));
}

#[test]
fn a_key_to_publish_with_does_not_play() {
    let mut config = AccessConfig::default();
    config.rules.push(Rule::new([Action::Play], Need::proof()));
    config.keys = keys();
    let access = Access::new(config);
    let asked = query(
        request(Action::Play, OUTSIDE, "studio"),
        &format!("key={KEY}"),
    );
    check(&access, &asked, Err(Denial::Missing));
}

#[test]
fn who_may_play_sees_it_in_the_list_unless_a_rule_says_otherwise() {
    let mut config = AccessConfig::default();
    let mut rule = Rule::new([Action::Play], Need::Refused);
    rule.stream = "secret*".parse().unwrap();
    config.rules.push(rule);
    let access = Access::new(config.clone());
    check(
        &access,
        &request(Action::List, LOCAL, "secret1"),
        Err(Denial::Forbidden),
    );
    check(&access, &request(Action::List, LOCAL, "open"), Ok(None));
    config.rules.push(Rule::new([Action::List], Need::Refused));
    access.apply(config);
    check(
        &access,
        &request(Action::List, LOCAL, "open"),
        Err(Denial::Forbidden),
    );
    check(&access, &request(Action::Play, LOCAL, "open"), Ok(None));
}

#[test]
fn the_first_rule_decides_that_is_about_it() {
    let mut config = AccessConfig::default();
    let mut first = Rule::new([Action::Publish], Need::Nothing);
    first.application = "live/*".parse().unwrap();
    first.stream = "open*".parse().unwrap();
    config.rules = vec![first, Rule::new([Action::Publish], Need::Refused)];
    let access = Access::new(config);
    check(&access, &publish(OUTSIDE, "open1"), Ok(None));
    check(&access, &publish(OUTSIDE, "closed"), Err(Denial::Forbidden));
    let mut elsewhere = publish(OUTSIDE, "open1");
    elsewhere.place.application = "other".into();
    check(&access, &elsewhere, Err(Denial::Forbidden));
}

fn with_users(need: Option<Need>) -> Access {
    let users = "cam:s3cret\nguest:also s3cret".parse().unwrap();
    let mut config = AccessConfig {
        login: Some(EncoderLogin::new(users)),
        ..AccessConfig::default()
    };
    config
        .rules
        .extend(need.map(|need| Rule::new([Action::Publish], need)));
    Access::new(config)
}

fn password(request: Request, user: &str, password: &str) -> Request {
    request.with(Credentials::none().with_password(user, password))
}

#[test]
fn with_users_publishing_takes_a_login_and_playing_does_not() {
    let access = with_users(None);
    let asked = || publish(LOCAL, "test");
    check(&access, &asked(), Err(Denial::Missing));
    check(&access, &password(asked(), "cam", "s3cret"), Ok(None));
    check(
        &access,
        &asked().with(Credentials::none().with_login("cam")),
        Ok(None),
    );
    for (user, word) in [
        ("cam", "wrong"),
        ("nobody", ""),
        ("nobody", "s3cret"),
        ("cam", ""),
    ] {
        check(&access, &password(asked(), user, word), Err(Denial::Wrong));
    }
    check(&access, &request(Action::Play, LOCAL, "test"), Ok(None));
}

#[test]
fn a_rule_may_name_the_users() {
    let access = with_users(Some(Need::Proof {
        by: vec![Means::Login],
        users: vec!["cam".into()],
    }));
    check(
        &access,
        &password(publish(LOCAL, "test"), "cam", "s3cret"),
        Ok(None),
    );
    let guest = password(publish(LOCAL, "test"), "guest", "also s3cret");
    check(&access, &guest, Err(Denial::Wrong));
}

#[test]
fn only_what_a_rule_takes_as_a_proof_is_one() {
    let mut config = AccessConfig {
        keys: keys(),
        ..AccessConfig::default()
    };
    let by = vec![Means::Token];
    let users = Vec::new();
    config
        .rules
        .push(Rule::new([Action::Publish], Need::Proof { by, users }));
    let access = Access::new(config);
    check(
        &access,
        &query(publish(OUTSIDE, "studio"), &format!("key={KEY}")),
        Err(Denial::Missing),
    );
}

#[test]
fn who_guesses_is_not_listened_to_even_when_he_is_right_at_last() {
    let access = safe();
    let guess = |key: &str| query(publish(OUTSIDE, "studio"), &format!("key={key}"));
    for at in 0..10 {
        check(&access, &guess(&format!("guess{at}")), Err(Denial::Wrong));
    }
    check(&access, &guess(KEY), Err(Denial::TooManyGuesses));
    check(&access, &publish(OUTSIDE, KEY), Err(Denial::TooManyGuesses));
    // What needs no proof goes on, and so do others.
    check(&access, &request(Action::Play, OUTSIDE, "studio"), Ok(None));
    check(
        &access,
        &query(publish("203.0.113.8", "studio"), &format!("key={KEY}")),
        Ok(None),
    );
    let hits = access.limits();
    assert_eq!(hits[0], ("access.guesses", 2));
    // Other rules do not help.
    let mut config = AccessConfig::default().with_local_publishers();
    config.keys = keys();
    access.apply(config);
    check(&access, &guess(KEY), Err(Denial::TooManyGuesses));
    assert_eq!(access.snapshot().refused, 13);
}

#[test]
fn one_stranger_behind_a_reverse_proxy_does_not_lock_out_the_others() {
    let mut config = AccessConfig::default();
    let publish = Rule::new([Action::Publish], Need::proof());
    config.rules.push(publish);
    config.keys = keys();
    let access = Access::new(config);
    let guess = |client: &str, key: &str| {
        let mut asked = query(publish_through("127.0.0.1", client), &format!("key={key}"));
        asked.place.stream = Some("studio".into());
        asked
    };
    for at in 0..10 {
        let wrong = guess(OUTSIDE, &format!("guess{at}"));
        check(&access, &wrong, Err(Denial::Wrong));
    }
    check(&access, &guess(OUTSIDE, KEY), Err(Denial::TooManyGuesses));
    check(&access, &guess("203.0.113.8", KEY), Ok(None));
}

/// To publish from `client` through a reverse proxy.
fn publish_through(proxy: &str, client: &str) -> Request {
    let mut asked = publish(proxy, "test");
    asked.visitor.reached = Reached::Forwarded;
    asked.visitor.behind = Some(client.parse().unwrap());
    asked
}

#[test]
fn what_nobody_guesses_locks_nobody_out_and_is_looked_at_even_where_others_guess() {
    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
    let actions = [Action::Publish, Action::Play];
    let mut config = AccessConfig {
        rules: vec![Rule::new(actions, Need::proof())],
        keys: keys(),
        ..AccessConfig::default()
    };
    config.tokens.insert_secret(SECRET).unwrap();
    config.signing.insert(SECRET).unwrap();
    let access = Access::new(config);
    let signer = TokenSigner::by_secret(SECRET).unwrap();
    let token = |action| signer.token(&TokenClaims::new(action, "live", "test", 9_999_999_999));
    let [play, publish] = [Action::Play, Action::Publish].map(|action| token(action).unwrap());
    // Old links after the secret has changed, from many at one address.
    for at in 0..20 {
        for wrong in [
            format!("token={at}{play}"),
            format!("expires=9999999999&signature={at:064x}"),
        ] {
            let asked = query(request(Action::Play, OUTSIDE, "test"), &wrong);
            check(&access, &asked, Err(Denial::Wrong));
        }
    }
    let watch = query(
        request(Action::Play, OUTSIDE, "test"),
        &format!("token={play}"),
    );
    check(&access, &watch, Ok(None));
    // Somebody there guesses keys.
    let show = |shown: &str| query(self::publish(OUTSIDE, "test"), shown);
    for at in 0..10 {
        check(&access, &show(&format!("key={at}")), Err(Denial::Wrong));
    }
    let key = format!("key={ANY_KEY}");
    check(&access, &show(&key), Err(Denial::TooManyGuesses));
    check(&access, &watch, Ok(None));
    // A key that is not looked at takes nothing away from what is.
    check(&access, &show(&format!("token={publish}&{key}")), Ok(None));
    let both = format!("token=1{publish}&{key}");
    check(&access, &show(&both), Err(Denial::TooManyGuesses));
}

#[test]
fn names_that_are_tried_as_keys_are_guesses_too() {
    let access = safe();
    for at in 0..10 {
        check(
            &access,
            &publish(OUTSIDE, &format!("guess{at}")),
            Err(Denial::Missing),
        );
    }
    check(&access, &publish(OUTSIDE, KEY), Err(Denial::TooManyGuesses));
}

#[test]
fn what_is_refused_is_told_in_the_same_words_whatever_is_wrong() {
    let access = safe();
    let said = |request: &Request| match access.authorize(request).settled() {
        Ok(Err(refusal)) => refusal.description().to_owned(),
        _ => panic!("allowed"),
    };
    let unknown = said(&query(publish(OUTSIDE, "studio"), "key=abcdefgh"));
    let elsewhere = said(&query(publish(OUTSIDE, "other"), &format!("key={KEY}")));
    assert_eq!(unknown, elsewhere);
    assert!(unknown.contains("NAME?key=KEY") && !unknown.contains(KEY));
}

#[test]
fn nothing_that_is_shown_for_a_request_stands_in_its_debug_form() {
    let credentials = Credentials::none()
        .with_query("token=hush1")
        .with_password("cam", "hush2")
        .with_bearer("hush3")
        .with_key("hush4");
    let asked = publish(OUTSIDE, "hush5").with(credentials);
    let access = with_users(None);
    let text = format!("{asked:?} {access:?} {:?}", keys());
    assert!(
        !text.contains("hush") && !text.contains("s3cret") && !text.contains(KEY),
        "{text}"
    );
}

#[test]
fn http_shows_what_it_has_in_its_query_and_in_authorization() {
    let shown = |value: &str| {
        let mut head = adit_net::http::HeaderMap::new();
        let field = adit_net::http::header::AUTHORIZATION;
        head.insert(field, value.parse().unwrap());
        Credentials::of_http(&head, Some("token=other"))
    };
    assert_eq!(shown("Bearer abc").token(), Some("abc"));
    assert_eq!(shown("bearer  abc").token(), Some("abc"));
    assert_eq!(shown("Negotiate abc").token(), Some("other"));
    let access = with_users(Some(Need::proof()));
    let basic = |value: &str| publish(OUTSIDE, "test").with(shown(value));
    // cam:s3cret, cam:wrong, and what is none.
    check(&access, &basic("Basic Y2FtOnMzY3JldA=="), Ok(None));
    check(&access, &basic("Basic Y2FtOndyb25n"), Err(Denial::Wrong));
    check(&access, &basic("Basic ???"), Err(Denial::Missing));
    check(
        &access,
        &basic("Bearer Y2FtOnMzY3JldA=="),
        Err(Denial::Missing),
    );
}

/// A rule about one application alone.
fn of(application: &str, action: Action, need: Need) -> Rule {
    Rule::new([action], need).in_application(application.parse().unwrap())
}

#[test]
fn what_is_said_of_one_application_holds_there_in_all_its_instances_and_nowhere_else() {
    let mut config = AccessConfig::default();
    let shut = Rule {
        stream: "excepted".parse().unwrap(),
        ..Rule::new([Action::Publish], Need::Nothing)
    };
    config.rules = vec![
        shut,
        of("shut", Action::Publish, Need::Refused),
        of("shut", Action::Play, Need::Refused),
        of("open", Action::Publish, Need::Nothing),
        Rule::new([Action::Publish], Need::proof()),
    ];
    config
        .keys
        .insert_lines_of("own", "0123456789 *\n")
        .unwrap();
    config
        .keys
        .insert_lines_of("rooms", "abcdefghij room/one")
        .unwrap();
    let access = Access::new(config);
    let at = |action, application: &str, instance: &str, stream: &str| {
        let place = Place::new("", application, instance).stream(stream);
        Request::new(action, place, visitor(LOCAL))
    };
    for instance in ["_definst_", "room", "room/deep"] {
        let publish = |application, stream| at(Action::Publish, application, instance, stream);
        check(&access, &publish("open", "test"), Ok(None));
        check(&access, &publish("shut", "test"), Err(Denial::Forbidden));
        check(&access, &publish("shut", "excepted"), Ok(None));
        for other in ["live", "opened", "Open", "ope", ""] {
            check(&access, &publish(other, "test"), Err(Denial::Missing));
        }
        let with_key = |application| query(publish(application, "test"), "key=0123456789");
        check(&access, &with_key("own"), Ok(None));
        check(&access, &with_key("live"), Err(Denial::Wrong));
        for action in [Action::Play, Action::List] {
            let asked = at(action, "shut", instance, "test");
            check(&access, &asked, Err(Denial::Forbidden));
            check(&access, &at(action, "live", instance, "test"), Ok(None));
        }
    }
    let by_name = at(Action::Publish, "rooms", "room", "abcdefghij");
    check(&access, &by_name, Ok(Some("one")));
    let elsewhere = at(Action::Publish, "rooms", "hall", "abcdefghij");
    check(&access, &elsewhere, Err(Denial::Wrong));
}
