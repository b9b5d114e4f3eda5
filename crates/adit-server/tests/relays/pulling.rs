//! Streams of others that come to this server.

use std::time::Duration;

use adit_client::media::{Frame, FrameKind};
use adit_server::control::{Happened, Heard};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::lab::{Lab, SOON, pull, push, until};
use super::support::{Encoder, FarServer, clip, frames_of, is_header, is_key_frame};
use super::{PLAYED, is_running};

#[tokio::test]
async fn a_stream_is_pulled_and_published_here() {
    let far = FarServer::start().await;
    let lab = Lab::start();
    let mut here = lab.watch("live", "cam");
    let mut events = lab.control.events();
    lab.pulls("live/cam", &far.url("rtmp", "in/there"));
    let leg = lab.until_leg(|leg| leg.state.as_str() == "waiting").await;
    assert!(format!("{leg:?}").contains("has not started"), "{leg:?}");
    let encoder = Encoder::publish(far.address, "in", "there").await.unwrap();
    let sent = clip(0, 200);
    encoder.send_all(&sent).await;
    assert_eq!(here.take(sent.len()).await, frames_of(&sent));
    lab.until_leg(|leg| is_running(&leg.state)).await;
    encoder.close().await;
    timeout(SOON, here.until_stopped())
        .await
        .expect("players hear that it is over");
    lab.until_leg(|leg| leg.state.as_str() == "waiting").await;
    // It is there again when it begins again.
    let encoder = Encoder::publish(far.address, "in", "there").await.unwrap();
    encoder.send_all(&sent).await;
    assert_eq!(here.take(sent.len()).await, frames_of(&sent));
    let mut states = Vec::new();
    while !states.contains(&"unpublish") {
        match timeout(SOON, events.next()).await.unwrap().unwrap() {
            Heard::Event(event) => match event.what {
                Happened::Relay { state, .. } => states.push(state),
                Happened::Published { .. } => states.push("publish"),
                Happened::Unpublished { .. } => states.push("unpublish"),
                _ => {}
            },
            Heard::Missed(count) => panic!("{count} missed"),
            _ => {}
        }
    }
    assert_eq!(
        states,
        [
            "connecting",
            "running",
            "waiting",
            "running",
            "publish",
            "unpublish"
        ]
    );
}

#[tokio::test]
async fn what_is_pulled_goes_on_after_a_break_and_its_time_never_goes_back() {
    let far = FarServer::start().await;
    let lab = Lab::start();
    lab.pulls("live/cam", &far.url("rtmp", "in/cam"));
    let mut here = lab.watch("live", "cam");
    let encoder = Encoder::publish(far.address, "in", "cam").await.unwrap();
    let all = clip(40_000, 150);
    encoder.send_all(&all).await;
    let before = here.take(all.len()).await;
    let address = far.kill().await;
    let far = FarServer::start_on(address).await;
    let back = until(|| (far.players("in", "cam") == 1).then_some(())).await;
    back.expect("the relay comes back");
    // So does the encoder, with a clock that begins anew.
    let encoder = Encoder::publish(far.address, "in", "cam").await.unwrap();
    let again = clip(0, 150);
    encoder.send_all(&again).await;
    let after = here.take(again.len()).await;
    let media = |frames: &super::support::Frames| -> Vec<super::support::Seen> {
        frames.iter().filter(|it| !is_header(it)).cloned().collect()
    };
    let (before, after) = (media(&before), media(&after));
    assert!(is_key_frame(&after[0]));
    assert!(
        after[0].1 > before.last().unwrap().1,
        "{} {}",
        after[0].1,
        before.last().unwrap().1
    );
    let steps = after.windows(2).all(|pair| pair[1].1 == pair[0].1 + 20);
    assert!(steps, "times keep their distances");
    let bodies = |frames: &[super::support::Seen]| -> Vec<_> {
        frames.iter().map(|it| it.2.clone()).collect()
    };
    let sent: Vec<_> = frames_of(&again)
        .into_iter()
        .filter(|it| !is_header(it))
        .collect();
    assert_eq!(bodies(&after), bodies(&sent));
    lab.until_leg(|leg| is_running(&leg.state) && leg.connections == 2)
        .await;
}

#[tokio::test]
async fn a_name_that_is_in_use_here_is_waited_for() {
    let far = FarServer::start().await;
    let there = Encoder::publish(far.address, "in", "cam").await.unwrap();
    let sent = clip(0, 100);
    there.send_all(&sent).await;
    let lab = Lab::start();
    let here = Encoder::publish(lab.address, "live", "cam").await.unwrap();
    lab.pulls("live/cam", &far.url("rtmp", "in/cam"));
    let leg = lab.until_leg(|leg| leg.state.as_str() == "waiting").await;
    assert!(format!("{leg:?}").contains("in use here"), "{leg:?}");
    here.assert_connected();
    here.close().await;
    lab.until_leg(|leg| is_running(&leg.state)).await;
    assert!(lab.is_published("live", "cam"));
}

