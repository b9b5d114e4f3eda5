use bytes::Bytes;

use super::*;
use crate::interval::PollByte;
use crate::reply::ReplyBody;

fn reply(len: usize) -> Reply {
    Reply::Ok {
        body: ReplyBody::new(PollByte::NOW, vec![Bytes::from(vec![7; len - 1])]),
    }
}

fn filled(replies: u64, len: usize) -> ReplyCache {
    let mut cache = ReplyCache::default();
    for sequence in 1..=replies {
        cache.push(sequence, reply(len), &ReplyConfig::default());
    }
    cache
}

#[test]
fn thirty_two_replies_are_kept_and_the_oldest_goes_first() {
    let most = limits::CACHED_REPLIES as u64;
    assert!(filled(most, 10).get(1).is_some());
    let cache = filled(most + 1, 10);
    assert_eq!(cache.get(1), None);
    assert_eq!(cache.get(2), Some(&reply(10)));
    assert_eq!(cache.get(most + 1), Some(&reply(10)));
    assert_eq!(cache.bytes(), limits::CACHED_REPLIES * 10);
}

#[test]
fn replies_are_kept_up_to_the_byte_limit() {
    let len = limits::CACHED_BYTES / 8;
    assert!(filled(8, len).get(1).is_some());
    assert_eq!(filled(9, len).get(1), None);
    assert_eq!(filled(9, len).bytes(), limits::CACHED_BYTES);
}

#[test]
fn the_newest_five_are_kept_however_long_they_are() {
    let cache = filled(20, limits::REPLY_BYTES_MAX + 1);
    assert!(cache.get(15).is_none());
    assert!((16..=20).all(|sequence| cache.get(sequence).is_some()));
}

#[test]
fn a_number_that_was_never_answered_is_not_there() {
    let cache = filled(3, 10);
    assert_eq!(cache.get(0), None);
    assert_eq!(cache.get(4), None);
    assert_eq!(cache.get(u64::MAX), None);
    assert_eq!(ReplyCache::default().get(0), None);
}
