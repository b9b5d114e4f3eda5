use std::net::Ipv4Addr;
use std::time::Duration;

use super::*;
use crate::limits::{LOGIN_USER, LOGIN_USERS};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 8));

/// Salt 00010203, challenge 0405060708090a0b0c0d0e0f10111213.
const RANDOM: Random = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
];

/// What the password `s3cret` answers to that, made by other means.
const ADOBE: &str =
    "live?authmod=adobe&user=cam&challenge=0a0b0c0d&response=Sa9r6BtrY1EKlw9Y0DVhqw==";

fn logins() -> Logins {
    Logins::new(EncoderLogin::new("cam:s3cret\nother:x".parse().unwrap()))
}

/// A `connect` of an encoder to this application.
fn connect(logins: &mut Logins, now: Instant, peer: IpAddr, app: &str) -> Verdict {
    let mut connect = Connect::new(app, "rtmp://host/live");
    connect.client.kind = Some("nonprivate".into());
    let address = connect.address().unwrap();
    logins.decide(now, peer, (&address, &connect), RANDOM)
}

/// What is said in brackets and behind them.
fn described(verdict: Verdict) -> String {
    match verdict {
        Verdict::Refused { description, .. } => description,
        other => panic!("{other:?}"),
    }
}

fn known(user: &str) -> Verdict {
    Verdict::Known(user.to_owned())
}

/// Asks, and answers after `wait` from `peer`.
fn answered(app: &str, answer: &str, peer: IpAddr, wait: Duration) -> Verdict {
    let (mut logins, now) = (logins(), Instant::now());
    let asked = described(connect(&mut logins, now, HERE, app));
    assert!(asked.contains("?reason=needauth&user=cam&"), "{asked}");
    connect(&mut logins, now + wait, peer, answer)
}

//
#[test]
fn an_encoder_is_asked_in_the_words_that_clients_look_for() {
    let (mut logins, now) = (logins(), Instant::now());
    let mut said = |app: &str| described(connect(&mut logins, now, HERE, app));
    assert_eq!(
        said("live"),
        "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : "
    );
    assert_eq!(said("live?authmod=kerberos&user=cam"), said("live"));
    assert_eq!(said("live?authmod=adobe"), said("live"));
    // no `opaque`.
    assert_eq!(
        said("live?authmod=adobe&user=cam"),
        "[ AccessManager.Reject ] : [ authmod=adobe ] : \
         ?reason=needauth&user=cam&salt=00010203&challenge=0405060708090a0b0c0d0e0f10111213"
    );
    assert_eq!(
        said("live?authmod=llnw&user=cam"),
        "[ AccessManager.Reject ] : [ authmod=llnw ] : \
         ?reason=needauth&user=cam&nonce=0405060708090a0b0c0d0e0f10111213"
    );
    assert_eq!(
        said("live?authmod=adobe&user=nobody"),
        "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=nosuchuser"
    );
    assert_eq!(
        said("live?authmod=adobe&user=cam&challenge=0&response=wrong"),
        "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=authfailed"
    );
}

#[test]
fn the_right_answer_lets_in() {
    let soon = Duration::from_secs(1);
    assert_eq!(
        answered("live?authmod=adobe&user=cam", ADOBE, HERE, soon),
        known("cam")
    );
}

//
#[test]
fn limelights_answer_may_name_the_default_instance_or_not() {
    let nonce = "0405060708090a0b0c0d0e0f10111213";
    for (app, response) in [
        ("live", "dbf93c2887ba521a41549b7a0eb75ced"),
        ("live", "997b87025d3d7c9816babd88165edbc0"),
        ("live/_definst_", "997b87025d3d7c9816babd88165edbc0"),
        ("live/room", "e5cf745feae25f094d83e36c15e66678"),
    ] {
        let asked = format!("{app}?authmod=llnw&user=cam");
        let rest = format!("&nonce={nonce}&cnonce=0a0b0c0d&nc=00000001&response={response}");
        let answer = format!("{asked}{rest}");
        let soon = Duration::from_secs(1);
        assert_eq!(answered(&asked, &answer, HERE, soon), known("cam"), "{app}");
        // For another application it is wrong.
        let elsewhere = format!("other?authmod=llnw&user=cam{rest}");
        let said = described(answered(&asked, &elsewhere, HERE, soon));
        assert!(said.ends_with("?reason=authfailed"), "{said}");
    }
}

#[test]
fn a_challenge_serves_one_address_for_a_short_time() {
    let asked = "live?authmod=adobe&user=cam";
    let just = LOGIN_EXPIRY.checked_sub(Duration::from_millis(1)).unwrap();
    assert_eq!(answered(asked, ADOBE, HERE, just), known("cam"));
    for (peer, wait) in [(HERE, LOGIN_EXPIRY), (ELSEWHERE, Duration::ZERO)] {
        let said = described(answered(asked, ADOBE, peer, wait));
        assert!(said.contains("?reason=needauth"), "{said}");
    }
}

