//! How long segments may be: what playlists announce once, and where segments end that find no key frame within it.
//!
//! ```text
//! announced 2 s, a key frame each 2.6 s     K . . . . . . . . . . . . K . . . . . . . . . . . . K
//! segments                                  |───── 1.3 ──|──── 1.3 ───|──── 1.3 ───|──── 1.3 ──|
//! ```
//!
//! The target duration of a playlist must not change [RFC 8216 6.2.1], and no segment is longer than it, rounded [RFC 8216 4.3.3.1].

use super::segmenter::Lengths;

/// What was announced about the segments of a stream, and what is known of its key frames. All times are in milliseconds.
#[derive(Debug)]
pub(super) struct Bound {
    /// How long segments are to be.
    segment: i64,
    /// What is announced, in whole seconds, once it is.
    target: Option<i64>,
    last_key: Option<i64>,
    /// From one key frame to the next.
    interval: Option<i64>,
}

/// No first segment is shorter, and none that begins without a key frame if the next key frame would be in time.
pub(super) const FIRST_SEGMENT: i64 = 500;
/// Nothing longer is announced than so many times what segments are to be.
const OVERLONG: i64 = 6;
/// What is rounded to a second.
const ROUNDED: i64 = 499;

impl Bound {
    /// For a stream of which nothing has been announced yet; its key frames come in this `interval` as far as is known.
    pub(super) const fn new(lengths: Lengths, interval: Option<i64>) -> Self {
        Self {
            segment: lengths.segment,
            target: None,
            last_key: None,
            interval,
        }
    }

    /// The longest that a segment may be.
    pub(super) const fn longest(&self) -> i64 {
        match self.target {
            Some(target) => target.saturating_mul(1000).saturating_add(ROUNDED),
            None => self.segment.saturating_mul(OVERLONG),
        }
    }

    /// Sets what is announced, if nothing is yet: the first segment is whole, which is so `long`, and the next ones will be as long as key
    /// frames make them.
    pub(super) fn announce(&mut self, long: i64) -> i64 {
        let whole = self.segment.saturating_add(999) / 1000;
        let rounded = |length: i64| length.saturating_add(500) / 1000;
        let usual = self.usual().min(self.segment.saturating_mul(OVERLONG));
        let target = whole.max(rounded(long)).max(rounded(usual)).max(1);
        *self.target.get_or_insert(target)
    }

    /// That was announced already.
    pub(super) const fn keep_to(&mut self, target: i64) {
        self.target = Some(target);
    }

    /// How long segments are with key frames as they come now.
    fn usual(&self) -> i64 {
        let Some(interval) = self.interval.filter(|interval| *interval > 0) else {
            return 0;
        };
        let groups = ceiling(self.due(), interval).max(1);
        groups.saturating_mul(interval)
    }

    /// Key frames are not always on time to the millisecond.
    const fn due(&self) -> i64 {
        self.segment / 10 * 9
    }

    /// There is a key frame.
    pub(super) fn note_key_frame(&mut self, at: i64) {
        let since = self.last_key.map(|last| at.saturating_sub(last));
        self.interval = since.filter(|since| *since > 0).or(self.interval);
        self.last_key = Some(at);
    }

    /// What comes is not the continuation of what was.
    pub(super) const fn begin_anew(&mut self) {
        self.last_key = None;
    }

    /// Whether a segment of this `age` ends before a key frame; `keyless` are those that did not begin with one.
    pub(super) fn ends_before_key(&self, age: i64, keyless: bool) -> bool {
        let is_late = |interval| age.saturating_add(interval) > self.longest();
        age >= self.due()
            || keyless && age >= FIRST_SEGMENT
            // The next key frame will not be in time.
            || age > 0 && self.target.is_some() && self.interval.is_some_and(is_late)
    }

    /// Whether a segment that began at `start` and is so `long` ends before what is due at `at`, and is taken to last for `step`, though
    /// that is no key frame.
    pub(super) fn ends_before(&self, start: i64, long: i64, at: i64, step: i64) -> bool {
        let age = at.saturating_sub(start).max(long);
        let with = age.saturating_add(step);
        if with > self.longest() {
            return age > 0;
        }
        let next = self.last_key.zip(self.interval);
        let next = next.map(|(last, interval)| last.saturating_add(interval));
        let Some(left) = next
            .filter(|next| *next > at)
            .map(|next| next.saturating_sub(start))
        else {
            return false;
        };
        // All pieces are to be of one length, rather than the last one short.
        let pieces = ceiling(left, self.longest()).max(1);
        pieces > 1 && with > left / pieces
    }
}

/// How often `part` is begun in `whole`; `part` is more than 0.
const fn ceiling(whole: i64, part: i64) -> i64 {
    whole.saturating_add(part).saturating_sub(1) / part
}

#[cfg(test)]
mod tests;
