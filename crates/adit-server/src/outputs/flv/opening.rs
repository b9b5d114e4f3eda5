//! The file header, which says which tracks there are.

use adit_amf::amf0;
use adit_media::flv::{FileTracks, encode_header};
use adit_media::{Frame, FrameKind};
use bytes::{Bytes, BytesMut};

/// What is known of the tracks of a stream that begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Opening {
    audio: Seen,
    video: Seen,
}

/// How sure it is that there is a track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    #[default]
    Nothing,
    /// Metadata or a header say so.
    Announced,
    /// There it is.
    Coded,
}

impl Opening {
    /// Looks at a frame of the beginning.
    pub(super) fn note(&mut self, frame: &Frame) {
        let flags = frame.flags();
        let seen = if flags.is_coded() {
            Seen::Coded
        } else if flags.is_sequence_header() {
            Seen::Announced
        } else {
            if flags.is_metadata() {
                self.announce(frame.payload());
            }
            return;
        };
        match frame.kind() {
            FrameKind::Audio => self.audio = self.audio.max(seen),
            FrameKind::Video => self.video = self.video.max(seen),
            FrameKind::Data => {}
        }
    }

    /// Whether nothing more can be learned by waiting.
    pub(super) fn is_certain(self) -> bool {
        self.audio == Seen::Coded && self.video == Seen::Coded
    }

    /// Whether there is something to see or to hear.
    pub(super) fn has_begun(self) -> bool {
        self.audio.max(self.video) == Seen::Coded
    }

    /// The file header.
    pub(super) fn header(self) -> Bytes {
        let tracks = match (self.audio, self.video) {
            (Seen::Nothing, Seen::Nothing) => FileTracks::Neither,
            (_, Seen::Nothing) => FileTracks::Audio,
            (Seen::Nothing, _) => FileTracks::Video,
            _ => FileTracks::AudioVideo,
        };
        let mut out = BytesMut::with_capacity(HEADER_BYTES);
        encode_header(tracks, &mut out);
        out.freeze()
    }

    /// What `onMetaData` says about the tracks.
    fn announce(&mut self, payload: &Bytes) {
        let Ok(values) = amf0::decode_all(payload.clone(), &adit_amf::Limits::default()) else {
            return;
        };
        for object in values.iter().filter_map(amf0::Value::as_object) {
            if object.property("audiocodecid").is_some() {
                self.audio = self.audio.max(Seen::Announced);
            }
            if object.property("videocodecid").is_some() {
                self.video = self.video.max(Seen::Announced);
            }
        }
    }
}

/// With the first back pointer.
const HEADER_BYTES: usize = 13;
