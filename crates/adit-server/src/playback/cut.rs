//! Which frames of a file are played, and at what times of the stream.
//!
//! ```text
//! file     ──── key ──── target ───────────────── until ───
//!                │  lead   │       in time          │
//! stream         └ origin is told as base, and so is all before it
//! ```

use std::collections::VecDeque;

use adit_media::{Frame, FrameKind, Timestamp};
use bytes::Bytes;

/// A frame at its time of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Timed {
    pub(super) frame: Frame,
    pub(super) when: When,
}

/// When a frame leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// With what comes next: headers, metadata, what a decoder needs to get where the player wants to be.
    AtOnce,
    /// In its time.
    InTime,
}

/// Where the times of a file are in the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Map {
    /// A time of the file.
    pub(super) origin: Timestamp,
    /// What it is in the stream.
    pub(super) base: Timestamp,
}

impl Map {
    /// A time of the file as one of the stream; nothing is before the origin.
    pub(super) fn to_stream(self, at: Timestamp) -> Timestamp {
        match u32::try_from(at.since(self.origin)) {
            Ok(distance) => self.base.wrapping_add(distance),
            Err(_) => self.base,
        }
    }

    /// A time of the stream as one of the file.
    pub(super) fn to_file(self, at: Timestamp) -> Timestamp {
        match u32::try_from(at.since(self.base)) {
            Ok(distance) => self.origin.wrapping_add(distance),
            Err(_) => self.origin,
        }
    }
}

/// What is left out at the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    /// Nothing, by times of the file as all here.
    None,
    /// What the player has: everything up to this time.
    Until(Timestamp),
    /// The player shows nothing before this time; the pictures on the way there are marked.
    Exact(Timestamp),
    /// The pictures on the way there are being sent.
    OnTheWay(Timestamp),
    /// Everything up to the first frame later than this which playing of this kind can begin with.
    KeyFrameAfter(Timestamp, FrameKind),
}

/// How much of a recording is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// Frames before this time of the file.
    Before(Timestamp),
    /// One frame of this kind.
    One(FrameKind),
}

/// Whether more of the file is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    More,
    Over,
}

/// Cuts what is wanted out of a file.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) map: Map,
    pub(super) extent: Extent,
    pub(super) lead: Lead,
    /// What marks for the beginning and the end of the lead begin with, if it is marked.
    mark: Option<u8>,
    /// Data messages up to this time of the file were told before.
    pub(super) told_until: Option<Timestamp>,
}

impl Cut {
    pub(super) const fn new(map: Map, extent: Extent, lead: Lead) -> Self {
        Self {
            map,
            extent,
            lead,
            mark: None,
            told_until: None,
        }
    }

    /// Takes the next frame of the file and gives what becomes of it.
    pub(super) fn feed(&mut self, frame: Frame, out: &mut VecDeque<Timed>) -> Rest {
        let at = frame.at();
        if frame.flags().is_metadata() && at == Timestamp::ZERO {
            // ffmpeg wants it there (Q-164).
            out.push_back(at_once(frame));
            return Rest::More;
        }
        if frame.flags().is_sequence_header() {
            out.push_back(at_once(self.moved(frame)));
            return Rest::More;
        }
        if let Extent::Before(until) = self.extent
            && !at.is_before(until)
            && frame.flags().is_coded()
        {
            self.finish(out);
            return Rest::Over;
        }
        let was_told = |until| !at.serial_cmp(until).is_gt();
        if frame.kind() == FrameKind::Data && self.told_until.is_some_and(was_told) {
            return Rest::More;
        }
        let Some(when) = self.place(&frame, out) else {
            return Rest::More;
        };
        if let Extent::One(kind) = self.extent {
            if frame.kind() != kind || !frame.flags().is_coded() {
                return Rest::More;
            }
            out.push_back(at_once(self.moved(frame)));
            return Rest::Over;
        }
        let frame = self.moved(frame);
        out.push_back(Timed { frame, when });
        Rest::More
    }

    /// Ends what is marked, where the file ends before the place that was looked for.
    pub(super) fn finish(&mut self, out: &mut VecDeque<Timed>) {
        if let Lead::OnTheWay(target) = self.lead {
            self.mark(END_SEEK, target, out);
            self.lead = Lead::None;
        }
    }

    /// When a frame leaves; `None` if it is left out.
    fn place(&mut self, frame: &Frame, out: &mut VecDeque<Timed>) -> Option<When> {
        let at = frame.at();
        match self.lead {
            Lead::None => Some(When::InTime),
            Lead::Until(had) => {
                let is_later = at.serial_cmp(had).is_gt();
                is_later.then_some(When::InTime)
            }
            Lead::KeyFrameAfter(had, kind) => {
                let is_key = kind == FrameKind::Audio || frame.flags().is_key_frame();
                let begins = frame.kind() == kind && is_key && frame.flags().is_coded();
                if !begins || !at.serial_cmp(had).is_gt() {
                    return None;
                }
                self.lead = Lead::None;
                Some(When::InTime)
            }
            Lead::Exact(target) => self.exact(target, frame, out),
            Lead::OnTheWay(target) => {
                if frame.kind() != FrameKind::Video {
                    return (!at.is_before(target)).then_some(When::InTime);
                }
                if at.is_before(target) {
                    return Some(When::AtOnce);
                }
                self.finish(out);
                Some(When::InTime)
            }
        }
    }

    /// The first picture begins what is marked. Of enhanced codecs nothing is: what a mark looks like there no player is known
    /// to agree about. They are played from the key frame on, unless the stream has no time for that.
    fn exact(
        &mut self,
        target: Timestamp,
        frame: &Frame,
        out: &mut VecDeque<Timed>,
    ) -> Option<When> {
        const ENHANCED: u8 = 0x80;
        let at = frame.at();
        let first = frame.payload().first().copied().unwrap_or_default();
        let is_picture = frame.kind() == FrameKind::Video && frame.flags().is_coded();
        if !is_picture {
            return (!at.is_before(target)).then_some(When::InTime);
        }
        let is_enhanced = first & ENHANCED != 0;
        let has_time = self.map.origin.is_before(target);
        if !at.is_before(target) || (is_enhanced && has_time) {
            self.lead = Lead::None;
            return Some(When::InTime);
        }
        self.mark = (!is_enhanced).then_some(COMMAND_FRAME | (first & 0x0F));
        self.lead = Lead::OnTheWay(target);
        self.mark(START_SEEK, at, out);
        Some(When::AtOnce)
    }

    /// Puts out a video message that says where frames begin or end which are decoded and not shown [FLV E.4.3.1].
    fn mark(&self, what: u8, at: Timestamp, out: &mut VecDeque<Timed>) {
        if let Some(first) = self.mark {
            let payload = Bytes::copy_from_slice(&[first, what]);
            let frame = Frame::classify(at, FrameKind::Video, payload);
            out.push_back(at_once(self.moved(frame)));
        }
    }

    fn moved(&self, frame: Frame) -> Frame {
        let at = self.map.to_stream(frame.at());
        frame.with_timestamp(at)
    }
}

fn at_once(frame: Frame) -> Timed {
    let when = When::AtOnce;
    Timed { frame, when }
}

/// Frame type 5, in the upper half of the first byte of a video message.
const COMMAND_FRAME: u8 = 0x50;
/// What follows is decoded and not shown.
const START_SEEK: u8 = 0;
/// What follows is shown again.
const END_SEEK: u8 = 1;

#[cfg(test)]
mod tests;
