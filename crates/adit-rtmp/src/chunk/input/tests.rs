use bytes::Bytes;
use proptest::prelude::*;

use super::{HEADER_MAX, Input};

fn peeked(input: &Input) -> Vec<u8> {
    input.peek(&mut [0; HEADER_MAX]).to_vec()
}

#[test]
fn what_is_put_aside_comes_first() {
    let mut input = Input::default();
    input.feed(Bytes::from_static(b"ab"));
    input.feed(Bytes::from_static(b"c"));
    input.stash();
    assert_eq!((input.len(), input.unseen()), (3, 0));
    input.feed(Bytes::from_static(b"de"));
    assert_eq!((input.len(), input.unseen()), (5, 2));
    assert_eq!(peeked(&input), b"abcde");
    assert_eq!(input.chunk(), b"abc");
    input.advance(1);
    assert_eq!(input.chunk(), b"bc");
    assert_eq!(peeked(&input), b"bcde");
    input.advance(3);
    assert_eq!((input.chunk(), input.len()), (b"e".as_slice(), 1));
    input.advance(100);
    assert_eq!((input.chunk(), input.len()), (b"".as_slice(), 0));
}

#[test]
fn putting_aside_lets_go_of_the_input() {
    let piece = Bytes::from(vec![1; 5]);
    let mut input = Input::default();
    input.feed(piece.clone());
    input.stash();
    assert!(piece.is_unique());
    assert_eq!(peeked(&input), [1; 5]);
}

proptest! {
    #[test]
    fn it_is_a_row_of_bytes(
        steps in prop::collection::vec((0..4_u8, prop::collection::vec(any::<u8>(), 0..30), 0..40_usize), 0..60),
    ) {
        let (mut input, mut model) = (Input::default(), Vec::<u8>::new());
        for (step, piece, count) in steps {
            match step {
                0 | 1 => {
                    model.extend_from_slice(&piece);
                    input.feed(piece.into());
                }
                2 => {
                    model.drain(..count.min(model.len()));
                    input.advance(count);
                }
                _ if model.len() < HEADER_MAX => input.stash(),
                _ => {}
            }
            prop_assert_eq!(input.len(), model.len());
            prop_assert_eq!(peeked(&input), &model[..model.len().min(HEADER_MAX)]);
            prop_assert!(model.starts_with(input.chunk()));
            prop_assert_eq!(input.chunk().is_empty(), model.is_empty());
        }
    }
}
