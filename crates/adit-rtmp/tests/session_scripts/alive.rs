//! Client and server sessions back to back: who is alive, and until when.

use std::time::Duration;

use adit_rtmp::command::{ClientCommand, Connect, Play, PublishKind};
use adit_rtmp::session::{ClientConfig, ClientSession, CloseReason, MediaKind, SendError};
use adit_rtmp::{MessageStreamId, Seed, Timestamp};
use bytes::{Buf as _, Bytes};

use crate::pair::*;
use crate::support::*;

#[test]
fn an_idle_pair_stays_alive_by_pings() {
    let mut pair = Pair::connected(&[usize::MAX]);
    pair.client.play(ONE, Play::new("cam")).unwrap();
    pair.run();
    pair.log = Log::default();
    pair.run_until(3_600_000);
    assert_eq!(pair.server_log(), Vec::<String>::new());
    assert_eq!(pair.client_log(), Vec::<String>::new());
    assert!(pair.server.is_connected() && pair.client.is_connected());
    assert_eq!(pair.server.stats().round_trip, Some(Duration::ZERO));
}

//
#[test]
fn a_server_that_never_answers_pings_is_not_taken_for_dead() {
    let mut client = ClientSession::new(
        first_instant(),
        ClientConfig::default(),
        &Seed::new([1; 32]),
    );
    let mut server = Server::new();
    client
        .connect(Connect::new("live", "rtmp://host/live"))
        .unwrap();
    let mut carry = |client: &mut ClientSession| {
        let up = client.output().remaining();
        server.feed(client.output().copy_to_bytes(up));
        client.handle_input(server.now, server.take_output());
        while client.poll_event(server.now).unwrap().is_some() {}
        server.now
    };
    let now = (0..4).map(|_| carry(&mut client)).last().unwrap();
    assert!(client.is_connected());
    client.output().clear();
    // An hour of silence: pings go out, nothing comes back.
    for seconds in (0..3600).step_by(20) {
        client.handle_timeout(now + Duration::from_secs(seconds));
        client.output().clear();
        assert_eq!(
            client
                .poll_event(now)
                .unwrap()
                .map(|event| client_line(&event)),
            None
        );
    }
    assert!(client.is_connected());
}

//
#[test]
fn a_server_that_answered_once_and_falls_silent_is_dead() {
    let mut pair = Pair::connected(&[usize::MAX]);
    pair.client.play(ONE, Play::new("cam")).unwrap();
    pair.run();
    pair.log = Log::default();
    // The client pings and is answered.
    pair.now += Duration::from_secs(20);
    pair.client.handle_timeout(pair.now);
    pair.run();
    pair.now += Duration::from_mins(1);
    pair.client.handle_timeout(pair.now);
    pair.poll();
    assert_eq!(
        pair.client_log(),
        ["error: the peer was silent for too long"]
    );
}

#[test]
fn the_deadlines_of_a_client() {
    let start = first_instant();
    let after = |seconds| start + Duration::from_secs(seconds);
    let mut client = ClientSession::new(start, ClientConfig::default(), &Seed::new([1; 32]));
    assert_eq!(client.poll_timeout(), Some(after(10)));
    client.handle_timeout(after(10));
    assert_eq!(
        client.poll_event(after(10)).unwrap_err().to_string(),
        "the handshake took too long"
    );

    let mut pair = Pair::new(&[usize::MAX]);
    pair.policy = Policy::Leave;
    pair.client
        .connect(Connect::new("live", "rtmp://host/live"))
        .unwrap();
    pair.run();
    assert_eq!(
        pair.client.poll_timeout(),
        Some(pair.start + Duration::from_secs(10))
    );
    pair.client
        .handle_timeout(pair.start + Duration::from_secs(10));
    let error = pair.client.poll_event(pair.now).unwrap_err();
    assert_eq!(error.to_string(), "no connect command was accepted in time");
}

#[test]
fn closing_a_client_drains_it() {
    let mut pair = Pair::connected(&[usize::MAX]);
    pair.client
        .send_command(ONE, ClientCommand::DeleteStream(ONE))
        .unwrap();
    pair.client.close(CloseReason::Ended);
    assert!(!pair.client.is_closed() && !pair.client.wants_input());
    pair.run();
    assert!(pair.client.is_closed());
    assert_eq!(pair.client_log(), ["Closed { reason: Ended }"]);
    assert_eq!(pair.client.create_stream(), Err(SendError::NotConnected));
    pair.server.handle_eof(pair.now);
    pair.poll();
    assert_eq!(pair.server_log(), ["closed: PeerEnded"]);
}

#[test]
fn large_streams_are_acknowledged_in_both_directions() {
    let mut pair = Pair::connected(&[65_536]);
    pair.client.create_stream().unwrap();
    pair.run();
    pair.client.publish(ONE, "cam", PublishKind::Live).unwrap();
    pair.client
        .play(MessageStreamId::new(2), Play::new("cam"))
        .unwrap();
    pair.run();
    let payload = Bytes::from(vec![0; 1_000_000]);
    for at in 0..10 {
        let at = Timestamp::from_ms(at);
        pair.client
            .send_media(ONE, MediaKind::Video, at, &payload)
            .unwrap();
        pair.server
            .send_media(MessageStreamId::new(2), MediaKind::Video, at, &payload)
            .unwrap();
        pair.run();
    }
    for stats in [pair.client.stats(), pair.server.stats()] {
        assert!(stats.acknowledged_bytes > 8_000_000, "{stats:?}");
        assert!(stats.acknowledged_bytes <= stats.sent_bytes);
    }
}
