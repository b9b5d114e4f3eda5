use std::time::Duration;

use super::{Direction, Happening, Lasting, News};
use crate::relay::Skipped;
use crate::server::ConnectionId;

#[track_caller]
fn check(direction: Direction, what: Happening, expected: &str) {
    let news = News {
        connection: ConnectionId(1),
        stream: 1,
        direction,
        far: "rtmp://host/app/***".to_owned(),
        what,
    };
    assert_eq!(news.to_string(), expected);
}

#[test]
fn a_time_span_is_never_shown_as_nothing() {
    let check = |ms: u64, expected: &str| {
        assert_eq!(Lasting(Duration::from_millis(ms)).to_string(), expected);
    };
    check(0, "0 ms");
    check(40, "40 ms");
    check(999, "999 ms");
    check(1000, "1.0 s");
    check(59_999, "59.9 s");
    check(61_500, "1 min 1 s");
    check(3_599_999, "59 min 59 s");
    check(7_380_000, "2 h 3 min");
}

#[test]
fn an_end_says_how_long_it_lasted_and_what_did_not_arrive() {
    let check = |undelivered: u64, expected: &str| {
        let end = Happening::Ended {
            frames: 12,
            lasted: Duration::from_millis(430),
            undelivered,
        };
        check(Direction::Push, end, expected);
    };
    check(0, "rtmp://host/app/***: ended after 430 ms, 12 messages");
    check(
        3,
        "rtmp://host/app/***: ended after 430 ms, 12 messages, up to 3 did not arrive",
    );
}

#[test]
fn a_refusal_says_who_was_refused_and_by_whom() {
    check(
        Direction::Push,
        Happening::Refused {
            reason: "the server refuses: the name is taken".to_owned(),
        },
        "the encoder was refused: rtmp://host/app/***: the server refuses: the name is taken",
    );
    check(
        Direction::Push,
        Happening::Taken {
            holder: "#1 from 127.0.0.1:5000".to_owned(),
        },
        "the encoder was refused: #1 from 127.0.0.1:5000 publishes it already",
    );
}

#[test]
fn a_break_says_when_it_goes_on_and_what_is_left() {
    let broken = |is_ending| Happening::Broken {
        cause: "the server closed the connection".to_owned(),
        again_in: Duration::from_millis(1260),
        is_ending,
    };
    check(
        Direction::Pull,
        broken(false),
        "lost rtmp://host/app/***: the server closed the connection; the player stays connected, next try in 1.2 s",
    );
    check(
        Direction::Push,
        broken(true),
        "lost rtmp://host/app/***: the server closed the connection; the encoder has ended, what is left waits, next try in 1.2 s",
    );
}

#[test]
fn giving_up_ends_both() {
    check(
        Direction::Push,
        Happening::GivenUp {
            reason: "host refuses port 1935".to_owned(),
        },
        "rtmp://host/app/*** is given up, the encoder too: host refuses port 1935",
    );
}

#[test]
fn a_client_that_names_another_application_or_waits_is_told() {
    check(
        Direction::Pull,
        Happening::OtherApplication {
            named: "other".to_owned(),
        },
        "the player names the application other, but it goes to rtmp://host/app/***, as the URL of the tunnel says",
    );
    check(
        Direction::Pull,
        Happening::Waiting,
        "the player waits, rtmp://host/app/*** has not started or sends nothing yet",
    );
}

#[test]
fn a_request_to_move_says_why_if_the_far_side_does() {
    let check = |description: &str, expected: &str| {
        let description = description.to_owned();
        check(Direction::Push, Happening::Moving { description }, expected);
    };
    check("", "rtmp://host/app/*** asks to connect again");
    check(
        "update",
        "rtmp://host/app/*** asks to connect again: update",
    );
}

#[test]
fn what_was_left_out_is_said_with_how_long_it_was() {
    let check = |frames: u64, unsure: u64, expected: &str| {
        let skipped = Skipped {
            frames,
            lasting: Duration::from_millis(60),
            unsure,
        };
        assert_eq!(skipped.to_string(), expected);
    };
    check(0, 0, "nothing left out");
    check(3, 0, "3 messages of 60 ms left out");
    check(0, 7, "nothing left out, up to 7 may be lost");
}
