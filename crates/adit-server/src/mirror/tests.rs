use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use adit_broker::{
    Broker, BrokerConfig, Delivery, Publication, PublisherInfo, StreamKey, SubscribeOptions,
};
use adit_media::{Frame, FrameKind, Timestamp};
use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::testing::Near;
use super::{
    Mirrors, Predecessor, Question, announce, head, is_mirrored, name, read_frame, read_name,
    read_text, send,
};
use crate::control::ControlError;
use crate::limits::MIRROR_FRAME_BYTES;

/// A server in the same process that has streams, and knows of nothing else.
struct Old {
    broker: Broker,
    server: Arc<dyn Predecessor>,
}

/// Two servers, one of which follows the other.
fn two() -> (Old, Broker, Mirrors) {
    let (before, broker, mirrors) = idle();
    let predecessor = Arc::clone(&before.server);
    tokio::spawn(mirrors.clone().follow(predecessor, broker.clone()));
    (before, broker, mirrors)
}

/// Two servers that do not know of each other yet.
fn idle() -> (Old, Broker, Mirrors) {
    let old = Broker::new(BrokerConfig::default());
    let there = old.clone();
    let server = Near::new(move |question, link| {
        let broker = there.clone();
        match question {
            Question::Streams => drop(tokio::spawn(async move { announce(&broker, link).await })),
            Question::Stream => drop(tokio::spawn(async move { send(&broker, link).await })),
            // As one of an earlier version does.
            _ => {}
        }
    });
    let before = Old {
        broker: old,
        server,
    };
    let (broker, mirrors) = (Broker::new(BrokerConfig::default()), Mirrors::default());
    (before, broker, mirrors)
}

fn key(name: &str) -> StreamKey {
    StreamKey::new("", "live", "_definst_", name).unwrap()
}

fn publish(broker: &Broker, name: &str) -> Publication {
    let publisher = PublisherInfo::new("1", "here");
    broker
        .publish(key(name), publisher, Instant::now())
        .unwrap()
}

fn frame(ms: u32, bytes: usize) -> Frame {
    let mut payload = vec![0x17, 1, 0, 0, 0];
    payload.resize(bytes.max(5), 7);
    Frame::classify(
        Timestamp::from_ms(ms),
        FrameKind::Video,
        Bytes::from(payload),
    )
}

/// The next delivery that fits.
async fn next<T>(
    subscription: &mut adit_broker::Subscription,
    mut fits: impl FnMut(&Delivery) -> Option<T>,
) -> T {
    let wait = async {
        loop {
            let delivery = std::future::poll_fn(|cx| subscription.poll_next(cx)).await;
            if let Some(found) = fits(&delivery) {
                return found;
            }
        }
    };
    timeout(Duration::from_secs(20), wait)
        .await
        .expect("in time")
}

fn of_frame(delivery: &Delivery) -> Option<Frame> {
    match delivery {
        Delivery::Frame(frame) => Some(frame.frame().clone()),
        _ => None,
    }
}

fn of_stop(delivery: &Delivery) -> Option<()> {
    matches!(delivery, Delivery::Stopped { .. }).then_some(())
}

#[tokio::test]
async fn a_stream_that_is_live_there_is_played_here_until_it_stops() {
    let (before, broker, _mirrors) = two();
    let mut publication = publish(&before.broker, "cam");
    publication.push(Instant::now(), frame(5, 3_000));
    let mut player = broker.subscribe(key("cam"), SubscribeOptions::default());
    assert_eq!(next(&mut player, of_frame).await, frame(5, 3_000));
    publication.push(Instant::now(), frame(45, 10));
    assert_eq!(next(&mut player, of_frame).await, frame(45, 10));
    drop(publication);
    next(&mut player, of_stop).await;
    // It begins again before anybody has looked.
    let mut publication = publish(&before.broker, "cam");
    publication.push(Instant::now(), frame(3, 10));
    assert_eq!(next(&mut player, of_frame).await, frame(3, 10));
    // And another one that begins later.
    let mut publication = publish(&before.broker, "later");
    publication.push(Instant::now(), frame(7, 10));
    let mut player = broker.subscribe(key("later"), SubscribeOptions::default());
    assert_eq!(next(&mut player, of_frame).await, frame(7, 10));
}

/// What comes next is this frame; the stream has gone on until then.
async fn goes_on(player: &mut adit_broker::Subscription, publication: &mut Publication, ms: u32) {
    publication.push(Instant::now(), frame(ms, 10));
    let found = next(player, |delivery| {
        assert!(of_stop(delivery).is_none(), "it was begun anew");
        of_frame(delivery)
    });
    assert_eq!(found.await, frame(ms, 10));
}

