use super::*;

fn body() -> ReplyBody {
    ReplyBody::new(
        PollByte::NOW,
        vec![Bytes::from_static(b"ab"), Bytes::from_static(b"cde")],
    )
}

#[test]
fn the_poll_byte_comes_first_and_counts() {
    let mut body = body();
    assert_eq!(body.len(), 6);
    assert_eq!(body.copy_to_bytes(6), &b"\x01abcde"[..]);
    assert!(body.is_empty());
}

#[test]
fn an_empty_reply_is_the_poll_byte_alone() {
    let body = ReplyBody::new(PollByte::HALF_SECOND, Vec::new());
    assert_eq!(body.chunk(), [0x21]);
    assert_eq!(body.len(), 1);
}

#[test]
fn a_closed_session_says_a_single_zero() {
    assert_eq!(Reply::Closed.into_body().chunk(), [0]);
    assert_eq!(Reply::Closed.into_body().len(), 1);
    assert!(Reply::Superseded.into_body().is_empty());
}

#[test]
fn every_split_of_the_body_reads_the_same() {
    for step in 1..=6 {
        let mut body = body();
        let mut read = Vec::new();
        while body.has_remaining() {
            let take = step.min(body.remaining());
            read.extend_from_slice(&body.copy_to_bytes(take));
        }
        assert_eq!(read, b"\x01abcde");
    }
}

#[test]
fn vectored_reads_see_every_piece() {
    let body = body();
    let mut slices = [IoSlice::new(&[]); 8];
    let filled = body.chunks_vectored(&mut slices);
    let all: Vec<u8> = slices[..filled]
        .iter()
        .flat_map(|slice| slice.iter().copied())
        .collect();
    assert_eq!(all, b"\x01abcde");
}

#[test]
fn every_byte_value_has_its_own_place() {
    for byte in 0..=255 {
        assert_eq!(single_byte(byte), &[byte][..]);
    }
}
