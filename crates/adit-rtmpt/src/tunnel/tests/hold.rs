use super::*;

#[test]
fn an_idle_with_nothing_to_give_is_held_for_half_a_second() {
    let mut bench = Bench::new();
    let idle = bench.idle(0);
    bench.wait(511);
    bench.check(idle, None);
    bench.wait(1);
    bench.check(idle, EMPTY);
    assert_eq!(bench.tunnel.counters().silent_idles, 1);
}

#[test]
fn a_held_idle_is_released_by_data() {
    let mut bench = Bench::new();
    let idle = bench.idle(0);
    bench.wait(100);
    bench.write(b"data");
    bench.check(idle, &b"\x01data"[..]);
}

#[test]
fn a_held_idle_is_released_by_a_later_number() {
    let mut bench = Bench::new();
    let idle = bench.idle(0);
    let send = bench.send(1, b"a");
    bench.check(idle, EMPTY);
    bench.check(send, EMPTY);
    let idle = bench.idle(2);
    bench.send(4, b"ahead of a hole");
    bench.check(idle, EMPTY);
}

#[test]
fn a_held_idle_is_released_when_more_comes_behind_it() {
    let mut bench = Bench::new();
    let idle = bench.idle(0);
    bench.pipelined(idle);
    bench.check(idle, EMPTY);
    bench.pipelined(idle);
}

#[test]
fn the_hold_is_never_shorter_than_20_ms_nor_longer_than_four_seconds() {
    for (asked, held) in [
        (0, 20),
        (20, 20),
        (19, 20),
        (21, 21),
        (4_000, 4_000),
        (60_000, 4_000),
    ] {
        let mut bench = Bench::with(|config| config.reply.hold = Duration::from_millis(asked));
        let idle = bench.idle(0);
        bench.wait(held - 1);
        bench.check(idle, None);
        bench.wait(1);
        bench.check(idle, EMPTY);
    }
}

#[test]
fn a_time_that_is_configured_as_for_ever_is_a_year() {
    let mut bench = Bench::with(|config| {
        config.order.hole = Duration::MAX;
        config.order.first_grace = Duration::MAX;
        config.order.ahead_answer = Duration::MAX;
        config.reply.send_grace = Duration::MAX;
        config.reply.coalesce_bytes = usize::MAX;
        config.reply.coalesce_delay = Duration::MAX;
        config.lifetime.stalled = Duration::MAX;
        config.lifetime.idle = Duration::MAX;
        config.lifetime.drain = Duration::MAX;
    });
    bench.send(1, b"ahead");
    bench.send(0, b"first");
    bench.idle(3);
    bench.write(b"answer");
    bench.server_close();
    assert_eq!(
        bench.tunnel.poll_timeout(),
        Some(bench.now + limits::LONGEST)
    );
}

#[test]
fn a_client_that_never_pauses_gets_two_empty_replies_a_second() {
    let mut bench = Bench::new();
    let mut number = 0;
    let mut idle = bench.idle(number);
    let end = bench.now + Duration::from_secs(10);
    while bench.now < end {
        bench.wait(1);
        if bench.reply(idle).is_some() {
            number += 1;
            idle = bench.idle(number);
        }
    }
    assert_eq!(number, 19);
}

#[test]
fn a_send_is_answered_at_once_with_whatever_waits() {
    let mut bench = Bench::new();
    bench.write(b"data");
    let send = bench.send(0, b"a");
    bench.check(send, &b"\x01data"[..]);
    let send = bench.send(1, b"a");
    bench.check(send, EMPTY);
}

#[test]
fn the_answer_to_a_send_rides_on_its_reply() {
    let mut bench = Bench::with(|_| {});
    let send = bench.send(0, b"question");
    bench.check(send, None);
    bench.wait(5);
    bench.write(b"answer");
    bench.check(send, &b"\x01answer"[..]);
}

#[test]
fn a_send_waits_20_ms_for_an_answer_and_after_three_in_vain_not_at_all() {
    let mut bench = Bench::with(|_| {});
    for number in 0..3 {
        let send = bench.send(number, b"a");
        bench.wait(19);
        bench.check(send, None);
        bench.wait(1);
        bench.check(send, EMPTY);
    }
    let send = bench.send(3, b"a");
    bench.check(send, EMPTY);
    bench.write(b"data");
    let send = bench.send(4, b"a");
    bench.check(send, &b"\x01data"[..]);
    let send = bench.send(5, b"a");
    bench.check(send, None);
}

#[test]
fn pipelined_sends_do_not_wait_for_answers() {
    let mut bench = Bench::with(|_| {});
    let first = bench.send(0, b"a");
    bench.pipelined(first);
    bench.check(first, EMPTY);
    let second = bench.send(1, b"b");
    let third = bench.send(2, b"c");
    bench.check(second, EMPTY);
    bench.check(third, None);
}

