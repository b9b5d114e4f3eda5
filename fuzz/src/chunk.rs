//! Chunk streams: any split of the input gives the same messages, and messages survive being written.

use std::time::Instant;

use adit_rtmp::{
    chunk::{ChunkError, ChunkReader, ChunkWriter, Next, Phase},
    limits::{AGGREGATE_ITEMS, ChunkLimits},
    message::{ControlMessage, Message, MessageKind, aggregate},
    out::OutQueue,
};
use bytes::{Buf, Bytes};

use crate::input::{Dice, Input};

/// One byte that decides the cuts, one for the phase, then chunks.
pub fn chunk_reader(data: &[u8]) {
    let mut input = Input::new(data);
    let dice = Dice::new(input.byte());
    let phase = if input.byte() & 1 == 0 {
        Phase::BeforeConnect
    } else {
        Phase::Connected
    };
    let now = Instant::now();

    let whole = read(phase, now, [input.rest()]);
    let pieces = read(phase, now, dice.cut(input.rest()));
    assert_eq!(whole, pieces, "the split matters");

    let (messages, _) = whole;
    let payload: usize = messages.iter().map(|message| message.payload.len()).sum();
    assert!(
        payload <= input.rest().len(),
        "{payload} bytes of payload out of less input"
    );
    for message in &messages {
        check_body(message);
    }
    check_written(phase, now, &messages);
}

/// All messages, and the error that ended them.
type Read = (Vec<Message>, Option<ChunkError>);

fn read<'a>(phase: Phase, now: Instant, pieces: impl IntoIterator<Item = &'a [u8]>) -> Read {
    let mut reader = ChunkReader::new(ChunkLimits::default());
    reader.set_phase(phase);
    let mut messages = Vec::new();
    for piece in pieces {
        reader.feed(Bytes::copy_from_slice(piece));
        loop {
            match reader.poll(now) {
                Ok(Next::Message(message)) => messages.push(message),
                Ok(Next::NeedMore) => break,
                Ok(Next::Throttled(until)) => {
                    assert!(until > now && reader.throttled_until() == Some(until));
                    return (messages, None);
                }
                Err(error) => {
                    assert_eq!(reader.poll(now), Err(error), "an error is repeated");
                    return (messages, Some(error));
                }
            }
        }
        assert!(reader.waiting() < 18, "only the start of a header may wait");
    }
    (messages, None)
}

/// Messages that are written are read again.
fn check_written(phase: Phase, now: Instant, messages: &[Message]) {
    let mut writer = ChunkWriter::new();
    let mut out = OutQueue::new();
    for message in messages {
        assert_eq!(writer.write(message, &mut out), Ok(()));
    }
    let len = out.len();
    let bytes = out.copy_to_bytes(len);
    let (again, error) = read(phase, now, [&bytes[..]]);
    match error {
        None => assert_eq!(again, messages),
        // Unknown types are counted where a message begins. In the order in which the messages end,
        // more of them may stand in a row.
        Some(ChunkError::UnknownKinds(_)) => assert!(messages.starts_with(&again)),
        Some(error) => assert_eq!(Some(error), None, "what we write, we read"),
    }
}

fn check_body(message: &Message) {
    if let Ok(Some(control)) = ControlMessage::decode(message.kind, &message.payload) {
        let again = control.to_message();
        assert_eq!(again.kind, message.kind);
        assert_eq!(
            ControlMessage::decode(again.kind, &again.payload),
            Ok(Some(control))
        );
    }
    if message.kind == MessageKind::Aggregate {
        let items = || aggregate::Items::new(message.clone());
        let most = usize::try_from(AGGREGATE_ITEMS).unwrap_or(usize::MAX);
        assert!(items().count() <= most.saturating_add(1));
        let payload: usize = items().flatten().map(|item| item.payload.len()).sum();
        assert!(payload <= message.payload.len());
        assert!(items().flatten().all(|item| item.msid == message.msid));
    }
}
