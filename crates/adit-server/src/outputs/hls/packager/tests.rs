use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_broker::{Broker, BrokerConfig, Latency, Publication, PublisherInfo, StreamKey};
use adit_media::pattern::Pattern;
use adit_net::http::NotFound;
use tokio::io::DuplexStream;
use tokio_util::sync::CancellationToken;

use super::{GIVEN, HLS_GIVEN, Hls, None, Stream};
use crate::access::Access;
use crate::config::ServerConfig;
use crate::control::{Connections, Events, Phase};
use crate::mirror::testing::Near;
use crate::mirror::{Mirrors, Predecessor, Question};
use crate::outputs::hls::playlist::{self, Extent};
use crate::outputs::hls::window::Window;
use crate::outputs::{Outputs, Parts};
use crate::relays::{self, Relays};
use crate::settings::Live;

impl Hls {
    /// How many names are with another server.
    fn given(&self) -> usize {
        super::lock(&self.given).len()
    }
}

fn outputs(broker: &Broker, streams: usize, idle: Duration) -> (Outputs, CancellationToken) {
    let mut config = ServerConfig::default();
    config.outputs.hls.streams = streams;
    config.outputs.hls.idle = idle;
    let access = Access::new(config.access.clone());
    let phase = Arc::<Phase>::default();
    let stop = phase.stop().clone();
    let live = Live::new(&config, access);
    let relays = Relays::new(relays::Parts {
        broker: broker.clone(),
        events: Events::default(),
        live: live.clone(),
        recordings: None,
        mirrors: Mirrors::default(),
        stop: stop.clone(),
    });
    let outputs = Outputs::new(Parts {
        live,
        broker: broker.clone(),
        connections: Connections::new(Events::default(), stop.clone()),
        relays,
        phase,
        next: Arc::new(NotFound),
    });
    (outputs, stop)
}

fn key(name: &str) -> StreamKey {
    StreamKey::new("", "live", "_definst_", name).unwrap()
}

fn publish(broker: &Broker, name: &str) -> Publication {
    let publisher = PublisherInfo::new("1", "here").with_latency(Latency::Low);
    broker
        .publish(key(name), publisher, Instant::now())
        .unwrap()
}

#[tokio::test]
async fn as_many_streams_are_packaged_as_may_be_and_not_one_more() {
    let broker = Broker::new(BrokerConfig::default());
    let (outputs, stop) = outputs(&broker, 2, Duration::from_mins(1));
    let _publications = ["a", "b", "c"].map(|name| publish(&broker, name));
    let stream = async |name: &str, begins| {
        let key = key(name);
        outputs.0.hls.stream(&outputs.0, &key, begins).await
    };
    assert_eq!(
        stream("a", false).await.err(),
        Some(None::NotLive),
        "a segment begins nothing"
    );
    assert_eq!(stream("none", true).await.err(), Some(None::NotLive));
    for name in ["a", "b", "a", "b"] {
        assert!(stream(name, true).await.is_ok(), "{name}");
    }
    assert!(stream("a", false).await.is_ok());
    assert_eq!(stream("c", true).await.err(), Some(None::TooMany));
    let refused = outputs
        .stats()
        .limits()
        .find(|(key, _)| *key == "hls.streams");
    assert_eq!(refused.unwrap().1, 1);
    stop.cancel();
    outputs.drained().await;
    assert_eq!(outputs.0.hls.len(), 0, "nothing is left");
    assert!(broker.streams().iter().all(|stream| stream.readers == 0));
}

