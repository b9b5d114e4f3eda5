//! Live streams of the server that this one has taken over from: they are played here while their publishers are still there.
//!
//! ```text
//! new ─▶ streams ═ Link ═▶ old     the names of all streams that are live there, and of those that begin
//! new ─▶ stream  ═ Link ═▶ old     a name; then through which servers it came, and its frames, until it stops
//! new ─▶ names ═ Link ═▶ old      the names of all that is live or packaged there, and the end
//! new ─▶ packaged ═ Link ═▶ old   a name; then what viewers by HLS need to go on
//! new ─▶ hand ═ Link ═▶ old       what is to become of a stream, or who publishes it: see [`hand`]
//!
//! name   length u16, vhost │ length u16, application │ length u16, instance │ length u16, name
//! via    length u16, the list of a relay; none where an encoder publishes
//! frame  kind u8 (8 audio, 9 video, 18 data) │ time u32, ms │ length u32 │ payload
//! ```
//!
//! A publisher that comes to this server takes the place of what is mirrored under its name. Until then the old server goes on pushing
//! the stream where its relays push it, and this one does not.

mod hand;

use std::collections::{HashMap, HashSet};
use std::future::poll_fn;
use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use adit_broker::{
    Broker, Delivery, Latency, Publication, PublicationInfo, PublisherInfo, StreamKey,
    SubscribeOptions,
};
use adit_media::{Frame, FrameKind, Timestamp};
use adit_net::http::{Asker, Elsewhere, Link, LinkFuture};
use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufWriter};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};
use tracing::{debug, warn};

pub(crate) use self::hand::About;
use crate::limits::{MIRROR_FRAME_BYTES, MIRRORED_STREAMS};
use crate::outputs::Outputs;
use crate::relays::Via;
use crate::server::Shared;

/// The server that this one has taken over from.
pub trait Predecessor: Elsewhere {
    /// A connection on which it answers this.
    fn ask(&self, question: Question) -> LinkFuture<'_>;
}

/// What a server is asked that was taken over, each on a connection of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Question {
    /// Which streams are live there, for as long as it is there.
    Streams,
    /// One of them.
    Stream,
    /// Of which streams it has anything for viewers by HLS, once.
    Names,
    /// What is packaged of one of them, as HLS.
    Packaged,
    /// That something becomes of a stream, or who publishes it. Earlier versions do not know this one.
    Hand,
}

impl Question {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Streams,
        Self::Stream,
        Self::Names,
        Self::Packaged,
        Self::Hand,
    ];

    /// The word for it between two servers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Streams => "streams",
            Self::Stream => "stream",
            Self::Names => "names",
            Self::Packaged => "packaged",
            Self::Hand => "hand",
        }
    }
}

/// Serves the server that takes over from this one.
#[derive(Debug, Clone)]
pub struct Visitors {
    pub(crate) net: adit_net::http::Visitors,
    pub(crate) shared: Arc<Shared>,
    pub(crate) outputs: Option<Outputs>,
}

impl Visitors {
    /// Answers what `asker` asks on `link` about tunnel sessions of this server. Call it inside a tokio runtime, as the other one.
    pub fn serve(&self, link: impl Link, asker: Asker) {
        self.net.serve(link, asker);
    }

    /// Answers this question.
    pub fn answer(&self, question: Question, link: impl Link) {
        let visitors = self.clone();
        tokio::spawn(async move { note(visitors.answered(question, link).await) });
    }

    async fn answered(self, question: Question, link: impl Link) -> io::Result<()> {
        let broker = &self.shared.broker;
        match (question, &self.outputs) {
            (Question::Streams, _) => announce(broker, link).await,
            (Question::Stream, _) => send(broker, link).await,
            (Question::Names, Some(outputs)) => outputs.list_packaged(link).await,
            (Question::Packaged, Some(outputs)) => outputs.hand_over(link).await,
            (Question::Hand, _) => hand::serve(&self.shared, link).await,
            // Where there are no outputs the other side hears nothing but the end.
            (Question::Names | Question::Packaged, None) => Ok(()),
        }
    }
}

