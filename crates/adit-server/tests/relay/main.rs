//! A server that relays to another one, over real sockets on loopback.
#![cfg(test)]

mod news;
mod proxy;
mod scripted;
mod support;

use std::time::{Duration, Instant};

use adit_client::connection::StreamError;
use adit_client::media::{Frame, FrameKind};
use adit_client::rtmp::command::StatusCode;
use adit_rtmp::session::MediaKind;
use adit_server::relay::{BufferLimits, Direction, Happening, Patience};
use bytes::Bytes;
use proxy::{Proxy, Weather};
use scripted::{Flow, Scripted};
use support::{Encoder, FarServer, Frames, Tunnel, Watched, clip, frames_of, is_soak};
use tokio::sync::watch;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

async fn carries_every_frame_by(scheme: &str) {
    let far = FarServer::start().await;
    let mut watched = far.watch("app", "key");
    let tunnel = Tunnel::start(&far.url(scheme, "app"));
    let encoder = Encoder::publish(tunnel.address, "live", "key")
        .await
        .unwrap();
    let sent = clip(0, 400);
    encoder.send_all(&sent).await;
    let got = watched.take(sent.len()).await;
    assert_eq!(got, frames_of(&sent));
    encoder.close().await;
    watched.until_stopped().await;
}

#[tokio::test]
async fn every_frame_goes_through_by_rtmp() {
    carries_every_frame_by("rtmp").await;
}

#[tokio::test]
async fn every_frame_goes_through_by_rtmpt() {
    carries_every_frame_by("rtmpt").await;
}

#[tokio::test]
async fn every_frame_goes_through_by_rtmps() {
    carries_every_frame_by("rtmps").await;
}

#[tokio::test]
async fn every_frame_goes_through_by_rtmpts() {
    carries_every_frame_by("rtmpts").await;
}

/// The far server is killed and comes back on the same port. How long it is away is what a soak makes longer.
#[tokio::test]
async fn a_break_of_the_far_side_loses_nothing_and_the_encoder_hears_nothing_of_it() {
    let away = Duration::from_secs(if is_soak() { 20 } else { 3 });
    let far = FarServer::start().await;
    let mut watched = far.watch("app", "key");
    let mut tunnel = Tunnel::start(&far.url("rtmp", "app"));
    let encoder = Encoder::publish(tunnel.address, "live", "key")
        .await
        .unwrap();
    // 25 pictures a second with a key frame each second, and sound.
    let all = clip(0, u32::try_from(away.as_secs() + 4).unwrap() * 50);
    let mut ahead = all.iter();
    let start = Instant::now();
    encoder
        .pace(&mut ahead, start, Duration::from_secs(2))
        .await;
    let before = watched.take(all.len() - ahead.len()).await;
    let address = far.kill().await;
    encoder
        .pace(&mut ahead, start, Duration::from_secs(2) + away)
        .await;
    let far = FarServer::start_on(address).await;
    let mut watched = far.watch("app", "key");
    encoder
        .pace(&mut ahead, start, away + Duration::from_secs(4))
        .await;
    encoder.assert_connected();
    encoder.close().await;
    let after = timeout(SOON, watched.until_stopped()).await.unwrap();

    // It begins with the headers at a key frame, and has everything from there on.
    assert!(support::is_metadata(&after[0]), "{:?}", after[0]);
    check_no_gap(&all, &before, &after);
    tunnel
        .until(|what| matches!(what, Happening::Recovered { skipped, .. } if skipped.frames == 0))
        .await;
}

fn media(frames: &Frames) -> Frames {
    let media = |frame: &&_| !support::is_header(frame);
    frames.iter().filter(media).cloned().collect()
}

/// What was sent arrived over two connections without a gap; gives how many frames arrived twice.
#[track_caller]
fn check_no_gap(sent: &[Frame], before: &Frames, after: &Frames) -> usize {
    let (sent, before, after) = (media(&frames_of(sent)), media(before), media(after));
    assert!(
        sent.starts_with(&before),
        "the beginning is not what was sent"
    );
    assert!(support::is_key_frame(&after[0]), "{:?}", after[0]);
    assert!(sent.ends_with(&after), "the end is not what was sent");
    let twice = (before.len() + after.len()).checked_sub(sent.len());
    twice.unwrap_or_else(|| panic!("{} + {} of {}", before.len(), after.len(), sent.len()))
}

