use super::{Codec, Header, PacketType, Sound, Track};
use crate::{FourCc, HeaderError, Layout};

type Read<'a> = (PacketType, Vec<Track<'a>>);

fn read(payload: &[u8]) -> Result<Read<'_>, HeaderError> {
    let header = Header::parse(payload)?;
    Ok((
        header.packet_type,
        header.tracks().collect::<Result<_, _>>()?,
    ))
}

#[track_caller]
fn check(payload: &[u8], expected: &Result<Read<'_>, HeaderError>) {
    assert_eq!(&read(payload), expected);
}

const fn track(id: u8, codec: Codec, body: &[u8]) -> Track<'_> {
    Track { id, codec, body }
}

#[test]
fn aac_has_a_packet_type() {
    let aac = |body| vec![track(0, Codec::Aac, body)];
    check(
        b"\xAF\x00\x12\x10",
        &Ok((PacketType::SequenceStart, aac(b"\x12\x10"))),
    );
    check(b"\xAF\x01raw", &Ok((PacketType::CodedFrames, aac(b"raw"))));
    check(b"\xAF\x02raw", &Ok((PacketType::Reserved(2), aac(b"raw"))));
    check(b"\xAF", &Err(HeaderError::Truncated { at: 1 }));
}

#[test]
fn other_legacy_codecs_have_a_body_right_after_the_first_byte() {
    for (id, codec) in [
        (0, Codec::PcmPlatform),
        (1, Codec::Adpcm),
        (2, Codec::Mp3),
        (3, Codec::PcmLittleEndian),
        (4, Codec::Nellymoser16k),
        (5, Codec::Nellymoser8k),
        (6, Codec::Nellymoser),
        (7, Codec::G711ALaw),
        (8, Codec::G711MuLaw),
        (11, Codec::Speex),
        (12, Codec::Reserved(12)),
        (13, Codec::Reserved(13)),
        (14, Codec::Mp38k),
        (15, Codec::Native),
    ] {
        check(
            &[id << 4, 7],
            &Ok((PacketType::CodedFrames, vec![track(0, codec, &[7])])),
        );
    }
}

#[test]
fn the_claimed_sampling_is_in_the_low_bits() {
    for (low, rate_hz, bits, channels) in [
        (0b0000, 5_512, 8, 1),
        (0b0101, 11_025, 8, 2),
        (0b1010, 22_050, 16, 1),
        (0b1111, 44_100, 16, 2),
    ] {
        let sound = Header::parse(&[0x20 | low]).unwrap().sound;
        assert_eq!(
            sound,
            Some(Sound {
                rate_hz,
                bits,
                channels
            })
        );
    }
    assert_eq!(Header::parse(b"\x91Opus").unwrap().sound, None);
}

#[test]
fn every_enhanced_packet_type_is_told_apart() {
    for (bits, packet) in [
        (0, PacketType::SequenceStart),
        (1, PacketType::CodedFrames),
        (2, PacketType::SequenceEnd),
        (3, PacketType::Reserved(3)),
        (4, PacketType::MultichannelConfig),
        (6, PacketType::Reserved(6)),
        (15, PacketType::Reserved(15)),
    ] {
        let payload = [&[0x90 | bits], &b"Opusbody"[..]].concat();
        check(
            &payload,
            &Ok((packet, vec![track(0, Codec::FourCc(FourCc::OPUS), b"body")])),
        );
    }
}

#[test]
fn multitrack_is_packet_type_five_in_audio() {
    check(
        b"\x95\x10mp4a\x00\x00\x00\x02ab\x01\x00\x00\x02cd",
        &Ok((
            PacketType::SequenceStart,
            vec![
                track(0, Codec::FourCc(FourCc::AAC), b"ab"),
                track(1, Codec::FourCc(FourCc::AAC), b"cd"),
            ],
        )),
    );
    let one = Header::parse(b"\x95\x01Opus\x05packet").unwrap();
    assert_eq!(one.layout, Layout::OneTrack);
    assert_eq!(one.tracks().next().unwrap().unwrap().id, 5);
}

#[test]
fn multitrack_inside_multitrack_is_refused() {
    check(b"\x95\x15mp4a\x00", &Err(HeaderError::NestedMultitrack));
    check(
        b"\x95\xF1mp4a\x00",
        &Err(HeaderError::UnknownMultitrackType { kind: 15 }),
    );
}

#[test]
fn mod_ex_gives_nanoseconds_and_the_packet_type_behind_it() {
    let header = Header::parse(b"\x97\x02\x00\x03\xE8\x01Opusx").unwrap();
    assert_eq!(
        (header.timestamp_offset_ns, header.packet_type),
        (1000, PacketType::CodedFrames)
    );
}

#[test]
fn an_empty_message_is_said_to_be_empty() {
    check(b"", &Err(HeaderError::Empty));
    check(b"\x91Opu", &Err(HeaderError::Truncated { at: 1 }));
}
