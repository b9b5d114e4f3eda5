use std::task::{Context, Poll, Waker};

use super::Pressure;
use crate::limits::relay::{PRESSURE_OFF, PRESSURE_ON};

#[test]
fn it_comes_past_the_upper_mark_and_goes_at_the_lower_one() {
    let pressure = Pressure::default();
    let cx = Context::from_waker(Waker::noop());
    pressure.set(PRESSURE_ON);
    assert_eq!(pressure.poll_open(&cx), Poll::Ready(()));
    pressure.set(PRESSURE_ON + 1);
    assert_eq!(pressure.poll_open(&cx), Poll::Pending);
    pressure.set(PRESSURE_OFF + 1);
    assert_eq!(pressure.poll_open(&cx), Poll::Pending);
    pressure.set(PRESSURE_OFF);
    assert_eq!(pressure.poll_open(&cx), Poll::Ready(()));
}
