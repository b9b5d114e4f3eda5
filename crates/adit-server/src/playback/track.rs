//! One file as it is played: read, cut and waiting to leave.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use adit_media::flv::FileTracks;
use adit_media::{Frame, FrameKind, Timestamp};
use adit_rtmp::command::PlayDuration;

use super::Precision;
use super::cut::{Cut, Extent, Lead, Map, Rest, Timed, When};
use super::files::{DataMessages, Files, OpenError, Opened};
use super::playlist::{Item, Span, is_over_before};
use super::reader::{Aim, Reader};

/// A file that plays, or is made ready to.
pub(super) struct Track {
    reader: Reader,
    cut: Cut,
    out: VecDeque<Timed>,
    /// Data messages that go out before the first frame.
    data: Vec<Frame>,
    landing: Option<Landing>,
    over: Option<Over>,
    /// The time of the file at which it is over.
    ends_at: Timestamp,
    /// What playing can begin with: pictures if there are any.
    leader: FrameKind,
}

/// Why no more of a file is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// No more was wanted.
    CutOff,
    /// There is no more.
    Ended,
}

/// What a seek in the file was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Landing {
    /// To begin where its times are known.
    Begin,
    /// To begin with the key frame that is found.
    BeginAtKeyFrame,
    /// To begin at this time of the file.
    BeginAt(Timestamp),
    /// The player asked for this time of the file.
    Seek(Timestamp),
    /// It goes on behind this time of the file.
    GoOn(Timestamp),
}

impl Track {
    /// An item from its beginning on, at `base` of the stream; `None` where the stream begins with it and a whole file keeps
    /// its own times.
    ///
    /// What begins the stream begins at a key frame. A later item begins where it was asked to for players that can do that: the
    /// pictures on the way there take none of its time.
    ///
    /// # Errors
    /// When the file ends before the item begins.
    pub(super) fn begin(
        files: Files,
        opened: Box<Opened>,
        item: &Item,
        base: Option<Timestamp>,
        precision: Precision,
    ) -> Result<Self, OpenError> {
        let begins_at = opened.recording.begins_at();
        let origin = base.map_or(Timestamp::ZERO, |_| begins_at);
        let map = Map {
            origin,
            base: base.unwrap_or_default(),
        };
        if item.from_ms == 0 {
            let mut track = Self::new(files, opened, item, map, Aim::Beginning)?;
            track.landing = Some(Landing::Begin);
            return Ok(track);
        }
        let from = Timestamp::from_ms(item.from_ms);
        let mut track = Self::new(files, opened, item, map, Aim::KeyFrameBefore(from))?;
        track.landing = Some(Landing::BeginAtKeyFrame);
        let is_range = item.length != PlayDuration::SingleFrame;
        if base.is_some() && precision == Precision::Frame && is_range {
            track.lead_to(from);
            track.landing = Some(Landing::BeginAt(from));
        }
        Ok(track)
    }

    /// An item that was played before or stands for one that is, at the times of that one; it is to be sought in.
    pub(super) fn again(
        files: Files,
        opened: Box<Opened>,
        item: &Item,
        map: Map,
    ) -> Result<Self, OpenError> {
        Self::new(files, opened, item, map, Aim::Beginning)
    }

    fn new(
        files: Files,
        mut opened: Box<Opened>,
        item: &Item,
        map: Map,
        aim: Aim,
    ) -> Result<Self, OpenError> {
        let recording = &opened.recording;
        let leader = match recording.tracks() {
            FileTracks::Audio => FrameKind::Audio,
            _ => FrameKind::Video,
        };
        let begins_at = recording.begins_at();
        let length = u32::try_from(recording.duration().as_millis()).unwrap_or(u32::MAX);
        let file_ends_at = begins_at.wrapping_add(length);
        let from = match item.from_ms {
            0 => begins_at,
            from => Timestamp::from_ms(from),
        };
        if is_over_before(begins_at, file_ends_at, from) {
            return Err(OpenError::TooShort {
                ends_at: file_ends_at,
            });
        }
        let rest = u32::try_from(file_ends_at.since(from)).unwrap_or(0);
        let (extent, ends_at) = match item.length {
            PlayDuration::Limited { ms } if ms < rest => {
                let until = from.wrapping_add(ms);
                (Extent::Before(until), until)
            }
            PlayDuration::SingleFrame => (Extent::One(leader), file_ends_at),
            _ => (Extent::Whole, file_ends_at),
        };
        let mut cut = Cut::new(map, extent, Lead::None);
        let mut data = Vec::new();
        if item.data == DataMessages::AtOnce {
            data = std::mem::take(&mut opened.data);
            cut.told_until = opened.searched_until;
        }
        Ok(Self {
            reader: Reader::new(files, opened, aim),
            cut,
            out: VecDeque::new(),
            data,
            landing: None,
            over: None,
            ends_at,
            leader,
        })
    }

    #[cfg(test)]
    pub(super) const fn reader(&mut self) -> &mut Reader {
        &mut self.reader
    }

    /// Where it is in the stream.
    pub(super) fn span(&self) -> Span {
        Span {
            map: self.cut.map,
            end: self.cut.map.to_stream(self.ends_at),
        }
    }

    /// What playing can begin with.
    pub(super) const fn leader(&self) -> FrameKind {
        self.leader
    }

    /// When it is over, if that is because no more was wanted of the file.
    pub(super) fn cut_off_at(&self) -> Option<Timestamp> {
        match (self.over, self.cut.extent) {
            (Some(Over::CutOff), Extent::Before(until)) => Some(self.cut.map.to_stream(until)),
            _ => None,
        }
    }

