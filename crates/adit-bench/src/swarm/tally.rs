//! What the whole swarm has seen.

use crate::media::{Content, Mark};

/// Delays kept per kind of message; later ones are dropped.
const MAX_SAMPLES: usize = 2_000_000;
/// Reasons kept in words.
const MAX_REASONS: usize = 8;

/// Faults of the server, counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    /// Messages that never came, after the joining key frame.
    pub(crate) missing: u64,
    /// Messages that came again or too late.
    pub(crate) disordered: u64,
    /// Messages whose length or content is not what was sent.
    pub(crate) corrupt: u64,
    /// Messages whose RTMP timestamp is not the one they were sent with.
    pub(crate) wrong_timestamp: u64,
    /// Players and codecs whose first frame came before the sequence header.
    pub(crate) headers_missing: u64,
    /// Players refused or cut off.
    pub(crate) lost: u64,
    /// Players that never reached their goal in time, though connected.
    pub(crate) never_arrived: u64,
    /// Players that were there but received nothing in the window.
    pub(crate) stalled: u64,
    /// The first few reasons for players that are not there.
    pub(crate) reasons: Vec<String>,
}

impl Faults {
    /// All faults together.
    pub(crate) fn total(&self) -> u64 {
        self.missing
            + self.disordered
            + self.corrupt
            + self.wrong_timestamp
            + self.headers_missing
            + self.lost
            + self.never_arrived
            + self.stalled
    }

    /// Adds those of another swarm at the same server.
    pub(crate) fn add(&mut self, other: Self) {
        self.missing += other.missing;
        self.disordered += other.disordered;
        self.corrupt += other.corrupt;
        self.wrong_timestamp += other.wrong_timestamp;
        self.headers_missing += other.headers_missing;
        self.lost += other.lost;
        self.never_arrived += other.never_arrived;
        self.stalled += other.stalled;
        for reason in other.reasons {
            self.explain(reason);
        }
    }

    /// Adds the connections that `idle`, a swarm that does not play, has lost.
    pub(crate) fn add_connections(&mut self, idle: Self) {
        self.lost += idle.lost;
        self.never_arrived += idle.never_arrived;
        for reason in idle.reasons {
            self.explain(format!("idle {reason}"));
        }
    }

    /// Keeps a reason, if there is room for more.
    pub(super) fn explain(&mut self, reason: String) {
        if self.reasons.len() < MAX_REASONS {
            self.reasons.push(reason);
        }
    }

    pub(super) fn lost_players(&self) -> usize {
        usize::try_from(self.lost).unwrap_or(usize::MAX)
    }
}

/// Counts and samples of all players since the swarm began.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Connections opened that are neither ready nor lost.
    pub(crate) in_setup: usize,
    /// Connections that have reached their goal.
    pub(crate) arrived: usize,
    pub(crate) messages: u64,
    /// Payload bytes of complete audio and video messages.
    pub(crate) payload_bytes: u64,
    /// All bytes read from the sockets.
    pub(crate) wire_bytes: u64,
    pub(crate) faults: Faults,
    /// Microseconds from the publisher's write to the player's read.
    pub(crate) video_delays: Vec<u32>,
    pub(crate) audio_delays: Vec<u32>,
    stride: u32,
}

impl Tally {
    /// One player in `stride` is sampled for each message.
    pub(super) fn new(stride: u32) -> Self {
        Self {
            in_setup: 0,
            arrived: 0,
            messages: 0,
            payload_bytes: 0,
            wire_bytes: 0,
            faults: Faults::default(),
            video_delays: Vec::new(),
            audio_delays: Vec::new(),
            stride,
        }
    }

    pub(super) fn lose(&mut self, player: u32, reason: &str) {
        self.faults.lost += 1;
        if self.faults.reasons.len() < MAX_REASONS {
            self.faults
                .reasons
                .push(format!("player {player}: {reason}"));
        }
    }

    pub(super) fn sample_delay(&mut self, player: u32, content: Content, mark: Mark, now_ns: u64) {
        if !player
            .wrapping_add(mark.sequence)
            .is_multiple_of(self.stride)
        {
            return;
        }
        let delays = match content {
            Content::Audio => &mut self.audio_delays,
            Content::Key | Content::Inter => &mut self.video_delays,
        };
        if delays.len() < MAX_SAMPLES {
            let micros = now_ns.saturating_sub(mark.sent_ns) / 1000;
            delays.push(u32::try_from(micros).unwrap_or(u32::MAX));
        }
    }

    pub(super) fn forget_delays(&mut self) {
        self.video_delays.clear();
        self.audio_delays.clear();
    }
}
