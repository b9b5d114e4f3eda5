//! Where in a file playing can begin, in bounded memory.

use std::io::{self, Read, Seek};

use crate::Timestamp;
use crate::flv::{Step, TagHead, Walker};
use crate::source::Source;

/// What a time of the index of a file may be off, in milliseconds.
const TOLERANCE_MS: i64 = 2;

/// A place where playing can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    /// Milliseconds on the clock of the file, which does not wrap here.
    pub(crate) at: i64,
    /// Where its tag begins.
    pub(crate) offset: u64,
}

impl Point {
    /// Its time by the clock of tags.
    pub(crate) fn timestamp(self) -> Timestamp {
        let wrapped = self.at.rem_euclid(1 << 32);
        Timestamp::from_ms(u32::try_from(wrapped).unwrap_or(0))
    }

    /// Whether `tag` has its time, as exactly as an index tells times.
    pub(crate) fn is_near(self, tag: &TagHead) -> bool {
        i64::from(tag.at.since(self.timestamp())).abs() <= TOLERANCE_MS
    }

    /// The key frame that begins there and then, if there is one.
    pub(crate) fn key_frame<S: Read + Seek>(
        self,
        source: &mut Source<S>,
    ) -> io::Result<Option<TagHead>> {
        let there = self.key_frame_there(source)?;
        Ok(there.filter(|tag| self.is_near(tag)))
    }

    /// The key frame that begins there, whatever its time.
    pub(crate) fn key_frame_there<S: Read + Seek>(
        self,
        source: &mut Source<S>,
    ) -> io::Result<Option<TagHead>> {
        Ok(match Walker::at(self.offset).step(source)? {
            Step::Tag(tag) => (tag.offset == self.offset && tag.is_key_frame()).then_some(tag),
            Step::End | Step::Torn(_) => None,
        })
    }
}

/// Points in the order of the file and of time. When there are too many, every second one is forgotten, and of those that
/// come as many are left out.
#[derive(Clone, Debug)]
pub(crate) struct Points {
    kept: Vec<Point>,
    limit: usize,
    /// One out of so many is kept.
    stride: u32,
    /// How many were left out since the last that was kept.
    left_out: u32,
}

impl Points {
    /// None so far, and never more than `limit`, at least 2.
    pub(crate) const fn new(limit: usize) -> Self {
        Self {
            kept: Vec::new(),
            limit,
            stride: 1,
            left_out: 0,
        }
    }

    /// Adds the next one. One that is earlier than the last, as where files were joined, is not a point one can look for.
    pub(crate) fn push(&mut self, point: Point) {
        if let Some(last) = self.kept.last() {
            if point.at < last.at || point.offset <= last.offset {
                return;
            }
            self.left_out = self.left_out.saturating_add(1);
            if self.left_out < self.stride {
                return;
            }
        }
        self.left_out = 0;
        if self.kept.len() >= self.limit.max(2) {
            let mut even = false;
            self.kept.retain(|_| {
                even = !even;
                even
            });
            self.stride = self.stride.saturating_mul(2);
        }
        self.kept.push(point);
    }

    /// The last one at or before `at`.
    pub(crate) fn before(&self, at: i64) -> Option<Point> {
        let count = self.kept.partition_point(|point| point.at <= at);
        count
            .checked_sub(1)
            .and_then(|last| self.kept.get(last))
            .copied()
    }

    /// The first one behind `offset`.
    pub(crate) fn behind(&self, offset: u64) -> Option<Point> {
        let count = self.kept.partition_point(|point| point.offset <= offset);
        self.kept.get(count).copied()
    }

    pub(crate) fn as_slice(&self) -> &[Point] {
        &self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::{Point, Points};

    fn points(limit: usize, count: u32) -> Points {
        let mut points = Points::new(limit);
        for at in 0..count {
            points.push(Point {
                at: i64::from(at),
                offset: u64::from(at),
            });
        }
        points
    }

    #[test]
    fn at_the_limit_all_are_kept_and_past_it_every_second_one() {
        let times =
            |points: &Points| -> Vec<_> { points.as_slice().iter().map(|p| p.at).collect() };
        assert_eq!(times(&points(4, 4)), [0, 1, 2, 3]);
        assert_eq!(times(&points(4, 5)), [0, 2, 4]);
        assert_eq!(times(&points(4, 8)), [0, 2, 4, 6]);
        assert_eq!(times(&points(4, 9)), [0, 4, 8]);
        let many = points(4, 100_000);
        assert!((2..=4).contains(&many.as_slice().len()));
    }

    #[test]
    fn the_last_one_before_a_time_is_found() {
        let points = points(4, 8);
        let found = |at| points.before(at).map(|point| point.at);
        assert_eq!(
            [found(-1), found(0), found(3), found(99)],
            [None, Some(0), Some(2), Some(6)]
        );
        assert_eq!(points.behind(2).map(|point| point.at), Some(4));
        assert_eq!(points.behind(6), None);
    }
}
