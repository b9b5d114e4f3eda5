use super::*;
use crate::swarm::ChunkParser;

fn messages(chunk_size: u32, bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut parser = ChunkParser::new(chunk_size);
    let mut body = Vec::new();
    let mut all = Vec::new();
    parser
        .feed(bytes, |part| {
            body.extend_from_slice(part.bytes);
            if part.completes() {
                all.push((part.head.kind, std::mem::take(&mut body)));
            }
        })
        .unwrap();
    all
}

#[test]
fn connect_is_one_command_with_application_and_url() {
    let bytes = connect(19_350);
    let all = messages(DEFAULT_CHUNK_SIZE, &bytes);
    let [(COMMAND, body)] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert!(
        body.starts_with(b"\x02\0\x07connect\0\x3F\xF0\0\0\0\0\0\0\x03\0\x03app\x02\0\x04live")
    );
    assert!(body.ends_with(b"rtmp://127.0.0.1:19350/live\0\0\x09"));
}

#[test]
fn a_message_is_cut_into_chunks_with_one_byte_between_them() {
    let mut out = Vec::new();
    write_message(&mut out, 3, (6, 9, 1), 0x01_0203, b"abcdefg");
    assert_eq!(
        out,
        b"\x06\x01\x02\x03\0\0\x07\x09\x01\0\0\0abc\xC6def\xC6g"
    );
    assert_eq!(messages(3, &out), [(9, b"abcdefg".to_vec())]);
}

#[test]
fn the_stream_opens_with_metadata_and_both_sequence_headers() {
    let kinds: Vec<_> = messages(4096, &stream_headers(1, 4096))
        .into_iter()
        .map(|(kind, _)| kind)
        .collect();
    assert_eq!(kinds, [DATA, media::VIDEO, media::AUDIO]);
}

#[test]
fn replies_are_told_apart() {
    let check = |body: &[u8], expected: Reply| assert_eq!(Reply::read(body), expected);
    let result = |transaction: f64, rest: &[u8]| {
        [
            b"\x02\0\x07_result\0".as_slice(),
            &transaction.to_be_bytes(),
            rest,
        ]
        .concat()
    };
    let number = |value: f64| [&[5, 0], value.to_be_bytes().as_slice()].concat();
    check(&result(1.0, b"\x05"), Reply::Connected);
    check(&result(2.0, &number(7.0)), Reply::StreamCreated(7));
    check(&result(2.0, &number(0.5)), Reply::Refused);
    check(&result(2.0, &number(-1.0)), Reply::Refused);
    check(&result(2.0, b""), Reply::Refused);
    check(&result(3.0, b""), Reply::Other);
    check(b"\x02\0\x06_error\0", Reply::Refused);
    check(
        b"\x02\0\x08onStatus ... \x02\0\x14NetStream.Play.Start",
        Reply::Playing,
    );
    check(
        b"\x02\0\x08onStatus ... \x02\0\x17NetStream.Publish.Start",
        Reply::Publishing,
    );
    check(
        b"\x02\0\x08onStatus\0\x05level\x02\0\x05error",
        Reply::Refused,
    );
    check(b"\x02\0\x08onBWDone", Reply::Other);
    check(b"", Reply::Other);
}

#[test]
fn a_ping_is_answered_with_its_time() {
    let answer = ping_answer(&[0, 6, 1, 2, 3, 4]).unwrap();
    assert_eq!(
        messages(128, &answer),
        [(USER_CONTROL, vec![0, 7, 1, 2, 3, 4])]
    );
    assert_eq!(ping_answer(&[0, 0, 0, 0, 0, 1]), None);
    assert_eq!(ping_answer(&[0, 6, 1]), None);
}

#[test]
fn an_acknowledgement_carries_the_low_32_bits() {
    let bytes = acknowledgement(0x0000_0001_0203_0405);
    assert_eq!(messages(128, &bytes), [(ACKNOWLEDGEMENT, vec![2, 3, 4, 5])]);
}

#[test]
fn c2_is_s1() {
    let mut answer = vec![3];
    answer.extend([7; 1536]);
    answer.extend([9; 1536]);
    assert_eq!(answer.len(), S0_S1_S2);
    assert_eq!(c2(&answer), [7; 1536]);
    assert_eq!(c0_c1().len(), C0_C1);
}

#[test]
fn the_answers_of_the_bare_loop_are_taken_for_what_they_stand_for() {
    let last = |bytes: Vec<u8>| {
        let (_, body) = messages(DEFAULT_CHUNK_SIZE, &bytes).pop().unwrap();
        Reply::read(&body)
    };
    assert_eq!(last(connected()), Reply::Connected);
    assert_eq!(last(stream_created(1)), Reply::StreamCreated(1));
    assert_eq!(last(playing(1)), Reply::Playing);
}
