//! A far server that does what a test says, one carrier and one session at a time.

use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Instant;

use adit_net::{Acceptor, AcceptorConfig, Carrier};
use adit_rtmp::session::server::PlayRequest;
use adit_rtmp::session::{MediaKind, ServerEvent, ServerSession, SessionConfig};
use adit_rtmp::{Seed, Timestamp};
use adit_server::relay::Direction;
use bytes::Bytes;
use tokio::task::JoinHandle;

/// The media of each connection, in the order of connections.
pub(crate) type Received = Arc<Mutex<Vec<Vec<(MediaKind, u32, Bytes)>>>>;

/// What happens after each media message: connection, how many there were on it, its session.
pub(crate) type Script = Box<dyn FnMut(usize, usize, &mut ServerSession) -> Flow + Send>;

/// Whether a connection is read on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    On,
    /// Never again, and nothing is said about it.
    Hang,
}

/// What each player is sent.
pub(crate) type Programme = Vec<(MediaKind, Bytes)>;

/// A far server that lets everybody in.
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    pub(crate) received: Received,
    task: JoinHandle<()>,
}

impl Scripted {
    pub(crate) fn start(script: Script) -> Self {
        Self::start_with(script, Programme::new())
    }

    /// One that plays.
    pub(crate) fn playing(programme: Programme) -> Self {
        Self::start_with(Box::new(|_, _, _| Flow::On), programme)
    }

    fn start_with(script: Script, programme: Programme) -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut acceptor = Acceptor::bind(&[loopback], AcceptorConfig::default()).unwrap();
        let address = acceptor.local_addrs()[0];
        let received = Received::default();
        let script = Arc::new(Mutex::new(script));
        let programme = Arc::new(programme);
        let seen = Arc::clone(&received);
        let task = tokio::spawn(async move {
            let mut number = 0;
            while let Some(carrier) = acceptor.accept().await {
                seen.lock().unwrap().push(Vec::new());
                tokio::spawn(serve(
                    carrier,
                    number,
                    Arc::clone(&script),
                    Arc::clone(&programme),
                    Arc::clone(&seen),
                ));
                number += 1;
            }
        });
        Self {
            address,
            received,
            task,
        }
    }

    pub(crate) fn url(&self, direction: Direction) -> String {
        let path = match direction {
            Direction::Push => "app",
            Direction::Pull => "app/stream",
        };
        format!("rtmp://127.0.0.1:{}/{path}", self.address.port())
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut carrier: Carrier,
    number: usize,
    script: Arc<Mutex<Script>>,
    programme: Arc<Programme>,
    received: Received,
) {
    let seed = Seed::new([7; 32]);
    let mut session = ServerSession::new(Instant::now(), SessionConfig::default(), &seed);
    let mut flow = Flow::On;
    poll_fn(|cx| {
        loop {
            let now = Instant::now();
            while flow == Flow::On
                && let Ok(Some(event)) = session.poll_event(now)
            {
                if let ServerEvent::Play(request) = event {
                    play(&mut session, request, &programme);
                } else {
                    flow = answer(&mut session, event, number, &script, &received);
                }
            }
            if flow == Flow::Hang {
                return Poll::Pending;
            }
            if carrier.poll_send(cx, session.output()).is_ready() && session.is_closing() {
                return carrier.poll_close(cx).map(|_| ());
            }
            if !session.wants_input() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match carrier.poll_recv(cx) {
                Poll::Ready(Ok(Some(bytes))) => session.handle_input(now, bytes),
                Poll::Ready(Ok(None)) => session.handle_eof(now),
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await;
}

fn play(session: &mut ServerSession, request: PlayRequest, programme: &Programme) {
    let msid = request.msid;
    session.accept_play(request);
    for (kind, payload) in programme {
        session
            .send_media(msid, *kind, Timestamp::ZERO, payload)
            .unwrap();
    }
}

fn answer(
    session: &mut ServerSession,
    event: ServerEvent,
    number: usize,
    script: &Mutex<Script>,
    received: &Received,
) -> Flow {
    match event {
        ServerEvent::Connect(request) => session.accept_connect(request),
        ServerEvent::Publish(request) => {
            session.accept_publish(request);
        }
        ServerEvent::Media {
            kind,
            timestamp,
            payload,
            ..
        } => {
            let count = {
                let mut received = received.lock().unwrap();
                received[number].push((kind, timestamp.ms(), payload));
                received[number].len()
            };
            return (script.lock().unwrap())(number, count, session);
        }
        _ => {}
    }
    Flow::On
}
