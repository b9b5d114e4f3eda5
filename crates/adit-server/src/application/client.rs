//! A client as an application sees it: who it is, what it may do, and calls to it.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use adit_amf::Text;
use adit_amf::amf0::Value;
use adit_net::{CarrierInfo, TlsInfo, Transport};
use adit_rtmp::command::{Address, Connect, ObjectEncoding, Status};
use adit_rtmp::session::SendError;
use tokio::sync::oneshot;

use crate::limits::{ABOUT_BYTES, MAILBOX};
use crate::server::ConnectionId;

/// One connection, for as long as anybody asks about it. Clones are the same client, and cheap.
///
/// What is asked of a client that has left is not done, and the answer says so; it does no harm to keep one.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    id: ConnectionId,
    address: Address,
    peer: SocketAddr,
    transport: Transport,
    tls: Option<TlsInfo>,
    about: ClientAbout,
    user: Option<Box<str>>,
    rights: Mutex<Rights>,
    mailbox: Mailbox,
}

/// What a client said about itself when it connected; none of it is proven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientAbout {
    /// The name and version of the program, such as `FMLE/3.0 (compatible; FMSc/1.0)`. At most 512 bytes.
    pub flash_version: Option<Text>,
    /// Where the program was loaded from. At most 512 bytes.
    pub swf_url: Option<Text>,
    /// The page it is on. At most 512 bytes.
    pub page_url: Option<Text>,
    /// How it wants values to be written.
    pub object_encoding: ObjectEncoding,
    /// `videoFunction`, what it can do with video: bit 0 means that it decodes frames without showing them, to seek exactly.
    pub video_function: u32,
}

impl ClientAbout {
    /// The texts are cut and copied, so that they do not keep the message alive that they came in.
    fn of(connect: &Connect) -> Self {
        let kept = |text: &Option<Text>| text.as_deref().map(short);
        Self {
            flash_version: kept(&connect.client.flash_version),
            swf_url: kept(&connect.client.swf_url),
            page_url: kept(&connect.client.page_url),
            object_encoding: connect.object_encoding,
            video_function: connect.enhanced.video_function,
        }
    }
}

fn short(text: &str) -> Text {
    let cut = text.floor_char_boundary(ABOUT_BYTES);
    text.get(..cut).unwrap_or_default().into()
}

/// Where a client may read and write: names that begin with one of these.
struct Rights {
    read: Vec<Box<str>>,
    write: Vec<Box<str>>,
}

impl Client {
    pub(crate) fn new(
        id: ConnectionId,
        carrier: &CarrierInfo,
        address: &Address,
        connect: &Connect,
        user: Option<Box<str>>,
    ) -> Self {
        Self(Arc::new(Inner {
            id,
            address: address.clone(),
            peer: carrier.peer,
            transport: carrier.transport,
            tls: carrier.tls.clone(),
            about: ClientAbout::of(connect),
            user,
            rights: Mutex::new(Rights {
                read: vec!["".into()],
                write: vec!["".into()],
            }),
            mailbox: Mailbox::default(),
        }))
    }

    /// The number of the connection, as in the log.
    pub fn id(&self) -> ConnectionId {
        self.0.id
    }

    /// Where it connected to, with the query that often holds a token.
    pub fn address(&self) -> &Address {
        &self.0.address
    }

    /// Its address on the network, as far as that is known.
    pub fn peer(&self) -> SocketAddr {
        self.0.peer
    }

    /// How its RTMP travels.
    pub fn transport(&self) -> Transport {
        self.0.transport
    }

