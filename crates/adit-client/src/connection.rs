//! A connection to an application, and the message streams on it.
//!
//! ```text
//!  NetConnection ─┐ requests (bounded)   ┌────────────────────┐
//!  NetStream ─────┼──────────────────────▶ one task: session  │──▶ carrier
//!  NetStream ─────┘◀─────────────────────│ and carrier        │◀──
//!            events, a bounded queue each└────────────────────┘
//! ```
//!
//! A player that does not take its frames makes the task stop reading, so the server feels it, as it would with any player. All
//! streams of the connection wait then, and so do answers to calls. Who wants independence makes a connection of its own.

mod call;
mod driver;
mod error;
mod event;
mod request;
mod shared_object;
mod stats;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use adit_amf::amf0::Value;
use adit_net::{CarrierInfo, Transport};
use adit_rtmp::MessageStreamId;
use adit_rtmp::command::{ClientCommand, ConnectReply, Invocation, TransactionId};
use adit_rtmp::shared_object::Persistence;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

pub use self::call::IncomingCall;
use self::driver::{Driver, Outside};
pub use self::error::{Ended, StreamError};
pub use self::event::{ConnectionEvent, StreamEvent};
use self::request::{Handle, Request};
pub use self::shared_object::{Author, ObjectChange, ObjectEdit, ObjectUpdate, SharedObject};
pub use self::stats::ConnectionStats;
use self::stats::Shared;
pub use self::stream::NetStream;
use crate::address::Target;
use crate::limits;
use crate::link::Link;
use crate::plan::Report;
use crate::secret::Secret;
use crate::strategy::Rung;

/// A connection that an application has accepted.
///
/// [`next_event`](Self::next_event) tells what happens on it; nobody has to ask. Dropping it and all its streams ends the
/// connection as [`close`](Self::close) does, without waiting; [`Client::settle`](crate::Client::settle) waits for it.
///
/// ```no_run
/// use adit_client::NetConnection;
/// use adit_client::connection::{ConnectionEvent, StreamError};
///
/// # async fn talk(mut connection: NetConnection) -> Result<(), StreamError> {
/// println!("by {} with TLS: {}", connection.protocol(), connection.using_tls());
/// let answer = connection.call("getServerTime", Vec::new()).await?;
/// println!("{answer:?}");
/// while let Some(event) = connection.next_event().await {
///     match event {
///         ConnectionEvent::Call(call) if call.method() == "ping" => {
///             call.reply(vec!["pong".into()]).await?;
///         }
///         ConnectionEvent::Call(call) => call.fail("no such method").await?,
///         ConnectionEvent::Ended(why) => println!("over: {why}"),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct NetConnection {
    handle: Arc<Handle>,
    events: mpsc::Receiver<ConnectionEvent>,
    about: About,
}

/// What does not change while a connection lasts.
#[derive(Debug)]
struct About {
    info: CarrierInfo,
    reply: ConnectReply,
    rung: Rung,
    report: Report,
    target: Target,
}

impl NetConnection {
    /// Hands the link to a task of its own, which says goodbye in `closing`.
    pub(crate) fn start(
        link: Link,
        reply: ConnectReply,
        rung: Rung,
        report: Report,
        target: Target,
        closing: TaskTracker,
    ) -> Self {
        let (requests, asked) = mpsc::channel(limits::REQUESTS);
        let (told, events) = mpsc::channel(limits::EVENTS);
        let shared = Arc::new(Shared::default());
        let info = link.carrier().info().clone();
        let outside = Outside {
            requests: asked,
            replies: requests.downgrade(),
            told,
            shared: Arc::clone(&shared),
            closing: closing.clone(),
        };
        let driver = Driver::new(link, outside);
        tokio::spawn(driver.run());
        Self {
            handle: Arc::new(Handle::new(requests, shared, closing)),
            events,
            about: About {
                info,
                reply,
                rung,
                report,
                target,
            },
        }
    }

    /// How RTMP travels; what Flash called `protocol`.
    pub fn protocol(&self) -> Transport {
        self.about.rung.transport()
    }

    /// Whether TLS protects it all the way; what Flash called `usingTLS`.
    pub fn using_tls(&self) -> bool {
        self.protocol().is_secure()
    }

