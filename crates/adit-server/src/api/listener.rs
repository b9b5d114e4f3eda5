//! The port of the API.

use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, SetOnce};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::health::Question;
use super::{Api, ApiConfig, GuestList, router};
use crate::control::Control;
use crate::limits::{API_CONNECTIONS, API_HEADER, API_HEADER_BYTES, API_HEADER_FIELDS};
use crate::metrics::Metrics;

/// How long a pause lasts when no connection can be accepted.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a connection may take for its first request when the API ends.
const FIRST_REQUEST: Duration = Duration::from_millis(500);

/// The port of the API, bound and not served yet.
#[derive(Debug)]
pub struct ApiListener {
    socket: TcpListener,
    address: SocketAddr,
    guests: GuestList,
}

/// The port of the API cannot be had.
#[derive(Debug, Error)]
#[error("the API cannot listen on {address}: {cause}")]
pub struct ApiRefused {
    /// Where it was to listen.
    pub address: SocketAddr,
    /// What the system says.
    pub cause: io::Error,
}

impl ApiListener {
    /// Binds the port. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// It cannot be had.
    pub async fn bind(config: ApiConfig) -> Result<Self, ApiRefused> {
        let refused = |cause| ApiRefused {
            address: config.listen,
            cause,
        };
        let socket = TcpListener::bind(config.listen).await.map_err(refused)?;
        let address = socket.local_addr().map_err(refused)?;
        Ok(Self {
            socket,
            address,
            guests: GuestList::new(config.guests),
        })
    }

    /// The same for a socket that listens already, handed over by another process; [`ApiConfig::listen`] is not looked at. Call it
    /// inside a tokio runtime.
    ///
    /// # Errors
    /// The system refuses to make it non-blocking or to name its address.
    pub fn from_socket(config: ApiConfig, socket: std::net::TcpListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let socket = TcpListener::from_std(socket)?;
        let address = socket.local_addr()?;
        Ok(Self {
            socket,
            address,
            guests: GuestList::new(config.guests),
        })
    }

    /// The same socket once more, for another process. It stays open until both are closed.
    ///
    /// # Errors
    /// The system has no descriptor for it.
    #[cfg(unix)]
    pub fn share(&self) -> io::Result<OwnedFd> {
        self.socket.as_fd().try_clone_to_owned()
    }

    /// Where it listens.
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Who may use it, to be changed while it is served.
    pub fn guests(&self) -> GuestList {
        self.guests.clone()
    }

    /// Answers until `stop` is ready, and what is being answered then.
    pub async fn serve(self, control: Control, stop: impl Future<Output = ()>) {
        let ended = CancellationToken::new();
        let unauthorized = Arc::<AtomicU64>::default();
        let api = Arc::new(Api {
            metrics: Metrics::new(control.clone(), Arc::clone(&unauthorized)),
            unauthorized,
            disk: Question::default(),
            control,
            guests: self.guests,
            stop: ended.child_token(),
        });
        let tasks = TaskTracker::new();
        let router = router(api);
        let accepting = accept(&self.socket, &router, &tasks, &ended);
        // Dropping it loses at most a connection that has not been answered.
        tokio::select! {
            () = stop => {}
            () = accepting => {}
        }
        ended.cancel();
        tasks.close();
        tasks.wait().await;
    }
}

async fn accept(
    socket: &TcpListener,
    router: &Router,
    tasks: &TaskTracker,
    ended: &CancellationToken,
) {
    let places = Arc::new(Semaphore::new(API_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match socket.accept().await {
            Ok((stream, _)) => {
                let (router, ended) = (router.clone(), ended.clone());
                tasks.spawn(async move {
                    connection(stream, router, ended).await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// One connection of HTTP/1.1.
async fn connection(stream: TcpStream, router: Router, ended: CancellationToken) {
    let asked = Arc::new(SetOnce::new());
    let asks = Arc::clone(&asked);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        // Refused from the second request on, which changes nothing.
        asks.set(()).ok();
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(API_HEADER)
        .max_header_size(API_HEADER_BYTES)
        .max_headers(API_HEADER_FIELDS)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // Whoever is there may have gone; that concerns nobody.
        _ = connection.as_mut() => return,
        () = ended.cancelled() => {}
    }
    // Whoever has just come and asked nothing yet would be sent away without a word, though a server that takes over answers at the same
    // address.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = timeout(FIRST_REQUEST, asked.wait()) => {}
    }
    connection.as_mut().graceful_shutdown();
    drop(connection.await);
}