    /// What was agreed about its encryption, if there is any.
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.0.tls.as_ref()
    }

    /// The name under which it has logged in as an [encoder](crate::EncoderLogin); it has proven to know the password. None of a client that
    /// has not, or where nobody has to.
    pub fn user(&self) -> Option<&str> {
        self.0.user.as_deref()
    }

    /// What it said about itself.
    pub fn about(&self) -> &ClientAbout {
        &self.0.about
    }

    /// Lets it play only streams, and read only shared objects, whose names begin with one of these; an empty text allows all, no text none.
    ///
    /// The texts are compared byte by byte with the name as it is asked for, without prefix and query. At first all is allowed.
    pub fn set_read_access<'a>(&self, prefixes: impl IntoIterator<Item = &'a str>) {
        self.rights().read = prefixes.into_iter().map(bare).collect();
    }

    /// Lets it publish only streams, and write only shared objects, whose names begin with one of these; see
    /// [`set_read_access`](Self::set_read_access).
    pub fn set_write_access<'a>(&self, prefixes: impl IntoIterator<Item = &'a str>) {
        self.rights().write = prefixes.into_iter().map(bare).collect();
    }

    /// Whether it may play a stream, or read a shared object, of this name.
    pub fn may_read(&self, name: &str) -> bool {
        begins_with_one(name, &self.rights().read)
    }

    /// Whether it may publish a stream, or write a shared object, of this name.
    pub fn may_write(&self, name: &str) -> bool {
        begins_with_one(name, &self.rights().write)
    }

    /// Calls a method of the client. The call is under way at once, whether or not anybody waits for the answer.
    pub fn call(&self, method: impl Into<Text>, arguments: Vec<Value>) -> PendingCall {
        let (answer, answered) = oneshot::channel();
        let call = Post::Call {
            method: method.into(),
            arguments,
            answer,
        };
        PendingCall(match self.0.mailbox.put(call) {
            Ok(()) => Pending::Answer(answered),
            Err(error) => Pending::Failed(Some(error)),
        })
    }

    /// Calls a method of the client without waiting for an answer.
    ///
    /// # Errors
    /// [`CallError::Gone`] or [`CallError::Full`].
    pub fn notify(&self, method: impl Into<Text>, arguments: Vec<Value>) -> Result<(), CallError> {
        self.0.mailbox.put(Post::Notice {
            method: method.into(),
            arguments,
        })
    }

    /// Ends the connection, for the reason that the client and the log are told. Calls that were made before are sent before.
    pub fn disconnect(&self, reason: impl Into<String>) {
        self.0.mailbox.end(reason.into());
    }

    /// The server is taken down. A client to whom nothing more can be said misses it.
    pub(crate) fn server_leaves(&self, leave: Leave) {
        drop(self.0.mailbox.put(Post::Leave(leave)));
    }

    /// Whether there is something for the driver of the connection to do; to ask costs no lock.
    pub(crate) fn has_mail(&self) -> bool {
        self.0.mailbox.has_mail.load(Ordering::Acquire)
    }

    /// The next thing to do; the waker is kept otherwise.
    pub(crate) fn poll_post(&self, cx: &Context<'_>) -> Poll<Post> {
        self.0.mailbox.poll(cx)
    }

    /// The connection is over: what was not done will not be.
    pub(super) fn leave(&self) {
        self.0.mailbox.close();
    }

    fn rights(&self) -> MutexGuard<'_, Rights> {
        self.0.rights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.0.id)
            .field("peer", &self.0.peer)
            .field("transport", &self.0.transport)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Client {
    /// Whether it is the same connection.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Client {}

/// Names begin without a slash.
fn bare(prefix: &str) -> Box<str> {
    prefix.trim_start_matches('/').into()
}

fn begins_with_one(name: &str, prefixes: &[Box<str>]) -> bool {
    prefixes.iter().any(|prefix| name.starts_with(&**prefix))
}

/// Why a call to a client has no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The client answered with an error: what it said, if it is an information object.
    #[error("the client answered with {}", words(.0.as_deref()))]
    Remote(Option<Box<Status>>),
    /// It did not answer in time.
    #[error("the client did not answer in time")]
    TimedOut,
    /// It has left.
    #[error("the client has left")]
    Gone,
    /// So many calls wait for it already that this one was not made.
    #[error("too many calls wait for the client already")]
    Full,
    /// A value cannot be sent, or the whole is too long.
    #[error("the call cannot be sent: {0}")]
    Unsendable(SendError),
}

fn words(status: Option<&Status>) -> &str {
    status.map_or("an error", |status| status.code_text())
}

/// The answer to a call, to be awaited or forgotten.
#[derive(Debug)]
pub struct PendingCall(Pending);

#[derive(Debug)]
enum Pending {
    Answer(oneshot::Receiver<Result<Value, CallError>>),
    Failed(Option<CallError>),
}

impl Future for PendingCall {
    type Output = Result<Value, CallError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Pending::Answer(answered) => Pin::new(answered)
                .poll(cx)
                // Whoever should have answered was dropped.
                .map(|answer| answer.unwrap_or(Err(CallError::Gone))),
            Pending::Failed(error) => Poll::Ready(Err(error.take().unwrap_or(CallError::Gone))),
        }
    }
}

/// Something that an application wants a connection to do.
#[derive(Debug)]
pub(crate) enum Post {
    Call {
        method: Text,
        arguments: Vec<Value>,
        answer: oneshot::Sender<Result<Value, CallError>>,
    },
    Notice {
        method: Text,
        arguments: Vec<Value>,
    },
    /// The server lets nobody in any more.
    Leave(Leave),
    Disconnect {
        reason: String,
    },
}

/// What a server that is taken down wants of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// To connect again, if it can and does not play.
    Asked,
    /// To go, if all it does is wait.
    Overdue,
}

/// What waits for the driver of a connection.
#[derive(Default)]
struct Mailbox {
    has_mail: AtomicBool,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    /// At most [`MAILBOX`].
    posts: VecDeque<Post>,
    state: State,
    waker: Option<Waker>,
}

#[derive(Default)]
enum State {
    #[default]
    Open,
    /// Nothing more is taken; the reason is for the driver once the rest is done.
    Ending(String),
    Closed,
}

impl Mailbox {
    fn put(&self, post: Post) -> Result<(), CallError> {
        let mut inside = self.inside();
        match inside.state {
            State::Open => {}
            State::Ending(_) | State::Closed => return Err(CallError::Gone),
        }
        if inside.posts.len() >= MAILBOX {
            return Err(CallError::Full);
        }
        inside.posts.push_back(post);
        self.wake(inside);
        Ok(())
    }

    /// Takes nothing more; also when it is full.
    fn end(&self, reason: String) {
        let mut inside = self.inside();
        if matches!(inside.state, State::Open) {
            inside.state = State::Ending(reason);
            self.wake(inside);
        }
    }

    fn wake(&self, mut inside: MutexGuard<'_, Inside>) {
        self.has_mail.store(true, Ordering::Release);
        let waker = inside.waker.take();
        drop(inside);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<Post> {
        let mut inside = self.inside();
        if let Some(post) = inside.posts.pop_front() {
            return Poll::Ready(post);
        }
        if let State::Ending(reason) = &mut inside.state {
            let reason = std::mem::take(reason);
            inside.state = State::Closed;
            return Poll::Ready(Post::Disconnect { reason });
        }
        self.has_mail.store(false, Ordering::Release);
        match &mut inside.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    fn close(&self) {
        let mut inside = self.inside();
        inside.state = State::Closed;
        inside.waker = None;
        let posts = std::mem::take(&mut inside.posts);
        drop(inside);
        // Whoever waits for an answer is woken, outside of the lock.
        drop(posts);
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
