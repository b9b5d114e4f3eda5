//! The message streams of one connection and what each is used for.

use std::time::Instant;

use adit_amf::Text;

use super::super::SessionLimits;
use crate::{
    MessageStreamId,
    command::{PauseForm, PauseState, Play2},
};

/// The message streams that a client has created.
#[derive(Debug, Default)]
pub(super) struct Streams {
    list: Vec<Stream>,
    /// The id given out last. Ids are not used again before the count wraps.
    last: u32,
}

/// One message stream.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) msid: MessageStreamId,
    pub(super) activity: Activity,
    pub(super) early: Early,
}

/// What a player said while nobody had decided about its request to play: the last of each. It is
/// carried out when the request is accepted.
#[derive(Debug, Default)]
pub(super) struct Early {
    pub(super) pause: Option<Pause>,
    /// Milliseconds of the stream.
    pub(super) seek: Option<u32>,
    pub(super) play2: Option<Box<Play2>>,
}

/// A `pause` that waits.
#[derive(Debug)]
pub(super) struct Pause {
    pub(super) state: PauseState,
    pub(super) position_ms: u32,
    pub(super) form: PauseForm,
}

/// What a message stream is used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Activity {
    Idle,
    /// A request with this number waits for its answer.
    AsksPublish(u64),
    /// Publishes a stream, whose name without query is kept for `FCUnpublish`.
    Publishing(Text),
    /// Was refused to publish, at this time.
    Refused(Instant),
    /// A request with this number waits for its answer.
    AsksPlay(u64),
    Playing,
}

impl Activity {
    pub(super) const fn publishes(&self) -> bool {
        matches!(self, Self::AsksPublish(_) | Self::Publishing(_))
    }

    pub(super) const fn plays(&self) -> bool {
        matches!(self, Self::AsksPlay(_) | Self::Playing)
    }
}

impl Streams {
    /// A new stream, or nothing if there are too many.
    pub(super) fn create(&mut self, limits: &SessionLimits) -> Option<MessageStreamId> {
        let mut id = self.last;
        // Ids count up from 1, past any that the client chose itself. There are fewer streams than
        // steps, so a free one is found.
        for _ in 0..=self.list.len() {
            id = id.checked_add(1).unwrap_or(1);
            if self.find(MessageStreamId::new(id)).is_none() {
                break;
            }
        }
        let opened = self.open(MessageStreamId::new(id), limits)?;
        self.last = id;
        Some(opened)
    }

    /// The stream of an id that the client chose, made if need be; nothing if there are too many.
    pub(super) fn open(
        &mut self,
        msid: MessageStreamId,
        limits: &SessionLimits,
    ) -> Option<MessageStreamId> {
        if msid == MessageStreamId::CONNECTION {
            return None;
        }
        if self.find(msid).is_none() {
            if self.list.len() >= limits.streams {
                return None;
            }
            if self.list.is_empty() {
                // Nearly all have one.
                self.list.reserve_exact(1);
            }
            self.list.push(Stream {
                msid,
                activity: Activity::Idle,
                early: Early::default(),
            });
        }
        Some(msid)
    }

    pub(super) fn find(&self, msid: MessageStreamId) -> Option<&Stream> {
        self.list.iter().find(|stream| stream.msid == msid)
    }

    pub(super) fn find_mut(&mut self, msid: MessageStreamId) -> Option<&mut Stream> {
        self.list.iter_mut().find(|stream| stream.msid == msid)
    }

    /// The stream that a command means. One sent on message stream 0 means the only stream there is
    ///
    pub(super) fn meant_by_command(&mut self, msid: MessageStreamId) -> Option<&mut Stream> {
        if msid == MessageStreamId::CONNECTION && self.list.len() == 1 {
            return self.list.first_mut();
        }
        self.find_mut(msid)
    }

    /// The stream that a media message means. One sent on message stream 0 means the only stream
    /// that publishes, or was refused to.
    pub(super) fn meant_by_media(&self, msid: MessageStreamId) -> Option<&Stream> {
        if msid != MessageStreamId::CONNECTION {
            return self.find(msid);
        }
        let publishes = |stream: &&Stream| {
            matches!(
                stream.activity,
                Activity::Publishing(_) | Activity::Refused(_)
            )
        };
        let mut publishing = self.list.iter().filter(publishes);
        publishing.next().filter(|_| publishing.next().is_none())
    }

    /// The stream that publishes this name; without a name, the only one that publishes at all.
    pub(super) fn publishing(&self, name: &str) -> Option<MessageStreamId> {
        let publishes = |stream: &&Stream| match &stream.activity {
            Activity::Publishing(published) => name.is_empty() || *published == name,
            _ => false,
        };
        let mut found = self.list.iter().filter(publishes);
        let first = found.next()?;
        let is_meant = !name.is_empty() || found.next().is_none();
        is_meant.then_some(first.msid)
    }

    pub(super) fn remove(&mut self, msid: MessageStreamId) -> Option<Activity> {
        let position = self.list.iter().position(|stream| stream.msid == msid)?;
        Some(self.list.swap_remove(position).activity)
    }

    /// Streams that publish or ask to.
    pub(super) fn publishes(&self) -> usize {
        self.list
            .iter()
            .filter(|stream| stream.activity.publishes())
            .count()
    }

    /// Streams that play or ask to.
    pub(super) fn plays(&self) -> usize {
        self.list
            .iter()
            .filter(|stream| stream.activity.plays())
            .count()
    }

    /// Whether a request to publish waits for its answer.
    pub(super) fn asks_publish(&self) -> bool {
        self.list
            .iter()
            .any(|stream| matches!(stream.activity, Activity::AsksPublish(_)))
    }
}