#[test]
fn a_reply_has_at_most_64_kilobytes_and_the_rest_comes_at_once() {
    let mut bench = Bench::new();
    bench.write(&vec![7; limits::REPLY_BYTES + 1]);
    let first = bench.idle(0);
    assert_eq!(
        bench.reply(first).map(|body| body.len()),
        Some(1 + limits::REPLY_BYTES)
    );
    let second = bench.idle(1);
    assert_eq!(bench.reply(second).map(|body| body.len()), Some(1 + 1));
}

#[test]
fn replies_grow_while_each_is_cut_and_shrink_again() {
    let mut bench = Bench::with(|config| {
        config.reply.bytes = 100;
        config.reply.bytes_max = 300;
    });
    bench.write(&[7; 1000]);
    let mut lens = Vec::new();
    for number in 0..9 {
        // At 5 they are still large enough for it; at 6 it is the last that is.
        let len = match number {
            5 => 250,
            6 => {
                bench.wait(2001);
                250
            }
            7 => 150,
            _ => 0,
        };
        bench.write(&vec![7; len]);
        let idle = bench.idle(number);
        lens.push(bench.reply(idle).unwrap().len() - 1);
    }
    assert_eq!(lens, [100, 200, 300, 300, 100, 250, 250, 100, 50]);
}

#[test]
fn replies_grow_half_as_far_once_several_idles_were_held() {
    let mut bench = Bench::with(|config| {
        config.reply.bytes = 100;
        config.reply.bytes_max = 400;
    });
    bench.idle(0);
    bench.idle(1);
    bench.write(&[7; 1000]);
    let mut lens = Vec::new();
    for number in 2..5 {
        let idle = bench.idle(number);
        lens.push(bench.reply(idle).unwrap().len() - 1);
    }
    // Numbers 0 and 1 took 100 and 200.
    assert_eq!(lens, [200, 200, 200]);
}

#[test]
fn no_configuration_allows_a_reply_beyond_one_megabyte() {
    let mut bench = Bench::with(|config| {
        config.reply.bytes = usize::MAX;
        config.reply.bytes_max = 0;
        config.lifetime.queue_bytes = 2 * limits::REPLY_BYTES_CEILING;
    });
    bench.write(&vec![7; limits::REPLY_BYTES_CEILING + 1]);
    let idle = bench.idle(0);
    assert_eq!(
        bench.reply(idle).map(|body| body.len()),
        Some(1 + limits::REPLY_BYTES_CEILING)
    );
}

#[test]
fn coalescing_waits_for_enough_bytes_or_long_enough() {
    let mut bench = Bench::with(|config| {
        config.reply.coalesce_bytes = 4;
        config.reply.coalesce_delay = Duration::from_millis(15);
    });
    let idle = bench.idle(0);
    bench.write(b"abc");
    bench.check(idle, None);
    bench.write(b"d");
    bench.check(idle, &b"\x01abcd"[..]);
    let idle = bench.idle(1);
    bench.write(b"e");
    bench.wait(14);
    bench.check(idle, None);
    bench.wait(1);
    bench.check(idle, &b"\x01e"[..]);
    bench.write(b"f");
    let send = bench.send(2, b"never waits");
    bench.check(send, &b"\x01f"[..]);
}

#[test]
fn the_poll_byte_climbs_after_ten_silent_idles_and_falls_with_data() {
    let mut bench = Bench::new();
    let mut bytes = Vec::new();
    for number in 0..17 {
        let idle = bench.idle(number);
        bench.wait(512);
        bytes.extend(bench.reply(idle).unwrap());
    }
    assert_eq!(bytes[..10], [1; 10]);
    assert_eq!(bytes[10..], [0x03, 0x05, 0x09, 0x11, 0x21, 0x21, 0x21]);
    let idle = bench.idle(17);
    bench.write(b"data");
    bench.check(idle, &b"\x01data"[..]);
}

#[test]
fn a_publisher_that_is_told_nothing_keeps_the_fast_poll_byte() {
    let mut bench = Bench::new();
    for number in 0..100 {
        let send = bench.send(number, b"media");
        bench.check(send, EMPTY);
    }
}

#[test]
fn the_queue_takes_256_kilobytes_and_not_one_byte_more() {
    let mut bench = Bench::new();
    assert_eq!(bench.tunnel.writable(), limits::QUEUE_BYTES);
    assert_eq!(
        bench.write(&vec![7; limits::QUEUE_BYTES + 1]),
        limits::QUEUE_BYTES
    );
    assert_eq!(bench.tunnel.writable(), 0);
    assert_eq!(bench.write(b"x"), 0);
    bench.idle(0);
    assert_eq!(bench.tunnel.writable(), limits::REPLY_BYTES);
}

