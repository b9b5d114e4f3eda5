//! What clients say about a message stream, whatever it plays; it holds for what is played there later too.

use std::time::Duration;

use adit_rtmp::MessageStreamId;
use adit_rtmp::command::Receive;

use super::playlist::Queue;
use crate::limits::playback::WISHES;

/// What clients say about plays, also about those that have not begun.
#[derive(Default)]
pub(super) struct Wishes {
    streams: Vec<(MessageStreamId, Wish)>,
    /// What is to be played after something else.
    pub(super) queue: Queue,
}

/// What a player wants.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Wish {
    /// How much it buffers, in milliseconds, if it has said so.
    buffer_ms: Option<u32>,
    pub(super) audio: Receive,
    pub(super) video: Receive,
    /// Whether it pauses; until it goes on, or plays something else.
    pub(super) flow: Flow,
}

/// What a player may ask for by `pause`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Flow {
    /// Media flows.
    #[default]
    On,
    /// Media is left out.
    Off,
}

impl Wish {
    /// How much the player buffers.
    pub(super) fn buffer(&self) -> Option<Duration> {
        let ms = self.buffer_ms?;
        Some(Duration::from_millis(ms.into()))
    }
}

impl Wishes {
    /// A message stream is used for something else now. What its player buffers and wants to receive stays as it is.
    pub(super) fn forget(&mut self, msid: MessageStreamId) {
        self.queue.forget(msid);
        let known = self.streams.iter_mut().find(|(of, _)| *of == msid);
        if let Some((_, wish)) = known {
            wish.flow = Flow::On;
        }
    }

    pub(super) fn set_buffer(&mut self, msid: MessageStreamId, ms: u32) {
        self.change(msid, |wish| wish.buffer_ms = Some(ms));
    }

    /// Remembers what is said about a message stream; of too many the one that was spoken of the longest ago is forgotten.
    pub(super) fn change(&mut self, msid: MessageStreamId, change: impl FnOnce(&mut Wish)) {
        let mut wish = self.of(msid);
        change(&mut wish);
        self.streams.retain(|(of, _)| *of != msid);
        if self.streams.len() >= WISHES {
            self.streams.remove(0);
        }
        self.streams.push((msid, wish));
    }

    /// What is known about a message stream.
    pub(super) fn of(&self, msid: MessageStreamId) -> Wish {
        let known = self.streams.iter().find(|(of, _)| *of == msid);
        known.map_or_else(Wish::default, |(_, wish)| *wish)
    }
}

#[cfg(test)]
mod tests;
