//! Messages to bytes.

use bytes::{Buf, Bytes};

use super::*;
use crate::chunk::{ChunkWriter, MediaHead, WriteError, encode_tail};
use crate::id::ChunkSize;
use crate::message::{BodyError, ControlMessage, MediaKind, UserControl};
use crate::out::OutQueue;

fn written(writer: &mut ChunkWriter, message: &Message) -> Vec<u8> {
    let mut out = OutQueue::new();
    writer.write(message, &mut out).unwrap();
    out.copy_to_bytes(out.len()).to_vec()
}

fn with_chunks_of(bytes: u32) -> ChunkWriter {
    let mut writer = ChunkWriter::new();
    let size = ControlMessage::SetChunkSize(ChunkSize::new(bytes).unwrap());
    writer.write_control(&size, &mut OutQueue::new());
    writer
}

#[track_caller]
fn check_bytes(message: &Message, expected: &Wire) {
    assert_eq!(written(&mut ChunkWriter::new(), message), expected.0);
}

#[test]
fn a_short_message_is_one_chunk_of_type_0() {
    check_bytes(
        &message(9, 0x0001_0203, 0x0405, 6, b"abc".to_vec()),
        &Wire::new().bytes(&[6, 1, 2, 3, 0, 0, 3, 9, 5, 4, 0, 0, b'a', b'b', b'c']),
    );
}

#[test]
fn a_message_of_no_length_is_a_header() {
    check_bytes(
        &message(8, 5, 1, 4, Vec::new()),
        &Wire::new().type0(4, 5, 0, 8, 1),
    );
}

#[test]
fn a_long_message_goes_on_with_type_3() {
    let payload = body(3, 300);
    let wire = Wire::new().type0(4, 5, 300, 8, 1).bytes(&payload[..128]);
    let wire = wire
        .type3(4)
        .bytes(&payload[128..256])
        .type3(4)
        .bytes(&payload[256..]);
    check_bytes(&message(8, 5, 1, 4, payload), &wire);
}

#[test]
fn chunks_are_full_up_to_the_last() {
    for (length, chunks) in [(127, 1), (128, 1), (129, 2), (255, 2), (256, 2), (257, 3)] {
        let bytes = written(
            &mut ChunkWriter::new(),
            &message(8, 5, 1, 4, body(0, length)),
        );
        assert_eq!(bytes.len(), 12 + length + (chunks - 1), "{length}");
    }
}

//
#[test]
fn an_extended_timestamp_is_repeated_in_every_chunk() {
    let payload = body(3, 200);
    for time in [0xFF_FFFF, 0x100_0000, u32::MAX] {
        let wire = Wire::new()
            .type0(4, 0xFF_FFFF, 200, 8, 1)
            .ext(time)
            .bytes(&payload[..128]);
        let wire = wire.type3(4).ext(time).bytes(&payload[128..]);
        check_bytes(&message(8, time, 1, 4, payload.clone()), &wire);
    }
    let wire = Wire::new()
        .type0(4, 0xFF_FFFE, 200, 8, 1)
        .bytes(&payload[..128]);
    let wire = wire.type3(4).bytes(&payload[128..]);
    check_bytes(&message(8, 0xFF_FFFE, 1, 4, payload), &wire);
}

#[test]
fn ids_take_the_shortest_form() {
    for id in [2, 63, 64, 319, 320, 65_599] {
        let payload = body(0, 130);
        let wire = Wire::new().type0(id, 5, 130, 8, 1).bytes(&payload[..128]);
        let wire = wire.type3(id).bytes(&payload[128..]);
        check_bytes(&message(8, 5, 1, id, payload), &wire);
    }
}

#[test]
fn a_chunk_size_takes_effect_behind_itself() {
    let mut writer = ChunkWriter::new();
    let size = ControlMessage::SetChunkSize(ChunkSize::new(2).unwrap());
    assert_eq!(
        written(&mut writer, &size.to_message()),
        Wire::new().control(1, 2).0
    );
    assert_eq!(writer.chunk_size().get(), 2);
    // From now on a control message takes two chunks.
    let wire = Wire::new()
        .type0(2, 0, 4, 5, 0)
        .bytes(&[0, 1])
        .type3(2)
        .bytes(&[0, 2]);
    let window = ControlMessage::WindowAckSize(0x0001_0002);
    assert_eq!(written(&mut writer, &window.to_message()), wire.0);
}

