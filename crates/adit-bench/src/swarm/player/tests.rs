use super::*;
use crate::media::{AAC_HEADER, AVC_HEADER, Planned, Schedule};
use crate::swarm::Way;

const CHUNK: u32 = 60_000;

/// Plays `messages` of type, timestamp and payload to a session that joins with them.
fn play(messages: &[(u8, u32, Vec<u8>)]) -> Tally {
    let outfit = Outfit::new(Goal::Play, Way::Rtmp, "bench").unwrap();
    let mut session = Session::new(&outfit, 0, 1935);
    let mut parser = ChunkParser::new(CHUNK);
    let mut tally = Tally::new(1);
    for (kind, timestamp, payload) in messages {
        let mut bytes = Vec::new();
        let stream = wire::media_stream(*kind, 1);
        wire::write_message(&mut bytes, CHUNK, stream, *timestamp, payload);
        parser
            .feed(&bytes, |part| session.part(&part, 5_000_000, &mut tally))
            .unwrap();
    }
    tally
}

fn headers() -> Vec<(u8, u32, Vec<u8>)> {
    vec![
        (media::VIDEO, 0, AVC_HEADER.to_vec()),
        (media::AUDIO, 0, AAC_HEADER.to_vec()),
    ]
}

fn message(planned: &Planned) -> (u8, u32, Vec<u8>) {
    let mut payload = Vec::new();
    planned.write_payload(2_000_000, &mut payload);
    (planned.content.kind(), planned.timestamp(), payload)
}

/// Both headers and the first `count` messages of the stream.
fn stream(count: usize) -> Vec<(u8, u32, Vec<u8>)> {
    let mut messages = headers();
    messages.extend(
        Schedule::default()
            .take(count)
            .map(|planned| message(&planned)),
    );
    messages
}

#[test]
fn a_whole_stream_has_no_faults() {
    let tally = play(&stream(200));
    assert_eq!(tally.faults.total(), 0, "{:?}", tally.faults);
    assert_eq!(tally.messages, 200);
    let payload: usize = Schedule::default().take(200).map(|p| p.payload_len).sum();
    assert_eq!(tally.payload_bytes, payload as u64);
    assert_eq!(tally.video_delays.len() + tally.audio_delays.len(), 200);
    assert!(tally.video_delays.iter().all(|delay| *delay == 3000));
}

#[test]
fn a_missing_message_is_counted_once() {
    let mut messages = stream(50);
    messages.remove(20);
    let faults = play(&messages).faults;
    assert_eq!((faults.missing, faults.total()), (1, 1));
}

#[test]
fn a_message_before_its_time_is_missing_and_then_disordered() {
    let mut messages = stream(50);
    messages.swap(20, 21);
    let faults = play(&messages).faults;
    assert_eq!(
        (faults.missing, faults.disordered, faults.total()),
        (1, 1, 2)
    );
}

#[test]
fn a_repeated_message_is_disordered() {
    let mut messages = stream(50);
    messages.insert(20, messages[20].clone());
    let faults = play(&messages).faults;
    assert_eq!((faults.disordered, faults.total()), (1, 1));
}

#[test]
fn a_changed_timestamp_is_a_fault() {
    let mut messages = stream(50);
    messages[20].1 += 1;
    let faults = play(&messages).faults;
    assert_eq!((faults.wrong_timestamp, faults.total()), (1, 1));
}

#[test]
fn a_spoilt_message_is_corrupt_and_then_missing() {
    let mut messages = stream(50);
    let last = messages[20].2.len() - 1;
    messages[20].2[last] ^= 1;
    let faults = play(&messages).faults;
    assert_eq!((faults.corrupt, faults.missing, faults.total()), (1, 1, 2));
}

#[test]
fn what_comes_before_the_joining_key_frame_is_nobodys_loss() {
    let mut messages = headers();
    messages.extend(
        Schedule::default()
            .skip(100)
            .step_by(2)
            .take(10)
            .map(|planned| message(&planned)),
    );
    messages.extend(
        Schedule::default()
            .skip_while(|planned| planned.sequence < 100 || planned.content != Content::Key)
            .take(100)
            .map(|planned| message(&planned)),
    );
    assert_eq!(play(&messages).faults.total(), 0);
}

#[test]
fn a_frame_before_its_sequence_header_is_a_fault() {
    for header in [0, 1] {
        let mut messages = stream(10);
        messages.remove(header);
        let faults = play(&messages).faults;
        assert_eq!((faults.headers_missing, faults.total()), (1, 1));
    }
}

#[test]
fn a_sequence_header_may_come_as_late_as_the_first_frame_of_its_codec() {
    let mut messages = stream(10);
    messages.swap(1, 2);
    assert_eq!(messages[1].0, media::VIDEO);
    assert_eq!(play(&messages).faults.total(), 0);
}
