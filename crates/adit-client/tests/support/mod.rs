//! A scripted RTMP server on loopback, by every transport, and raw peers that speak something else.

use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant};

use adit_client::network::{ConnectorConfig, GivenProxy, InsecureTls, TlsClient};
use adit_client::{Client, ConnectOptions, Intent, Target};
use adit_net::{Acceptor, AcceptorConfig, Carrier};
use adit_rtmp::Seed;
use adit_rtmp::session::{ServerEvent, ServerSession, SessionConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What a script does with each event of each connection, the first being number 0. Nothing else is answered for it.
pub(crate) type Script = Box<dyn FnMut(usize, &mut ServerSession, ServerEvent) + Send>;

/// A server that lives until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Connections and tunnel sessions that have not ended.
    pub(crate) open: watch::Receiver<usize>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) fn start(
        script: impl FnMut(usize, &mut ServerSession, ServerEvent) + Send + 'static,
    ) -> Self {
        let mut config = AcceptorConfig::default();
        let folder = tempfile::tempdir().unwrap();
        let source = adit_net::tls::CertificateSource::SelfSigned {
            state_directory: folder.path().to_owned(),
            names: Vec::new(),
        };
        config.tls = Some(adit_net::tls::Tls::load(source).unwrap());
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut acceptor = Acceptor::bind(&[loopback], config).unwrap();
        let address = acceptor.local_addrs()[0];
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(script)));
        let (counted, open) = watch::channel(0);
        let task = tokio::spawn(async move {
            let _folder = folder;
            let mut number = 0;
            while let Some(carrier) = acceptor.accept().await {
                let (script, counted) = (Arc::clone(&script), counted.clone());
                counted.send_modify(|open| *open += 1);
                tokio::spawn(async move {
                    serve(carrier, number, script).await;
                    counted.send_modify(|open| *open -= 1);
                });
                number += 1;
            }
        });
        Self {
            address,
            open,
            task,
        }
    }

    pub(crate) fn target(&self, scheme: &str, path: &str) -> Target {
        Target::parse(&format!(
            "{scheme}://localhost:{}/{path}",
            self.address.port()
        ))
        .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut carrier: Carrier, number: usize, script: Arc<Mutex<Script>>) {
    let seed = Seed::new([7; 32]);
    let mut session = ServerSession::new(Instant::now(), SessionConfig::default(), &seed);
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    poll_fn(|cx| {
        loop {
            let now = Instant::now();
            session.handle_timeout(now);
            while let Ok(Some(event)) = session.poll_event(now) {
                (script.lock().unwrap())(number, &mut session, event);
            }
            match carrier.poll_send(cx, session.output()) {
                // Nobody is there any more who could take it.
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(())) if session.is_closed() => {
                    return carrier.poll_close(cx).map(|_| ());
                }
                _ => {}
            }
            if session.wants_input() {
                match carrier.poll_recv(cx) {
                    Poll::Ready(Ok(Some(bytes))) => {
                        session.handle_input(now, bytes);
                        continue;
                    }
                    Poll::Ready(Ok(None)) => {
                        session.handle_eof(now);
                        continue;
                    }
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                    Poll::Pending => {}
                }
            }
            if tick.poll_tick(cx).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await;
}

/// A client that trusts everybody and knows no proxy.
pub(crate) fn client() -> Client {
    let tls = TlsClient::insecure(InsecureTls::accept_any_certificate());
    Client::new(ConnectorConfig::new(tls), GivenProxy::None)
}

pub(crate) fn options(intent: Intent) -> ConnectOptions {
    ConnectOptions::new(intent)
}

/// Accepts whatever is asked.
pub(crate) fn accept(session: &mut ServerSession, event: ServerEvent) -> Option<ServerEvent> {
    match event {
        ServerEvent::Connect(request) => session.accept_connect(request),
        ServerEvent::Publish(request) => {
            session.accept_publish(request);
        }
        ServerEvent::Play(request) => {
            session.accept_play(request);
        }
        other => return Some(other),
    }
    None
}

/// Says `answer` to whoever connects, and then nothing any more.
pub(crate) async fn raw(answer: Vec<u8>, then_close: bool) -> SocketAddr {
    serving(move |mut stream| {
        let answer = answer.clone();
        async move {
            let mut some = [0; 4096];
            // A peer that is gone already is as good as one that has answered.
            drop(stream.read(&mut some).await);
            drop(stream.write_all(&answer).await);
            while !then_close && stream.read(&mut some).await.is_ok_and(|count| count > 0) {}
        }
    })
    .await
}

/// Serves each connection by a function, until the test ends.
pub(crate) async fn serving<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// A way to `server` that takes so many bytes of one client and then no more. What the server says still arrives.
pub(crate) async fn deaf_after(server: SocketAddr, bytes: u64) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let (from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) =
            TcpStream::connect(server).await.unwrap().into_split();
        let back = tokio::io::copy(&mut from_server, &mut to_client);
        let mut some = from_client.take(bytes);
        let there = tokio::io::copy(&mut some, &mut to_server);
        // Both ends stay open for as long as this goes on.
        drop(tokio::join!(back, there));
    });
    address
}
