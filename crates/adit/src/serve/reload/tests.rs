use std::collections::VecDeque;
use std::future::ready;

use super::*;

/// How often a file is looked at that shows this, one thing after the other, and then the last for ever.
async fn looks(shown: &[&str]) -> usize {
    let mut shown: VecDeque<_> = shown.iter().map(|text| text.as_bytes().to_vec()).collect();
    let last = shown.back().cloned();
    let mut looks = 0;
    let seen = at_rest(|| {
        looks += 1;
        ready(match shown.len() {
            1 => shown.front().cloned(),
            _ => shown.pop_front(),
        })
    })
    .await;
    assert_eq!(seen, last);
    looks
}

#[tokio::test(start_paused = true)]
async fn a_file_is_at_rest_once_two_looks_show_the_same() {
    assert_eq!(looks(&["whole"]).await, 2);
    assert_eq!(looks(&["h", "hal", "half", "whole"]).await, 5);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_never_rests_is_taken_as_it_is() {
    let mut number = 0_u64;
    at_rest(|| {
        number += 1;
        ready(Some(number.to_be_bytes().to_vec()))
    })
    .await;
    assert_eq!(number, 1 + LOOKS as u64);
}

#[test]
fn files_count_as_changed_that_are_not_as_they_were_known_and_are_there() {
    let files = |files: &[(&str, &str)]| -> Files {
        let all = files.iter();
        all.map(|(path, text)| ((*path).into(), text.as_bytes().to_vec()))
            .collect()
    };
    let known = files(&[("a", "1"), ("b", "1"), ("gone", "1")]);
    let now = files(&[("a", "1"), ("b", "2"), ("new", "1")]);
    assert_eq!(changed_files(&known, &now), ["b", "new"]);
}
