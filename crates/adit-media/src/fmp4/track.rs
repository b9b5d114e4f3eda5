//! What a track is, made of what stands in its sequence header.

use shiguredo_mp4::boxes::{SampleEntry, Vp09Box};
use shiguredo_mp4::codec_string;

use super::{Access, audio, video};
use crate::video::{Codec as VideoCodec, PacketType as VideoPacket};
use crate::{FourCc, Frame, FrameKind};

/// A track of audio or video with a codec that MP4 carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    pub(super) kind: FrameKind,
    pub(super) timescale: u32,
    pub(super) size: Option<(u16, u16)>,
    pub(super) entry: SampleEntry,
    codec: String,
}

/// Why a message makes no track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// It describes no track: it is coded media of a codec that is described by a header, data, or something else.
    #[error("this message describes no track")]
    NoDescription,
    /// MP4, or this crate, does not carry the codec.
    #[error("this codec is not carried in mp4")]
    Codec,
    /// The description cannot be read.
    #[error("the configuration of the codec cannot be read")]
    Configuration,
}

impl Track {
    /// The track that a message describes: a sequence header; of MP3, AC-3 and E-AC-3, which have none, any coded message. Of several tracks in one
    /// message it is the first.
    ///
    /// # Errors
    /// [`Unsupported`].
    pub fn described(frame: &Frame) -> Result<Self, Unsupported> {
        match frame.kind() {
            FrameKind::Video => of_video(frame.payload()),
            FrameKind::Audio => audio::track(frame.payload()),
            FrameKind::Data => Err(Unsupported::NoDescription),
        }
    }

    pub(super) fn new(
        kind: FrameKind,
        timescale: u32,
        size: Option<(u16, u16)>,
        entry: SampleEntry,
    ) -> Result<Self, Unsupported> {
        let codec = match &entry {
            // Those that the library does not know are named like their entries.
            SampleEntry::Unknown(entry) => entry.box_type.to_string(),
            known => {
                codec_string::from_sample_entry(known).map_err(|_| Unsupported::Configuration)?
            }
        };
        Ok(Self {
            kind,
            timescale,
            size,
            entry,
            codec,
        })
    }

    /// The same as it is from `frame` on, where only coded messages say that: with pictures of another size from a key frame on, with
    /// another rate or number of channels.
    pub fn changed_by(&self, frame: &Frame) -> Option<Self> {
        match &self.entry {
            SampleEntry::Vp09(vp9) => self.resized(vp9, frame),
            SampleEntry::Unknown(_) if frame.kind() == self.kind => {
                let told = Self::described(frame).ok()?;
                let is_other =
                    told.timescale != self.timescale || told.channels() != self.channels();
                is_other.then_some(told)
            }
            _ => None,
        }
    }

    /// As the entry of a codec that the library does not know says it [ISO 14496-12].
    fn channels(&self) -> Option<&[u8]> {
        match &self.entry {
            SampleEntry::Unknown(entry) => entry.payload.get(16..18),
            _ => None,
        }
    }

    fn resized(&self, vp9: &Vp09Box, frame: &Frame) -> Option<Self> {
        if !frame.flags().is_key_frame() {
            return None;
        }
        let size = video::vp9_size(&Access::of(frame, self)?.payload);
        if size.is_none() || size == self.size {
            return None;
        }
        let mut vp9 = vp9.clone();
        vp9.visual = video::visual(size);
        Some(Self {
            size,
            entry: SampleEntry::Vp09(vp9),
            ..self.clone()
        })
    }

    /// Whether `described` says nothing new of it.
    pub fn is_as(&self, described: &Self) -> bool {
        match (&self.entry, &described.entry) {
            (SampleEntry::Vp09(one), SampleEntry::Vp09(other)) => one.vpcc_box == other.vpcc_box,
            _ => self == described,
        }
    }

    /// Audio or video.
    pub const fn kind(&self) -> FrameKind {
        self.kind
    }

    /// Ticks a second: of audio samples a second, of video 90,000.
    pub const fn timescale(&self) -> u32 {
        self.timescale
    }

    /// Width and height of the pictures in pixels, where the configuration says so.
    pub const fn size(&self) -> Option<(u16, u16)> {
        self.size
    }

    /// The codec as `CODECS` of a playlist and browsers name it [RFC 6381].
    pub fn codec(&self) -> &str {
        &self.codec
    }
}

fn of_video(payload: &[u8]) -> Result<Track, Unsupported> {
    let header = crate::video::Header::parse(payload).map_err(|_| Unsupported::NoDescription)?;
    if header.packet_type != VideoPacket::SequenceStart {
        return Err(Unsupported::NoDescription);
    }
    let track = header.tracks().find_map(Result::ok);
    let track = track.ok_or(Unsupported::NoDescription)?;
    match track.codec {
        VideoCodec::FourCc(FourCc::VP9) => video::vp9(track.body),
        VideoCodec::Avc | VideoCodec::FourCc(FourCc::AVC) => video::avc(track.body),
        VideoCodec::Hevc | VideoCodec::FourCc(FourCc::HEVC) => video::hevc(track.body),
        VideoCodec::Av1 | VideoCodec::FourCc(FourCc::AV1) => video::av1(track.body),
        _ => Err(Unsupported::Codec),
    }
}