/// That the other side has gone is how it ends.
fn note(ended: io::Result<()>) {
    if let Err(error) = ended {
        debug!(%error, "a connection between two servers has ended");
    }
}

async fn announce(broker: &Broker, mut link: impl Link) -> io::Result<()> {
    // By publication: one that has the name of another is a new stream, however soon after that it begins.
    let mut told = HashMap::new();
    let mut looks = interval(LOOK);
    loop {
        // Both arms are cancel-safe. The other side says nothing here, so what is heard is that it has gone.
        tokio::select! {
            _ = looks.tick() => {}
            _ = link.read_u8() => return Ok(()),
        }
        let streams = broker.streams().into_iter();
        let live: HashMap<_, _> = streams
            .filter_map(|stream| Some((stream.key, stream.publication?.id)))
            .collect();
        for (key, id) in &live {
            if told.get(key) != Some(id) {
                link.write_all(&name(key)).await?;
            }
        }
        told = live;
    }
}

async fn send(broker: &Broker, mut link: impl Link) -> io::Result<()> {
    let key = read_name(&mut link).await?;
    let stream = broker.stream(&key);
    let Some(publication) = stream.and_then(|stream| stream.publication) else {
        return Ok(());
    };
    let mut subscription = broker.subscribe(key, SubscribeOptions::default());
    let via = publication.publisher.via.as_deref().unwrap_or_default();
    link.write_all(&counted(via)).await?;
    let mut out = BufWriter::with_capacity(WRITE_BYTES, link);
    loop {
        let at_hand = poll_fn(|cx| Poll::Ready(subscription.poll_next(cx))).await;
        let delivery = match at_hand {
            Poll::Ready(delivery) => delivery,
            Poll::Pending => {
                out.flush().await?;
                // As above.
                tokio::select! {
                    delivery = poll_fn(|cx| subscription.poll_next(cx)) => delivery,
                    _ = out.get_mut().read_u8() => return Ok(()),
                }
            }
        };
        match delivery {
            Delivery::Frame(shared) => {
                let frame = shared.frame();
                out.write_all(&head(frame)?).await?;
                out.write_all(frame.payload()).await?;
            }
            Delivery::Stopped { .. } => return out.shutdown().await,
            _ => {}
        }
    }
}

/// Whether this is a stream of the predecessor.
pub(crate) fn is_mirrored(publication: &PublicationInfo) -> bool {
    *publication.publisher.session == *PREDECESSOR
}

/// The streams of the predecessor that are played here, by name. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mirrors(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    slots: Mutex<HashMap<StreamKey, Arc<Slot>>>,
    /// The streams for which there is a task, and whether each is to be asked for once more: its name was told again.
    tasks: Mutex<HashMap<StreamKey, bool>>,
    /// None where no server was taken over.
    predecessor: OnceLock<Arc<dyn Predecessor>>,
    /// Whether it has answered what is to become of a stream: earlier versions do not.
    is_understood: AtomicBool,
}

/// One stream that is mirrored.
#[derive(Debug)]
struct Slot {
    /// Until its place is wanted.
    publication: Mutex<Option<Publication>>,
    /// None until the predecessor has said it; those of earlier versions do not.
    about: Mutex<Option<About>>,
}

impl Mirrors {
    /// Ends what is mirrored under this name: its publisher is here.
    pub(crate) fn give_way(&self, key: &StreamKey) {
        let slot = lock(&self.0.slots).remove(key);
        // Readers are told outside of the lock of all.
        drop(slot.and_then(|slot| lock(&slot.publication).take()));
    }

    /// What the predecessor says about who publishes there what is mirrored under this name.
    pub(crate) fn about(&self, key: &StreamKey) -> Option<About> {
        let slot = lock(&self.0.slots).get(key).cloned();
        slot.and_then(|slot| lock(&slot.about).clone())
    }

    /// Mirrors what is live at the predecessor for as long as it is there. Dropping this ends what is mirrored.
    pub(crate) async fn follow(self, predecessor: Arc<dyn Predecessor>, broker: Broker) {
        // The first one stands: a server takes over from one other.
        drop(self.0.predecessor.set(Arc::clone(&predecessor)));
        let mut tasks = JoinSet::new();
        while predecessor.is_there() {
            if let Some(link) = predecessor.ask(Question::Streams).await {
                let mirrored = self.mirror_all(link, &predecessor, &broker, &mut tasks);
                note(mirrored.await);
            }
            sleep(LOOK).await;
        }
        // What is still on its way from there arrives.
        while tasks.join_next().await.is_some() {}
    }

