use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{Challenge, ClientNonce, Login, LoginError, Method, Refusal, append_query};
use crate::address::Credentials;
use crate::limits;
use crate::secret::Secret;

const NONCE: ClientNonce = ClientNonce([0x01, 0x23, 0xab, 0xcd]);
const NEED: &str = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ";
const ADOBE: &str = "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=u&salt=S+/==&challenge=C==";

/// MD5 [RFC 1321], for these tests alone.
fn md5(input: &[u8]) -> [u8; 16] {
    const SHIFTS: [[u32; 4]; 4] = [
        [7, 12, 17, 22],
        [5, 9, 14, 20],
        [4, 11, 16, 23],
        [6, 10, 15, 21],
    ];
    let mut data = input.to_vec();
    data.push(0x80);
    while data.len() % 64 != 56 {
        data.push(0);
    }
    data.extend((input.len() as u64 * 8).to_le_bytes());
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in data.chunks(64) {
        let word = |at: usize| u32::from_le_bytes(block[at * 4..at * 4 + 4].try_into().unwrap());
        let [mut a, mut b, mut c, mut d] = state;
        for step in 0..64 {
            let (mix, at) = match step / 16 {
                0 => ((b & c) | (!b & d), step),
                1 => ((d & b) | (!d & c), (5 * step + 1) % 16),
                2 => (b ^ c ^ d, (3 * step + 5) % 16),
                _ => (c ^ (b | !d), 7 * step % 16),
            };
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a value below 2^32"
            )]
            let constant = (f64::from(step as u32 + 1).sin().abs() * 4_294_967_296.0) as u32;
            let sum = a
                .wrapping_add(mix)
                .wrapping_add(constant)
                .wrapping_add(word(at));
            (a, d, c) = (d, c, b);
            b = b.wrapping_add(sum.rotate_left(SHIFTS[step / 16][step % 4]));
        }
        for (sum, part) in state.iter_mut().zip([a, b, c, d]) {
            *sum = sum.wrapping_add(part);
        }
    }
    let bytes: Vec<u8> = state.iter().flat_map(|part| part.to_le_bytes()).collect();
    bytes.try_into().unwrap()
}

fn login() -> Login {
    Login::new(Credentials::new("u", "pässword"))
}

fn fields(query: &Secret) -> HashMap<&str, &str> {
    query
        .expose()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .collect()
}

#[test]
fn digests_are_right() {
    assert_eq!(hex::encode(md5(b"")), "d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!(
        hex::encode(md5(b"message digest")),
        "f96b697d7cb7938d525a2f31aaf161d0"
    );
    let long = "12345678901234567890123456789012345678901234567890123456789012345678901234567890";
    assert_eq!(
        hex::encode(md5(long.as_bytes())),
        "57edf4a22be3c955ac49da2e2107b67a"
    );
}

#[test]
fn the_first_refusal_is_answered_with_the_name() {
    for (description, expected) in [
        (NEED, "authmod=adobe&user=u"),
        ("code=403 need auth; authmod=llnw", "authmod=llnw&user=u"),
        ("authmod=adobe", "authmod=adobe&user=u"),
        ("authmod=adobe :", "authmod=adobe&user=u"),
    ] {
        assert_eq!(
            login()
                .answer(description, "app", NONCE, md5)
                .unwrap()
                .expose(),
            expected
        );
    }
}

#[test]
fn adobe_hashes_what_the_server_gave() {
    let expect = |given: &str| {
        let secret = BASE64_STANDARD.encode(md5("uS+/==pässword".as_bytes()));
        assert_eq!(secret, "iNcqlhAKh23l6/iTs+/Upw==");
        BASE64_STANDARD.encode(md5(format!("{secret}{given}0123abcd").as_bytes()))
    };
    for (description, given, opaque) in [
        (ADOBE.to_owned(), "C==", None),
        (format!("{ADOBE}&opaque=O/="), "O/=", Some("O/=")),
        (
            "authmod=adobe ?reason=needauth&opaque=O&salt=S+/==".to_owned(),
            "O",
            Some("O"),
        ),
        (format!("{ADOBE}&opaque="), "C==", None),
        (format!("{ADOBE} ]"), "C==", None),
    ] {
        let query = login().answer(&description, "app", NONCE, md5).unwrap();
        let fields = fields(&query);
        assert_eq!(fields["authmod"], "adobe");
        assert_eq!(fields["user"], "u");
        assert_eq!(fields["challenge"], "0123abcd");
        assert_eq!(fields["response"], expect(given), "{description}");
        assert_eq!(fields.get("opaque").copied(), opaque);
        assert!(!query.expose().contains("pässword"));
    }
}

