use proptest::prelude::*;

use super::*;
use crate::testing;

fn queue(pieces: &[&'static [u8]]) -> Downstream {
    let mut queue = Downstream::default();
    for piece in pieces {
        queue.write(testing::start(), &mut &piece[..], usize::MAX);
    }
    queue
}

fn joined(pieces: &[Bytes]) -> Vec<u8> {
    pieces.concat()
}

#[test]
fn bytes_come_out_as_they_went_in() {
    let mut queue = queue(&[b"abc", b"defg"]);
    assert_eq!(queue.len(), 7);
    assert_eq!(joined(&queue.take(testing::start(), 100)), b"abcdefg");
    assert_eq!(queue.len(), 0);
    assert_eq!(queue.since(), None);
}

#[test]
fn no_more_is_taken_than_there_is_room_for() {
    let mut queue = Downstream::default();
    let mut data = Bytes::from_static(b"abcdef");
    assert_eq!(queue.write(testing::start(), &mut data, 4), 4);
    assert_eq!(data, &b"ef"[..]);
    assert_eq!(queue.write(testing::start(), &mut data, 0), 0);
    assert_eq!(data, &b"ef"[..]);
}

#[test]
fn a_large_piece_is_shared_and_not_copied() {
    let mut data = Bytes::from(vec![1; 4096]);
    let place = data.as_ptr();
    let mut queue = Downstream::default();
    queue.write(testing::start(), &mut data, usize::MAX);
    assert_eq!(queue.take(testing::start(), usize::MAX)[0].as_ptr(), place);
}

#[test]
fn small_pieces_are_put_together() {
    let mut queue = Downstream::default();
    for _ in 0..1000 {
        queue.write(testing::start(), &mut &[7_u8; 12][..], usize::MAX);
    }
    assert_eq!(queue.take(testing::start(), usize::MAX).len(), 1);
}

#[test]
fn what_stays_behind_counts_as_new() {
    let now = testing::start();
    let later = now + std::time::Duration::from_secs(1);
    let mut queue = queue(&[b"abc"]);
    queue.take(later, 2);
    assert_eq!(queue.since(), Some(later));
}

proptest! {
    #[test]
    fn every_cut_gives_the_same_bytes_in_few_pieces(
        writes in prop::collection::vec((0..3000_usize, 0..4000_usize), 0..20),
        takes in prop::collection::vec(0..5000_usize, 0..40),
    ) {
        let now = testing::start();
        let mut queue = Downstream::default();
        let (mut wrote, mut read, mut counter) = (Vec::new(), Vec::new(), 0_u8);
        let mut takes = takes.into_iter();
        for (len, room) in writes {
            let data: Vec<u8> = (0..len).map(|_| { counter = counter.wrapping_add(1); counter }).collect();
            let mut rest = Bytes::from(data.clone());
            let written = queue.write(now, &mut rest, room);
            prop_assert_eq!(written, len.min(room));
            prop_assert_eq!(rest.len(), len - written);
            counter = counter.wrapping_sub(u8::try_from((len - written) % 256).unwrap());
            wrote.extend_from_slice(&data[..written]);
            if let Some(most) = takes.next() {
                let taken = queue.take(now, most);
                let bytes = joined(&taken);
                prop_assert!(bytes.len() <= most);
                prop_assert!(taken.len() <= 2 * bytes.len() / SHARE + 3);
                read.extend_from_slice(&bytes);
            }
            prop_assert_eq!(queue.len(), wrote.len() - read.len());
        }
        read.extend_from_slice(&joined(&queue.take(now, usize::MAX)));
        prop_assert_eq!(read, wrote);
    }
}
