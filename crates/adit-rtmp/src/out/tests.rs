use std::io::IoSlice;

use bytes::{Buf, Bytes};
use proptest::prelude::*;

use super::{HEAD_MAX, KEPT_SEGMENTS, OutQueue, Segment};

fn queue(pieces: &[&[u8]]) -> OutQueue {
    let mut out = OutQueue::new();
    for (index, piece) in pieces.iter().enumerate() {
        if index % 2 == 0 {
            out.push_head(piece);
        } else {
            out.push(Bytes::copy_from_slice(piece));
        }
    }
    out
}

fn drained(mut out: OutQueue) -> Vec<u8> {
    out.copy_to_bytes(out.len()).to_vec()
}

fn joined(slices: &[IoSlice<'_>]) -> Vec<u8> {
    slices.iter().flat_map(|slice| slice.to_vec()).collect()
}

#[test]
fn bytes_come_out_in_order() {
    let out = queue(&[b"head", b"tail", b"", b"", b"more"]);
    assert_eq!(out.len(), 12);
    assert_eq!(drained(out), b"headtailmore");
}

#[test]
fn empty_pieces_leave_no_segment() {
    let out = queue(&[b"", b"", b"", b""]);
    assert!(out.is_empty());
    assert!(out.segments.is_empty());
    assert_eq!(out.chunk(), b"");
}

#[test]
fn heads_of_18_bytes_are_inline_and_longer_ones_are_shared() {
    let mut out = OutQueue::new();
    out.push_head(&[1; HEAD_MAX]);
    out.push_head(&[2; HEAD_MAX + 1]);
    assert!(matches!(out.segments[0], Segment::Head(_)));
    assert!(matches!(out.segments[1], Segment::Shared(_)));
    assert_eq!(
        drained(out),
        [[1; HEAD_MAX].as_slice(), &[2; HEAD_MAX + 1]].concat()
    );
}

#[test]
fn a_segment_is_as_small_as_shared_bytes_alone() {
    assert_eq!(size_of::<Segment>(), size_of::<Bytes>());
}

#[test]
fn a_vectored_write_sees_one_slice_per_segment() {
    let out = queue(&[b"ab", b"cde", b"f"]);
    let mut slices = [IoSlice::new(b""); 8];
    assert_eq!(out.chunks_vectored(&mut slices), 3);
    assert_eq!(joined(&slices[..3]), b"abcdef");
    let mut two = [IoSlice::new(b""); 2];
    assert_eq!(out.chunks_vectored(&mut two), 2);
    assert_eq!(joined(&two), b"abcde");
}

#[test]
fn a_partial_write_leaves_the_rest() {
    for taken in 0..=6 {
        let mut out = queue(&[b"ab", b"cde", b"f"]);
        out.advance(taken);
        assert_eq!(out.len(), 6 - taken);
        assert_eq!(drained(out), b"abcdef"[taken..]);
    }
}

#[test]
fn advancing_past_the_end_empties_the_queue() {
    let mut out = queue(&[b"ab", b"cde"]);
    out.advance(usize::MAX);
    assert!(out.is_empty());
    assert_eq!(out.copy_to_bytes(7), Bytes::new());
}

#[test]
fn taking_within_a_shared_piece_copies_nothing() {
    let piece = Bytes::from(vec![5; 100]);
    let mut out = OutQueue::new();
    out.push(piece.clone());
    out.push_head(b"next");
    let part = out.copy_to_bytes(40);
    let rest = out.copy_to_bytes(60);
    assert_eq!(part.as_ptr(), piece.as_ptr());
    assert_eq!(rest.as_ptr(), piece[40..].as_ptr());
    assert_eq!(drained(out), b"next");
}

#[test]
fn steady_state_keeps_its_room_and_a_burst_gives_it_back() {
    let mut out = OutQueue::new();
    let tail = Bytes::from_static(&[7; 300]);
    let mut fill_and_drain = |messages: usize| {
        for _ in 0..messages {
            out.push_head(&[1; 12]);
            out.push(tail.clone());
        }
        let full = out.segments.capacity();
        out.advance(out.len());
        (full, out.segments.capacity())
    };
    fill_and_drain(40);
    let (before, after) = fill_and_drain(40);
    assert_eq!(before, after, "as much room as is needed time and again");
    let (least, most) = KEPT_SEGMENTS;
    assert!((80..=most).contains(&after));
    let (burst, after) = fill_and_drain(5000);
    assert!(burst >= 10_000);
    assert!(after <= most);
    fill_and_drain(2);
    let (_, after) = fill_and_drain(2);
    assert!(after <= least, "a burst is forgotten");
}

#[test]
fn clearing_drops_everything() {
    let mut out = queue(&[b"ab", b"cde"]);
    out.clear();
    assert!(out.is_empty());
    assert!(!out.has_remaining());
}

proptest! {
    #[test]
    fn any_way_of_draining_gives_the_same_bytes(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..12),
        steps in prop::collection::vec((0..3_u8, 0..50_usize), 0..40),
    ) {
        let slices: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let mut out = queue(&slices);
        let mut got = Vec::new();
        for (way, count) in steps {
            let count = count.min(out.len());
            match way {
                0 => got.extend_from_slice(&out.copy_to_bytes(count)),
                1 => {
                    let part = out.chunk()[..count.min(out.chunk().len())].to_vec();
                    out.advance(part.len());
                    got.extend_from_slice(&part);
                }
                _ => {
                    let mut part = vec![0; count];
                    out.copy_to_slice(&mut part);
                    got.extend_from_slice(&part);
                }
            }
        }
        got.extend_from_slice(&drained(out));
        prop_assert_eq!(got, pieces.concat());
    }
}