#[test]
fn control_messages_go_on_chunk_stream_2() {
    let mut out = OutQueue::new();
    let mut writer = ChunkWriter::new();
    writer.write_control(&ControlMessage::Acknowledgement(0x0102_0304), &mut out);
    let ping = UserControl::PingRequest(7);
    writer.write_control(&ControlMessage::UserControl(ping), &mut out);
    //
    let wire = Wire::new()
        .control(3, 0x0102_0304)
        .type0(2, 0, 6, 4, 0)
        .bytes(&[0, 6, 0, 0, 0, 7]);
    assert_eq!(out.copy_to_bytes(out.len()), wire.0);
}

#[test]
fn a_short_message_is_one_segment() {
    let mut out = OutQueue::new();
    ChunkWriter::new().write_control(&ControlMessage::WindowAckSize(5), &mut out);
    assert_eq!(out.chunk().len(), 16);
}

#[test]
fn what_cannot_be_written_leaves_no_trace() {
    let mut out = OutQueue::new();
    let mut writer = ChunkWriter::new();
    let long = message(9, 0, 1, 6, vec![0; 0x100_0000]);
    assert_eq!(
        writer.write(&long, &mut out),
        Err(WriteError::TooLong(0x100_0000))
    );
    let zero = message(1, 0, 0, 2, vec![0; 4]);
    let error = WriteError::Body(BodyError::ChunkSize(0));
    assert_eq!(writer.write(&zero, &mut out), Err(error));
    assert!(out.is_empty());
    let longest = message(9, 0, 1, 6, vec![0; 0xFF_FFFF]);
    assert_eq!(with_chunks_of(0xFF_FFFF).write(&longest, &mut out), Ok(()));
    assert_eq!(out.len(), 12 + 0xFF_FFFF);
}

// The media form.

#[test]
fn head_and_tail_are_the_same_as_a_message() {
    for kind in [MediaKind::Audio, MediaKind::Video, MediaKind::Data] {
        for time in [0, 0xFF_FFFE, 0xFF_FFFF, u32::MAX] {
            for length in [0, 1, 128, 129, 4096, 10_000] {
                for chunk_size in [1, 128, 4096, 60_000] {
                    check_form(kind, Timestamp::from_ms(time), length, chunk_size);
                }
            }
        }
    }
}

#[track_caller]
fn check_form(kind: MediaKind, timestamp: Timestamp, length: usize, chunk_size: u32) {
    let payload = Bytes::from(body(1, length));
    let mut writer = with_chunks_of(chunk_size);
    let msid = MessageStreamId::new(3);
    let whole = Message {
        kind: kind.message_kind(),
        timestamp,
        msid,
        csid: kind.csid(),
        payload: payload.clone(),
    };
    let mut out = OutQueue::new();
    MediaHead::new(kind, timestamp, msid, length)
        .unwrap()
        .push(&mut out);
    out.push(encode_tail(
        &payload,
        kind.csid(),
        writer.chunk_size(),
        timestamp.extended(),
    ));
    assert_eq!(out.copy_to_bytes(out.len()), written(&mut writer, &whole));
}

#[test]
fn a_payload_of_one_chunk_is_its_own_tail() {
    let payload = Bytes::from(body(1, 4096));
    let tail = encode_tail(
        &payload,
        csid(6),
        ChunkSize::new(4096).unwrap(),
        Some(u32::MAX),
    );
    assert_eq!((tail.as_ptr(), tail.len()), (payload.as_ptr(), 4096));
}

#[test]
fn a_tail_has_exactly_its_size() {
    let payload = Bytes::from(body(1, 10_000));
    let tail = encode_tail(
        &payload,
        csid(6),
        ChunkSize::new(4096).unwrap(),
        Some(u32::MAX),
    );
    assert_eq!(tail.len(), 10_000 + 2 * 5);
    assert_eq!(tail.try_into_mut().unwrap().capacity(), 10_010);
}

#[test]
fn a_head_is_12_or_16_bytes() {
    let head = |time| {
        let time = Timestamp::from_ms(time);
        MediaHead::new(MediaKind::Video, time, MessageStreamId::new(1), 5).unwrap()
    };
    assert_eq!(
        head(0x01_0203).as_slice(),
        [6, 1, 2, 3, 0, 0, 5, 9, 1, 0, 0, 0]
    );
    let extended = [6, 255, 255, 255, 0, 0, 5, 9, 1, 0, 0, 0, 1, 2, 3, 4];
    assert_eq!(head(0x0102_0304).as_slice(), extended);
    let too_long = MediaHead::new(
        MediaKind::Audio,
        Timestamp::ZERO,
        MessageStreamId::new(1),
        1 << 24,
    );
    assert_eq!(too_long.map(|_| ()), Err(WriteError::TooLong(1 << 24)));
}
