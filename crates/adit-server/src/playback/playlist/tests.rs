use adit_media::Timestamp;
use adit_rtmp::command::{Location, PlayDuration};

use super::{Item, Playlist, PlaylistFull, Span, is_over_before};
use crate::limits::playback::PLAYLIST_ITEMS;
use crate::playback::cut::Map;
use crate::playback::files::{DataMessages, Wanted};

fn item(name: &str) -> Item {
    let location = Location {
        application: "vod".into(),
        instance: "_definst_".into(),
        name: name.into(),
    };
    Item {
        wanted: Wanted {
            host: "".into(),
            location,
            prefix: None,
        },
        from_ms: 0,
        length: PlayDuration::All,
        data: DataMessages::InTime,
    }
}

fn ms(ms: u32) -> Timestamp {
    Timestamp::from_ms(ms)
}

/// Three items of a second each; the last one plays.
fn played() -> Playlist {
    let mut list = Playlist::new(item("a"));
    list.append(item("b")).unwrap();
    list.append(item("c")).unwrap();
    for second in 0..3 {
        let base = ms(second * 1000);
        list.set_span(Span {
            map: Map {
                origin: ms(0),
                base,
            },
            end: base.wrapping_add(1000),
        });
        if second < 2 {
            list.advance();
        }
    }
    list
}

#[test]
fn a_time_leads_to_the_item_that_was_played_then() {
    let check = |at: u32, name: &str, was_current: bool| {
        let mut list = played();
        assert_eq!(list.go_to(ms(at)), was_current);
        assert_eq!(list.current().unwrap().name(), name);
    };
    check(0, "a", false);
    check(999, "a", false);
    check(1000, "b", false);
    check(2500, "c", true);
    check(99_000, "c", true);
}

#[test]
fn after_the_last_item_there_is_none() {
    let mut list = played();
    assert!(list.next().is_none());
    list.advance();
    assert!(list.current().is_none());
    list.append(item("d")).unwrap();
    assert_eq!(list.current().unwrap().name(), "d");
}

#[test]
fn what_is_to_come_can_be_taken_out() {
    let mut list = Playlist::new(item("a"));
    for name in ["b", "c", "d"] {
        list.append(item(name)).unwrap();
    }
    list.drop_next();
    assert_eq!(list.next().unwrap().name(), "c");
    list.drop_rest();
    assert!(list.next().is_none());
    list.replace_current(item("e"));
    assert_eq!(list.current().unwrap().name(), "e");
}

#[test]
fn a_playlist_has_as_many_items_as_allowed_and_not_one_more() {
    let mut list = Playlist::new(item("a"));
    for _ in 1..PLAYLIST_ITEMS {
        list.append(item("b")).unwrap();
    }
    assert_eq!(list.append(item("c")), Err(PlaylistFull));
    // What was played makes room, and is forgotten in the end.
    for _ in 0..10_000 {
        list.advance();
        list.append(item("d")).unwrap();
    }
    assert!(list.entries.len() <= 2 * PLAYLIST_ITEMS + 1);
}

#[test]
fn what_is_over_before_a_time_is_told_for_any_time() {
    let at = Timestamp::from_ms;
    let check = |begin, end, time, expected| {
        assert_eq!(
            is_over_before(at(begin), at(end), at(time)),
            expected,
            "{time}"
        );
    };
    for (time, expected) in [(0, false), (2000, false), (2001, true), (u32::MAX, true)] {
        check(0, 2000, time, expected);
    }
    // Over the end of the numbers.
    check(u32::MAX - 999, 1000, u32::MAX, false);
    check(u32::MAX - 999, 1000, 1000, false);
    check(u32::MAX - 999, 1000, 1001, true);
}
