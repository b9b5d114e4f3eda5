use super::plain_words;
use rustls::AlertDescription;
use std::io::{Error, ErrorKind};

#[track_caller]
fn check(error: &Error, expected: &str) {
    assert_eq!(plain_words(error), expected, "{error:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn errors_of_the_system_lose_their_numbers() {
    for (number, expected) in [
        (104, "the peer reset the connection"),
        (32, "the peer hung up while bytes were on their way to it"),
        (110, "the peer did not answer any more"),
        (113, "no way through the network to the peer any more"),
        (24, "Too many open files"),
    ] {
        check(&Error::from_raw_os_error(number), expected);
    }
}

#[test]
fn other_errors_speak_for_themselves() {
    check(
        &Error::new(ErrorKind::TimedOut, "the client stopped polling"),
        "the client stopped polling",
    );
}

#[test]
fn a_peer_that_does_not_trust_the_certificate_is_told_from_others() {
    let alert = |alert| Error::new(ErrorKind::InvalidData, rustls::Error::AlertReceived(alert));
    check(
        &alert(AlertDescription::UnknownCA),
        "the peer does not trust this server's certificate (tls alert UnknownCA)",
    );
    check(
        &alert(AlertDescription::InternalError),
        "the peer broke off (tls alert InternalError)",
    );
}
