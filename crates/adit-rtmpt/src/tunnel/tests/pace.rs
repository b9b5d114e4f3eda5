use super::*;
use crate::config::TunnelPace;
use crate::interval::PollByte;

/// The poll byte of this pause.
fn byte(ms: u64) -> PollByte {
    PollByte::from_pause(Duration::from_millis(ms))
}

fn hold(ms: u64) -> TunnelPace {
    TunnelPace {
        hold: Some(Duration::from_millis(ms)),
        ..TunnelPace::default()
    }
}

#[test]
fn another_pace_goes_for_the_next_replies_and_the_next_idles() {
    let mut bench = Bench::new();
    let held = bench.idle(0);
    bench.wait(100);
    bench.tunnel.set_pace(TunnelPace {
        min: Some(byte(64)),
        max: Some(byte(128)),
        hold: Some(Duration::from_millis(40)),
    });
    // What is held already is held as it was; its reply tells the new pause.
    bench.wait(411);
    bench.check(held, None);
    bench.wait(1);
    bench.check(held, &b"\x05"[..]);
    let idle = bench.idle(1);
    bench.wait(39);
    bench.check(idle, None);
    bench.wait(1);
    bench.check(idle, &b"\x05"[..]);
    let idle = bench.idle(2);
    bench.write(b"data");
    bench.check(idle, &b"\x05data"[..]);
}

#[test]
fn a_pace_bounds_where_the_pauses_of_a_silent_client_grow_to() {
    let mut bench = Bench::new();
    bench.tunnel.set_pace(TunnelPace {
        max: Some(byte(64)),
        ..hold(20)
    });
    let mut bytes = Vec::new();
    for number in 0..14 {
        let idle = bench.idle(number);
        bench.wait(20);
        bytes.extend(bench.reply(idle).unwrap());
    }
    assert_eq!(bytes, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 5, 5, 5]);
    // A slower client that has become too slow is faster at once, and one that is too fast slower.
    let paces = [(0, 32, 3), (256, 512, 0x11), (128, 16, 9)];
    for (number, (min, max, expected)) in (14..).zip(paces) {
        bench.tunnel.set_pace(TunnelPace {
            min: Some(byte(min)),
            max: Some(byte(max)),
            hold: None,
        });
        let send = bench.send(number, b"up");
        assert_eq!(bench.reply(send), Some(vec![expected]), "{min} {max}");
    }
}

#[test]
fn what_a_pace_leaves_open_stays_and_no_hold_is_out_of_bounds() {
    for (asked, held) in [(0, 20), (60_000, 4_000)] {
        let mut bench = Bench::with(|config| config.poll.min = PollByte::HALF_SECOND);
        bench.tunnel.set_pace(hold(asked));
        let idle = bench.idle(0);
        bench.wait(held - 1);
        bench.check(idle, None);
        bench.wait(1);
        bench.check(idle, &b"\x21"[..]);
    }
    let mut bench = Bench::new();
    bench.tunnel.set_pace(TunnelPace::default());
    let idle = bench.idle(0);
    bench.wait(512);
    bench.check(idle, EMPTY);
}
