use std::time::Duration;

use adit_server::relay::{Direction, Happening};

use super::{Telling, line, whole};

#[track_caller]
fn check(direction: Direction, what: &Happening, expected: &str) {
    assert_eq!(whole(direction, "rtmp://host/app/***", what), expected);
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
            is_ending: false,
        },
        "lost rtmp://host/app/***: the server closed the connection; the player stays connected, next try in 1.2 s",
    );
}

#[test]
fn a_break_after_the_end_says_that_something_is_left() {
    check(
        Direction::Push,
        &Happening::Broken {
            cause: "the server closed the connection".to_owned(),
            again_in: Duration::from_secs(1),
            is_ending: true,
        },
        "lost rtmp://host/app/***: the server closed the connection; the encoder has ended, what is left waits, next try in 1.0 s",
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
        "rtmp://host/app/***: ended after 7.0 s, 100 messages, up to 3 did not arrive",
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

#[test]
fn a_second_encoder_is_told_by_whom() {
    check(
        Direction::Push,
        &Happening::Taken {
            holder: "#1 from 127.0.0.1:5000".to_owned(),
        },
        "the encoder was refused: #1 from 127.0.0.1:5000 publishes this stream already",
    );
}

#[test]
fn an_application_that_does_not_count_is_told() {
    check(
        Direction::Pull,
        &Happening::OtherApplication {
            named: "other".to_owned(),
        },
        "the player names the application other, but it goes to rtmp://host/app/***, as the URL of the tunnel says",
    );
}

#[test]
fn a_player_that_waits_is_told() {
    check(
        Direction::Pull,
        &Happening::Waiting,
        "the player waits, rtmp://host/app/*** has not started or sends nothing yet",
    );
}

#[test]
fn a_break_that_lasts_is_told_shortly_or_not_at_all() {
    let what = Happening::Broken {
        cause: "host refuses port 1935".to_owned(),
        again_in: Duration::from_secs(1),
        is_ending: false,
    };
    let check = |telling, expected: Option<&str>| {
        let told = line(Direction::Push, "rtmp://host/app/***", &what, telling);
        assert_eq!(told.as_deref(), expected);
    };
    check(
        Telling::Lasting(Duration::from_millis(90_400)),
        Some("still without rtmp://host/app/*** after 1 min 30 s: host refuses port 1935"),
    );
    check(
        Telling::Lasting(Duration::from_millis(900)),
        Some("still without rtmp://host/app/***: host refuses port 1935"),
    );
    check(Telling::Nothing, None);
}