/// Cuts the connection, waits until the tunnel knows, and lets the next one through; gives what came before.
async fn cut(tunnel: &mut Tunnel, proxy: &Proxy, watched: &mut Watched) -> Frames {
    proxy.set(Weather::Cut);
    let before = watched.until_stopped().await;
    tunnel
        .until(|what| matches!(what, Happening::Broken { .. }))
        .await;
    proxy.set(Weather::Fair);
    before
}

/// Sends what is left to the end of the stream; gives what comes on the new connection.
async fn finish(mut watched: Watched, encoder: Encoder, late: &[Frame]) -> Frames {
    let after = tokio::spawn(async move { watched.until_stopped().await });
    encoder.send_all(late).await;
    encoder.close().await;
    timeout(SOON, after).await.unwrap().unwrap()
}

#[tokio::test]
async fn what_the_network_took_and_lost_is_sent_again() {
    let far = FarServer::start().await;
    let proxy = Proxy::start(far.address).await;
    let mut watched = far.watch("app", "key");
    let mut tunnel = Tunnel::start(&proxy.url());
    let encoder = Encoder::publish(tunnel.address, "live", "key")
        .await
        .unwrap();
    // About a kilobyte each.
    let all = clip(0, 4000);
    let (arriving, rest) = all.split_at(1500);
    let (vanishing, late) = rest.split_at(1500);
    let mut before = Frames::new();
    for some in arriving.chunks(100) {
        encoder.send_all(some).await;
        before.extend(watched.take(some.len()).await);
    }
    proxy.set(Weather::Hole);
    encoder.send_all(vanishing).await;
    proxy.lost(1_000_000).await;
    before.extend(cut(&mut tunnel, &proxy, &mut watched).await);
    let after = finish(watched, encoder, late).await;
    let twice = check_no_gap(&all, &before, &after);
    // No more than is not acknowledged yet, and the way back to a key frame.
    assert!(twice < 400, "{twice} frames twice");
    tunnel
        .until(|what| matches!(what, Happening::Recovered { skipped, .. } if skipped.frames == 0))
        .await;
}

#[tokio::test]
async fn what_leaves_before_the_first_acknowledgement_is_kept_for_a_break() {
    let far = FarServer::start().await;
    let proxy = Proxy::start(far.address).await;
    let mut watched = far.watch("app", "key");
    let mut tunnel = Tunnel::start(&proxy.url());
    let encoder = Encoder::publish(tunnel.address, "live", "key")
        .await
        .unwrap();
    proxy.set(Weather::Mute);
    let all = clip(0, 3020);
    let (early, late) = all.split_at(3000);
    let mut before = Frames::new();
    for some in early.chunks(100) {
        encoder.send_all(some).await;
        before.extend(watched.take(some.len()).await);
    }
    before.extend(cut(&mut tunnel, &proxy, &mut watched).await);
    let after = finish(watched, encoder, late).await;
    check_no_gap(&all, &before, &after);
    tunnel
        .until(|what| matches!(what, Happening::Recovered { repeated, skipped, .. } if *repeated > 2000 && skipped.frames == 0 && skipped.unsure == 0))
        .await;
}

#[tokio::test]
async fn an_endless_break_is_bounded_and_ends_at_a_newer_key_frame() {
    let far = FarServer::start().await;
    let mut watched = far.watch("app", "key");
    let mut limits = BufferLimits::default();
    limits.bytes = 64 * 1024;
    let mut tunnel = Tunnel::start_with(&far.url("rtmp", "app"), |config| config.buffer = limits);
    let encoder = Encoder::publish(tunnel.address, "live", "key")
        .await
        .unwrap();
    let all = clip(0, 4000);
    encoder.send(all[0].clone()).await;
    watched.take(1).await;
    let address = far.kill().await;
    tunnel
        .until(|what| matches!(what, Happening::Broken { .. }))
        .await;
    let mut local = tunnel.watch("live", "key");
    for frame in &all[1..] {
        encoder.send(frame.clone()).await;
    }
    local.until(all.last().unwrap()).await;
    let far = FarServer::start_on(address).await;
    let mut watched = far.watch("app", "key");
    tunnel
        .until(|what| matches!(what, Happening::Recovered { skipped, .. } if skipped.frames > 1000))
        .await;
    let first = watched.take(4).await;
    assert!(support::is_metadata(&first[0]));
    assert!(support::is_key_frame(&first[3]), "{:?}", first[3]);
    encoder.close().await;
}

