use bytes::Bytes;

use super::*;

/// Checks both directions.
#[track_caller]
fn check(kind: MessageKind, body: &[u8], expected: &ControlMessage) {
    let bytes = Bytes::copy_from_slice(body);
    assert_eq!(
        ControlMessage::decode(kind, &bytes),
        Ok(Some(expected.clone()))
    );
    let message = expected.to_message();
    assert_eq!((message.kind, message.payload), (kind, bytes));
    assert_eq!(
        (
            message.csid.get(),
            message.msid.get(),
            message.timestamp.ms()
        ),
        (2, 0, 0)
    );
}

#[track_caller]
fn check_event(body: &[u8], expected: UserControl) {
    check(
        MessageKind::UserControl,
        body,
        &ControlMessage::UserControl(expected),
    );
}

fn msid() -> MessageStreamId {
    MessageStreamId::new(0x0102_0304)
}

#[test]
fn protocol_control_messages() {
    let size = ChunkSize::new(0x0102_0304).unwrap();
    assert_eq!(size, ChunkSize::MAX);
    let size = ChunkSize::new(60_000).unwrap();
    check(
        MessageKind::SetChunkSize,
        &[0, 0, 0xEA, 0x60],
        &ControlMessage::SetChunkSize(size),
    );
    let body = [1, 2, 3, 4];
    check(
        MessageKind::Abort,
        &body,
        &ControlMessage::Abort(0x0102_0304),
    );
    check(
        MessageKind::Acknowledgement,
        &body,
        &ControlMessage::Acknowledgement(0x0102_0304),
    );
    check(
        MessageKind::WindowAckSize,
        &body,
        &ControlMessage::WindowAckSize(0x0102_0304),
    );
    for (id, limit) in [
        (0, BandwidthLimit::Hard),
        (1, BandwidthLimit::Soft),
        (2, BandwidthLimit::Dynamic),
    ] {
        let expected = ControlMessage::SetPeerBandwidth {
            window: 0x0102_0304,
            limit,
        };
        check(MessageKind::SetPeerBandwidth, &[1, 2, 3, 4, id], &expected);
    }
}

#[test]
fn user_control_events() {
    check_event(&[0, 0, 1, 2, 3, 4], UserControl::StreamBegin(msid()));
    check_event(&[0, 1, 1, 2, 3, 4], UserControl::StreamEof(msid()));
    check_event(&[0, 2, 1, 2, 3, 4], UserControl::StreamDry(msid()));
    check_event(
        &[0, 3, 1, 2, 3, 4, 0, 0, 0x0B, 0xB8],
        UserControl::SetBufferLength {
            msid: msid(),
            buffer_ms: 3000,
        },
    );
    check_event(&[0, 4, 1, 2, 3, 4], UserControl::StreamIsRecorded(msid()));
    check_event(&[0, 6, 1, 2, 3, 4], UserControl::PingRequest(0x0102_0304));
    check_event(&[0, 7, 1, 2, 3, 4], UserControl::PingResponse(0x0102_0304));
    check_event(&[0, 26], UserControl::SwfVerifyRequest);
    let answer = Bytes::from_static(&[1; 42]);
    check_event(
        &[&[0, 27], [1; 42].as_slice()].concat(),
        UserControl::SwfVerifyResponse(answer),
    );
    check_event(&[0, 31, 1, 2, 3, 4], UserControl::BufferEmpty(msid()));
    check_event(&[0, 32, 1, 2, 3, 4], UserControl::BufferReady(msid()));
    let data = Bytes::from_static(b"x");
    check_event(&[1, 0, b'x'], UserControl::Other { event: 256, data });
}

//
#[test]
fn a_user_control_message_that_is_too_short_is_ignored() {
    let known = [0, 1, 2, 3, 4, 6, 7, 31, 32];
    for event in known {
        let whole = [0, event, 1, 2, 3, 4, 5, 6, 7, 8];
        let needed = if event == 3 { 10 } else { 6 };
        for len in 0..=whole.len() {
            let body = Bytes::copy_from_slice(&whole[..len]);
            let decoded = ControlMessage::decode(MessageKind::UserControl, &body).unwrap();
            assert_eq!(
                decoded.is_some(),
                len >= needed,
                "event {event} with {len} bytes"
            );
        }
    }
}

#[test]
fn long_unknown_events_are_cut_when_written() {
    let data = Bytes::from(vec![7; 100]);
    let event = UserControl::Other { event: 99, data };
    assert_eq!(
        ControlMessage::UserControl(event)
            .to_message()
            .payload
            .len(),
        64
    );
}

#[test]
fn bodies_of_another_length_or_value_are_errors() {
    let check = |kind, body: &'static [u8], error| {
        let body = Bytes::from_static(body);
        assert_eq!(ControlMessage::decode(kind, &body), Err(error));
        assert_eq!(error.fault(), Fault::Peer);
    };
    for kind in [
        MessageKind::SetChunkSize,
        MessageKind::Abort,
        MessageKind::Acknowledgement,
        MessageKind::WindowAckSize,
        MessageKind::SetPeerBandwidth,
    ] {
        check(kind, &[0, 0, 1], BodyError::Length { kind, len: 3 });
        check(
            kind,
            &[0, 0, 1, 0, 0, 0],
            BodyError::Length { kind, len: 6 },
        );
    }
    check(MessageKind::SetChunkSize, &[0; 4], BodyError::ChunkSize(0));
    check(
        MessageKind::SetChunkSize,
        &[0x80, 0, 0, 1],
        BodyError::ChunkSize(0x8000_0001),
    );
    check(
        MessageKind::SetPeerBandwidth,
        &[0, 0, 0, 1, 3],
        BodyError::LimitType(3),
    );
}

#[test]
fn other_messages_are_not_control_messages() {
    for kind in [
        MessageKind::Audio,
        MessageKind::CommandAmf0,
        MessageKind::Other(7),
    ] {
        assert_eq!(
            ControlMessage::decode(kind, &Bytes::from_static(&[0; 4])),
            Ok(None)
        );
    }
}

#[test]
fn every_type_id_is_its_own() {
    for id in 0..=255 {
        assert_eq!(MessageKind::from_id(id).id(), id);
    }
}
