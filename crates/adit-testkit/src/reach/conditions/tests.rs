use std::collections::BTreeSet;

use super::*;
use crate::reach::condition::{Expected, Passes};

#[test]
fn short_names_are_short_and_unique() {
    let conditions = all();
    let names: BTreeSet<&str> = conditions.iter().map(|condition| condition.id).collect();
    assert_eq!(names.len(), conditions.len());
    for name in names {
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{name}"
        );
    }
}

#[test]
fn every_condition_has_both_kinds_of_controls() {
    for condition in all() {
        let has = |wanted| {
            condition
                .controls
                .iter()
                .any(|(_, passes)| *passes == wanted)
        };
        assert!(
            has(Passes::Yes) || condition.id == "nothing",
            "{}: nothing must pass",
            condition.id
        );
        let open = ["open", "only-ipv6"].contains(&condition.id);
        assert!(
            has(Passes::No) || open,
            "{}: nothing must be blocked",
            condition.id
        );
    }
}

#[test]
fn only_the_last_two_end_with_a_verdict() {
    let conditions = all();
    let hopeless: Vec<&str> = conditions
        .iter()
        .filter(|condition| condition.expected != Expected::Media)
        .map(|condition| condition.id)
        .collect();
    assert_eq!(hopeless, ["portal", "nothing"]);
    assert_eq!(
        conditions.last().map(|condition| condition.id),
        Some("nothing")
    );
}

#[test]
fn the_names_that_other_places_know_are_there() {
    let conditions = all();
    for name in QUICK.into_iter().chain([BLACK_HOLED]) {
        assert!(
            conditions.iter().any(|condition| condition.id == name),
            "{name}"
        );
    }
}
