//! What holds for any messages and any split.

use bytes::{Buf, Bytes};
use proptest::prelude::*;

use super::*;
use crate::chunk::ChunkWriter;
use crate::id::ChunkSize;
use crate::message::ControlMessage;
use crate::out::OutQueue;

/// Times near the places where the encoding changes.
fn time() -> impl Strategy<Value = u32> {
    prop_oneof![
        any::<u32>(),
        (0xFF_FFF0..0x100_0010_u32),
        (0_u32..16).prop_map(|ms| u32::MAX - ms),
        0_u32..16,
    ]
}

fn any_message() -> impl Strategy<Value = Message> {
    let kind = prop::sample::select(vec![8, 9, 15, 17, 18, 20, 22]);
    let id = prop_oneof![2..70_u32, Just(319), Just(320), Just(65_599)];
    let length = prop_oneof![0..20_usize, 100..300_usize, 1000..3000_usize];
    (kind, time(), any::<u32>(), id, length, any::<u8>()).prop_map(
        |(kind, time, msid, on, length, first)| message(kind, time, msid, on, body(first, length)),
    )
}

/// Bytes in pieces of these lengths, over and over.
fn pieces<'a>(mut bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for length in lengths.iter().cycle() {
        let (piece, rest) = bytes.split_at((*length).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
        if bytes.is_empty() {
            break;
        }
    }
    pieces
}

/// The chunks of one message with headers of the given type, as another implementation might write
/// them: with deltas, and with or without repeated extended timestamps.
fn chunks_of(message: &Message, chunk_size: usize, repeat: bool) -> Vec<Vec<u8>> {
    let (id, time) = (message.csid.get(), message.timestamp.ms());
    let short = time.min(0xFF_FFFF);
    let len = message.payload.len() as u32;
    let mut head = Wire::new().type0(id, short, len, message.kind.id(), message.msid.get());
    if short == 0xFF_FFFF {
        head = head.ext(time);
    }
    let mut chunks = Vec::new();
    for (index, piece) in message.payload.chunks(chunk_size).enumerate() {
        let mut header = if index == 0 {
            head.clone()
        } else {
            Wire::new().type3(id)
        };
        if index > 0 && repeat && short == 0xFF_FFFF {
            header = header.ext(time);
        }
        chunks.push(header.bytes(piece).0);
    }
    if chunks.is_empty() {
        chunks.push(head.0);
    }
    chunks
}

/// A piece of a chunk stream that is often, but not always, right where it stands.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let small = || (3..6_u32, 0..200_u32, 0..130_usize, time());
    let ext = |wire: Wire, time: u32| {
        if time >= 0xFF_FFFF {
            wire.ext(time)
        } else {
            wire
        }
    };
    let short = |time: u32| time.min(0xFF_FFFF);
    prop_oneof![
        4 => small().prop_map(move |(id, len, count, time)| {
            ext(Wire::new().type0(id, short(time), len, 8, 1), time).bytes(&body(1, count)).0
        }),
        1 => small().prop_map(move |(id, len, count, time)| {
            ext(Wire::new().type1(id, short(time), len, 9), time).bytes(&body(2, count)).0
        }),
        1 => small().prop_map(move |(id, _, count, time)| {
            ext(Wire::new().type2(id, short(time)), time).bytes(&body(3, count)).0
        }),
        4 => small().prop_map(|(id, _, count, _)| Wire::new().type3(id).bytes(&body(4, count)).0),
        1 => (0..300_u32).prop_map(|size| Wire::new().control(1, size).0),
        2 => (2..7_u32).prop_map(|id| Wire::new().control(2, id).0),
        1 => any::<[u8; 5]>().prop_map(|bytes| bytes.to_vec()),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        messages in prop::collection::vec((any_message(), prop::option::of(1..5000_u32)), 1..12),
        lengths in prop::collection::vec(1..700_usize, 1..6),
    ) {
        let (mut writer, mut out) = (ChunkWriter::new(), OutQueue::new());
        let mut expected = Vec::new();
        for (message, chunk_size) in messages {
            if let Some(size) = chunk_size {
                let size = ControlMessage::SetChunkSize(ChunkSize::new(size).unwrap()).to_message();
                writer.write(&size, &mut out).unwrap();
                expected.push(size);
            }
            writer.write(&message, &mut out).unwrap();
            expected.push(message);
        }
        let bytes = out.copy_to_bytes(out.len());
        let got = read(&mut reader(), &pieces(&bytes, &lengths)).unwrap();
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn any_split_of_any_bytes_gives_the_same(
        fragments in prop::collection::vec(fragment(), 0..30),
        lengths in prop::collection::vec(1..50_usize, 1..6),
    ) {
        let bytes = fragments.concat();
        let mut whole = reader();
        whole.feed(Bytes::copy_from_slice(&bytes));
        let mut split = reader();
        let (mut one, mut two) = (Vec::new(), Vec::new());
        let ends = [drain_into(&mut whole, &mut one), {
            let mut end = Ok(());
            for piece in pieces(&bytes, &lengths) {
                split.feed(Bytes::copy_from_slice(piece));
                end = drain_into(&mut split, &mut two);
            }
            end
        }];
        prop_assert_eq!(ends[0], ends[1]);
        prop_assert_eq!(one, two);
        prop_assert_eq!(whole.is_inside_message(), split.is_inside_message());
    }

    #[test]
    fn interleaved_messages_come_out_whole(
        messages in prop::collection::vec((any_message(), any::<bool>()), 1..8),
        order in prop::collection::vec(any::<prop::sample::Index>(), 200),
        lengths in prop::collection::vec(1..700_usize, 1..6),
    ) {
        // One message for each chunk stream.
        let mut rest: Vec<_> = messages
            .iter()
            .zip(100..)
            .map(|((message, repeat), id)| {
                let message = Message { csid: csid(id), ..message.clone() };
                let mut chunks = chunks_of(&message, 128, *repeat);
                chunks.reverse();
                (message, chunks)
            })
            .collect();
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for pick in order.iter().cycle() {
            let at = pick.index(rest.len());
            bytes.extend(rest[at].1.pop().unwrap());
            if rest[at].1.is_empty() {
                expected.push(rest.remove(at).0);
            }
            if rest.is_empty() {
                break;
            }
        }
        let got = read(&mut reader(), &pieces(&bytes, &lengths)).unwrap();
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn deltas_add_up_around_the_circle(
        first in time(),
        steps in prop::collection::vec((time(), 1..3_u8), 1..20),
    ) {
        let ext = |wire: Wire, time: u32| if time >= 0xFF_FFFF { wire.ext(time) } else { wire };
        let mut wire = ext(Wire::new().type0(4, first.min(0xFF_FFFF), 1, 8, 1), first).bytes(b"\xAA");
        let mut at = Timestamp::from_ms(first);
        let mut expected = vec![at.ms()];
        for (delta, format) in steps {
            let short = delta.min(0xFF_FFFF);
            wire = if format == 1 { wire.type1(4, short, 1, 8) } else { wire.type2(4, short) };
            wire = ext(wire, delta).bytes(b"\xAA");
            at = at.wrapping_add(delta);
            expected.push(at.ms());
        }
        let got = read(&mut reader(), &[&wire.0]).unwrap();
        prop_assert_eq!(got.iter().map(|m| m.timestamp.ms()).collect::<Vec<_>>(), expected);
    }
}

fn drain_into(reader: &mut ChunkReader, messages: &mut Vec<Message>) -> Result<(), ChunkError> {
    loop {
        match reader.poll(start())? {
            Next::Message(message) => messages.push(message),
            _ => return Ok(()),
        }
    }
}
