//! What is shown of it, and what keys change.

use std::cmp::Reverse;

use super::look::{Look, Stream};
use super::table;

/// What somebody looks at.
#[derive(Debug, Default)]
pub(super) struct View {
    now: Option<Look>,
    before: Option<Look>,
    /// Why there is nothing newer.
    trouble: Option<String>,
    pub(super) sort: Sort,
    is_reversed: bool,
    /// How many streams lie above what is seen.
    above: usize,
}

/// By what streams are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sort {
    Name,
    #[default]
    BitRate,
    Players,
    Time,
}

/// A key that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Quit,
    NextSort,
    SortBefore,
    Reverse,
    Up,
    Down,
}

/// What came of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Press {
    Heard,
    Quit,
}

impl Sort {
    pub(super) const ALL: [Self; 4] = [Self::Name, Self::BitRate, Self::Players, Self::Time];

    fn moved(self, by: usize) -> Self {
        let place = Self::ALL.iter().position(|sort| *sort == self);
        let place = place.unwrap_or(0).saturating_add(by) % Self::ALL.len();
        Self::ALL.get(place).copied().unwrap_or_default()
    }
}

impl View {
    /// Takes a new look.
    pub(super) fn take(&mut self, look: Look) {
        self.before = self.now.replace(look);
        self.trouble = None;
    }

    /// Takes what a look has brought, if there was one.
    pub(super) fn hear(&mut self, heard: Option<Result<Look, String>>) {
        match heard {
            Some(Ok(look)) => self.take(look),
            Some(Err(trouble)) => self.trouble = Some(trouble),
            None => {}
        }
    }

    /// Does what a key means.
    pub(super) fn press(&mut self, key: Key) -> Press {
        match key {
            Key::Quit => return Press::Quit,
            Key::NextSort => self.sort = self.sort.moved(1),
            Key::SortBefore => self.sort = self.sort.moved(Sort::ALL.len().saturating_sub(1)),
            Key::Reverse => self.is_reversed = !self.is_reversed,
            Key::Up => self.above = self.above.saturating_sub(1),
            Key::Down => self.above = self.above.saturating_add(1),
        }
        Press::Heard
    }

    /// The lines for a terminal of this size.
    pub(super) fn lines(&mut self, columns: usize, rows: usize) -> Vec<String> {
        let Some(now) = &self.now else {
            return Vec::new();
        };
        let mut lines = table::head(now, self.before.as_ref());
        if let Some(trouble) = &self.trouble {
            lines.push(format!("what is shown is old: {trouble}"));
            lines.push(String::new());
        }
        // The heading of the streams, and the line about keys.
        let room = rows.saturating_sub(lines.len()).saturating_sub(2).max(1);
        let streams = self.ordered(now);
        let most_above = streams.len().saturating_sub(room);
        self.above = self.above.min(most_above);
        let seen: Vec<_> = streams.into_iter().skip(self.above).take(room).collect();
        lines.extend(table::streams(&seen, self.sort, columns));
        let is_in_terminal = rows < usize::MAX;
        if is_in_terminal {
            let filled = rows.saturating_sub(1);
            lines.truncate(filled);
            lines.resize(filled, String::new());
            let (first, last) = (
                self.above.saturating_add(1),
                self.above.saturating_add(seen.len()),
            );
            lines.push(format!(
                "streams {first} to {last} of {}   q quit   ← → s sort   r reverse   ↑ ↓ scroll",
                now.total
            ));
        }
        lines
            .iter()
            .map(|line| crate::columns::clipped(line, columns))
            .collect()
    }

    fn ordered<'a>(&self, look: &'a Look) -> Vec<&'a Stream> {
        let mut streams: Vec<&Stream> = look.streams.iter().collect();
        let name = |stream: &&Stream| {
            let of = |text: &str| text.to_owned();
            (
                of(&stream.application),
                of(&stream.instance),
                of(&stream.name),
            )
        };
        // They come by name, and stay so where they are alike.
        match self.sort {
            Sort::Name => streams.sort_by_key(name),
            Sort::BitRate => streams.sort_by_key(|it| Reverse(it.bits_per_second)),
            Sort::Players => streams.sort_by_key(|it| Reverse(it.players)),
            Sort::Time => streams.sort_by_key(|it| Reverse(it.live_seconds)),
        }
        if self.is_reversed {
            streams.reverse();
        }
        streams
    }
}

#[cfg(test)]
mod tests;