#[tokio::test]
async fn a_link_that_fails_costs_no_other_stream_anything() {
    let old = Broker::new(BrokerConfig::default());
    let there = old.clone();
    let telling = Arc::<Mutex<Option<AbortHandle>>>::default();
    let told = Arc::clone(&telling);
    let near = Near::new(move |question, link| {
        let broker = there.clone();
        match question {
            Question::Streams => {
                let task = tokio::spawn(async move { announce(&broker, link).await });
                *told.lock().unwrap() = Some(task.abort_handle());
            }
            Question::Stream => drop(tokio::spawn(async move { send(&broker, link).await })),
            _ => {}
        }
    });
    let (broker, mirrors) = (Broker::new(BrokerConfig::default()), Mirrors::default());
    tokio::spawn(mirrors.follow(Arc::clone(&near) as Arc<dyn Predecessor>, broker.clone()));
    let begin = |name: &str| {
        let publication = publish(&old, name);
        let player = broker.subscribe(key(name), SubscribeOptions::default());
        (publication, player)
    };
    let (mut there_1, mut player_1) = begin("1");
    goes_on(&mut player_1, &mut there_1, 5).await;
    // A link to another stream does not come about at first.
    near.fail(3);
    let (mut there_2, mut player_2) = begin("2");
    goes_on(&mut player_2, &mut there_2, 5).await;
    goes_on(&mut player_1, &mut there_1, 6).await;
    // The names are told anew.
    for ms in 7..10 {
        telling.lock().unwrap().take().unwrap().abort();
        let (mut there_3, mut player_3) = begin(&ms.to_string());
        goes_on(&mut player_3, &mut there_3, ms).await;
        goes_on(&mut player_2, &mut there_2, ms).await;
        goes_on(&mut player_1, &mut there_1, ms).await;
    }
    // What ends and begins while nobody is told of it is seen all the same.
    telling.lock().unwrap().take().unwrap().abort();
    drop(there_1);
    let mut there_1 = publish(&old, "1");
    next(&mut player_1, of_stop).await;
    goes_on(&mut player_1, &mut there_1, 3).await;
    goes_on(&mut player_2, &mut there_2, 20).await;
}

#[tokio::test]
async fn through_which_servers_a_stream_came_there_is_known_here() {
    let (before, broker, _mirrors) = two();
    let publish = |name, publisher| {
        let published = before.broker.publish(key(name), publisher, Instant::now());
        let mut publication = published.unwrap();
        publication.push(Instant::now(), frame(5, 10));
        publication
    };
    let relayed = PublisherInfo::new("1", "far").with_via("0123,4567");
    let _there = publish("relayed", relayed);
    let _there = publish("own", PublisherInfo::new("2", "encoder"));
    for (name, via) in [("relayed", Some("0123,4567")), ("own", None)] {
        let mut player = broker.subscribe(key(name), SubscribeOptions::default());
        next(&mut player, of_frame).await;
        let stream = broker.stream(&key(name)).unwrap();
        let publication = stream.publication.unwrap();
        assert!(is_mirrored(&publication));
        assert_eq!(publication.publisher.via.as_deref(), via);
    }
}

#[tokio::test]
async fn a_publisher_that_comes_here_takes_the_place_of_what_is_mirrored() {
    let (before, broker, mirrors) = two();
    let mut there = publish(&before.broker, "cam");
    there.push(Instant::now(), frame(5, 10));
    let mut player = broker.subscribe(key("cam"), SubscribeOptions::default());
    assert_eq!(next(&mut player, of_frame).await, frame(5, 10));
    mirrors.give_way(&key("cam"));
    let mut here = publish(&broker, "cam");
    next(&mut player, of_stop).await;
    there.push(Instant::now(), frame(6, 10));
    here.push(Instant::now(), frame(1000, 10));
    assert_eq!(next(&mut player, of_frame).await, frame(1000, 10));
    drop(there);
    here.push(Instant::now(), frame(1040, 10));
    assert_eq!(next(&mut player, of_frame).await, frame(1040, 10));
}

#[tokio::test]
async fn a_frame_is_as_long_as_allowed_and_not_longer() {
    let outcome = async |length: usize| {
        let mut bytes = head(&frame(1, 5)).unwrap().to_vec();
        bytes[5..].copy_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
        let (mut own, mut other) = tokio::io::duplex(length + 100);
        let rest = vec![0; length];
        tokio::io::AsyncWriteExt::write_all(&mut other, &bytes)
            .await
            .unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut other, &rest)
            .await
            .unwrap();
        read_frame(&mut own)
            .await
            .map(|frame| frame.payload().len())
    };
    assert_eq!(
        outcome(MIRROR_FRAME_BYTES).await.unwrap(),
        MIRROR_FRAME_BYTES
    );
    assert!(outcome(MIRROR_FRAME_BYTES + 1).await.is_err());
}

