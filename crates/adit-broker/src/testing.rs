//! Help for the tests of this crate: frames with labels, a publisher with a clock, a player that
//! writes down what it gets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use adit_media::{Frame, FrameKind, Timestamp};
use bytes::Bytes;

use crate::{
    Broker, BrokerConfig, Delivery, Latency, Limits, Publication, PublisherInfo, StreamKey,
    SubscribeOptions, Subscription,
};

/// Some instant to count from.
#[expect(
    clippy::disallowed_methods,
    reason = "an `Instant` to count from has no other source"
)]
pub(crate) fn epoch() -> Instant {
    Instant::now()
}

pub(crate) fn key(name: &str) -> StreamKey {
    StreamKey::new("", "live", "_definst_", name).unwrap()
}

/// A broker whose streams wake readers at every frame.
pub(crate) fn broker(limits: Limits) -> Broker {
    Broker::new(BrokerConfig {
        limits,
        latency: Latency::Low,
    })
}

/// The head of a message by its label: `K` key frame, `I` inter frame, `V` video header, `A`
/// audio, `S` audio header, `M` metadata, `D` data. A digit behind `K`, `I` or `V` is a track.
fn head(label: &str) -> (FrameKind, Vec<u8>) {
    let mut letters = label.bytes();
    let letter = letters.next().unwrap();
    let track = letters.next().map(|digit| digit - b'0');
    let (kind, head): (_, &[u8]) = match (letter, track) {
        (b'K', None) => (FrameKind::Video, b"\x17\x01\x00\x00\x00"),
        (b'I', None) => (FrameKind::Video, b"\x27\x01\x00\x00\x00"),
        (b'V', None) => (FrameKind::Video, b"\x17\x00\x00\x00\x00"),
        (b'K', _) => (FrameKind::Video, b"\x96\x01av01"),
        (b'I', _) => (FrameKind::Video, b"\xA6\x01av01"),
        (b'V', _) => (FrameKind::Video, b"\x96\x00av01"),
        (b'A', _) => (FrameKind::Audio, b"\xAF\x01"),
        (b'S', _) => (FrameKind::Audio, b"\xAF\x00"),
        (b'M', _) => (FrameKind::Data, b"\x02\x00\x0AonMetaData"),
        (b'D', _) => (FrameKind::Data, b"\x02\x00\x06onText"),
        (b'C', _) => (
            FrameKind::Data,
            b"\x02\x00\x0F@clearDataFrame\x02\x00\x0AonMetaData",
        ),
        _ => panic!("no such label: {label}"),
    };
    let mut head = head.to_vec();
    head.extend(track);
    (kind, head)
}

/// A frame whose payload ends with `label`, and has `size` bytes more than it must.
pub(crate) fn frame_of(label: &str, ms: u32, size: usize) -> Frame {
    let (kind, mut payload) = head(label);
    payload.resize(payload.len() + size, 0);
    payload.extend_from_slice(label.as_bytes());
    Frame::classify(Timestamp::from_ms(ms), kind, Bytes::from(payload))
}

pub(crate) fn frame(label: &str, ms: u32) -> Frame {
    frame_of(label, ms, 0)
}

/// `K@40`: the label that the payload ends with, and the time.
pub(crate) fn label(frame: &Frame) -> String {
    let payload = frame.payload();
    let start = payload.iter().rposition(u8::is_ascii_uppercase).unwrap();
    let label = std::str::from_utf8(&payload[start..]).unwrap();
    format!("{label}@{}", frame.at().ms())
}

/// A publisher whose clock follows the timestamps of what it pushes.
pub(crate) struct Publisher {
    pub(crate) publication: Publication,
    pub(crate) epoch: Instant,
}

impl Publisher {
    pub(crate) fn new(broker: &Broker, name: &str) -> Self {
        Self::with_latency(broker, name, None)
    }

    pub(crate) fn with_latency(broker: &Broker, name: &str, latency: Option<Latency>) -> Self {
        let mut info = PublisherInfo::new("p1", "192.0.2.1:5");
        info.latency = latency;
        let epoch = epoch();
        Self {
            publication: broker.publish(key(name), info, epoch).unwrap(),
            epoch,
        }
    }

    pub(crate) fn time(&self, ms: u32) -> Instant {
        self.epoch + Duration::from_millis(ms.into())
    }

    /// Pushes `"K@40 I@80"`.
    pub(crate) fn push(&mut self, script: &str) {
        for word in script.split_whitespace() {
            let (label, ms) = word.split_once('@').unwrap();
            let ms = ms.parse().unwrap();
            self.push_frame(frame(label, ms));
        }
    }

    pub(crate) fn push_frame(&mut self, frame: Frame) {
        self.publication.push(self.time(frame.at().ms()), frame);
    }
}

/// Counts how often it is woken.
#[derive(Default)]
pub(crate) struct Bell(AtomicUsize);

impl Bell {
    pub(crate) fn rings(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A player that writes down what it gets.
pub(crate) struct Player {
    pub(crate) subscription: Subscription,
    pub(crate) bell: Arc<Bell>,
}

impl Player {
    pub(crate) fn new(broker: &Broker, name: &str) -> Self {
        Self::with(broker, name, SubscribeOptions::default())
    }

    pub(crate) fn with(broker: &Broker, name: &str, options: SubscribeOptions) -> Self {
        Self {
            subscription: broker.subscribe(key(name), options),
            bell: Arc::default(),
        }
    }

    pub(crate) fn poll(&mut self) -> Option<Delivery> {
        let waker = Waker::from(Arc::clone(&self.bell));
        match self
            .subscription
            .poll_next(&mut Context::from_waker(&waker))
        {
            Poll::Ready(delivery) => Some(delivery),
            Poll::Pending => None,
        }
    }

    /// Everything there is, as `"started M@0 K@0 skipped(3) stopped"`.
    pub(crate) fn drain(&mut self) -> String {
        let words: Vec<_> = std::iter::from_fn(|| self.poll())
            .map(|it| word(&it))
            .collect();
        words.join(" ")
    }

    #[track_caller]
    pub(crate) fn check(&mut self, expected: &str) {
        assert_eq!(self.drain(), expected);
    }
}

pub(crate) fn word(delivery: &Delivery) -> String {
    match delivery {
        Delivery::Started { .. } => "started".to_owned(),
        Delivery::Stopped { .. } => "stopped".to_owned(),
        Delivery::Skipped { frames } => format!("skipped({frames})"),
        Delivery::Frame(shared) => label(shared.frame()),
    }
}
