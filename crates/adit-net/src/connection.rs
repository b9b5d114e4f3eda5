//! One accepted connection until it is known what it is.

use crate::acceptor::Door;
use crate::admission::{Permit, Refusal};
use crate::carrier::{Carrier, Origin, Prefixed, SharedTcp, Stream, TlsInfo, canonical, read};
use crate::http;
use crate::limits;
use crate::proxy_protocol::{self, Addresses, BadHeader, Progress};
use crate::sniff::{Sniff, sniff};
use crate::words::plain_words;
use bytes::{Buf, Bytes, BytesMut};
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::io::AsyncRead;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Finds out what a peer speaks and hands it on: RTMP to whoever accepts carriers, HTTP to its server.
///
/// What only TLS or HTTP need, kilobytes, is boxed when it is needed: a thousand players that come at once do without.
pub(crate) async fn serve(door: &Arc<Door>, stream: TcpStream, peer: SocketAddr, permit: Permit) {
    let peer = canonical(peer);
    let local = stream.local_addr().ok().map(canonical);
    let stop = &door.phases.stop;
    let came = if door.closes() {
        Came::TooLate
    } else {
        Came::InTime
    };
    let unknown = Arc::clone(&door.unknown);
    // Whoever has not shown what he speaks when the acceptor stops would not be let in any more.
    let known = stop.run_until_cancelled(identify(door, stream, (peer, local), permit));
    match known.await {
        Some(Ok(known)) if came == Came::TooLate && known.speaks == Speaks::Rtmp => {
            door.turned_away.connection(peer, local, LEAVING);
        }
        Some(Ok(known)) => hand_over(door, known, unknown).await,
        Some(Err(end)) => {
            end.count(door);
            end.tell(door, peer, local);
        }
        None => {}
    }
}

/// A connection whose protocol is known.
struct Known {
    stream: Stream,
    speaks: Speaks,
    /// Bytes already read.
    prefix: Bytes,
    origin: Origin,
    permit: Permit,
}

/// Whether a connection came while the server still let people in.
#[derive(PartialEq, Eq)]
enum Came {
    InTime,
    TooLate,
}

#[derive(PartialEq, Eq)]
enum Speaks {
    Rtmp,
    Http,
}

/// Why a connection leads to nothing.
#[derive(Debug, thiserror::Error)]
enum End {
    /// Nothing came at all: a look at whether the port is open.
    #[error("the peer hung up without a word")]
    Unsaid,
    #[error("the peer hung up before it was clear what it speaks, after {}", quoted(.0))]
    Gone(Bytes),
    /// It has seen the answer of tls-alpn-01, and that is all there is for it.
    #[error("a certificate authority that looked whose name this is")]
    Proven,
    #[error("the peer hung up after the tls handshake; does it trust the certificate?")]
    GoneInside,
    #[error("{0}")]
    Broken(String),
    #[error("the peer did not show in time what it speaks")]
    Silent,
    #[error("no protocol of this server begins with {}", quoted(.0))]
    Unknown(Bytes),
    #[error(
        "a PROXY header from an address that is not trusted; if it is your load balancer, \
         --trust-proxy {0} lets it name its clients"
    )]
    UntrustedProxy(IpAddr),
    #[error("a PROXY header inside tls, where it is not believed")]
    ProxyInside,
    #[error("a PROXY header that is not right")]
    BadProxyHeader,
    #[error("tls, but this server has no certificate")]
    NoCertificate,
    #[error("tls inside tls")]
    NestedTls,
    #[error("tls handshake: {}", plain_words(.0))]
    TlsFailed(io::Error),
    #[error("tls handshake: not finished in time")]
    TlsSlow,
    #[error("not let in: {0}")]
    Refused(Refusal),
}

impl End {
    fn count(&self, door: &Door) {
        let counters = &door.counters;
        match self {
            Self::Unsaid | Self::Proven | Self::Gone(_) | Self::GoneInside | Self::Broken(_) => {}
            Self::Silent => counters.sniff_timeouts().count(),
            Self::Unknown(_) => counters.unknown_protocols().count(),
            Self::UntrustedProxy(_) | Self::ProxyInside => {
                counters.untrusted_proxy_headers().count();
            }
            Self::BadProxyHeader => counters.bad_proxy_headers().count(),
            Self::NoCertificate => counters.tls_unconfigured().count(),
            Self::NestedTls => counters.tls_nested().count(),
            Self::TlsFailed(_) => counters.tls_failures().count(),
            Self::TlsSlow => counters.tls_timeouts().count(),
            Self::Refused(refusal) => door.count_refusal(*refusal),
        }
    }

