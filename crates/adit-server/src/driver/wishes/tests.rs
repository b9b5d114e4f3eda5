//! What is remembered of players, and for how long.

use std::time::Duration;

use adit_rtmp::MessageStreamId;
use adit_rtmp::command::Receive;

use super::{Flow, Wishes};
use crate::limits::playback::WISHES;

const ONE: MessageStreamId = MessageStreamId::new(1);

#[test]
fn the_wishes_of_so_many_streams_are_remembered() {
    let msid = MessageStreamId::new;
    let most = u32::try_from(WISHES).unwrap();
    let mut wishes = Wishes::default();
    for stream in 1..=most {
        wishes.set_buffer(msid(stream), stream);
        wishes.set_buffer(msid(stream), stream + 1);
    }
    let buffer = |wishes: &Wishes, stream| wishes.of(msid(stream)).buffer();
    assert_eq!(buffer(&wishes, 1), Some(Duration::from_millis(2)));
    wishes.set_buffer(msid(most + 1), 7);
    assert_eq!(buffer(&wishes, 1), None);
    assert_eq!(buffer(&wishes, 2), Some(Duration::from_millis(3)));
    assert_eq!(buffer(&wishes, most + 1), Some(Duration::from_millis(7)));
}

#[test]
fn a_pause_ends_with_what_was_played_and_all_else_stays() {
    let mut wishes = Wishes::default();
    wishes.change(ONE, |wish| wish.flow = Flow::Off);
    wishes.change(ONE, |wish| wish.audio = Receive::Off);
    wishes.set_buffer(ONE, 5);
    assert_eq!(wishes.of(ONE).flow, Flow::Off);
    wishes.forget(ONE);
    let wish = wishes.of(ONE);
    assert_eq!((wish.flow, wish.audio), (Flow::On, Receive::Off));
    assert_eq!(wish.buffer(), Some(Duration::from_millis(5)));
}