    /// Whatever begins there, until the link breaks. What is mirrored already goes on then: it has links of its own.
    async fn mirror_all(
        &self,
        mut names: Box<dyn Link>,
        predecessor: &Arc<dyn Predecessor>,
        broker: &Broker,
        tasks: &mut JoinSet<()>,
    ) -> io::Result<()> {
        // A new link begins with the names of all that is live.
        let mut known: HashSet<_> = lock(&self.0.tasks).keys().cloned().collect();
        let mut is_told = false;
        loop {
            let key = read_name(&mut names).await?;
            while tasks.try_join_next().is_some() {}
            if !known.remove(&key) {
                // What there is of this name is over.
                self.give_way(&key);
            }
            match self.want(&key) {
                Wanted::Again => {}
                Wanted::New => {
                    let (mirrors, broker) = (self.clone(), broker.clone());
                    let predecessor = Arc::clone(predecessor);
                    tasks.spawn(async move { mirrors.keep(key, &*predecessor, &broker).await });
                }
                Wanted::TooMany if is_told => {}
                Wanted::TooMany => {
                    is_told = true;
                    let limit = MIRRORED_STREAMS;
                    warn!(%key, limit, "there are too many streams to play them all from the server before: who plays this one waits until its publisher comes");
                }
            }
        }
    }

    fn want(&self, key: &StreamKey) -> Wanted {
        let mut tasks = lock(&self.0.tasks);
        if let Some(again) = tasks.get_mut(key) {
            *again = true;
            return Wanted::Again;
        }
        if tasks.len() >= MIRRORED_STREAMS {
            return Wanted::TooMany;
        }
        tasks.insert(key.clone(), false);
        Wanted::New
    }

    /// One stream, and the next of its name.
    async fn keep(self, key: StreamKey, predecessor: &dyn Predecessor, broker: &Broker) {
        loop {
            match predecessor.ask(Question::Stream).await {
                Some(link) => note(self.mirror(link, key.clone(), broker).await),
                // This end has no more sockets, it may be: that passes.
                None if predecessor.is_there() => {
                    sleep(LOOK).await;
                    continue;
                }
                None => {}
            }
            let mut tasks = lock(&self.0.tasks);
            match tasks.get_mut(&key) {
                Some(again) if *again => *again = false,
                _ => {
                    tasks.remove(&key);
                    return;
                }
            }
        }
    }

    /// One stream, until it stops there or begins here.
    async fn mirror(
        &self,
        mut link: Box<dyn Link>,
        key: StreamKey,
        broker: &Broker,
    ) -> io::Result<()> {
        link.write_all(&name(&key)).await?;
        let via = timeout(PATIENCE, read_text(&mut link)).await;
        let via = Via::read(&via.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??);
        let mut publisher = PublisherInfo::new(PREDECESSOR, "the server that was here before");
        publisher.via = via.text().cloned();
        let publisher = publisher.with_latency(Latency::Low);
        // It may have come here already.
        let Ok(publication) = broker.publish(key.clone(), publisher, Instant::now()) else {
            return Ok(());
        };
        let mirrored = Mirrored::new(self.clone(), key, publication);
        // Neither holds anything that is not lost with the stream: what has begun to arrive of a frame when that ends is of no use.
        tokio::select! {
            carried = mirrored.carry(&mut link) => carried,
            () = mirrored.learn() => Ok(()),
        }
    }
}

/// What becomes of a name that was told.
enum Wanted {
    New,
    /// It is mirrored, and asked for again once that has ended.
    Again,
    TooMany,
}

/// One stream that is mirrored; dropping it ends that.
struct Mirrored {
    mirrors: Mirrors,
    key: StreamKey,
    slot: Arc<Slot>,
}