    fn tell(&self, door: &Door, peer: SocketAddr, local: Option<SocketAddr>) {
        match self {
            // Load balancers do this every few seconds, and authorities whenever they are asked.
            Self::Unsaid | Self::Proven => tracing::debug!(%peer, reason = %self, "turned away"),
            end => door.turned_away.connection(peer, local, &end.to_string()),
        }
    }

    /// The same inside TLS, where a peer that has gone has said at least that much.
    fn inside(self) -> Self {
        match self {
            Self::Unsaid => Self::GoneInside,
            end => end,
        }
    }
}

/// The first bytes as they can stand in a log, those that are no characters in hexadecimal: `'SSH-2.0-x<0d><0a>'`.
///
/// Without backslashes, which logs would escape once more.
fn quoted(bytes: &[u8]) -> String {
    let shown = bytes.get(..limits::SNIFF_BYTES).unwrap_or(bytes);
    let written = shown.iter().map(|&byte| match byte {
        b'"' | b'\\' | b'<' => format!("<{byte:02x}>"),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("<{byte:02x}>"),
    });
    format!("'{}'", written.collect::<String>())
}

async fn identify(
    door: &Arc<Door>,
    mut stream: TcpStream,
    (peer, local): (SocketAddr, Option<SocketAddr>),
    mut permit: Permit,
) -> Result<Known, End> {
    let local = local.ok_or(End::Unsaid)?;
    let mut origin = Origin {
        peer,
        local,
        proxied_by: None,
        tls: None,
        forwarded: None,
    };
    let mut prefix = Bytes::new();
    let deadline = door.config.sniff_deadline;
    let mut seen = timeout(deadline, look(&mut stream, &mut prefix))
        .await
        .map_err(|_| End::Silent)??;
    if matches!(seen, Sniff::ProxyV1 | Sniff::ProxyV2) {
        if !door.is_trusted(peer) {
            return Err(End::UntrustedProxy(peer.ip()));
        }
        let header = proxy_header(&mut stream, &mut prefix, seen);
        let addresses = timeout(deadline, header).await.map_err(|_| End::Silent)??;
        if let Some(Addresses { peer, local }) = addresses {
            origin.proxied_by = Some(origin.peer);
            origin.peer = canonical(peer);
            origin.local = canonical(local);
        }
        permit
            .bind(origin.peer.ip(), std::time::Instant::now())
            .map_err(End::Refused)?;
        seen = timeout(deadline, look(&mut stream, &mut prefix))
            .await
            .map_err(|_| End::Silent)??;
    } else if door.is_trusted(peer) {
        permit
            .bind(peer.ip(), std::time::Instant::now())
            .map_err(End::Refused)?;
    }
    let speaks = match seen {
        Sniff::Rtmp | Sniff::Rtmpe => Speaks::Rtmp,
        Sniff::Http => Speaks::Http,
        Sniff::Tls => {
            return Box::pin(identify_inside(door, stream, prefix, origin, permit)).await;
        }
        Sniff::ProxyV1 | Sniff::ProxyV2 => return Err(End::BadProxyHeader),
        Sniff::NeedMore | Sniff::Unknown => return Err(End::Unknown(prefix)),
    };
    Ok(Known {
        stream: Stream::Tcp(SharedTcp::new(stream)),
        speaks,
        prefix,
        origin,
        permit,
    })
}