    /// Goes to another place.
    pub(super) fn seek(&mut self, at: Timestamp, landing: Landing) {
        self.out.clear();
        self.over = None;
        self.cut.lead = Lead::None;
        self.reader.seek(at);
        self.landing = Some(landing);
    }

    /// Begins with the first key frame later than `had`, a time of the file.
    pub(super) fn join_after(&mut self, had: Timestamp) {
        self.reader.seek(had);
        self.cut.lead = Lead::KeyFrameAfter(had, self.leader);
    }

    pub(super) const fn is_landing(&self) -> bool {
        self.landing.is_some()
    }

    /// Whether it is on its way to its first frame.
    pub(super) const fn is_beginning(&self) -> bool {
        matches!(
            self.landing,
            Some(Landing::Begin | Landing::BeginAtKeyFrame | Landing::BeginAt(_))
        )
    }

    /// Whether all of the file was read that is wanted.
    pub(super) fn is_read(&self) -> bool {
        self.over.is_some() || self.reader.is_done()
    }

    /// Where a seek led to, in times of the file, and what it was for. Never ready when there was none.
    pub(super) fn poll_landed(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(Landing, Timestamp), String>> {
        let Some(landing) = self.landing else {
            return Poll::Pending;
        };
        let Poll::Ready(at) = self.reader.poll_landed(cx) else {
            return Poll::Pending;
        };
        self.landing = None;
        Poll::Ready(at.map(|at| {
            match landing {
                Landing::BeginAtKeyFrame => self.cut.map.origin = at,
                // The file may begin later.
                Landing::BeginAt(from) => {
                    self.cut.map.origin = if from.is_before(at) { at } else { from };
                }
                Landing::GoOn(had) => self.cut.lead = Lead::Until(had),
                Landing::Begin | Landing::Seek(_) => {}
            }
            (landing, at)
        }))
    }

    /// Marks the pictures up to `target`, a time of the file, as not to be shown.
    pub(super) fn lead_to(&mut self, target: Timestamp) {
        self.cut.lead = Lead::Exact(target);
    }

    /// What leaves next; `None` when it is over.
    pub(super) fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<&Timed>, String>> {
        while self.out.is_empty() {
            if self.over.is_some() {
                return Poll::Ready(Ok(None));
            }
            match self.reader.poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(why)) => {
                    self.over = Some(Over::Ended);
                    return Poll::Ready(Err(why));
                }
                Poll::Ready(Ok(None)) => {
                    self.over = Some(Over::Ended);
                    self.cut.finish(&mut self.out);
                }
                Poll::Ready(Ok(Some(frame))) => self.feed(frame),
            }
        }
        Poll::Ready(Ok(self.out.front()))
    }

    /// The frame that [`poll_head`](Self::poll_head) showed.
    pub(super) fn take_head(&mut self) -> Option<Timed> {
        self.out.pop_front()
    }

    /// When the first frame leaves that is not a header, if it is known.
    pub(super) fn first_in_time(&self) -> Option<Timestamp> {
        let is_timed = |timed: &&Timed| timed.when == When::InTime;
        self.out.iter().find(is_timed).map(|timed| timed.frame.at())
    }

    /// Reads on until [`first_in_time`](Self::first_in_time) is known; an error when it never will be.
    pub(super) fn poll_first_in_time(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Timestamp, String>> {
        loop {
            if let Some(at) = self.first_in_time() {
                return Poll::Ready(Ok(at));
            }
            match self.reader.poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(Some(frame))) if self.over.is_none() => self.feed(frame),
                Poll::Ready(Err(why)) => return Poll::Ready(Err(why)),
                Poll::Ready(Ok(_)) => {
                    let why = "it has no key frame from here on";
                    return Poll::Ready(Err(why.to_owned()));
                }
            }
        }
    }

    /// Gives the headers in front the time of the frame that they are for: in the file they may stand far before it, and what was
    /// played until then was sent.
    pub(super) fn bring_headers_up(&mut self) {
        let Some(at) = self.first_in_time() else {
            return;
        };
        let in_front = self.out.iter_mut();
        let in_front = in_front.take_while(|timed| timed.when == When::AtOnce);
        for timed in in_front.filter(|timed| !timed.frame.flags().is_coded()) {
            timed.frame = timed.frame.clone().with_timestamp(at);
        }
    }

    /// Whether a frame that is not a header waits to leave.
    fn has_begun(&self) -> bool {
        self.out
            .back()
            .is_some_and(|last| last.when == When::InTime)
    }

    /// Of headers that leave one behind the other, only the last of a kind means anything. A search for a key frame passes all those
    /// of a file, and holds two.
    fn drop_header_like(&mut self, header: &Frame) {
        let is_like = |frame: &Frame| {
            frame.flags().is_sequence_header()
                && frame.kind() == header.kind()
                && frame.header_slots() == header.header_slots()
        };
        self.out.retain(|timed| !is_like(&timed.frame));
    }

    fn feed(&mut self, frame: Frame) {
        if frame.flags().is_coded() && !self.data.is_empty() {
            let at = self.cut.map.to_stream(frame.at());
            for data in std::mem::take(&mut self.data) {
                let frame = data.with_timestamp(at);
                let when = When::AtOnce;
                self.out.push_back(Timed { frame, when });
            }
        }
        if frame.flags().is_sequence_header() && !self.has_begun() {
            self.drop_header_like(&frame);
        }
        if self.cut.feed(frame, &mut self.out) == Rest::Over {
            self.over = Some(Over::CutOff);
        }
    }
}
