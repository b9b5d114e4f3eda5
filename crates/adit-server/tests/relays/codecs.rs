//! What is pulled into applications that do not take every codec.

use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_client::media::{Frame, FrameKind};
use adit_server::application::Applications;
use adit_server::control::{Happened, Heard, Listener};
use adit_server::relays::{LegSnapshot, RelayState};
use adit_server::{AppConfig, CodecRules, ServerConfig, VideoCodec};
use tokio::time::timeout;

use super::is_running;
use super::lab::{Lab, SOON};
use super::support::{Encoder, FarServer, clip, frames_of};

/// An application `picky` that takes these codecs of video.
fn picky(config: &mut ServerConfig, video: &[VideoCodec]) {
    let mut rules = CodecRules::default();
    rules.video = Some(video.to_vec());
    let mut app = AppConfig::default();
    app.codecs = Some(Arc::new(rules));
    config.applications = Applications::default().streams("picky", app);
}

/// What was published and is no more, until a relay is in this state.
async fn until_told(mut events: Listener, last: &str) -> Vec<&'static str> {
    let mut told = Vec::new();
    while told.last() != Some(&last) {
        match timeout(SOON, events.next()).await.unwrap().unwrap() {
            Heard::Event(event) => match event.what {
                Happened::Published { .. } => told.push("publish"),
                Happened::Unpublished { .. } => told.push("unpublish"),
                Happened::Relay { state, .. } if state == last => told.push(state),
                _ => {}
            },
            Heard::Missed(count) => panic!("{count} missed"),
            _ => {}
        }
    }
    told
}

#[tokio::test]
async fn a_stream_in_a_codec_that_the_application_does_not_take_never_begins_here_and_waits_long() {
    let far = FarServer::start().await;
    let lab = Lab::start_with(|config| picky(config, &[VideoCodec::Av1, VideoCodec::Hevc]));
    let events = lab.control.events();
    lab.pulls("picky/cam", &far.url("rtmp", "in/cam"));
    let mut here = lab.watch("picky", "cam");
    let encoder = Encoder::publish(far.address, "in", "cam").await.unwrap();
    let sent = clip(0, 50);
    encoder.send_all(&sent).await;
    let words = "picky takes no h264; video may be av1, hevc";
    let is_told = |leg: &LegSnapshot| leg.error.as_ref().is_some_and(|it| it.contains(words));
    let leg = lab.until_leg(is_told).await;
    let RelayState::Waiting { reason, next_try } = &leg.state else {
        panic!("{leg:?}");
    };
    assert!(reason.contains(words), "{leg:?}");
    let wait = next_try.unwrap().saturating_duration_since(Instant::now());
    assert!(wait > Duration::from_mins(3), "{wait:?}");
    assert_eq!(lab.control.stats().codecs_refused(), 1);
    // It does not wait any longer once it would be taken.
    let mut config = ServerConfig::default();
    picky(&mut config, &[VideoCodec::H264]);
    lab.control.apply(&config);
    here.take(3).await;
    lab.until_leg(|leg| is_running(&leg.state)).await;
    // What came before the video was not published either.
    lab.relays(Vec::new());
    let told = until_told(events, "ended").await;
    assert_eq!(told, ["publish", "unpublish", "ended"]);
    assert_eq!(lab.control.stats().codecs_refused(), 1);
}

#[tokio::test]
async fn sound_alone_is_pulled_where_there_are_rules_about_video() {
    let far = FarServer::start().await;
    let lab = Lab::start_with(|config| picky(config, &[]));
    lab.pulls("picky/radio", &far.url("rtmp", "in/radio"));
    let encoder = Encoder::publish(far.address, "in", "radio").await.unwrap();
    let sound: Vec<Frame> = clip(0, 100)
        .into_iter()
        .filter(|frame| frame.kind() == FrameKind::Audio)
        .collect();
    let mut here = lab.watch("picky", "radio");
    encoder.send_all(&sound).await;
    assert_eq!(here.take(sound.len()).await, frames_of(&sound));
    assert_eq!(lab.control.stats().codecs_refused(), 0);
}