#[tokio::test]
async fn a_stream_is_pulled_while_somebody_plays_and_a_little_longer() {
    let far = FarServer::start().await;
    let there = Encoder::publish(far.address, "in", "cam").await.unwrap();
    let sent = clip(0, 100);
    there.send_all(&sent).await;
    let lab = Lab::start();
    // That it is pushed on is no reason to pull it.
    let onward = FarServer::start().await;
    lab.relays(vec![
        pull("live/cam", &far.url("rtmp", "in/cam"), PLAYED),
        push("live/*", &onward.url("rtmp", "on")),
    ]);
    assert_eq!(far.players("in", "cam"), 0);
    let mut player = Encoder::play(lab.address, "live", "cam").await.unwrap();
    timeout(SOON, player.take(20))
        .await
        .expect("the player gets it");
    assert_eq!(far.players("in", "cam"), 1);
    let mut pushed = onward.watch("on", "cam");
    pushed.take(3).await;
    drop(player);
    timeout(SOON, pushed.until_stopped())
        .await
        .expect("it is over");
    let gone = until(|| (far.players("in", "cam") == 0).then_some(())).await;
    gone.expect("the far side is left");
    assert!(!lab.is_published("live", "cam"));
    // And again.
    let mut player = Encoder::play(lab.address, "live", "cam").await.unwrap();
    timeout(SOON, player.take(20))
        .await
        .expect("the player gets it again");
}

#[tokio::test]
async fn a_stream_without_pictures_is_pulled_too() {
    let far = FarServer::start().await;
    let lab = Lab::start();
    lab.pulls("live/radio", &far.url("rtmp", "in/radio"));
    let encoder = Encoder::publish(far.address, "in", "radio").await.unwrap();
    let sound: Vec<Frame> = clip(0, 100)
        .into_iter()
        .filter(|frame| frame.kind() == FrameKind::Audio)
        .collect();
    encoder.send_all(&sound).await;
    let mut here = lab.watch("live", "radio");
    here.until(sound.last().unwrap()).await;
}

#[tokio::test]
async fn players_hear_that_a_far_side_stays_away() {
    let far = FarServer::start().await;
    let lab = Lab::start_with(|config| config.limits.relays.hold = Duration::from_secs(1));
    lab.pulls("live/cam", &far.url("rtmp", "in/cam"));
    let mut here = lab.watch("live", "cam");
    let encoder = Encoder::publish(far.address, "in", "cam").await.unwrap();
    let sent = clip(0, 50);
    encoder.send_all(&sent).await;
    here.take(sent.len()).await;
    far.kill().await;
    timeout(SOON, here.until_stopped())
        .await
        .expect("it is over");
    lab.until_leg(|leg| !is_running(&leg.state)).await;
}

#[tokio::test]
async fn viewers_by_http_have_a_stream_fetched() {
    let far = FarServer::start().await;
    let there = Encoder::publish(far.address, "in", "cam").await.unwrap();
    there.send_all(&clip(0, 100)).await;
    let lab = Lab::start();
    lab.relays(vec![pull("live/cam", &far.url("rtmp", "in/cam"), PLAYED)]);
    let status = async |path: &str| {
        let mut viewer = TcpStream::connect(lab.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        viewer.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        let read = timeout(SOON, viewer.read_exact(&mut answer)).await;
        read.expect("in time").unwrap();
        (String::from_utf8(answer.to_vec()).unwrap(), viewer)
    };
    let (answer, viewer) = status("/live/cam.flv").await;
    assert_eq!(answer, "HTTP/1.1 200");
    assert_eq!(far.players("in", "cam"), 1);
    drop(viewer);
    let gone = until(|| (far.players("in", "cam") == 0).then_some(())).await;
    gone.expect("it is fetched no more");
    assert_eq!(status("/live/cam/index.m3u8").await.0, "HTTP/1.1 200");
    assert_eq!(status("/live/other/index.m3u8").await.0, "HTTP/1.1 404");
    assert_eq!(status("/live/other.flv").await.0, "HTTP/1.1 404");
}

#[tokio::test]
async fn a_far_side_that_falls_silent_ends_the_stream_here_and_begins_it_anew() {
    let far = FarServer::start().await;
    let lab = Lab::start_with(|config| config.limits.publisher_idle = Duration::from_secs(1));
    lab.pulls("live/cam", &far.url("rtmp", "in/cam"));
    let mut here = lab.watch("live", "cam");
    let encoder = Encoder::publish(far.address, "in", "cam").await.unwrap();
    let all = clip(0, 150);
    let (first, rest) = all.split_at(53);
    encoder.send_all(first).await;
    timeout(SOON, here.until_stopped())
        .await
        .expect("it is over");
    lab.until_leg(|leg| leg.state.as_str() == "waiting").await;
    encoder.send_all(rest).await;
    // The headers come again, though the encoder does not send them.
    let again = here.take(4).await;
    assert!(again[..3].iter().all(is_header), "{again:?}");
    assert!(is_key_frame(&again[3]), "{again:?}");
    lab.until_leg(|leg| is_running(&leg.state) && leg.connections == 2)
        .await;
}
