//! A far server, a server that relays to it, and encoders and players of the one or the other.

use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use adit_broker::{Broker, Delivery, StreamKey, SubscribeOptions, Subscription};
use adit_client::connection::{StreamError, StreamEvent};
use adit_client::media::{Frame, FrameKind, Timestamp};
use adit_client::network::{ConnectorConfig, GivenProxy, InsecureTls, TlsClient};
use adit_client::rtmp::command::{Play, PublishKind};
use adit_client::{Client, ConnectOptions, Intent, NetConnection, NetStream, Secret, Target};
use adit_server::relay::{Happening, NEWS, News, RelayConfig};
use adit_server::tls::{CertificateSource, Tls};
use adit_server::{Listener, Server, ServerConfig};
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// What is compared of a frame.
pub(crate) type Seen = (FrameKind, u32, Bytes);
pub(crate) type Frames = Vec<Seen>;

/// Whether the long versions of tests are wanted.
pub(crate) fn is_soak() -> bool {
    std::env::var_os("ADIT_SOAK").is_some()
}

pub(crate) fn client() -> Client {
    let tls = TlsClient::insecure(InsecureTls::accept_any_certificate());
    Client::new(ConnectorConfig::new(tls), GivenProxy::None)
}

/// The server that is relayed to, until it is dropped or killed.
pub(crate) struct FarServer {
    pub(crate) address: SocketAddr,
    broker: Broker,
    task: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl FarServer {
    pub(crate) async fn start() -> Self {
        Self::start_on((Ipv4Addr::LOCALHOST, 0).into()).await
    }

    pub(crate) async fn start_on(address: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = ServerConfig::default();
        let source = CertificateSource::SelfSigned {
            state_directory: folder.path().to_owned(),
            names: Vec::new(),
        };
        config.net.tls = Some(Tls::load(source).unwrap());
        let bind = async {
            loop {
                match Listener::bind(address) {
                    Ok(listener) => return listener,
                    Err(_) => sleep(Duration::from_millis(20)).await,
                }
            }
        };
        let listener = timeout(Duration::from_secs(10), bind).await.unwrap();
        let server = Server::new(config, vec![listener]);
        let address = server.local_addrs()[0];
        let broker = server.broker().clone();
        let task = tokio::spawn(server.run(std::future::pending()));
        Self {
            address,
            broker,
            task,
            _folder: folder,
        }
    }

    pub(crate) fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://localhost:{}/{path}", self.address.port())
    }

    /// What is published there, from its first frame on.
    pub(crate) fn watch(&self, application: &str, name: &str) -> Watched {
        Watched::new(&self.broker, application, name)
    }

    pub(crate) fn players(&self, application: &str, name: &str) -> usize {
        let key = key(application, name);
        let streams = self.broker.streams();
        streams
            .iter()
            .find(|stream| stream.key == key)
            .map_or(0, |stream| stream.readers)
    }

    /// Ends it without a word to anybody.
    pub(crate) async fn kill(self) -> SocketAddr {
        self.task.abort();
        let address = self.address;
        drop(self.task.await);
        address
    }
}

fn key(application: &str, name: &str) -> StreamKey {
    StreamKey::new("", application, "_definst_", name).unwrap()
}

pub(crate) struct Watched {
    subscription: Subscription,
}

impl Watched {
    pub(crate) fn new(broker: &Broker, application: &str, name: &str) -> Self {
        let key = key(application, name);
        let subscription = broker.subscribe(key, SubscribeOptions::default());
        Self { subscription }
    }

    async fn next(&mut self) -> Delivery {
        poll_fn(|cx| self.subscription.poll_next(cx)).await
    }

    pub(crate) async fn take(&mut self, count: usize) -> Frames {
        let mut frames = Frames::new();
        while frames.len() < count {
            let next = timeout(Duration::from_secs(20), self.next()).await;
            match next.unwrap_or_else(|_| panic!("{} frames of {count}", frames.len())) {
                Delivery::Frame(frame) => frames.push(seen(frame.frame())),
                Delivery::Skipped { frames } => panic!("{frames} left out"),
                _ => {}
            }
        }
        frames
    }

    /// Reads up to this frame.
    pub(crate) async fn until(&mut self, last: &Frame) {
        let last = seen(last);
        loop {
            let next = timeout(Duration::from_secs(20), self.next()).await;
            if let Delivery::Frame(frame) = next.unwrap()
                && seen(frame.frame()) == last
            {
                return;
            }
        }
    }

