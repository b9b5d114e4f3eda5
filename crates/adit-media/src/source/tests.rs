use std::io::Cursor;

use proptest::prelude::*;

use super::{Source, WINDOW_BYTES};

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

#[test]
fn a_look_past_the_end_gives_what_is_there() {
    let mut source = Source::new(Cursor::new(bytes(10))).unwrap();
    assert_eq!(source.peek(7, 5).unwrap(), [7, 8, 9]);
    assert!(source.peek(10, 5).unwrap().is_empty());
    assert!(source.peek(u64::MAX, 5).unwrap().is_empty());
    assert_eq!(source.read(8, 3).unwrap(), None);
    assert_eq!(source.read(u64::MAX, 1).unwrap(), None);
    assert_eq!(source.read(8, 2).unwrap(), Some(vec![8, 9]));
}

proptest! {
    #[test]
    fn whatever_was_read_before_the_bytes_are_right(
        reads in proptest::collection::vec((0..20_000_u64, 0..9000_usize, any::<bool>()), 1..40),
    ) {
        let all = bytes(20_000);
        let mut source = Source::new(Cursor::new(all.clone())).unwrap();
        for (offset, len, peek) in reads {
            let from = usize::try_from(offset).unwrap();
            if peek {
                let most = len.min(WINDOW_BYTES).min(all.len() - from);
                prop_assert_eq!(source.peek(offset, len).unwrap(), &all[from..from + most]);
            } else {
                let expected = all.get(from..from + len).map(<[u8]>::to_vec);
                prop_assert_eq!(source.read(offset, len).unwrap(), expected);
            }
        }
    }
}
