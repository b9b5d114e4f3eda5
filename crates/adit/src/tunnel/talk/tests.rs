use std::time::Duration;

use adit_server::relay::{Direction, Happening};

use super::line;

#[track_caller]
fn check(direction: Direction, what: &Happening, expected: &str) {
    assert_eq!(line(direction, "rtmp://host/app/***", what), expected);
}

#[test]
fn a_refusal_says_who_was_refused_and_by_whom() {
    check(
        Direction::Push,
        &Happening::Refused {
            reason: "the server refuses: the name is taken".to_owned(),
        },
        "the encoder was refused: rtmp://host/app/***: the server refuses: the name is taken",
    );
}

#[test]
fn a_break_says_when_it_goes_on() {
    check(
        Direction::Pull,
        &Happening::Broken {
            cause: "the server closed the connection".to_owned(),
            again_in: Duration::from_millis(1260),
        },
        "lost rtmp://host/app/***: the server closed the connection; the player stays connected, next try in 1.3 s",
    );
}

#[test]
fn an_end_says_what_did_not_arrive() {
    check(
        Direction::Push,
        &Happening::Ended {
            frames: 100,
            lasted: Duration::from_secs(7),
            undelivered: 3,
        },
        "rtmp://host/app/***: ended after 7.0 s, 100 messages, 3 did not arrive any more",
    );
}

#[test]
fn giving_up_ends_both() {
    check(
        Direction::Push,
        &Happening::GivenUp {
            reason: "host refuses port 1935".to_owned(),
        },
        "rtmp://host/app/*** is given up, the encoder too: host refuses port 1935",
    );
}
