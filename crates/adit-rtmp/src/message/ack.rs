//! Accounts of acknowledgements, both directions [RTMP 5.4.3] to [RTMP 5.4.5].
//!
//! Both count every byte of the connection, the handshake included, in 64 bits; on the wire goes the
//! low half. Nothing here ever holds back output: a peer that never acknowledges is served as well
//!

use super::BandwidthLimit;
use crate::limits::ACK_WINDOW_MIN;

/// What we received, and when the peer is to be told.
///
/// An acknowledgement is due each half window, which is early for every peer; before the peer has
/// said its window, 2,500,000 bytes are taken.
#[derive(Clone, Debug)]
pub struct ReceivedBytes {
    total: u64,
    acknowledged: u64,
    window: u32,
}

impl ReceivedBytes {
    /// Nothing received yet.
    pub const fn new() -> Self {
        Self {
            total: 0,
            acknowledged: 0,
            window: DEFAULT_WINDOW,
        }
    }

    /// Counts one input of `bytes`, and gives the number for the acknowledgement to be sent, if one
    /// is due: all bytes received so far, modulo 2^32.
    ///
    /// At most one per input, however small the window and however large the input.
    pub fn receive(&mut self, bytes: usize) -> Option<u32> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.total = self.total.saturating_add(bytes);
        let due = u64::from(self.window / 2);
        if self.total.saturating_sub(self.acknowledged) < due {
            return None;
        }
        self.acknowledged = self.total;
        Some(low_half(self.total))
    }

    /// Takes the window that the peer asked for, at least
    /// [`ACK_WINDOW_MIN`].
    pub fn set_window(&mut self, window: u32) {
        self.window = window.max(ACK_WINDOW_MIN);
    }

    /// The window in force, bytes.
    pub const fn window(&self) -> u32 {
        self.window
    }

    /// All bytes received.
    pub const fn total(&self) -> u64 {
        self.total
    }
}

impl Default for ReceivedBytes {
    fn default() -> Self {
        Self::new()
    }
}

/// What we sent, and what the peer says it received.
///
/// Peers let their number wrap at 2^32 or at 2^31, or start again at zero when they like; all of
/// that is taken without complaint, and the account is only ever a report.
#[derive(Clone, Debug, Default)]
pub struct SentBytes {
    total: u64,
    acknowledged: u64,
    last_number: u32,
    resets: u32,
}

impl SentBytes {
    /// Nothing sent yet.
    pub const fn new() -> Self {
        Self {
            total: 0,
            acknowledged: 0,
            last_number: 0,
            resets: 0,
        }
    }

    /// Counts bytes given to the carrier.
    pub fn send(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.total = self.total.saturating_add(bytes);
    }

    /// Takes the number of an acknowledgement.
    pub fn acknowledge(&mut self, number: u32) {
        let step = number.wrapping_sub(self.last_number);
        self.last_number = number;
        let acknowledged = self.acknowledged.saturating_add(u64::from(step));
        if acknowledged <= self.total {
            self.acknowledged = acknowledged;
        } else {
            // More than was ever sent: the peer began its count anew. Later steps count from here.
            self.resets = self.resets.saturating_add(1);
        }
    }

    /// All bytes sent.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Bytes that the peer has surely received; never more than [`SentBytes::total`].
    pub const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// How often the peer's count did not fit ours.
    pub const fn resets(&self) -> u32 {
        self.resets
    }
}

/// The window that the peer's Set Peer Bandwidth leaves us [RTMP 5.4.5].
#[derive(Clone, Debug, Default)]
pub struct OutputWindow {
    window: Option<u32>,
    last: Option<BandwidthLimit>,
}

impl OutputWindow {
    /// No limit given yet.
    pub const fn new() -> Self {
        Self {
            window: None,
            last: None,
        }
    }

    /// Takes a Set Peer Bandwidth; gives the window for the Window Acknowledgement Size that should
    /// answer it, if the window changed.
    pub fn limit(&mut self, window: u32, limit: BandwidthLimit) -> Option<u32> {
        let binding = match limit {
            BandwidthLimit::Hard => window,
            BandwidthLimit::Soft => self.window.map_or(window, |current| current.min(window)),
            BandwidthLimit::Dynamic if self.last == Some(BandwidthLimit::Hard) => window,
            BandwidthLimit::Dynamic => return None,
        };
        // A dynamic limit that acts as a hard one is one, for the next dynamic limit too.
        self.last = Some(if limit == BandwidthLimit::Dynamic {
            BandwidthLimit::Hard
        } else {
            limit
        });
        let changed = self.window != Some(binding);
        self.window = Some(binding);
        changed.then_some(binding)
    }
}

/// Acknowledged by before the peer has said what it wants.
const DEFAULT_WINDOW: u32 = 2_500_000;

fn low_half(total: u64) -> u32 {
    let [_, _, _, _, a, b, c, d] = total.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests;