#[test]
fn a_session_stalls_after_four_seconds_without_a_request_and_recovers_with_one() {
    let mut bench = Bench::new();
    let idle = bench.idle(0);
    bench.write(b"data");
    assert!(bench.reply(idle).is_some());
    bench.wait(3_999);
    assert!(!bench.tunnel.is_stalled());
    bench.wait(1);
    assert!(bench.tunnel.is_stalled());
    assert_eq!(bench.tunnel.writable(), 0);
    assert_eq!(bench.write(b"more"), 0);
    assert_eq!(bench.tunnel.counters().stalls, 1);
    bench.idle(1);
    assert!(!bench.tunnel.is_stalled());
    assert_eq!(bench.tunnel.writable(), limits::QUEUE_BYTES);
}

#[test]
fn a_client_that_waits_for_a_held_idle_is_not_stalled() {
    let mut bench = Bench::with(|config| {
        config.reply.hold = Duration::from_secs(4);
        config.lifetime.stalled = Duration::from_secs(1);
    });
    bench.idle(0);
    bench.wait(3_999);
    assert!(!bench.tunnel.is_stalled());
    bench.wait(1_000);
    assert!(!bench.tunnel.is_stalled());
    bench.wait(1);
    assert!(bench.tunnel.is_stalled());
}

/// Opens `count` idles from number 0 on, all but the last beyond the limit held.
fn idles(bench: &mut Bench, count: usize) -> Vec<RequestId> {
    (0..count as u64).map(|number| bench.idle(number)).collect()
}

#[test]
fn four_idles_are_held_and_a_fifth_releases_the_lowest() {
    let check = |count: usize, released: usize| {
        let mut bench = Bench::new();
        let held = idles(&mut bench, count);
        let answered = held.iter().filter(|id| bench.reply(**id).is_some()).count();
        assert_eq!(answered, released, "{count}");
    };
    check(limits::HELD_IDLES, 0);
    check(limits::HELD_IDLES + 1, 1);
}

#[test]
fn held_idles_are_filled_one_by_one_in_the_order_of_their_numbers() {
    let mut bench = Bench::new();
    let held = idles(&mut bench, 3);
    bench.write(b"first");
    bench.write(b"second");
    bench.check(held[0], &b"\x01first"[..]);
    bench.check(held[1], &b"\x01second"[..]);
    bench.check(held[2], None);
    bench.wait(512);
    bench.check(held[2], EMPTY);
}

#[test]
fn a_send_releases_all_held_idles_and_carries_what_comes_next() {
    let mut bench = Bench::with(|_| {});
    let held = idles(&mut bench, 3);
    let send = bench.send(3, b"a");
    for idle in held {
        bench.check(idle, EMPTY);
    }
    bench.write(b"answer");
    bench.check(send, &b"\x01answer"[..]);
}

#[test]
fn more_behind_one_held_idle_releases_it_and_those_before_it() {
    let mut bench = Bench::new();
    let held = idles(&mut bench, 3);
    bench.pipelined(held[1]);
    bench.check(held[0], EMPTY);
    bench.check(held[1], EMPTY);
    bench.check(held[2], None);
}

#[test]
fn a_held_idle_whose_connection_is_gone_does_not_keep_data_from_the_next() {
    let mut bench = Bench::new();
    let held = idles(&mut bench, 2);
    bench.disconnect(held[0]);
    bench.write(b"data");
    bench.check(held[1], &b"\x01data"[..]);
    let again = bench.idle(0);
    bench.check(again, EMPTY);
}

#[test]
fn a_held_idle_that_comes_again_is_held_anew_beside_the_others() {
    let mut bench = Bench::new();
    let held = idles(&mut bench, 2);
    bench.disconnect(held[0]);
    bench.wait(300);
    let again = bench.idle(0);
    bench.wait(212);
    // The second idle has waited long enough, and the first comes before it.
    bench.check(again, EMPTY);
    bench.check(held[1], EMPTY);
}

#[test]
fn every_held_idle_hears_of_the_end() {
    let mut bench = Bench::new();
    let held = idles(&mut bench, 3);
    bench.write(b"bye");
    bench.server_close();
    bench.check(held[0], &b"\x01bye"[..]);
    bench.check(held[1], END);
    bench.check(held[2], END);
}

#[test]
fn soon_after_a_reply_that_was_cut_an_idle_waits_for_a_whole_one_for_5_ms() {
    let check = |later: u64, len: usize, held_ms: u64| {
        let mut bench = Bench::new();
        bench.write(&vec![7; limits::REPLY_BYTES + 1]);
        for number in 0..2 {
            let idle = bench.idle(number);
            assert!(bench.reply(idle).is_some());
        }
        let idle = bench.idle(2);
        bench.wait(later);
        bench.write(&vec![7; len]);
        if held_ms > 0 {
            bench.wait(held_ms - 1);
            assert_eq!(bench.reply(idle), None, "{later} {len}");
            bench.wait(1);
        }
        assert!(bench.reply(idle).is_some(), "{later} {len}");
    };
    check(200, limits::REPLY_BYTES - 1, 5);
    check(200, limits::REPLY_BYTES, 0);
    check(201, 1, 0);
}
