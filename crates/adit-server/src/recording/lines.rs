//! Log lines about one recording: as few as those about its stream, however often the disk fails or the stream changes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use adit_net::{LogQuota, Verdict};
use tracing::info;

use crate::limits::{STREAM_LINES, STREAM_LINES_SPAN};

/// Whether a line may be written. Clones count together.
#[derive(Clone, Debug)]
pub(super) struct Lines(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// A connection that has published too often has no lines about it.
    stream: Verdict,
    quota: Mutex<LogQuota>,
}

impl Lines {
    /// Those of a stream that has lines itself, or not.
    pub(super) fn of(stream: Verdict) -> Self {
        Self(Arc::new(Shared {
            stream,
            quota: Mutex::new(LogQuota::new(STREAM_LINES, STREAM_LINES_SPAN)),
        }))
    }

    /// Whether one more may be written; it is counted otherwise.
    pub(super) fn may_write(&self) -> bool {
        if self.0.stream == Verdict::LeaveOut {
            return false;
        }
        let now = Instant::now();
        let mut quota = self.0.quota.lock().unwrap_or_else(PoisonError::into_inner);
        let left_out = quota.take_left_out(now);
        let verdict = quota.ask(now);
        drop(quota);
        tell(left_out);
        verdict == Verdict::Write
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let quota = self.quota.get_mut().unwrap_or_else(PoisonError::into_inner);
        tell(quota.take_rest());
    }
}

fn tell(left_out: Option<u64>) {
    if let Some(count) = left_out {
        info!(count, "more happened to a recording, without a line each");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_has_as_many_lines_as_its_connection_about_streams_and_none_without_them() {
        let lines = Lines::of(Verdict::Write);
        let others = lines.clone();
        let written = (0..STREAM_LINES * 3).filter(|number| match number % 2 {
            0 => lines.may_write(),
            _ => others.may_write(),
        });
        assert_eq!(written.count(), STREAM_LINES as usize);
        assert!(!Lines::of(Verdict::LeaveOut).may_write());
    }
}