    pub(crate) async fn until_stopped(&mut self) -> Frames {
        let mut frames = Frames::new();
        loop {
            match self.next().await {
                Delivery::Frame(frame) => frames.push(seen(frame.frame())),
                Delivery::Skipped { frames } => panic!("{frames} left out"),
                Delivery::Stopped { .. } => return frames,
                _ => {}
            }
        }
    }

    pub(crate) async fn count_until_stopped(&mut self) -> usize {
        let mut count = 0;
        loop {
            match self.next().await {
                Delivery::Frame(_) => count += 1,
                Delivery::Skipped { frames } => panic!("{frames} left out"),
                Delivery::Stopped { .. } => return count,
                _ => {}
            }
        }
    }
}

/// A server that relays.
pub(crate) struct Tunnel {
    pub(crate) address: SocketAddr,
    broker: Broker,
    news: mpsc::Receiver<News>,
    task: JoinHandle<()>,
}

impl Tunnel {
    pub(crate) fn start(url: &str) -> Self {
        Self::start_with(url, |_| {})
    }

    pub(crate) fn start_with(url: &str, change: impl FnOnce(&mut RelayConfig)) -> Self {
        let target = Target::parse(url).unwrap();
        let options = ConnectOptions::new(Intent::Publish);
        let mut relay = RelayConfig::new(client(), target, options);
        let (told, news) = mpsc::channel(NEWS);
        relay.news = Some(told);
        change(&mut relay);
        let mut config = ServerConfig::default();
        config.relay = Some(relay);
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let server = Server::new(config, vec![listener]);
        let address = server.local_addrs()[0];
        let broker = server.broker().clone();
        let task = tokio::spawn(server.run(std::future::pending()));
        Self {
            address,
            broker,
            news,
            task,
        }
    }

    /// What is published here.
    pub(crate) fn watch(&self, application: &str, name: &str) -> Watched {
        Watched::new(&self.broker, application, name)
    }

