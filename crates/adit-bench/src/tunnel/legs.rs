//! The two ends: a publisher and a player made of the client library, each on a thread of its own so that its CPU time can be told.

use std::net::SocketAddr;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use adit_client::connection::StreamEvent;
use adit_client::media::{Frame, FrameKind, Timestamp};
use adit_client::network::{ConnectorConfig, GivenProxy, InsecureTls, TlsClient};
use adit_client::rtmp::command::{Play, PublishKind};
use adit_client::{Client, ConnectOptions, Intent, NetConnection, Target};
use bytes::{BufMut as _, Bytes, BytesMut};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::error::{Doing as _, Error, Result};
use crate::measure::{monotonic_ns, thread_cpu_seconds};

/// What is sent: video alone, so that no codec's rhythm is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// Messages a second.
    pub(super) rate: u32,
    /// Bytes of each.
    pub(super) bytes: usize,
}

impl Load {
    pub(super) fn mbit(self) -> f64 {
        f64::from(self.rate) * self.bytes as f64 * 8.0 / 1e6
    }
}

/// How an end is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leg {
    Direct,
    Tunnel,
}

impl Leg {
    fn scheme(self) -> &'static str {
        match self {
            Self::Direct => "rtmp",
            Self::Tunnel => "rtmpt",
        }
    }
}

/// What a player has seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// For each message its number, when it was sent and when it came, in nanoseconds of the machine's clock.
    pub(super) messages: Vec<(u64, u64, u64)>,
    /// CPU time of the thread.
    pub(super) cpu: f64,
}

/// Video that says when it was sent: a fixed header, the message's number, the time, then filling.
fn message(number: u64, bytes: usize) -> Bytes {
    let mut out = BytesMut::with_capacity(bytes);
    // A key frame of AVC now and then lets players join.
    let key = number.is_multiple_of(30);
    out.put_slice(&[if key { 0x17 } else { 0x27 }, 1, 0, 0, 0]);
    out.put_u64(number);
    out.put_u64(monotonic_ns());
    out.resize(bytes.max(out.len()), 0x55);
    out.freeze()
}

fn read(payload: &[u8]) -> Option<(u64, u64)> {
    let number = payload.get(5..13)?.try_into().ok()?;
    let sent = payload.get(13..21)?.try_into().ok()?;
    Some((u64::from_be_bytes(number), u64::from_be_bytes(sent)))
}

fn runtime() -> Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .doing(|| "starting a runtime".to_owned())
}

fn broken(end: &str, what: impl std::fmt::Display) -> Error {
    Error::Setup(format!("the {end} failed: {what}"))
}

async fn connect(leg: Leg, address: SocketAddr, intent: Intent) -> Result<(NetConnection, Target)> {
    let tls = TlsClient::insecure(InsecureTls::accept_any_certificate());
    let client = Client::new(ConnectorConfig::new(tls), GivenProxy::None);
    let target = format!("{}://{address}/live/bench", leg.scheme());
    let target = Target::parse(&target).map_err(|error| broken("address", error))?;
    let connection = client
        .connect(&target, &ConnectOptions::new(intent))
        .await
        .map_err(|error| broken("connection", error))?;
    Ok((connection, target))
}

/// Publishes until told to stop. Returns the CPU time of the thread and how many messages it sent.
pub(super) fn publisher(
    leg: Leg,
    address: SocketAddr,
    load: Load,
    stop: CancellationToken,
) -> JoinHandle<Result<(f64, u64)>> {
    thread::spawn(move || {
        let sent = runtime()?.block_on(publish(leg, address, load, stop))?;
        Ok((thread_cpu_seconds(), sent))
    })
}

async fn publish(
    leg: Leg,
    address: SocketAddr,
    load: Load,
    stop: CancellationToken,
) -> Result<u64> {
    let failed = |error| broken("publisher", error);
    let (connection, target) = connect(leg, address, Intent::Publish).await?;
    let mut stream = connection.create_stream().await.map_err(failed)?;
    stream
        .publish(target.name(), PublishKind::Live)
        .await
        .map_err(failed)?;
    let (begin, mut number) = (Instant::now(), 0);
    let step = Duration::from_secs(1) / load.rate;
    while !stop.is_cancelled() {
        let ms = number * 1000 / u64::from(load.rate);
        let at = Timestamp::from_ms(u32::try_from(ms).unwrap_or(u32::MAX));
        let payload = message(number, load.bytes);
        let frame = Frame::classify(at, FrameKind::Video, payload);
        stream.send(frame).await.map_err(failed)?;
        number += 1;
        sleep_until(begin + step * u32::try_from(number).unwrap_or(u32::MAX)).await;
    }
    stream.close(Some(target.name())).await.map_err(failed)?;
    connection.close().await;
    Ok(number)
}

/// Plays until the publisher ends, or told to stop.
pub(super) fn player(
    leg: Leg,
    address: SocketAddr,
    stop: CancellationToken,
) -> JoinHandle<Result<Seen>> {
    thread::spawn(move || {
        let messages = runtime()?.block_on(play(leg, address, stop))?;
        Ok(Seen {
            messages,
            cpu: thread_cpu_seconds(),
        })
    })
}

async fn play(
    leg: Leg,
    address: SocketAddr,
    stop: CancellationToken,
) -> Result<Vec<(u64, u64, u64)>> {
    let failed = |error| broken("player", error);
    let (connection, target) = connect(leg, address, Intent::Play).await?;
    let mut stream = connection.create_stream().await.map_err(failed)?;
    let name = target.stream_argument();
    stream
        .play(Play::new(name.expose()))
        .await
        .map_err(failed)?;
    let mut messages = Vec::new();
    while let Some(Some(event)) = stop.run_until_cancelled(stream.next_event()).await {
        if let StreamEvent::Frame(frame) = event
            && frame.kind() == FrameKind::Video
            && let Some((number, sent)) = read(frame.payload())
        {
            messages.push((number, sent, monotonic_ns()));
        }
    }
    drop(stream);
    connection.close().await;
    Ok(messages)
}
