use super::*;
use crate::interval::PollByte;

fn data(text: &'static str) -> Answer {
    Answer::Data {
        poll: PollByte::NOW,
        data: Bytes::from_static(text.as_bytes()),
    }
}

fn take(downlink: &mut Downlink) -> String {
    let mut all = String::new();
    while let Some(bytes) = downlink.poll() {
        all.push_str(std::str::from_utf8(&bytes).unwrap());
    }
    assert_eq!(downlink.received_bytes, 0);
    all
}

/// Answers number 0 and asks up to the window.
fn five_open() -> Downlink {
    let mut downlink = Downlink::default();
    assert_eq!(downlink.take_number(), 0);
    assert!(!downlink.has_number());
    assert_eq!(downlink.answer(0, data("")), Progress::On);
    for number in 1..=5 {
        assert!(downlink.has_number());
        assert_eq!(downlink.take_number(), number);
    }
    assert!(!downlink.has_number());
    downlink
}

#[test]
fn replies_come_out_in_the_order_of_their_numbers() {
    let mut downlink = five_open();
    assert_eq!(downlink.answer(3, data("c")), Progress::Early);
    assert_eq!(downlink.answer(2, data("b")), Progress::Early);
    assert_eq!(downlink.held_bytes(), 2);
    assert_eq!(take(&mut downlink), "");
    assert_eq!(downlink.answer(1, data("a")), Progress::On);
    assert_eq!(take(&mut downlink), "abc");
    assert_eq!(downlink.answer(4, data("d")), Progress::On);
    assert_eq!(take(&mut downlink), "d");
}

#[test]
fn a_reply_to_an_answered_number_changes_nothing() {
    let mut downlink = five_open();
    assert_eq!(downlink.answer(0, data("x")), Progress::On);
    assert_eq!(take(&mut downlink), "");
}

#[test]
fn after_the_end_was_heard_no_number_is_asked() {
    let mut downlink = five_open();
    downlink.answer(1, data("a"));
    assert!(downlink.has_number());
    assert_eq!(downlink.answer(3, Answer::Closed), Progress::Early);
    assert!(!downlink.has_number());
    assert_eq!(downlink.answer(2, data("b")), Progress::Ended);
    assert_eq!(take(&mut downlink), "ab");
}
