//! How long parts may be: what playlists announce once, and what parts are cut by from then on.
//!
//! ```text
//! hls.part 350 ms      pictures of 40 ms      parts of 320 ms      announced 350 ms
//! hls.part 350 ms      pictures of 1 s        parts of 1 s         announced 1.1 s
//! hls.part 100 ms      pictures of 40 ms      parts of 80 ms       announced 88 ms
//! ```
//!
//! The target of parts must not change, no part is longer, and none but the last of a segment is shorter than 85 % of it
//! [RFC 8216bis 4.4.3.7, 4.4.4.9].

/// What was announced about parts, and those that there were before it. All times are in milliseconds.
#[derive(Debug)]
pub(super) struct Beat {
    /// How long parts are to be.
    wanted: i64,
    /// What is announced, once it is.
    target: Option<i64>,
    /// The longest that is not longer than it is to be, and the shortest that is, without the last one of the segment.
    within: Option<i64>,
    beyond: Option<i64>,
    /// The last one.
    last: Option<i64>,
}

/// No part but the last of a segment is shorter than so much of the target, in hundredths.
const LEAST: i64 = 85;

impl Beat {
    /// For parts that are to be so long.
    pub(super) const fn new(wanted: i64) -> Self {
        Self {
            wanted,
            target: None,
            within: None,
            beyond: None,
            last: None,
        }
    }

    /// The longest that a part may be.
    pub(super) fn longest(&self) -> i64 {
        self.target.unwrap_or(self.wanted)
    }

    /// There is a part.
    pub(super) fn note(&mut self, length: i64) {
        if self.target.is_none()
            && let Some(whole) = self.last.replace(length)
        {
            self.take(whole);
        }
    }

    fn take(&mut self, length: i64) {
        if length <= self.wanted {
            self.within = self.within.max(Some(length));
        } else {
            let shortest = self.beyond.map_or(length, |beyond| beyond.min(length));
            self.beyond = Some(shortest);
        }
    }

    /// Sets what is announced, if nothing is yet: the first segment is whole.
    pub(super) fn announce(&mut self) -> i64 {
        if self.target.is_none()
            && (self.within, self.beyond) == (None, None)
            && let Some(only) = self.last.filter(|only| *only > self.wanted)
        {
            // The last part of a segment is as short as it likes: it tells something only where it is long.
            self.take(only);
        }
        let (within, beyond) = (self.within, self.beyond);
        // Timestamps are rounded, and pictures do not all come on time.
        let with_room = |length: i64| length.saturating_add(length / 10);
        // A millisecond of those is nobody's fault.
        let reaches = |length: i64| {
            length.saturating_sub(1).saturating_mul(100) >= self.wanted.saturating_mul(LEAST)
        };
        let target = match (within, beyond) {
            (Some(length), _) if !reaches(length) => with_room(length).min(self.wanted),
            (None, Some(length)) => with_room(length),
            _ => self.wanted,
        };
        *self.target.get_or_insert(target.max(1))
    }

    /// That was announced already.
    pub(super) const fn keep_to(&mut self, target: i64) {
        self.target = Some(target);
    }
}

#[cfg(test)]
mod tests {
    use super::Beat;

    fn check(wanted: i64, parts: &[i64], announced: i64) {
        let mut beat = Beat::new(wanted);
        for length in parts {
            beat.note(*length);
        }
        assert_eq!(beat.longest(), wanted, "nothing is announced yet");
        assert_eq!(beat.announce(), announced, "{wanted} {parts:?}");
        beat.note(5 * announced);
        assert_eq!((beat.announce(), beat.longest()), (announced, announced));
    }

    #[test]
    fn what_is_announced_is_what_parts_of_this_stream_can_keep() {
        check(350, &[320, 320], 350);
        check(350, &[333, 334, 40], 350);
        check(350, &[300, 300], 350);
        check(350, &[250, 250, 250], 275);
        check(100, &[80, 80, 80, 40], 88);
        check(350, &[1_000, 1_000], 1_100);
        check(5_000, &[4_980], 5_000);
        check(350, &[700], 770);
        check(350, &[40], 350);
        // One that came late is no reason to have all players further behind.
        check(350, &[333, 900, 333], 350);
        check(350, &[], 350);
    }
}
