//! An FLV stream watched as it comes: when the first media came, and how much.

use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

const HEADER: usize = 13;
const TAG_HEADER: usize = 11;
const TRAILER: usize = 4;

/// A watcher of FLV bytes.
#[derive(Debug, Default)]
pub struct Watch {
    kept: Vec<u8>,
    past_header: bool,
    first: Option<Instant>,
    first_ms: Option<u32>,
    last_ms: u32,
    tags: u64,
}

impl Watch {
    /// Takes what came at `now`.
    pub fn feed(&mut self, now: Instant, bytes: &[u8]) {
        self.kept.extend_from_slice(bytes);
        if !self.past_header {
            if self.kept.len() < HEADER {
                return;
            }
            self.kept.drain(..HEADER);
            self.past_header = true;
        }
        while let Some(tag) = self.kept.get(..TAG_HEADER) {
            let size = usize::from(tag[1]) << 16 | usize::from(tag[2]) << 8 | usize::from(tag[3]);
            let whole = TAG_HEADER + size + TRAILER;
            if self.kept.len() < whole {
                return;
            }
            let at = u32::from_be_bytes([tag[7], tag[4], tag[5], tag[6]]);
            let kind = tag[0] & 0x1F;
            let body = &self.kept[TAG_HEADER..TAG_HEADER + size];
            if is_media(kind, body) {
                self.tags += 1;
                self.first.get_or_insert(now);
                self.first_ms.get_or_insert(at);
                self.last_ms = self.last_ms.max(at);
            }
            self.kept.drain(..whole);
        }
    }

    /// When the first tag with sound or pictures was complete.
    pub fn first(&self) -> Option<Instant> {
        self.first
    }

    /// From the first time stamp to the last.
    pub fn carried(&self) -> Duration {
        let span = self.last_ms.saturating_sub(self.first_ms.unwrap_or(0));
        Duration::from_millis(span.into())
    }
}

/// Sound or pictures, and not the header of either.
fn is_media(kind: u8, body: &[u8]) -> bool {
    let avc = 7;
    let aac = 10;
    match (kind, body) {
        (9, [first, second, ..]) => first & 0x0F != avc || *second == 1,
        (8, [first, second, ..]) => first >> 4 != aac || *second == 1,
        _ => false,
    }
}
