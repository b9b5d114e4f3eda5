//! What enhanced audio and enhanced video have in common: `ModEx` blocks and multitrack bodies.
//!
//! ```text
//! first byte ─▶ [ModEx block]* ─▶ [multitrack: type|packet] ─▶ [FourCC] ─▶ track…
//!
//! ModEx block   size−1 u8 (255: then size−1 u16) · data · kind:4 packet type:4
//! track         [FourCC, with many codecs] · [track id u8] · [size u24, with many tracks] · body
//! ```

use crate::limits::{MOD_EX_PER_MESSAGE, TRACKS_PER_MESSAGE};
use crate::read::{Reader, nibbles};
use crate::{FourCc, HeaderError};

/// The `ModEx` kind that carries nanoseconds.
const TIMESTAMP_OFFSET_NANO: u8 = 0;
/// `ModEx` in both packet type tables.
const MOD_EX: u8 = 7;
/// Nanoseconds stay below a millisecond [E-RTMP v2 Enhanced Video].
const MAX_OFFSET_NS: u32 = 999_999;

/// How the tracks of a multitrack message are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Layout {
    /// No multitrack: one body, of track 0.
    Plain,
    /// One track with its id; the body goes to the end of the message.
    OneTrack,
    /// Several tracks of one codec, each with id and size.
    ManyTracks,
    /// Several tracks, each with codec, id and size.
    ManyTracksManyCodecs,
}

/// The enhanced header of a message, after its first byte, up to the first track.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Preface<'a> {
    pub(crate) packet: u8,
    pub(crate) timestamp_offset_ns: u32,
    pub(crate) layout: Layout,
    pub(crate) codec: Option<FourCc>,
    pub(crate) tracks: Reader<'a>,
}

/// Reads all `ModEx` blocks; gives the packet type behind them and the last nanosecond offset.
pub(crate) fn mod_ex(reader: &mut Reader<'_>, first: u8) -> Result<(u8, u32), HeaderError> {
    let mut packet = first;
    let mut offset_ns = 0;
    let mut blocks = 0usize;
    while packet == MOD_EX {
        if blocks == MOD_EX_PER_MESSAGE {
            return Err(HeaderError::TooManyModEx);
        }
        blocks = blocks.saturating_add(1);
        let (kind, data);
        (kind, packet, data) = mod_ex_block(reader).ok_or_else(|| truncated(reader))?;
        if kind == TIMESTAMP_OFFSET_NANO
            && let [a, b, c, ..] = data
        {
            offset_ns = u32::from_be_bytes([0, *a, *b, *c]).min(MAX_OFFSET_NS);
        }
    }
    Ok((packet, offset_ns))
}

fn mod_ex_block<'a>(reader: &mut Reader<'a>) -> Option<(u8, u8, &'a [u8])> {
    let size = match reader.u8()? {
        u8::MAX => usize::from(reader.u16()?),
        short => usize::from(short),
    };
    let data = reader.take(size.saturating_add(1))?;
    let (kind, packet) = nibbles(reader.u8()?);
    Some((kind, packet, data))
}

/// Reads what stands between the `ModEx` blocks and the first track.
pub(crate) fn preface(
    mut reader: Reader<'_>,
    (packet, timestamp_offset_ns): (u8, u32),
    multitrack: u8,
) -> Result<Preface<'_>, HeaderError> {
    let (layout, packet) = if packet == multitrack {
        let (layout, packet) = nibbles(reader.u8().ok_or_else(|| truncated(&reader))?);
        if packet == multitrack {
            return Err(HeaderError::NestedMultitrack);
        }
        (layout_from(layout)?, packet)
    } else {
        (Layout::Plain, packet)
    };
    let codec = match layout {
        Layout::ManyTracksManyCodecs => None,
        _ => Some(FourCc(reader.four().ok_or_else(|| truncated(&reader))?)),
    };
    Ok(Preface {
        packet,
        timestamp_offset_ns,
        layout,
        codec,
        tracks: reader,
    })
}

const fn layout_from(bits: u8) -> Result<Layout, HeaderError> {
    match bits {
        0 => Ok(Layout::OneTrack),
        1 => Ok(Layout::ManyTracks),
        2 => Ok(Layout::ManyTracksManyCodecs),
        kind => Err(HeaderError::UnknownMultitrackType { kind }),
    }
}

pub(crate) const fn truncated(reader: &Reader<'_>) -> HeaderError {
    HeaderError::Truncated { at: reader.at() }
}

/// One track before its body is understood: id, codec, body.
pub(crate) type RawTrack<'a> = (u8, FourCc, Reader<'a>);

/// The tracks of a message in order. After an error it ends.
#[derive(Clone, Debug)]
pub(crate) struct RawTracks<'a> {
    reader: Reader<'a>,
    layout: Layout,
    codec: Option<FourCc>,
    given: usize,
    done: bool,
}

impl<'a> RawTracks<'a> {
    pub(crate) const fn new(preface: &Preface<'a>) -> Self {
        Self {
            reader: preface.tracks,
            layout: preface.layout,
            codec: preface.codec,
            given: 0,
            done: false,
        }
    }

    fn track(&mut self) -> Result<RawTrack<'a>, HeaderError> {
        if self.given == TRACKS_PER_MESSAGE {
            return Err(HeaderError::TooManyTracks);
        }
        self.given = self.given.saturating_add(1);
        let at = self.reader.at();
        self.read_track().ok_or(HeaderError::Truncated { at })
    }

    fn read_track(&mut self) -> Option<RawTrack<'a>> {
        let codec = match self.codec {
            Some(codec) => codec,
            None => FourCc(self.reader.four()?),
        };
        let id = if self.layout == Layout::Plain {
            0
        } else {
            self.reader.u8()?
        };
        let body = match self.layout {
            Layout::Plain | Layout::OneTrack => {
                self.done = true;
                self.reader
            }
            Layout::ManyTracks | Layout::ManyTracksManyCodecs => {
                let size = usize::try_from(self.reader.u24()?).ok()?;
                let body = self.reader.part(size)?;
                self.done = self.reader.is_empty();
                body
            }
        };
        Some((id, codec, body))
    }
}

impl<'a> Iterator for RawTracks<'a> {
    type Item = Result<RawTrack<'a>, HeaderError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let track = self.track();
        self.done |= track.is_err();
        Some(track)
    }
}