    /// How a proxy is used: `none`, `HTTP`, `HTTPS` or `CONNECT`, as Flash said it.
    pub fn connected_proxy_type(&self) -> &'static str {
        self.about.rung.connected_proxy_type()
    }

    /// The way that won.
    pub fn rung(&self) -> &Rung {
        &self.about.rung
    }

    /// What came of each attempt.
    pub fn report(&self) -> &Report {
        &self.about.report
    }

    /// Where this connection goes, after redirects.
    pub fn target(&self) -> &Target {
        &self.about.target
    }

    /// Addresses and TLS.
    pub fn info(&self) -> &CarrierInfo {
        &self.about.info
    }

    /// What the server said when it accepted.
    pub fn reply(&self) -> &ConnectReply {
        &self.about.reply
    }

    /// The accounts of the connection, now.
    pub fn stats(&self) -> ConnectionStats {
        self.handle.shared.stats()
    }

    /// The next thing that happened to the connection as a whole. The last event is [`ConnectionEvent::Ended`], then comes `None`.
    ///
    /// Cancel-safe. Events that nobody takes are kept up to [`limits::EVENTS`]; of those beyond, statuses are lost and calls are
    /// answered with a failure.
    pub async fn next_event(&mut self) -> Option<ConnectionEvent> {
        self.events.recv().await
    }

    /// A new message stream.
    ///
    /// # Errors
    ///
    /// The server gives none, does not answer within [`limits::ANSWER`], or the connection has ended.
    pub async fn create_stream(&self) -> Result<NetStream, StreamError> {
        let (answer, answered) = oneshot::channel();
        self.handle.ask(Request::CreateStream { answer }).await?;
        let (msid, events) = within(&self.handle, limits::ANSWER, answered).await??;
        Ok(NetStream::new(msid, Arc::clone(&self.handle), events))
    }

    /// Calls a method of the application and waits for what it returns, at most [`limits::CALL`].
    ///
    /// On a connection of AMF3 ([`ConnectOptions::object_encoding`](crate::ConnectOptions)) objects travel as AMF3 whatever they are given
    /// as, and come as [`Value::Avm`]; [`adit_amf::convert::prefer_amf0`] gives what does not depend on that.
    ///
    /// # Errors
    ///
    /// The method fails or is not known ([`StreamError::CallFailed`]), too many calls wait for an answer or a value cannot be expressed
    /// ([`StreamError::Send`]), nothing comes in time ([`StreamError::Silent`]), or the connection ends.
    pub async fn call(
        &self,
        method: &str,
        arguments: Vec<Value>,
    ) -> Result<Vec<Value>, StreamError> {
        self.call_within(limits::CALL, method, arguments).await
    }

    /// The same with another time to wait. An answer that comes later is ignored.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn call_within(
        &self,
        time: Duration,
        method: &str,
        arguments: Vec<Value>,
    ) -> Result<Vec<Value>, StreamError> {
        let (answer, answered) = oneshot::channel();
        let method = method.to_owned();
        self.handle
            .ask(Request::Call {
                method,
                arguments,
                answer,
            })
            .await?;
        within(&self.handle, time, answered).await?
    }

    /// Calls a method of the application that is not to answer.
    ///
    /// # Errors
    ///
    /// A value cannot be expressed, or the connection has ended.
    pub async fn notify(&self, method: &str, arguments: Vec<Value>) -> Result<(), StreamError> {
        let mut call = Invocation::new(method, TransactionId::NONE);
        call.arguments = arguments;
        let (answer, answered) = oneshot::channel();
        self.handle
            .ask(Request::Command {
                msid: MessageStreamId::CONNECTION,
                command: ClientCommand::Call(call),
                answer,
            })
            .await?;
        answered.await.map_err(|_| self.handle.shared.gone())?
    }

    /// How long a recording is, if the server has it and knows (`getStreamLength`).
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn stream_length(&self, name: &Secret) -> Result<Option<Duration>, StreamError> {
        let name = name.expose().into();
        let answer = self.call("getStreamLength", vec![name]).await?;
        let seconds = answer.first().and_then(Value::as_number);
        let length = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Ok(length.filter(|length| !length.is_zero()))
    }

    /// Uses a shared object of the application: waits until the server lets us, at most [`limits::ANSWER`]. Its first slots have come then;
    /// those of an object with hundreds of them may follow.
    ///
    /// A temporary and a persistent object of one name are two objects.
    ///
    /// # Errors
    ///
    /// The server refuses ([`StreamError::Refused`]), this connection uses the object already ([`StreamError::ObjectInUse`]), nothing comes
    /// in time, or the connection has ended.
    pub async fn shared_object(
        &self,
        name: &str,
        persistence: Persistence,
    ) -> Result<SharedObject, StreamError> {
        SharedObject::join(Arc::clone(&self.handle), name.into(), persistence).await
    }

    /// Why the connection has ended, if it has.
    pub fn ended(&self) -> Option<&Ended> {
        self.handle.shared.ended()
    }

    /// Ends the connection once everything sent has left, and waits for that. Streams end with it.
    ///
    /// Says how it has ended: [`Ended::Closed`] when everything was taken, by the kernel or, in a tunnel, by the server. A server
    /// that takes nothing is given up after [`limits::WRITE_STALL`].
    pub async fn close(mut self) -> Ended {
        if self.handle.ask(Request::Close).await.is_ok() {
            while self.events.recv().await.is_some() {}
        }
        self.ended().cloned().unwrap_or(Ended::Closed)
    }
}

/// An answer of the server that is waited for only so long.
async fn within<T>(
    handle: &Handle,
    time: Duration,
    answered: oneshot::Receiver<T>,
) -> Result<T, StreamError> {
    match timeout(time, answered).await {
        Err(_) => Err(StreamError::Silent { after: time }),
        Ok(Err(_)) => Err(handle.shared.gone()),
        Ok(Ok(answer)) => Ok(answer),
    }
}
