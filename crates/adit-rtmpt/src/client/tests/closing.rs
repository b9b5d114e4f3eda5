use super::*;

#[test]
fn the_last_bytes_are_sent_before_the_close() {
    let mut bench = Bench::opened();
    bench.write(b"a");
    bench.write(b"b");
    bench.close();
    assert_eq!(bench.tunnel.writable(), 0);
    bench.answer(Lane::First, b"\x01late");
    assert_eq!(bench.expect(Lane::First, "/send/Sid_1/1").body, "b");
    bench.answer(Lane::First, b"\x01");
    let close = bench.expect(Lane::First, "/close/Sid_1/2");
    assert_eq!(*close.body, [0]);
    bench.answer(Lane::First, b"\x00");
    bench.check_end(Ending::Client);
    assert_eq!(bench.received, b"");
}

#[test]
fn a_parked_idle_does_not_hold_up_the_close() {
    let mut bench = Bench::ordered();
    bench.expect(Lane::Second, "/idle/Sid_1/1");
    bench.close();
    bench.expect(Lane::First, "/close/Sid_1/2");
    bench.answer(Lane::First, b"\x00");
    bench.check_end(Ending::Client);
}

#[test]
fn closing_does_not_wait_longer_than_its_bound() {
    let mut bench = Bench::opened();
    bench.write(b"a");
    bench.close();
    bench.wait(1_999);
    assert_eq!(*bench.tunnel.state(), ClientState::Closing);
    bench.wait(1);
    bench.check_end(Ending::Unconfirmed);
}

#[test]
fn a_close_that_is_not_confirmed_is_an_end_all_the_same() {
    let closing = || {
        let mut bench = Bench::opened();
        bench.close();
        bench.expect(Lane::First, "/close/Sid_1/0");
        bench
    };
    let mut bench = closing();
    bench.lose(Lane::First);
    bench.check_end(Ending::Unconfirmed);
    let mut bench = closing();
    bench.status(Lane::First, 404);
    bench.check_end(Ending::Unconfirmed);
}

#[test]
fn a_session_that_comes_after_the_close_is_closed() {
    let mut bench = Bench::new();
    bench.close();
    bench.answer(Lane::First, b"Sid_1\n");
    bench.expect(Lane::First, "/close/Sid_1/0");
    bench.answer(Lane::First, b"\x00");
    bench.check_end(Ending::Client);
    // Or it never comes.
    let mut bench = Bench::new();
    bench.close();
    bench.lose(Lane::First);
    bench.check_end(Ending::Unconfirmed);
}

#[test]
fn a_tunnel_that_asked_nothing_yet_just_ends() {
    let now = testing::start();
    let mut tunnel = ClientTunnel::new(now, ClientConfig::default());
    tunnel.close(now);
    assert_eq!(*tunnel.state(), ClientState::Closed(Ending::Client));
    assert_eq!(tunnel.poll_request(now), None);
}

#[test]
fn the_server_ends_with_a_zero_byte_alone_after_its_last_data() {
    let mut bench = Bench::opened();
    bench.wait(100);
    bench.answer(Lane::First, b"\x01bye");
    bench.answer(Lane::First, b"\x00");
    bench.check_end(Ending::Server);
    assert_eq!(bench.received, b"bye");
}

#[test]
fn an_end_that_overtakes_the_last_data_waits_for_it() {
    let mut bench = Bench::ordered();
    bench.expect(Lane::Second, "/idle/Sid_1/1");
    bench.wait(35);
    bench.write(b"y");
    bench.answer(Lane::First, b"\x00");
    assert_eq!(*bench.tunnel.state(), ClientState::Open);
    bench.write(b"z");
    bench.wait(100);
    bench.expect_quiet(Lane::First);
    bench.answer(Lane::Second, b"\x01bye");
    bench.check_end(Ending::Server);
    assert_eq!(bench.received, b"bye");
}
