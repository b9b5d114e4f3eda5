//! What a log knows about the publication that runs: its headers, its video, where to join it.

use std::sync::Arc;
use std::time::Instant;

use adit_media::{Frame, FrameKind, Timestamp};

use crate::headers::{Headers, Kept};
use crate::limits::{GROUP_FRAMES, Limits};
use crate::log::{Change, Join, Position, Total};
use crate::{PublicationInfo, SharedFrame};

/// What is known about the running publication.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) info: Arc<PublicationInfo>,
    /// Where it begins.
    pub(crate) first: Position,
    /// What was appended before it.
    pub(crate) before: Total,
    pub(crate) headers: Headers,
    /// When its newest frame came.
    pub(crate) newest: Option<Instant>,
    lead: Option<Lead>,
    group: Option<Group>,
    /// The newest group of pictures, while it is within the limits.
    pub(crate) join: Option<Join>,
    /// The time of the newest key frame of the leading track.
    key_at: Option<Timestamp>,
    /// How much later it was due than the one before, in milliseconds.
    pub(crate) key_interval_ms: Option<u32>,
    /// Where new readers begin while there is no video: after the newest header, so that the
    /// headers they get first are those of the frames that follow.
    pub(crate) tail: Position,
}

/// The video track whose key frames readers join at: the smallest one that is sent. Encoders with
/// several tracks send track 0 without multitrack and the others in messages of their own.
#[derive(Clone, Copy, Debug)]
struct Lead {
    track: u8,
    seen: Instant,
}

/// Key frames of several tracks that belong together.
#[derive(Clone, Copy, Debug)]
struct Group {
    at: Timestamp,
    first: Position,
    has_lead: bool,
}

/// Where a frame is about to be appended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) position: Position,
    /// How many frames were appended before it.
    pub(crate) frames_before: u64,
    /// The oldest position that is still in the log.
    pub(crate) base: Position,
}

impl Current {
    pub(crate) fn new(info: Arc<PublicationInfo>, first: Position, before: Total) -> Self {
        Self {
            info,
            first,
            before,
            headers: Headers::default(),
            newest: None,
            lead: None,
            group: None,
            join: None,
            key_at: None,
            key_interval_ms: None,
            tail: first,
        }
    }

    /// Whether the stream has video: whether some came not too long ago. Metadata is not asked: it
    /// names tracks that never come and omits those that do. An encoder that goes on with
    /// audio alone must not keep new readers waiting for a key frame.
    pub(crate) fn has_video(&self, now: Instant, limits: &Limits) -> bool {
        self.lead
            .is_some_and(|lead| now.saturating_duration_since(lead.seen) <= limits.gop.duration)
    }

    /// Takes account of a frame that is about to be appended at `place`.
    pub(crate) fn note(
        &mut self,
        now: Instant,
        shared: &Arc<SharedFrame>,
        place: Place,
        limits: &Limits,
    ) -> Change {
        let mut change = Change::default();
        self.newest = Some(now);
        change.overflows.headers = self.headers.note(shared, limits) == Kept::No;
        let frame = shared.frame();
        let flags = frame.flags();
        if frame.kind() == FrameKind::Video && (flags.is_coded() || flags.is_sequence_header()) {
            self.note_video(now, frame, limits);
        }
        if flags.is_sequence_header() || flags.is_metadata() {
            self.tail = place.position.saturating_add(1);
        }
        if flags.is_key_frame() {
            change.new_group = self.note_key_frame(frame, place);
        }
        change
    }

    fn note_video(&mut self, now: Instant, frame: &Frame, limits: &Limits) {
        if !self.has_video(now, limits) {
            // After a pause the old group of pictures is not where the new one goes on.
            (self.lead, self.join) = (None, None);
        }
        if self.lead.is_none_or(|lead| frame.track() <= lead.track) {
            self.lead = Some(Lead {
                track: frame.track(),
                seen: now,
            });
        }
    }

    /// Makes the key frame a joining point if it is of the leading track, together with the key
    /// frames of other tracks right before it that are due at the same time. Where all times are
    /// the same, a key frame of the leading track still begins anew.
    fn note_key_frame(&mut self, frame: &Frame, place: Place) -> bool {
        let is_lead = self.lead.is_some_and(|lead| lead.track == frame.track());
        let mut group = self.group.filter(|group| {
            group.at == frame.at()
                && !group.has_lead
                && group.first >= place.base
                && place.position.saturating_sub(group.first) < GROUP_FRAMES
        });
        let group = group.get_or_insert(Group {
            at: frame.at(),
            first: place.position,
            has_lead: false,
        });
        group.has_lead |= is_lead;
        self.group = Some(*group);
        if is_lead {
            let before = self.key_at.replace(frame.at());
            self.key_interval_ms = before.map(|before| frame.at().ms().wrapping_sub(before.ms()));
            // Between the two there is nothing but frames of this publication.
            let grouped = place.position.saturating_sub(group.first);
            self.join = Some(Join {
                position: group.first,
                frames_before: place.frames_before.saturating_sub(grouped),
                preamble: self.headers.preamble(frame.at()),
            });
        }
        is_lead
    }
}