#[tokio::test]
async fn what_is_left_when_the_encoder_ends_during_a_break_is_delivered_if_the_far_side_comes_back_soon()
 {
    let far = FarServer::start().await;
    let mut watched = far.watch("app", "key");
    let mut tunnel = Tunnel::start(&far.url("rtmp", "app"));
    let encoder = Encoder::publish(tunnel.address, "live", "key")
        .await
        .unwrap();
    let all = clip(0, 100);
    encoder.send(all[0].clone()).await;
    watched.take(1).await;
    let address = far.kill().await;
    tunnel
        .until(|what| matches!(what, Happening::Broken { .. }))
        .await;
    for frame in &all[1..] {
        encoder.send(frame.clone()).await;
    }
    encoder.close().await;
    let far = FarServer::start_on(address).await;
    let mut watched = far.watch("app", "key");
    tunnel
        .until(|what| matches!(what, Happening::Ended { undelivered: 0, .. }))
        .await;
    let got = timeout(SOON, watched.until_stopped()).await.unwrap();
    assert!(frames_of(&all).ends_with(&got[3..]));
    assert_eq!(got.len(), all.len());
}

#[tokio::test]
async fn a_name_in_use_at_the_far_side_refuses_the_encoder() {
    let far = FarServer::start().await;
    let _first = Encoder::publish(far.address, "app", "studio-key")
        .await
        .unwrap();
    let mut tunnel = Tunnel::start(&far.url("rtmp", "app"));
    let error = Encoder::publish(tunnel.address, "live", "studio-key")
        .await
        .err()
        .unwrap();
    let StreamError::Refused(status) = error else {
        panic!("{error}");
    };
    assert_eq!(status.code(), Some(StatusCode::PublishBadName));
    assert!(
        status.description().contains("already published"),
        "{status:?}"
    );
    // What the far side says may repeat the key, and ends up in logs.
    assert!(status.description().contains("***"), "{status:?}");
    tunnel
        .until(|what| matches!(what, Happening::Refused { .. }))
        .await;
}

#[tokio::test]
async fn a_far_side_that_cannot_be_reached_refuses_the_encoder() {
    let far = FarServer::start().await;
    let url = far.url("rtmp", "app");
    far.kill().await;
    let tunnel = Tunnel::start(&url);
    let error = Encoder::publish(tunnel.address, "live", "key")
        .await
        .err()
        .unwrap();
    assert!(error.is_refusal(), "{error}");
    assert!(error.to_string().contains("refuses port"), "{error}");
}

#[tokio::test]
async fn a_far_side_that_is_given_up_ends_the_encoder() {
    let far = FarServer::start().await;
    let mut tunnel = Tunnel::start_with(&far.url("rtmp", "app"), |config| {
        config.patience = Patience::None;
    });
    let mut encoder = Encoder::publish(tunnel.address, "live", "key")
        .await
        .unwrap();
    encoder.send(clip(0, 1)[0].clone()).await;
    far.kill().await;
    timeout(SOON, encoder.until_ended()).await.unwrap();
    tunnel
        .until(|what| matches!(what, Happening::GivenUp { .. }))
        .await;
}

#[tokio::test]
async fn a_stream_in_the_address_is_the_only_one() {
    let far = FarServer::start().await;
    let mut watched = far.watch("app", "mine");
    let tunnel = Tunnel::start(&far.url("rtmp", "app/mine"));
    let encoder = Encoder::publish(tunnel.address, "live", "any")
        .await
        .unwrap();
    let error = Encoder::publish(tunnel.address, "live", "other")
        .await
        .err()
        .unwrap();
    assert!(error.to_string().contains("another stream"), "{error}");
    encoder.send(clip(0, 1)[0].clone()).await;
    watched.take(1).await;
    encoder.close().await;
    // The name is free again, as soon as the first has said goodbye.
    let encoder = Encoder::publish(tunnel.address, "live", "other")
        .await
        .unwrap();
    encoder.close().await;
}