    /// Waits for news of this kind.
    pub(crate) async fn until(&mut self, is_it: impl Fn(&Happening) -> bool) {
        let mut others = Vec::new();
        let found = async {
            while let Some(news) = self.news.recv().await {
                if is_it(&news.what) {
                    return;
                }
                others.push(news.to_string());
            }
        };
        let found = timeout(Duration::from_secs(30), found).await;
        assert!(found.is_ok(), "only {others:?}");
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Somebody who publishes, or plays.
pub(crate) struct Encoder {
    connection: NetConnection,
    stream: NetStream,
    name: Secret,
}

impl Encoder {
    async fn connect(address: SocketAddr, application: &str, intent: Intent) -> NetConnection {
        let url = format!("rtmp://127.0.0.1:{}/{application}", address.port());
        let target = Target::parse(&url).unwrap();
        let options = ConnectOptions::new(intent);
        client().connect(&target, &options).await.unwrap()
    }

    pub(crate) async fn publish(
        address: SocketAddr,
        application: &str,
        name: &str,
    ) -> Result<Self, StreamError> {
        let connection = Self::connect(address, application, Intent::Publish).await;
        let mut stream = connection.create_stream().await?;
        let name = Secret::from(name);
        stream.publish(&name, PublishKind::Live).await?;
        Ok(Self {
            connection,
            stream,
            name,
        })
    }

    pub(crate) async fn play(
        address: SocketAddr,
        application: &str,
        name: &str,
    ) -> Result<Self, StreamError> {
        let connection = Self::connect(address, application, Intent::Play).await;
        let mut stream = connection.create_stream().await?;
        stream.play(Play::new(name)).await?;
        Ok(Self {
            connection,
            stream,
            name: name.into(),
        })
    }

    pub(crate) async fn send(&self, frame: Frame) {
        self.stream.send(frame).await.unwrap();
    }

    pub(crate) async fn send_all(&self, frames: &[Frame]) {
        for frame in frames {
            self.send(frame.clone()).await;
        }
    }

    /// Sends frames as their clock goes, until it is `until` after `start`.
    pub(crate) async fn pace(
        &self,
        frames: &mut std::slice::Iter<'_, Frame>,
        start: Instant,
        until: Duration,
    ) {
        while let Some(frame) = frames.as_slice().first() {
            let due = Duration::from_millis(frame.at().ms().into());
            if due >= until {
                break;
            }
            tokio::time::sleep_until((start + due).into()).await;
            frames.next();
            self.send(frame.clone()).await;
        }
        tokio::time::sleep_until((start + until).into()).await;
    }

    pub(crate) fn assert_connected(&self) {
        assert_eq!(self.connection.ended(), None);
    }

    pub(crate) async fn until_ended(&mut self) {
        while self.connection.next_event().await.is_some() {}
    }

    pub(crate) async fn close(self) {
        self.stream.close(Some(&self.name)).await.unwrap();
        self.connection.close().await;
    }

    async fn next_frame(&mut self) -> Seen {
        loop {
            match self
                .stream
                .next_event()
                .await
                .expect("the connection goes on")
            {
                // What the server says about samples is not of the stream.
                StreamEvent::Frame(frame) if !frame.payload().starts_with(SAMPLES) => {
                    return seen(&frame);
                }
                _ => {}
            }
        }
    }

    pub(crate) async fn take(&mut self, count: usize) -> Frames {
        let mut frames = Frames::new();
        while frames.len() < count {
            frames.push(self.next_frame().await);
        }
        frames
    }

    pub(crate) async fn until(&mut self, last: &Seen) {
        while self.next_frame().await != *last {}
    }
}

const SAMPLES: &[u8] = b"\x02\0\x11|RtmpSampleAccess";
pub(crate) const METADATA: &[u8] = b"\x02\0\x0AonMetaData\x08\0\0\0\0\0\0\x09";

/// Metadata and headers, then pictures and sound in turn, 20 ms apart, with a key frame each second.
pub(crate) fn clip(from_ms: u32, count: u32) -> Vec<Frame> {
    let mut frames = vec![
        frame(0, FrameKind::Data, METADATA.to_vec()),
        frame(
            from_ms,
            FrameKind::Video,
            b"\x17\0\0\0\0\x01header".to_vec(),
        ),
        frame(from_ms, FrameKind::Audio, b"\xaf\0\x12\x10".to_vec()),
    ];
    for number in 0..count {
        let head: &[u8] = match number {
            _ if number % 50 == 0 => b"\x17\x01\0\0\0",
            _ if number % 2 == 0 => b"\x27\x01\0\0\0",
            _ => b"\xaf\x01",
        };
        let kind = if number % 2 == 0 {
            FrameKind::Video
        } else {
            FrameKind::Audio
        };
        let mut payload = head.to_vec();
        payload.extend(number.to_be_bytes());
        payload.resize(100 + usize::try_from(number % 7).unwrap() * 300, 0x55);
        frames.push(frame(from_ms + number * 20, kind, payload));
    }
    frames
}

/// Pictures of 20 KB, so many bytes in all.
pub(crate) fn heavy_clip(bytes: usize) -> Vec<Frame> {
    let count = u32::try_from(bytes / 20_000).unwrap();
    let picture = |number: u32| {
        let mut payload = if number.is_multiple_of(50) {
            b"\x17\x01\0\0\0".to_vec()
        } else {
            b"\x27\x01\0\0\0".to_vec()
        };
        payload.resize(20_000, 0x55);
        frame(number * 20, FrameKind::Video, payload)
    };
    (0..count).map(picture).collect()
}

fn frame(at: u32, kind: FrameKind, payload: Vec<u8>) -> Frame {
    Frame::classify(Timestamp::from_ms(at), kind, payload.into())
}

pub(crate) fn seen(frame: &Frame) -> Seen {
    (frame.kind(), frame.at().ms(), frame.payload().clone())
}

pub(crate) fn frames_of(frames: &[Frame]) -> Frames {
    frames.iter().map(seen).collect()
}

fn flags(seen: &Seen) -> adit_client::media::FrameFlags {
    Frame::classify(Timestamp::from_ms(seen.1), seen.0, seen.2.clone()).flags()
}

pub(crate) fn is_metadata(seen: &Seen) -> bool {
    flags(seen).is_metadata()
}

pub(crate) fn is_header(seen: &Seen) -> bool {
    is_metadata(seen) || flags(seen).is_sequence_header()
}

pub(crate) fn is_key_frame(seen: &Seen) -> bool {
    flags(seen).is_key_frame()
}