#[tokio::test]
async fn what_nobody_asks_for_is_packaged_no_more() {
    let broker = Broker::new(BrokerConfig::default());
    let (outputs, _stop) = outputs(&broker, 2, Duration::from_millis(1));
    let _publication = publish(&broker, "a");
    let stream = outputs
        .0
        .hls
        .stream(&outputs.0, &key("a"), true)
        .await
        .unwrap();
    let mut changes = stream.changes();
    let ended = changes.wait_for(|_| stream.window().end.is_some());
    tokio::time::timeout(Duration::from_secs(10), ended)
        .await
        .unwrap()
        .unwrap();
    while outputs.0.hls.len() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(
        outputs
            .0
            .hls
            .stream(&outputs.0, &key("a"), false)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_stream_that_has_ended_is_there_for_a_while_and_another_one_takes_its_place() {
    let broker = Broker::new(BrokerConfig::default());
    let (outputs, _stop) = outputs(&broker, 2, Duration::from_mins(1));
    let publication = publish(&broker, "a");
    let first = outputs
        .0
        .hls
        .stream(&outputs.0, &key("a"), true)
        .await
        .unwrap();
    drop(publication);
    let mut changes = first.changes();
    drop(
        changes
            .wait_for(|_| first.window().end.is_some())
            .await
            .unwrap(),
    );
    let again = outputs
        .0
        .hls
        .stream(&outputs.0, &key("a"), true)
        .await
        .unwrap();
    assert!(
        Arc::ptr_eq(&first, &again),
        "what is left of it is still played"
    );
    let _publication = publish(&broker, "a");
    let segment = outputs
        .0
        .hls
        .stream(&outputs.0, &key("a"), false)
        .await
        .unwrap();
    assert!(Arc::ptr_eq(&first, &segment));
    let last = first.window().head();
    let second = outputs
        .0
        .hls
        .stream(&outputs.0, &key("a"), true)
        .await
        .unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
    assert!(second.window().head() >= last, "numbers do not go back");
}

/// Pushes so many seconds of the clip, by a clock that begins at `from`.
fn push(publication: &mut Publication, from: u32, seconds: u32) {
    let clip = Pattern::new("pattern:320x180@30,200k,key=1".parse().unwrap());
    for frame in clip.take_while(|frame| frame.at().ms() < seconds * 1000) {
        let at = frame.at().wrapping_add(from);
        publication.push(Instant::now(), frame.with_timestamp(at));
    }
}

async fn wait_for(stream: &Stream, wanted: impl Fn(&Window) -> bool) {
    let mut changes = stream.changes();
    let changed = changes.wait_for(|_| wanted(&stream.window()));
    let changed = tokio::time::timeout(Duration::from_secs(20), changed).await;
    changed.expect("in time").unwrap();
}

fn numbers(stream: &Stream) -> Vec<(u64, bool)> {
    let window = stream.window();
    let listed = window.listed().0;
    listed.map(|it| (it.number, it.discontinuity)).collect()
}

fn text(stream: &Stream) -> String {
    playlist::media(&stream.window(), stream.lengths, "", Extent::All)
}

#[tokio::test]
async fn a_stream_that_is_published_again_soon_goes_on_in_the_same_playlist() {
    let broker = Broker::new(BrokerConfig::default());
    let (outputs, _stop) = outputs(&broker, 2, Duration::from_mins(1));
    let mut publication = publish(&broker, "a");
    let stream = outputs
        .0
        .hls
        .stream(&outputs.0, &key("a"), true)
        .await
        .unwrap();
    push(&mut publication, 0, 5);
    drop(publication);
    wait_for(&stream, |window| {
        window.head() > window.listed().0.next().map_or(0, |it| it.number)
    })
    .await;
    tokio::task::yield_now().await;
    let mut publication = publish(&broker, "a");
    push(&mut publication, 0, 5);
    wait_for(&stream, |window| {
        window.listed().0.any(|it| it.discontinuity && it.whole)
    })
    .await;
    let again = outputs
        .0
        .hls
        .stream(&outputs.0, &key("a"), true)
        .await
        .unwrap();
    assert!(Arc::ptr_eq(&stream, &again));
    let numbers = numbers(&stream);
    let first = numbers[0].0;
    for (expected, (number, _)) in (first..).zip(&numbers) {
        assert_eq!(*number, expected, "{numbers:?}");
    }
    let breaks = numbers.iter().filter(|(_, broken)| *broken).count();
    assert_eq!(breaks, 1, "{numbers:?}");
    assert!(!text(&stream).contains("ENDLIST"), "{}", text(&stream));
    // And when nobody comes any more the playlist ends.
    drop(publication);
    wait_for(&stream, |window| window.end.is_some()).await;
    assert!(text(&stream).ends_with("#EXT-X-ENDLIST\n"));
}

#[tokio::test]
async fn what_is_packaged_again_has_higher_numbers_and_knows_the_breaks_before() {
    let broker = Broker::new(BrokerConfig::default());
    let (outputs, _stop) = outputs(&broker, 2, Duration::from_millis(500));
    let mut publication = publish(&broker, "a");
    let mut before: Option<(u64, u64)> = None;
    for _ in 0..2 {
        let stream = outputs
            .0
            .hls
            .stream(&outputs.0, &key("a"), true)
            .await
            .unwrap();
        push(&mut publication, 0, 5);
        wait_for(&stream, |window| window.end.is_some()).await;
        while outputs.0.hls.len() > 0 {
            tokio::task::yield_now().await;
        }
        let (first, breaks) = (numbers(&stream)[0].0, stream.window().discontinuities);
        if let Some((last, discontinuities)) = before {
            assert!(first >= last, "{first} {last}");
            assert_eq!(breaks, discontinuities + 1);
        }
        before = Some((stream.window().head(), breaks));
    }
}

/// A server in the same process that was taken over.
fn near(outputs: Outputs) -> Arc<Near<impl Fn(Question, DuplexStream) + Send + Sync + 'static>> {
    Near::new(move |question, link| {
        let outputs = outputs.clone();
        match question {
            Question::Names => {
                drop(tokio::spawn(
                    async move { outputs.list_packaged(link).await },
                ));
            }
            Question::Packaged => {
                drop(tokio::spawn(async move { outputs.hand_over(link).await }));
            }
            _ => {}
        }
    })
}

#[tokio::test]
async fn the_server_that_takes_over_goes_on_where_the_other_one_was() {
    let brokers = [(); 2].map(|()| Broker::new(BrokerConfig::default()));
    let idle = Duration::from_mins(1);
    let (old, _stop) = outputs(&brokers[0], 2, idle);
    let (new, _stop_too) = outputs(&brokers[1], 2, idle);
    new.succeed(near(old.clone()));
    let mut publication = publish(&brokers[0], "a");
    let before = old.0.hls.stream(&old.0, &key("a"), true).await.unwrap();
    push(&mut publication, 0, 7);
    wait_for(&before, |window| {
        window.listed().0.filter(|it| it.whole).count() >= 3
    })
    .await;
    // A player in the midst of it asks for a segment, and nothing is mirrored yet.
    let after = new.0.hls.stream(&new.0, &key("a"), false).await.unwrap();
    assert!(!after.is_settled());
    wait_for(&after, |_| after.is_settled()).await;
    let (listed, inherited) = (numbers(&before), numbers(&after));
    assert_eq!(listed, inherited);
    let file = text(&before)
        .lines()
        .rev()
        .find(|line| !line.starts_with('#') && line.contains(".m4s"))
        .unwrap()
        .to_owned();
    assert_eq!(
        after.window().bytes_of(&file),
        before.window().bytes_of(&file)
    );
    assert_eq!(
        after.window().targets.segment,
        before.window().targets.segment
    );
    assert!(!text(&after).contains("ENDLIST"));
    // The old one begins it no more, and says so.
    let refused = old.0.hls.stream(&old.0, &key("a"), true).await;
    assert_eq!(refused.err(), Some(None::Given));
    // Its publisher comes to the new one.
    let mut publication = publish(&brokers[1], "a");
    push(&mut publication, 7_000, 5);
    wait_for(&after, |window| {
        window.listed().0.any(|it| it.discontinuity && it.whole)
    })
    .await;
    let next = numbers(&after)
        .into_iter()
        .find(|(_, broken)| *broken)
        .unwrap();
    assert_eq!(next.0, listed.last().unwrap().0 + 1);
}

#[tokio::test]
async fn names_that_neither_server_knows_take_no_place_and_are_not_remembered() {
    let brokers = [(); 2].map(|()| Broker::new(BrokerConfig::default()));
    let idle = Duration::from_mins(1);
    let (old, _stop) = outputs(&brokers[0], 2, idle);
    let (new, _stop_too) = outputs(&brokers[1], 2, idle);
    let near = near(old.clone());
    new.succeed(Arc::clone(&near) as Arc<dyn Predecessor>);
    let _publication = publish(&brokers[0], "a");
    let begun = Instant::now();
    for number in 0..2_000 {
        let (key, begins) = (key(&format!("none{number}")), number % 2 == 0);
        let found = new.0.hls.stream(&new.0, &key, begins).await;
        assert_eq!(found.err(), Some(None::NotLive), "{number}");
    }
    assert_eq!(new.0.hls.len(), 0);
    let (links, quarters) = (near.asked(), begun.elapsed().as_millis() / 250);
    assert!(links <= 1 + quarters as usize, "{links} in {quarters}");
    assert_eq!((old.0.hls.given(), new.0.hls.given()), (0, 0));
    // One that is live there and of which nothing is mirrored yet has its place.
    let stream = new.0.hls.stream(&new.0, &key("a"), true).await.unwrap();
    wait_for(&stream, |_| stream.is_settled()).await;
    assert!(!stream.window().is_void());
    assert_eq!((old.0.hls.given(), new.0.hls.len()), (1, 1));
}

#[tokio::test]
async fn a_stream_that_comes_here_is_begun_though_the_other_server_does_not_know_it() {
    let brokers = [(); 2].map(|()| Broker::new(BrokerConfig::default()));
    let idle = Duration::from_mins(1);
    let (old, _stop) = outputs(&brokers[0], 2, idle);
    let (new, _stop_too) = outputs(&brokers[1], 2, idle);
    new.succeed(near(old.clone()));
    let mut publication = publish(&brokers[1], "b");
    let stream = new.0.hls.stream(&new.0, &key("b"), false).await.unwrap();
    push(&mut publication, 0, 5);
    wait_for(&stream, Window::is_ready).await;
    assert_eq!(old.0.hls.given(), 0, "it is not live there");
}

#[test]
fn as_many_names_are_given_away_as_may_be_and_the_oldest_is_forgotten_for_one_more() {
    let hls = Hls::default();
    let now = Instant::now();
    let name = |number: usize| key(&number.to_string());
    let at = |number: usize| now + Duration::from_millis(number as u64);
    for number in 0..HLS_GIVEN {
        hls.note_given(at(number), &name(number));
    }
    let is_given = |number| hls.is_given(at(HLS_GIVEN), &name(number));
    assert!(is_given(0) && is_given(HLS_GIVEN - 1));
    hls.note_given(at(HLS_GIVEN), &name(HLS_GIVEN));
    assert!(!is_given(0) && is_given(1) && is_given(HLS_GIVEN));
    assert_eq!(hls.given(), HLS_GIVEN);
    // And all of them after a while.
    hls.note_given(at(HLS_GIVEN) + GIVEN, &name(0));
    assert_eq!(hls.given(), 1);
}
