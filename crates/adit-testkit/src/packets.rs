//! Packet lists of FLV files, and the one comparison that says whether a stream got through untouched.

use std::fmt::{self, Write as _};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use adit_media::{FrameKind, flv};
use bytes::Bytes;

/// The kind of a packet, as an FLV tag names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Tag type 8.
    Audio,
    /// Tag type 9.
    Video,
    /// Tag type 18.
    Data,
}

/// What a packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Coded media on which a picture or sound can start.
    Key,
    /// Other coded media.
    Coded,
    /// What a decoder needs beforehand: sequence headers, and in enhanced form channel layouts and colour data.
    Configuration,
    /// The end of a sequence.
    End,
    /// Metadata and other script data.
    Script,
}

/// One FLV tag: the body of one RTMP message.
#[derive(Clone, PartialEq, Eq)]
pub struct Packet {
    /// Sound, picture or data.
    pub kind: Kind,
    /// Its timestamp in milliseconds.
    pub at_ms: u32,
    /// The body, first the codec header.
    pub body: Bytes,
}

impl Packet {
    /// What it is for, read from its codec header.
    pub fn role(&self) -> Role {
        match self.kind {
            Kind::Audio => audio_role(&self.body),
            Kind::Video => video_role(&self.body),
            Kind::Data => Role::Script,
        }
    }

    /// Whether it carries coded media.
    pub fn is_coded(&self) -> bool {
        matches!(self.role(), Role::Key | Role::Coded)
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Audio => "audio",
            Kind::Video => "video",
            Kind::Data => "data",
        };
        let mut hasher = DefaultHasher::new();
        self.body.hash(&mut hasher);
        let head = &self.body[..self.body.len().min(5)];
        write!(
            f,
            "{kind:5} {:?} at {} ms, {} bytes {head:02x?}… hash {:016x}",
            self.role(),
            self.at_ms,
            self.body.len(),
            hasher.finish()
        )
    }
}

/// The packets of an FLV file. A tag cut off at the end of the file is left out, as a killed writer leaves one.
pub fn read(file: &Path) -> Vec<Packet> {
    let bytes = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    parse(Bytes::from(bytes))
}

/// The packets of FLV data; it may end anywhere, even before its first byte.
pub fn parse(flv: Bytes) -> Vec<Packet> {
    let mut reader = flv::Reader::new();
    reader.handle_input(flv);
    let mut packets = Vec::new();
    loop {
        match reader.poll() {
            Ok(flv::Next::Tag(tag)) => packets.push(packet(tag)),
            Ok(flv::Next::Header(_)) => {}
            Ok(_) => return packets,
            Err(error) => panic!("{error}"),
        }
    }
}

fn packet(tag: flv::Tag) -> Packet {
    let kind = match tag.kind {
        flv::TagKind::Frame(FrameKind::Audio) => Kind::Audio,
        flv::TagKind::Frame(FrameKind::Video) => Kind::Video,
        flv::TagKind::Frame(FrameKind::Data) => Kind::Data,
        other => panic!("a tag of another kind: {other:?}"),
    };
    Packet {
        kind,
        at_ms: tag.at.ms(),
        body: tag.payload,
    }
}

fn video_role(body: &[u8]) -> Role {
    let Some(&first) = body.first() else {
        return Role::Coded;
    };
    let coded = if first & 0x70 == 0x10 {
        Role::Key
    } else {
        Role::Coded
    };
    let enhanced = first & 0x80 != 0;
    let packet_type = if enhanced {
        first & 0x0f
    } else {
        body.get(1).copied().unwrap_or(1)
    };
    match (enhanced, first & 0x0f, packet_type) {
        // [E-RTMP v2 Enhanced Video]: SequenceStart, Metadata, MPEG2TSSequenceStart; SequenceEnd
        (true, _, 0 | 4 | 5) | (false, 7, 0) => Role::Configuration,
        (true | false, _, 2) if enhanced || first & 0x0f == 7 => Role::End,
        _ => coded,
    }
}

fn audio_role(body: &[u8]) -> Role {
    match (
        body.first().map(|first| first >> 4),
        body.first().map(|first| first & 0x0f),
        body.get(1),
    ) {
        // [E-RTMP v2 Enhanced Audio]: SequenceStart, MultichannelConfig; SequenceEnd
        (Some(9), Some(0 | 4), _) | (Some(10), _, Some(0)) => Role::Configuration,
        (Some(9), Some(2), _) => Role::End,
        _ => Role::Key,
    }
}

/// How a stream got through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// How many coded packets were compared.
    pub packets: usize,
    /// The timestamp of the first of them.
    pub joined_at_ms: u32,
    /// How many of the last packets never left the publisher.
    pub kept_back: usize,
}

/// What a player's own file writer is known to leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discards {
    /// Nothing.
    Nothing,
    /// librtmp takes a video message of 5 bytes or less and an audio message of 1 byte or less for an empty one and
    /// drops it before any file is written.
    TinyMessages,
}

impl Discards {
    fn keeps(self, packet: &Packet) -> bool {
        match (self, packet.kind) {
            (Self::Nothing, _) | (_, Kind::Data) => true,
            (Self::TinyMessages, Kind::Video) => packet.body.len() > 5,
            (Self::TinyMessages, Kind::Audio) => packet.body.len() > 1,
        }
    }
}