#[tokio::test]
async fn an_encoder_that_comes_back_at_once_is_let_in() {
    let far = FarServer::start().await;
    let tunnel = Tunnel::start(&far.url("rtmp", "app"));
    for _ in 0..5 {
        let encoder = Encoder::publish(tunnel.address, "live", "key")
            .await
            .unwrap();
        encoder.send(clip(0, 1)[0].clone()).await;
        encoder.close().await;
    }
}

#[tokio::test]
async fn a_player_gets_every_frame_of_the_far_side_over_a_break() {
    let far = FarServer::start().await;
    let mut tunnel = Tunnel::start(&far.url("rtmp", "app"));
    let mut player = Encoder::play(tunnel.address, "app", "key").await.unwrap();
    tunnel
        .until(|what| matches!(what, Happening::Connected { .. }))
        .await;
    let sent = clip(0, 100);
    let encoder = Encoder::publish(far.address, "app", "key").await.unwrap();
    encoder.send_all(&sent).await;
    assert_eq!(
        timeout(SOON, player.take(sent.len())).await.unwrap(),
        frames_of(&sent)
    );
    let address = far.kill().await;
    tunnel
        .until(|what| matches!(what, Happening::Broken { .. }))
        .await;
    let far = FarServer::start_on(address).await;
    let encoder = Encoder::publish(far.address, "app", "key").await.unwrap();
    let more = clip(10_000, 10);
    encoder.send_all(&more).await;
    let last = frames_of(&more).pop().unwrap();
    timeout(SOON, player.until(&last)).await.unwrap();
}

#[tokio::test]
async fn metadata_that_the_far_side_withdraws_is_withdrawn_here() {
    let key_frame = |number: u8| {
        let payload = vec![0x17, 1, 0, 0, 0, number];
        (MediaKind::Video, Bytes::from(payload))
    };
    let clear = b"\x02\0\x0F@clearDataFrame\x02\0\x0AonMetaData";
    let far = Scripted::playing(vec![
        (MediaKind::Data, Bytes::from_static(support::METADATA)),
        key_frame(1),
        (MediaKind::Data, Bytes::from_static(clear)),
        key_frame(2),
    ]);
    let tunnel = Tunnel::start(&far.url(Direction::Pull));
    let mut player = Encoder::play(tunnel.address, "app", "stream")
        .await
        .unwrap();
    let last = (FrameKind::Video, 0, key_frame(2).1);
    timeout(SOON, player.until(&last)).await.unwrap();
    let mut late = Encoder::play(tunnel.address, "app", "stream")
        .await
        .unwrap();
    assert_eq!(timeout(SOON, late.take(1)).await.unwrap(), [last]);
}

#[tokio::test]
async fn a_player_and_a_publisher_here_need_no_far_player() {
    let far = FarServer::start().await;
    let tunnel = Tunnel::start(&far.url("rtmp", ""));
    let encoder = Encoder::publish(tunnel.address, "app", "key")
        .await
        .unwrap();
    let mut player = Encoder::play(tunnel.address, "app", "key").await.unwrap();
    let sent = clip(0, 10);
    encoder.send_all(&sent).await;
    let last = frames_of(&sent).pop().unwrap();
    timeout(SOON, player.until(&last)).await.unwrap();
    assert_eq!(far.players("app", "key"), 0);
}

#[tokio::test]
async fn an_encoder_faster_than_the_network_waits_instead_of_losing_frames() {
    let far = FarServer::start().await;
    let mut watched = far.watch("app", "key");
    let mut tunnel = Tunnel::start_with(&far.url("rtmpt", "app"), |config| {
        config.buffer.bytes = 4 * 1024 * 1024;
    });
    let encoder = Encoder::publish(tunnel.address, "live", "key")
        .await
        .unwrap();
    let sent = support::heavy_clip(30 * 1024 * 1024);
    let sender = tokio::spawn({
        let sent = sent.clone();
        async move {
            for frame in sent {
                encoder.send(frame).await;
            }
            encoder.close().await;
        }
    });
    let got = watched.count_until_stopped().await;
    sender.await.unwrap();
    assert_eq!(got, sent.len());
    tunnel
        .until(|what| matches!(what, Happening::Ended { undelivered: 0, .. }))
        .await;
}