#[tokio::test]
async fn who_tells_a_server_that_has_gone_ends_though_nothing_happens() {
    let broker = Broker::new(BrokerConfig::default());
    let mut publication = publish(&broker, "cam");
    publication.push(Instant::now(), frame(5, 10));
    let (mut own, other) = tokio::io::duplex(1000);
    let telling = tokio::spawn({
        let broker = broker.clone();
        async move { announce(&broker, other).await }
    });
    assert_eq!(read_name(&mut own).await.unwrap(), key("cam"));
    drop(own);
    let (mut own, other) = tokio::io::duplex(1000);
    let sending = tokio::spawn({
        let broker = broker.clone();
        async move { send(&broker, other).await }
    });
    own.write_all(&name(&key("cam"))).await.unwrap();
    assert_eq!(read_text(&mut own).await.unwrap(), "");
    assert_eq!(read_frame(&mut own).await.unwrap(), frame(5, 10));
    drop(own);
    for task in [telling, sending] {
        let ended = timeout(Duration::from_secs(20), task).await;
        ended.expect("it ends").unwrap().unwrap();
    }
    assert_eq!(broker.stream(&key("cam")).unwrap().readers, 0);
}

#[tokio::test]
async fn what_is_mirrored_ends_with_the_following() {
    let (before, broker, mirrors) = idle();
    let mut publication = publish(&before.broker, "cam");
    publication.push(Instant::now(), frame(5, 10));
    let following = tokio::spawn(mirrors.follow(before.server, broker.clone()));
    let mut player = broker.subscribe(key("cam"), SubscribeOptions::default());
    assert_eq!(next(&mut player, of_frame).await, frame(5, 10));
    following.abort();
    next(&mut player, of_stop).await;
}

#[tokio::test]
async fn a_server_that_does_not_know_what_is_wished_is_said_to_be_an_earlier_one_and_its_streams_are_played()
 {
    let (before, broker, mirrors) = two();
    let mut publication = publish(&before.broker, "cam");
    publication.push(Instant::now(), frame(5, 10));
    let mut player = broker.subscribe(key("cam"), SubscribeOptions::default());
    assert_eq!(next(&mut player, of_frame).await, frame(5, 10));
    let refused = [
        mirrors.kick(&key("cam"), "go").await,
        mirrors.stop_recording(&key("cam")).await,
        mirrors.look(&key("cam")).await.map(drop),
    ];
    for refused in refused {
        let Err(ControlError::Unavailable(words)) = refused else {
            panic!("{refused:?}");
        };
        assert!(
            words.contains("of a version that cannot be asked"),
            "{words}"
        );
    }
    assert_eq!(mirrors.about(&key("cam")), None);
    publication.push(Instant::now(), frame(45, 10));
    assert_eq!(next(&mut player, of_frame).await, frame(45, 10));
}

/// Its version is not to blame then, and to end it would be bad advice.
#[tokio::test]
async fn a_server_that_answers_and_then_hangs_up_is_not_said_to_be_an_earlier_one() {
    let answers = AtomicUsize::new(0);
    let near = Near::new(move |question, mut link| {
        if question == Question::Hand && answers.fetch_add(1, Ordering::Relaxed) == 0 {
            tokio::spawn(async move { link.write_all(&[0, 0, 0]).await });
        }
    });
    let mirrors = Mirrors::default();
    let broker = Broker::new(BrokerConfig::default());
    let following = tokio::spawn(mirrors.clone().follow(near, broker));
    tokio::task::yield_now().await;
    mirrors.kick(&key("cam"), "go").await.unwrap();
    let refused = mirrors.kick(&key("cam"), "go").await;
    assert!(
        matches!(&refused, Err(ControlError::Failed(words)) if words.contains("broke")),
        "{refused:?}"
    );
    following.abort();
}

#[tokio::test]
async fn a_server_that_has_ended_is_said_to_have_ended() {
    let near = Near::new(|_, _| {});
    near.end();
    let mirrors = Mirrors::default();
    let broker = Broker::new(BrokerConfig::default());
    mirrors.clone().follow(near, broker).await;
    let refused = mirrors.kick(&key("cam"), "go").await;
    assert!(
        matches!(&refused, Err(ControlError::Failed(words)) if words.ends_with("has ended")),
        "{refused:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_not_waited_for_for_ever() {
    // It holds the line and says nothing.
    let held = Mutex::new(Vec::new());
    let near = Near::new(move |_, link| held.lock().unwrap().push(link));
    let mirrors = Mirrors::default();
    let broker = Broker::new(BrokerConfig::default());
    let following = tokio::spawn(mirrors.clone().follow(near, broker));
    tokio::task::yield_now().await;
    let refused = mirrors.kick(&key("cam"), "go").await;
    assert!(
        matches!(&refused, Err(ControlError::Failed(words)) if words.ends_with("does not answer")),
        "{refused:?}"
    );
    following.abort();
}
