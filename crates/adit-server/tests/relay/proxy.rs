//! A network between a relay and its far side that loses what it has taken.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What becomes of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    Fair,
    /// What the far side says is lost.
    Mute,
    /// Everything is taken and lost.
    Hole,
    /// Connections end at once.
    Cut,
}

/// Passes connections on to one address, until it is dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    /// Bytes for the far side.
    lost: watch::Sender<usize>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn start(far: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (weather, seen) = watch::channel(Weather::Fair);
        let lost = watch::Sender::new(0);
        let counter = lost.clone();
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (near_in, near_out) = near.into_split();
                let (far_in, far_out) = TcpStream::connect(far).await.unwrap().into_split();
                let uncounted = watch::Sender::new(0);
                tokio::spawn(pass(
                    far_in,
                    near_out,
                    seen.clone(),
                    Weather::Mute,
                    uncounted,
                ));
                let counted = counter.clone();
                tokio::spawn(pass(near_in, far_out, seen.clone(), Weather::Hole, counted));
            }
        });
        Self {
            address,
            weather,
            lost,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("rtmp://127.0.0.1:{}/app", self.address.port())
    }

    pub(crate) fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Until so many bytes for the far side are lost.
    pub(crate) async fn lost(&self, bytes: usize) {
        let mut lost = self.lost.subscribe();
        lost.wait_for(|lost| *lost >= bytes).await.unwrap();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes bytes in one direction, which are lost from `worst` on.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
    worst: Weather,
    lost: watch::Sender<usize>,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = tokio::select! {
            biased;
            _ = weather.wait_for(|weather| *weather == Weather::Cut) => return,
            read = from.read(&mut buffer) => read,
        };
        let Ok(count @ 1..) = read else { return };
        let now = *weather.borrow();
        if now == Weather::Cut {
            return;
        }
        if now == Weather::Hole || now == worst {
            lost.send_modify(|lost| *lost += count);
        } else if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
