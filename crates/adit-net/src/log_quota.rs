//! A bound on log lines that strangers cause.

use std::time::{Duration, Instant};

/// How many lines of one kind may be written in a span of time; what is beyond is counted and told in one line.
///
/// A span begins with the first line after the one before is over, so a few lines are written at once, and a flood becomes
/// a handful of lines a span.
#[derive(Debug)]
pub struct LogQuota {
    lines: u32,
    span: Duration,
    began: Option<Instant>,
    written: u32,
    left_out: u64,
}

/// What to do with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Write it.
    Write,
    /// Leave it out; it is counted.
    LeaveOut,
}

impl LogQuota {
    /// At most `lines` in each `span`.
    pub const fn new(lines: u32, span: Duration) -> Self {
        Self {
            lines,
            span,
            began: None,
            written: 0,
            left_out: 0,
        }
    }

    /// Asks for one line. Call [`take_left_out`](Self::take_left_out) first, or the count of the last span is told late.
    pub fn ask(&mut self, now: Instant) -> Verdict {
        if self.is_over(now) {
            self.began = Some(now);
            self.written = 0;
        }
        if self.written < self.lines {
            self.written = self.written.saturating_add(1);
            Verdict::Write
        } else {
            self.left_out = self.left_out.saturating_add(1);
            Verdict::LeaveOut
        }
    }

    /// How many lines were left out, once their span is over: for the line that says so. Each is told once.
    pub fn take_left_out(&mut self, now: Instant) -> Option<u64> {
        if self.is_over(now) {
            self.take_rest()
        } else {
            None
        }
    }

    /// The same without waiting for the end of the span, when nothing more will come.
    pub fn take_rest(&mut self) -> Option<u64> {
        let left_out = std::mem::take(&mut self.left_out);
        (left_out > 0).then_some(left_out)
    }

    fn is_over(&self, now: Instant) -> bool {
        self.began
            .is_none_or(|began| now.saturating_duration_since(began) >= self.span)
    }
}

#[cfg(test)]
mod tests;