/// Takes the TLS layer off and looks again.
async fn identify_inside(
    door: &Arc<Door>,
    stream: TcpStream,
    prefix: Bytes,
    mut origin: Origin,
    permit: Permit,
) -> Result<Known, End> {
    let tls = door.config.tls.as_ref().ok_or(End::NoCertificate)?;
    let handshake = Box::pin(tls.accept(Prefixed::new(prefix, stream)));
    let (mut stream, info) = timeout(door.config.tls_deadline, handshake)
        .await
        .map_err(|_| End::TlsSlow)?
        .map_err(End::TlsFailed)?;
    if info.alpn == Some(TlsInfo::ACME) {
        return Err(End::Proven);
    }
    origin.tls = Some(info);
    let mut prefix = Bytes::new();
    let seen = timeout(door.config.sniff_deadline, look(&mut stream, &mut prefix));
    let speaks = match seen.await.map_err(|_| End::Silent)?.map_err(End::inside)? {
        Sniff::Rtmp | Sniff::Rtmpe => Speaks::Rtmp,
        Sniff::Http => Speaks::Http,
        Sniff::Tls => return Err(End::NestedTls),
        Sniff::ProxyV1 | Sniff::ProxyV2 => return Err(End::ProxyInside),
        Sniff::NeedMore | Sniff::Unknown => return Err(End::Unknown(prefix)),
    };
    Ok(Known {
        stream: Stream::Tls(Box::new(stream)),
        speaks,
        prefix,
        origin,
        permit,
    })
}

async fn hand_over(door: &Arc<Door>, known: Known, unknown: Arc<()>) {
    let Known {
        stream,
        speaks,
        prefix,
        origin,
        mut permit,
    } = known;
    // An HTTP connection has deadlines and limits of its own, and the tunnel sessions in it count themselves.
    let newcomer = permit.take_newcomer();
    match speaks {
        Speaks::Rtmp => {
            let carrier = Carrier::socket(stream, prefix, origin.direct(), Some(permit));
            // Fails only while the acceptor closes.
            let carrier = carrier.with_newcomer(newcomer);
            if door.carriers.send(carrier).await.is_err() {
                door.counters.refused_queue().count();
            }
        }
        Speaks::Http => {
            drop((newcomer, unknown));
            Box::pin(http::serve(door, stream, prefix, origin, permit)).await;
        }
    }
}

/// Reads until it is clear what comes; all that was read is in `seen`.
async fn look<S: AsyncRead + Unpin>(stream: &mut S, seen: &mut Bytes) -> Result<Sniff, End> {
    loop {
        match sniff(seen) {
            Sniff::NeedMore if seen.len() >= limits::SNIFF_BYTES => return Ok(Sniff::Unknown),
            Sniff::NeedMore => read_more(stream, seen).await?,
            known => return Ok(known),
        }
    }
}

/// Takes a PROXY header off the beginning of `seen`, reading on as needed.
async fn proxy_header(
    stream: &mut TcpStream,
    seen: &mut Bytes,
    version: Sniff,
) -> Result<Option<Addresses>, End> {
    loop {
        let progress = match version {
            Sniff::ProxyV1 => proxy_protocol::parse_v1(seen),
            _ => proxy_protocol::parse_v2(seen),
        };
        match progress.map_err(|BadHeader| End::BadProxyHeader)? {
            Progress::NeedMore => read_more(stream, seen).await?,
            Progress::Whole { length, addresses } => {
                seen.advance(length.min(seen.len()));
                return Ok(addresses);
            }
        }
    }
}

async fn read_more<S: AsyncRead + Unpin>(stream: &mut S, seen: &mut Bytes) -> Result<(), End> {
    let Some(more) = poll_fn(|cx| read(stream, cx))
        .await
        .map_err(|error| broken(&error, seen))?
    else {
        return Err(if seen.is_empty() {
            End::Unsaid
        } else {
            End::Gone(seen.clone())
        });
    };
    *seen = if seen.is_empty() {
        more
    } else {
        let mut both = BytesMut::with_capacity(seen.len() + more.len());
        both.extend_from_slice(seen);
        both.extend_from_slice(&more);
        both.freeze()
    };
    Ok(())
}

fn broken(error: &io::Error, seen: &[u8]) -> End {
    match error.kind() {
        // Many TLS peers just hang up instead of saying that they have finished, and load balancers reset.
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset if seen.is_empty() => {
            End::Unsaid
        }
        _ => End::Broken(plain_words(error)),
    }
}

/// Why nobody is let in any more.
pub(crate) const LEAVING: &str = "the server is being taken down";

#[cfg(test)]
mod tests;