#[test]
fn limelight_hashes_user_application_and_nonce() {
    let description =
        "[ AccessManager.Reject ] : [ authmod=llnw ] : ?reason=needauth&user=u&nonce=N1";
    for (app, hashed) in [("app", "app/_definst_"), ("app/inst", "app/inst")] {
        let query = login().answer(description, app, NONCE, md5).unwrap();
        let who = hex::encode(md5("u:live:pässword".as_bytes()));
        let what = hex::encode(md5(format!("publish:/{hashed}").as_bytes()));
        let all = format!("{who}:N1:00000001:0123abcd:auth:{what}");
        assert_eq!(
            query.expose(),
            format!(
                "authmod=llnw&user=u&nonce=N1&cnonce=0123abcd&nc=00000001&response={}",
                hex::encode(md5(all.as_bytes()))
            )
        );
    }
}

#[test]
fn other_refusals_end_the_login() {
    use LoginError as E;
    for (description, error) in [
        ("", E::NotAsked),
        ("[ Server.Reject ] : no such application", E::NotAsked),
        ("authmod=kerberos", E::UnknownMethod),
        (
            "authmod=adobe : ?reason=authfailed",
            E::Refused(Refusal::Password),
        ),
        (
            "authmod=llnw : ?reason=authfail",
            E::Refused(Refusal::Password),
        ),
        (
            "authmod=adobe : ?reason=nosuchuser",
            E::Refused(Refusal::User),
        ),
        (
            "authmod=adobe : ?reason=moon&user=u",
            E::Refused(Refusal::Other),
        ),
        (
            "authmod=adobe : ?reason=needauth&user=u&challenge=C",
            E::Incomplete { part: "salt" },
        ),
        (
            "authmod=adobe : ?reason=needauth&salt=S",
            E::Incomplete { part: "challenge" },
        ),
        (
            "authmod=llnw : ?reason=needauth",
            E::Incomplete { part: "nonce" },
        ),
    ] {
        assert_eq!(
            login().answer(description, "app", NONCE, md5),
            Err(error),
            "{description}"
        );
    }
    assert_eq!(
        Challenge::parse("authmod=llnw"),
        Ok(Challenge::User(Method::Limelight))
    );
}

#[test]
fn a_server_that_asks_without_end_is_left() {
    let mut login = login();
    login.answer(NEED, "app", NONCE, md5).unwrap();
    login.answer(ADOBE, "app", NONCE, md5).unwrap();
    assert_eq!(
        login.answer(ADOBE, "app", NONCE, md5),
        Err(LoginError::AskedAgain)
    );
    assert_eq!(
        login.answer(NEED, "app", NONCE, md5),
        Err(LoginError::AskedAgain)
    );
}

#[test]
fn names_and_challenges_end_at_their_limits() {
    let answer =
        |user: &str| Login::new(Credentials::new(user, "p")).answer(NEED, "app", NONCE, md5);
    assert!(answer(&"u".repeat(limits::USER)).is_ok());
    for user in [
        &"u".repeat(limits::USER + 1),
        "",
        "a&b",
        "a?b",
        "a#b",
        "a b",
        "a\nb",
    ] {
        assert_eq!(answer(user), Err(LoginError::UserNotSendable));
    }
    let mut long = NEED.to_owned();
    long.extend(std::iter::repeat_n(' ', limits::CHALLENGE - NEED.len()));
    assert!(Challenge::parse(&long).is_ok());
    long.push(' ');
    assert_eq!(Challenge::parse(&long), Err(LoginError::NotAsked));
}

#[test]
fn queries_are_appended_to_what_is_there() {
    let query = Secret::new("authmod=adobe&user=u");
    assert_eq!(append_query("app", &query), "app?authmod=adobe&user=u");
    assert_eq!(
        append_query("rtmp://h/app?x=1", &query),
        "rtmp://h/app?x=1&authmod=adobe&user=u"
    );
    assert_eq!(
        format!("{:?}", login()),
        "Login { credentials: Credentials { user: \"u\", password: *** }, answers: 0 }"
    );
}
