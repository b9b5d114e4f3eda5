use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bytes::Bytes;

use super::SharedFrame;
use crate::limits::FORMS_PER_FRAME;
use crate::testing::frame;

fn form_of(shared: &SharedFrame, key: u64, encoded: &AtomicUsize) -> Bytes {
    shared.form(key, || {
        encoded.fetch_add(1, Ordering::SeqCst);
        Bytes::from(key.to_string())
    })
}

#[test]
fn a_form_is_encoded_once_and_then_shared() {
    let shared = SharedFrame::new(frame("K", 0));
    let encoded = AtomicUsize::new(0);
    let first = form_of(&shared, 7, &encoded);
    let second = form_of(&shared, 7, &encoded);
    assert_eq!(first, "7");
    assert_eq!(first.as_ptr(), second.as_ptr());
    assert_eq!(encoded.into_inner(), 1);
}

#[test]
fn forms_are_kept_up_to_the_limit_and_encoded_anew_past_it() {
    let shared = SharedFrame::new(frame("K", 0));
    for (keys, expected) in [(FORMS_PER_FRAME, 0), (FORMS_PER_FRAME + 1, 1)] {
        let keys = u64::try_from(keys).unwrap();
        let encoded = AtomicUsize::new(0);
        for key in 0..keys {
            form_of(&shared, key, &encoded);
        }
        let encoded = AtomicUsize::new(0);
        for key in 0..keys {
            assert_eq!(form_of(&shared, key, &encoded), key.to_string());
        }
        assert_eq!(encoded.into_inner(), expected, "{keys} keys");
    }
}

#[test]
fn concurrent_readers_encode_once() {
    for _ in 0..200 {
        let shared = SharedFrame::new(frame("K", 0));
        let (encoded, barrier) = (AtomicUsize::new(0), Barrier::new(4));
        thread::scope(|scope| {
            for reader in 0..4 {
                let (shared, encoded, barrier) = (&shared, &encoded, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    for turn in 0..2 {
                        let key = (reader + turn) % 2;
                        assert_eq!(form_of(shared, key, encoded), key.to_string());
                    }
                });
            }
        });
        assert_eq!(encoded.into_inner(), 2);
    }
}