impl Mirrored {
    fn new(mirrors: Mirrors, key: StreamKey, publication: Publication) -> Self {
        let slot = Arc::new(Slot {
            publication: Mutex::new(Some(publication)),
            about: Mutex::default(),
        });
        lock(&mirrors.0.slots).insert(key.clone(), Arc::clone(&slot));
        Self { mirrors, key, slot }
    }

    /// Its frames, until it stops there or begins here.
    async fn carry(&self, link: &mut impl Link) -> io::Result<()> {
        loop {
            let frame = read_frame(link).await?;
            let mut slot = lock(&self.slot.publication);
            let Some(publication) = slot.as_mut() else {
                return Ok(());
            };
            publication.push(Instant::now(), frame);
        }
    }

    /// What is said about it, for ever.
    async fn learn(&self) {
        let told = self.mirrors.listen(&self.key, |about| {
            *lock(&self.slot.about) = Some(about);
        });
        note(told.await);
        std::future::pending::<()>().await;
    }
}

impl Drop for Mirrored {
    fn drop(&mut self) {
        let mut all = lock(&self.mirrors.0.slots);
        // Another one may have its name by now.
        if all
            .get(&self.key)
            .is_some_and(|slot| Arc::ptr_eq(slot, &self.slot))
        {
            all.remove(&self.key);
        }
        drop(all);
        drop(lock(&self.slot.publication).take());
    }
}

pub(crate) fn name(key: &StreamKey) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in [key.vhost(), key.application(), key.instance(), key.name()] {
        bytes.extend_from_slice(&counted(part));
    }
    bytes
}

fn counted(text: &str) -> Vec<u8> {
    // Keys and lists of servers are shorter than that.
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes(), text.as_bytes()].concat()
}

pub(crate) async fn read_name(link: &mut impl Link) -> io::Result<StreamKey> {
    let mut parts = [const { String::new() }; 4];
    for part in &mut parts {
        *part = read_text(link).await?;
    }
    let [vhost, application, instance, name] = &parts;
    StreamKey::new(vhost, application, instance, name).map_err(|_| garbled())
}

async fn read_text(link: &mut impl Link) -> io::Result<String> {
    let mut bytes = vec![0; link.read_u16().await?.into()];
    link.read_exact(&mut bytes).await?;
    String::from_utf8(bytes).map_err(|_| garbled())
}

fn head(frame: &Frame) -> io::Result<[u8; HEAD_BYTES]> {
    let kind = match frame.kind() {
        FrameKind::Audio => AUDIO,
        FrameKind::Video => VIDEO,
        FrameKind::Data => DATA,
    };
    let length = u32::try_from(frame.payload().len()).map_err(|_| garbled())?;
    let ([t0, t1, t2, t3], [l0, l1, l2, l3]) =
        (frame.at().ms().to_be_bytes(), length.to_be_bytes());
    Ok([kind, t0, t1, t2, t3, l0, l1, l2, l3])
}

async fn read_frame(link: &mut impl Link) -> io::Result<Frame> {
    let kind = match link.read_u8().await? {
        AUDIO => FrameKind::Audio,
        VIDEO => FrameKind::Video,
        DATA => FrameKind::Data,
        _ => return Err(garbled()),
    };
    let at = Timestamp::from_ms(link.read_u32().await?);
    let length = usize::try_from(link.read_u32().await?).map_err(|_| garbled())?;
    if length > MIRROR_FRAME_BYTES {
        return Err(garbled());
    }
    let mut payload = vec![0; length];
    link.read_exact(&mut payload).await?;
    Ok(Frame::classify(at, kind, Bytes::from(payload)))
}

fn garbled() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "no name and no frame")
}

/// What is behind the locks here is whole after each statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The session of whoever publishes at the predecessor. Those of this server are numbers.
const PREDECESSOR: &str = "predecessor";
/// As in FLV tags.
const AUDIO: u8 = 8;
const VIDEO: u8 = 9;
const DATA: u8 = 18;
const HEAD_BYTES: usize = 9;
/// How often it is looked which streams are live.
const LOOK: Duration = Duration::from_millis(250);
/// A server that has not said anything about a stream by then never will.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is gathered for one write.
const WRITE_BYTES: usize = 64 * 1024;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
