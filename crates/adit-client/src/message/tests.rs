use adit_amf::amf0::{Object, Value};
use adit_media::{Frame, FrameKind, Timestamp};
use adit_rtmp::command::{Status, StatusCode};
use adit_rtmp::session::MediaKind;
use bytes::{Bytes, BytesMut};

use super::{DataRole, to_message};

fn data(values: &[Value]) -> Bytes {
    let mut out = BytesMut::new();
    adit_amf::amf0::encode_all(values, &mut out).unwrap();
    out.freeze()
}

fn check_role(values: &[Value], expected: &DataRole) {
    let role = DataRole::of(&data(values), &adit_amf::Limits::default());
    assert_eq!(role, *expected);
}

#[test]
fn metadata_and_cues_are_part_of_the_stream() {
    check_role(
        &["onMetaData".into(), Object::new().into()],
        &DataRole::Media,
    );
    check_role(&["onCuePoint".into(), 1.0.into()], &DataRole::Media);
}

#[test]
fn permissions_are_no_part_of_the_stream() {
    let values = ["|RtmpSampleAccess".into(), true.into(), true.into()];
    check_role(&values, &DataRole::Permission);
}

#[test]
fn the_end_of_a_recording_is_news() {
    let status = Status::new(StatusCode::PlayComplete, "over");
    let values = ["onPlayStatus".into(), status.clone().into()];
    check_role(&values, &DataRole::Status(status));
}

#[test]
fn a_status_that_means_nothing_stays_what_it_is() {
    check_role(&["onStatus".into(), 7.0.into()], &DataRole::Media);
}

#[test]
fn metadata_is_sent_so_that_servers_keep_it() {
    let payload = data(&["onMetaData".into(), Object::new().into()]);
    let frame = Frame::classify(Timestamp::from_ms(5), FrameKind::Data, payload.clone());
    let (kind, at, sent) = to_message(&frame);
    assert_eq!((kind, at.ms()), (MediaKind::Data, 5));
    let expected = [data(&["@setDataFrame".into()]), payload].concat();
    assert_eq!(sent, expected);
}

#[test]
fn other_data_and_media_are_sent_as_they_are() {
    let payload = data(&["onTextData".into()]);
    let frame = Frame::classify(Timestamp::ZERO, FrameKind::Data, payload.clone());
    assert_eq!(to_message(&frame).2, payload);
    let audio = Frame::classify(Timestamp::ZERO, FrameKind::Audio, payload.clone());
    assert_eq!(to_message(&audio).2, payload);
}