#[tokio::test]
async fn a_far_side_that_asks_for_a_new_connection_gets_the_rest_there_and_nothing_twice() {
    let far = Scripted::start(Box::new(|connection, count, session| {
        if connection == 0 && count == 60 {
            session.request_reconnect(None, "maintenance").unwrap();
        }
        Flow::On
    }));
    let mut tunnel = Tunnel::start(&far.url(Direction::Push));
    let encoder = Encoder::publish(tunnel.address, "live", "key")
        .await
        .unwrap();
    let sent = clip(0, 400);
    let (early, late) = sent.split_at(60);
    encoder.send_all(early).await;
    tunnel
        .until(|what| matches!(what, Happening::Moving { .. }))
        .await;
    encoder.send_all(late).await;
    encoder.close().await;
    tunnel.until(|what| matches!(what, Happening::Recovered { repeated: 0, skipped, .. } if skipped.frames == 0)).await;
    tunnel
        .until(|what| matches!(what, Happening::Ended { undelivered: 0, .. }))
        .await;
    let received = far.received.lock().unwrap().clone();
    let [first, second] = &received[..] else {
        panic!("{} connections", received.len());
    };
    let media = |frames: &[(MediaKind, u32, Bytes)]| -> Vec<_> {
        let plain = frames.iter().map(|(_, at, payload)| (*at, payload.clone()));
        plain.filter(|(_, payload)| payload.len() >= 100).collect()
    };
    let (first, second, sent) = (media(first), media(second), frames_of(&sent));
    let sent: Vec<_> = sent
        .into_iter()
        .map(|(_, at, payload)| (at, payload))
        .filter(|(_, payload)| payload.len() >= 100)
        .collect();
    assert!(second[0].1.starts_with(b"\x17\x01"), "{:?}", second[0].0);
    assert_eq!([first, second].concat(), sent);
}

#[tokio::test]
async fn a_far_side_that_stops_reading_does_not_hold_up_the_end_for_long() {
    let far = Scripted::start(Box::new(
        |_, count, _| {
            if count == 10 { Flow::Hang } else { Flow::On }
        },
    ));
    let mut tunnel = Tunnel::start(&far.url(Direction::Push));
    let encoder = Encoder::publish(tunnel.address, "live", "key")
        .await
        .unwrap();
    let (sent, mut progress) = watch::channel(0);
    let sending = tokio::spawn(async move {
        for frame in support::heavy_clip(100 * 1024 * 1024) {
            encoder.send(frame).await;
            sent.send_modify(|sent| *sent += 1);
        }
    });
    // Everything in between is full once it sends no more, and it has not sent everything.
    while let Ok(changed) = timeout(Duration::from_secs(1), progress.changed()).await {
        assert!(changed.is_ok(), "the encoder is not held");
    }
    assert_eq!(far.received.lock().unwrap()[0].len(), 10);
    let start = Instant::now();
    sending.abort();
    tunnel
        .until(|what| matches!(what, Happening::Ended { undelivered, .. } if *undelivered > 0))
        .await;
    // It counts as gone after 10 s, and 6 s are left for the rest.
    assert!(
        start.elapsed() < Duration::from_secs(25),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_far_side_that_hangs_up_refuses_the_encoder_and_the_tunnel_goes_on() {
    // A far side that speaks no RTMP.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream);
        }
    });
    let tunnel = Tunnel::start(&format!("rtmp://127.0.0.1:{}/app", address.port()));
    let error = Encoder::publish(tunnel.address, "live", "key")
        .await
        .err()
        .unwrap();
    assert!(error.is_refusal(), "{error}");
    let again = Encoder::publish(tunnel.address, "live", "key")
        .await
        .err()
        .unwrap();
    assert!(again.is_refusal(), "{again}");
}
