use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::Pressure;
use crate::limits::relay::{PRESSURE_OFF, PRESSURE_ON};

#[test]
fn it_comes_past_the_upper_mark_and_goes_at_the_lower_one() {
    let pressure = Pressure::default();
    let cx = Context::from_waker(Waker::noop());
    pressure.set(0);
    pressure.set(PRESSURE_ON);
    assert_eq!(pressure.poll_open(&cx), Poll::Ready(()));
    pressure.set(PRESSURE_ON + 1);
    assert_eq!(pressure.poll_open(&cx), Poll::Pending);
    pressure.set(PRESSURE_OFF + 1);
    assert_eq!(pressure.poll_open(&cx), Poll::Pending);
    pressure.set(PRESSURE_OFF);
    assert_eq!(pressure.poll_open(&cx), Poll::Ready(()));
}

#[test]
fn what_came_while_the_far_side_was_away_holds_up_nobody_while_it_becomes_less() {
    let pressure = Pressure::default();
    let cx = Context::from_waker(Waker::noop());
    let gathered = 20 * PRESSURE_ON;
    pressure.set(gathered);
    assert_eq!(pressure.poll_open(&cx), Poll::Ready(()));
    pressure.set(gathered / 2);
    pressure.set(gathered / 2 + PRESSURE_ON + 1);
    assert_eq!(pressure.poll_open(&cx), Poll::Pending);
    pressure.set(gathered / 2 + PRESSURE_OFF);
    assert_eq!(pressure.poll_open(&cx), Poll::Ready(()));
}

#[test]
fn nobody_waits_for_a_far_side_that_is_away() {
    let pressure = Pressure::default();
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let cx = Context::from_waker(&waker);
    pressure.set(0);
    pressure.set(PRESSURE_ON + 1);
    assert_eq!(pressure.poll_open(&cx), Poll::Pending);
    pressure.begin_anew();
    assert!(woken.0.load(Ordering::Relaxed));
    assert_eq!(pressure.poll_open(&cx), Poll::Ready(()));
    pressure.set(PRESSURE_ON * 2);
    assert_eq!(pressure.poll_open(&cx), Poll::Ready(()));
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