#[test]
fn a_challenge_serves_once() {
    let (mut logins, now) = (logins(), Instant::now());
    let asked = "live?authmod=adobe&user=cam";
    let mut next = |app: &str| connect(&mut logins, now, HERE, app);
    next(asked);
    assert_eq!(next(ADOBE), known("cam"));
    // The same bytes again, as somebody may send them who listened: a new challenge.
    let said = described(next(ADOBE));
    assert!(said.contains("?reason=needauth"), "{said}");
    // A wrong answer uses it up, too: the right one comes too late.
    let mut logins = self::logins();
    let mut next = |app: &str| connect(&mut logins, now, HERE, app);
    next(asked);
    let said = described(next("live?authmod=adobe&user=cam&challenge=0&response=x"));
    assert!(said.ends_with("?reason=authfailed"), "{said}");
    let said = described(next(ADOBE));
    assert!(said.contains("?reason=needauth"), "{said}");
}

#[test]
fn a_challenge_of_another_user_or_method_does_not_serve() {
    let (mut logins, now) = (logins(), Instant::now());
    for asked in [
        "live?authmod=adobe&user=other",
        "live?authmod=llnw&user=cam",
    ] {
        connect(&mut logins, now, HERE, asked);
    }
    let said = described(connect(&mut logins, now, HERE, ADOBE));
    assert!(said.contains("?reason=needauth&user=cam&salt="), "{said}");
}

#[test]
fn two_encoders_of_one_user_behind_one_address_do_not_disturb_each_other() {
    let (mut logins, now) = (logins(), Instant::now());
    let asked = "live?authmod=adobe&user=cam";
    connect(&mut logins, now, HERE, asked);
    let mut other = Connect::new(asked, "rtmp://host/live");
    other.client.kind = Some("nonprivate".into());
    let address = other.address().unwrap();
    logins.decide(now, HERE, (&address, &other), [9; 20]);
    assert_eq!(connect(&mut logins, now, HERE, ADOBE), known("cam"));
    assert_eq!(logins.waiting.len(), 1);
}

//
#[test]
fn who_does_not_say_that_it_publishes_is_asked_for_nothing() {
    let (mut logins, now) = (logins(), Instant::now());
    let mut player = Connect::new("live", "rtmp://host/live");
    player.client.flash_version = Some("LNX 9,0,124,2".into());
    let address = player.address().unwrap();
    let verdict = logins.decide(now, HERE, (&address, &player), RANDOM);
    assert_eq!(verdict, Verdict::Anonymous);
    player.client.flash_version = Some("FMLE/3.0 (compatible; FMSc/1.0)".into());
    let said = described(logins.decide(now, HERE, (&address, &player), RANDOM));
    assert!(said.contains("need auth"), "{said}");
}

#[test]
fn challenges_of_one_address_replace_each_other() {
    let (mut logins, now) = (logins(), Instant::now());
    let asked = "live?authmod=adobe&user=cam";
    connect(&mut logins, now, ELSEWHERE, asked);
    for _ in 0..LOGIN_CHALLENGES_PER_ADDRESS {
        connect(&mut logins, now, HERE, asked);
    }
    assert_eq!(logins.waiting.len(), LOGIN_CHALLENGES_PER_ADDRESS + 1);
    connect(&mut logins, now, HERE, asked);
    assert_eq!(logins.waiting.len(), LOGIN_CHALLENGES_PER_ADDRESS + 1);
    assert_eq!(connect(&mut logins, now, ELSEWHERE, ADOBE), known("cam"));
}

#[test]
fn challenges_of_all_addresses_are_bounded() {
    let (mut logins, now) = (logins(), Instant::now());
    let asked = "live?authmod=adobe&user=cam";
    for at in 0..=LOGIN_CHALLENGES {
        assert_eq!(logins.waiting.len(), at);
        let peer = Ipv4Addr::from_bits(u32::try_from(at).unwrap());
        connect(&mut logins, now, peer.into(), asked);
        if at + 1 == LOGIN_CHALLENGES {
            break;
        }
    }
    connect(&mut logins, now, HERE, asked);
    assert_eq!(logins.waiting.len(), LOGIN_CHALLENGES);
    assert_eq!(connect(&mut logins, now, HERE, ADOBE), known("cam"));
}

fn check_users(text: &str, wrong: &str) {
    let error = text.parse::<EncoderUsers>().unwrap_err();
    assert_eq!(error.to_string(), wrong);
}

#[test]
fn lists_of_users_are_read_and_mistakes_are_told_by_their_line() {
    let users: EncoderUsers = "# all\n\ncam:a:b c \r\nbü:x\n".parse().unwrap();
    assert_eq!((users.len(), users.password("cam")), (2, Some("a:b c ")));
    assert!(!format!("{users:?}").contains("a:b"));
    check_users("a:b\nsecret", "line 2: no colon between user and password");
    check_users(":x", "line 1: no user before the colon");
    check_users("a:", "line 1: no password after the colon");
    check_users("a:1\na:2", "line 2: this user is in the list already");
    for user in ["a b", "a&b", "a?b", "a#b", "a\tb"] {
        check_users(
            &format!("{user}:x"),
            "line 1: the user holds a space, a control character or one of & ? #",
        );
    }
    let long = |len: usize| format!("{}:{}", "u".repeat(len), "p".repeat(len));
    assert!(long(LOGIN_USER).parse::<EncoderUsers>().is_ok());
    check_users(
        &long(LOGIN_USER + 1),
        "line 1: the user or the password is longer than 128 bytes",
    );
    let many = |count: usize| {
        let lines: Vec<_> = (0..count).map(|at| format!("u{at}:p")).collect();
        lines.join("\n")
    };
    assert!(many(LOGIN_USERS).parse::<EncoderUsers>().is_ok());
    check_users(&many(LOGIN_USERS + 1), "line 10001: more than 10000 users");
}
