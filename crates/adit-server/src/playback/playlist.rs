//! What is played one after the other, and where it is in time.

use adit_media::Timestamp;
use adit_rtmp::command::PlayDuration;

use super::cut::Map;
use super::files::{DataMessages, Wanted};
use crate::limits::playback::PLAYLIST_ITEMS;

/// A recording, or a part of it, to be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Which file.
    pub(crate) wanted: Wanted,
    /// From where on, in milliseconds of the file.
    pub(crate) from_ms: u32,
    /// For how long.
    pub(crate) length: PlayDuration,
    /// When its data messages are told.
    pub(crate) data: DataMessages,
}

impl Item {
    /// The name of the stream.
    pub(crate) fn name(&self) -> &str {
        &self.wanted.location.name
    }
}

/// There is no room on the playlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the playlist has {PLAYLIST_ITEMS} items, which is all it may have")]
pub(crate) struct PlaylistFull;

/// Items in order: those that were played, the one that plays and those to come.
#[derive(Debug)]
pub(super) struct Playlist {
    entries: Vec<Entry>,
    current: usize,
}

#[derive(Debug)]
struct Entry {
    item: Item,
    span: Option<Span>,
}

/// Where an item is in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) map: Map,
    /// When it is over, if it is played to its end.
    pub(super) end: Timestamp,
}

impl Span {
    /// Whether it is over before a time that a player has named, which may be any.
    pub(super) fn is_before(&self, at: Timestamp) -> bool {
        is_over_before(self.map.base, self.end, at)
    }
}

/// Whether something that begins and ends at these times is over before `at`. Times compare in a circle, so what is far enough behind
/// the end would lie before the beginning; only where the end has wrapped there is no telling.
pub(super) fn is_over_before(begin: Timestamp, end: Timestamp, at: Timestamp) -> bool {
    if begin.ms() <= end.ms() {
        end.ms() < at.ms()
    } else {
        end.is_before(at)
    }
}

impl Playlist {
    pub(super) fn new(first: Item) -> Self {
        Self {
            entries: vec![Entry {
                item: first,
                span: None,
            }],
            current: 0,
        }
    }

    /// Adds an item behind all others.
    pub(super) fn append(&mut self, item: Item) -> Result<(), PlaylistFull> {
        if self.entries.len().saturating_sub(self.current) >= PLAYLIST_ITEMS {
            return Err(PlaylistFull);
        }
        // Nobody goes back so far.
        if self.current > PLAYLIST_ITEMS {
            self.entries.remove(0);
            self.current = self.current.saturating_sub(1);
        }
        self.entries.push(Entry { item, span: None });
        Ok(())
    }

    /// What plays, or played last.
    pub(super) fn current(&self) -> Option<&Item> {
        self.entries.get(self.current).map(|entry| &entry.item)
    }

    /// What comes after that.
    pub(super) fn next(&self) -> Option<&Item> {
        let next = self.current.saturating_add(1);
        self.entries.get(next).map(|entry| &entry.item)
    }

    pub(super) fn advance(&mut self) {
        self.current = self.current.saturating_add(1).min(self.entries.len());
    }

    /// Takes out what comes next.
    pub(super) fn drop_next(&mut self) {
        let next = self.current.saturating_add(1);
        if next < self.entries.len() {
            self.entries.remove(next);
        }
    }

    /// Puts another item in the place of the first to come of this name; gives whether there is one.
    pub(super) fn replace_coming(&mut self, name: &str, item: &Item) -> bool {
        let coming = self.entries.iter_mut().skip(self.current.saturating_add(1));
        let found = coming
            .map(|entry| &mut entry.item)
            .find(|old| old.name() == name);
        found.map(|old| *old = item.clone()).is_some()
    }

    /// Takes out all that is to come.
    pub(super) fn drop_rest(&mut self) {
        self.entries.truncate(self.current.saturating_add(1));
    }

    /// Puts another item in the place of the one that plays, at the same time.
    pub(super) fn replace_current(&mut self, item: Item) {
        if let Some(entry) = self.entries.get_mut(self.current) {
            entry.item = item;
        }
    }

    /// Notes where the item that plays is in the stream.
    pub(super) fn set_span(&mut self, span: Span) {
        if let Some(entry) = self.entries.get_mut(self.current) {
            entry.span = Some(span);
        }
    }

    pub(super) fn span(&self) -> Option<Span> {
        self.entries.get(self.current)?.span
    }

    /// Makes the item that has a time of the stream the current one; the first one has all before it. Gives whether it was
    /// the current one already.
    pub(super) fn go_to(&mut self, at: Timestamp) -> bool {
        let begins_before =
            |entry: &Entry| (entry.span).is_some_and(|span| !at.is_before(span.map.base));
        let played = self.entries.iter().take(self.current.saturating_add(1));
        let found = played.enumerate().filter(|(_, entry)| begins_before(entry));
        let first = self.entries.iter().position(|entry| entry.span.is_some());
        let index = (found.last().map(|(index, _)| index))
            .or(first)
            .unwrap_or(self.current);
        std::mem::replace(&mut self.current, index) == index
    }
}

#[cfg(test)]
mod tests;