/// What is known of the peers, and nothing of the server: how the packets at both ends may differ from what went over the
/// wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How many of the last packets the publisher may have kept to itself.
    pub kept_back: usize,
    /// What the player never writes.
    pub discards: Discards,
}

impl Allowance {
    /// The ends are exact.
    pub const NONE: Self = Self {
        kept_back: 0,
        discards: Discards::Nothing,
    };
}

/// Says whether `received` is what was `sent` from a key frame on, to the very end: the same coded packets in the same
/// order with the same bytes and timestamps, and before the first of each kind the same configuration.
///
/// Configuration packets are compared by their bytes only, since a player who joins late has them again at the time of
/// joining.
///
/// # Errors
///
/// A text that shows both lists around the first difference.
pub fn is_suffix_from_key_frame(
    sent: &[Packet],
    received: &[Packet],
    allowance: Allowance,
) -> Result<Match, String> {
    let coded = |packets: &[Packet]| -> Vec<Packet> {
        packets
            .iter()
            .filter(|packet| packet.is_coded() && allowance.discards.keeps(packet))
            .cloned()
            .collect()
    };
    let (sent_coded, received_coded) = (coded(sent), coded(received));
    let Some(first) = received_coded.first() else {
        return Err(format!(
            "no coded packet arrived; {} were sent, {} others arrived",
            sent_coded.len(),
            received.len()
        ));
    };
    let leader = if sent_coded.iter().any(|packet| packet.kind == Kind::Video) {
        Kind::Video
    } else {
        Kind::Audio
    };
    if first.kind != leader || first.role() != Role::Key {
        return Err(format!("the first coded packet is no key frame: {first:?}"));
    }
    let Some(join) = sent_coded.iter().position(|packet| packet == first) else {
        return Err(not_sent(&sent_coded, first));
    };
    let expected = &sent_coded[join..];
    let kept_back = expected
        .len()
        .saturating_sub(received_coded.len())
        .min(allowance.kept_back);
    let expected = &expected[..expected.len() - kept_back];
    if let Some(difference) = first_difference(expected, &received_coded) {
        return Err(difference);
    }
    same_configuration(sent, received)?;
    Ok(Match {
        packets: received_coded.len(),
        joined_at_ms: first.at_ms,
        kept_back,
    })
}

/// The same, for a test: panics with the difference and `what` was compared.
pub fn assert_is_suffix_from_key_frame(
    what: &str,
    sent: &[Packet],
    received: &[Packet],
    allowance: Allowance,
) -> Match {
    is_suffix_from_key_frame(sent, received, allowance)
        .unwrap_or_else(|difference| panic!("{what}: {difference}"))
}

fn not_sent(sent: &[Packet], first: &Packet) -> String {
    let same_bytes = sent
        .iter()
        .find(|packet| packet.kind == first.kind && packet.body == first.body);
    let mut text = format!("the first packet received was not sent like this:\n  {first:?}");
    if let Some(packet) = same_bytes {
        write!(text, "\nits bytes were sent at {} ms", packet.at_ms).expect("a string takes all");
    }
    text
}

fn first_difference(expected: &[Packet], received: &[Packet]) -> Option<String> {
    let longer = expected.len().max(received.len());
    let at = (0..longer).find(|&at| expected.get(at) != received.get(at))?;
    let mut text = format!(
        "packet {at} differs, counted from the joining key frame ({} sent from there on, {} received)",
        expected.len(),
        received.len()
    );
    let show = |packet: Option<&Packet>| {
        packet.map_or_else(|| "-".to_owned(), |packet| format!("{packet:?}"))
    };
    for near in at.saturating_sub(SHOWN_BEFORE)..(at + SHOWN_AFTER).min(longer) {
        let mark = if expected.get(near) == received.get(near) {
            ' '
        } else {
            '!'
        };
        let (sent, got) = (show(expected.get(near)), show(received.get(near)));
        write!(
            text,
            "\n{mark} {near:5} sent     {sent}\n{mark}       received {got}"
        )
        .expect("a string takes all");
    }
    Some(text)
}

fn same_configuration(sent: &[Packet], received: &[Packet]) -> Result<(), String> {
    for kind in [Kind::Audio, Kind::Video] {
        let of_kind = |packets: &[Packet]| -> Vec<Bytes> {
            let wanted = packets.iter().filter(|packet| packet.kind == kind);
            let before_media = wanted.take_while(|packet| !packet.is_coded());
            before_media
                .filter(|packet| packet.role() == Role::Configuration)
                .map(|packet| packet.body.clone())
                .collect()
        };
        let (expected, got) = (of_kind(sent), of_kind(received));
        if expected != got {
            return Err(format!(
                "{kind:?} configuration before the media: sent {expected:02x?}, received {got:02x?}"
            ));
        }
    }
    Ok(())
}

/// How many packets a difference shows before and after itself.
const SHOWN_BEFORE: usize = 3;
const SHOWN_AFTER: usize = 6;

#[cfg(test)]
mod tests;
