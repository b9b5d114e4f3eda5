//! The fault proxy: HTTP intermediaries that no Debian package does on request. One process, one fault.
//!
//! All of them take requests in absolute form (a proxy that the client knows of) and in origin form (one that it does
//! not know of) and send everything to one server.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::net::{GATEWAY, SERVER};
use crate::http::{Message, Reader};

#[cfg(test)]
mod tests;

/// What is wrong with the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It speaks HTTP/1.0 and closes after every answer.
    Http10,
    /// It gathers every body and keeps every answer for a second.
    Buffers,
    /// It closes the connection after five answers, without a word before.
    ClosesEveryFive,
    /// It refuses bodies of more than 64 KiB with 413.
    BodyLimit,
    /// It lets later POSTs overtake and sends some twice.
    Shuffles,
    /// It is the host `wpad`, which nobody may ask: it says so when somebody does, and names a proxy that is not there.
    Wpad,
}

/// How long a buffering proxy keeps an answer.
const KEPT_FOR: Duration = Duration::from_secs(1);
/// How many answers one connection gets from a proxy that closes.
const ANSWERS: usize = 5;
/// The largest body that passes a proxy with a limit.
const BODY_LIMIT: usize = 64 * 1024;
/// How long a POST waits that is to be overtaken.
const OVERTAKEN_FOR: Duration = Duration::from_millis(60);

/// What the wpad host prints when it is asked.
pub const TOUCHED: &str = "touched:";

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = BTreeMap::from([
            ("http10", Self::Http10),
            ("buffers", Self::Buffers),
            ("closes-every-five", Self::ClosesEveryFive),
            ("body-limit", Self::BodyLimit),
            ("shuffles", Self::Shuffles),
            ("wpad", Self::Wpad),
        ]);
        known
            .get(name)
            .copied()
            .ok_or_else(|| format!("no fault is called {name}"))
    }
}

/// Serves `port` of the gateway with one fault until it is killed.
///
/// # Errors
///
/// What the listener says.
pub fn serve(fault: Fault, port: u16) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async move {
        let listener = TcpListener::bind((GATEWAY, port)).await?;
        let server = format!("{SERVER}:80").parse().map_err(io::Error::other)?;
        accept(fault, listener, server).await
    })
}

async fn accept(fault: Fault, listener: TcpListener, server: SocketAddr) -> io::Result<()> {
    let shuffle = Arc::new(Shuffle::default());
    loop {
        let (stream, _) = listener.accept().await?;
        let shuffle = Arc::clone(&shuffle);
        tokio::spawn(async move {
            // Either side may go away at any time; the other one then sees the end of its connection.
            drop(connection(fault, stream, server, &shuffle).await);
        });
    }
}

async fn connection(
    fault: Fault,
    stream: TcpStream,
    server: SocketAddr,
    shuffle: &Shuffle,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut client = Reader::new(stream);
    let mut upstream = None;
    for answered in 1.. {
        let Some(mut request) = client.message().await? else {
            return Ok(());
        };
        let keeps = if let Some(refusal) = refusal(fault, &request) {
            client.stream().write_all(&refusal.encode()).await?;
            false
        } else {
            to_origin_form(&mut request);
            if fault == Fault::Shuffles {
                shuffle.meddle(&request, server).await;
            }
            let mut answer = exchange(&mut upstream, server, &request).await?;
            if fault == Fault::Buffers {
                tokio::time::sleep(KEPT_FOR).await;
            }
            let keeps = finish(fault, &request, &mut answer);
            client.stream().write_all(&answer.encode()).await?;
            keeps && !(fault == Fault::ClosesEveryFive && answered == ANSWERS)
        };
        if !keeps {
            return client.stream().shutdown().await;
        }
    }
    Ok(())
}

/// The answer of a proxy that does not pass a request on.
fn refusal(fault: Fault, request: &Message) -> Option<Message> {
    let version = match fault {
        Fault::Http10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    };
    let (status, kind, body) = if fault == Fault::Wpad {
        touched(request);
        let script = "function FindProxyForURL(url, host) { return \"PROXY 192.0.2.77:3128\"; }";
        ("200 OK", "application/x-ns-proxy-autoconfig", script)
    } else if request.start.starts_with("CONNECT ") {
        (
            "405 Method Not Allowed",
            "text/html",
            "<html>no tunnels here</html>",
        )
    } else if fault == Fault::BodyLimit && request.body.len() > BODY_LIMIT {
        (
            "413 Payload Too Large",
            "text/html",
            "<html>too large</html>",
        )
    } else {
        return None;
    };
    let mut answer = Message {
        start: format!("{version} {status}"),
        fields: Vec::new(),
        body: bytes::Bytes::from_static(body.as_bytes()),
    };
    answer.set("Content-Type", Some(kind));
    answer.set("Content-Length", Some(&body.len().to_string()));
    answer.set("Connection", Some("close"));
    Some(answer)
}

fn touched(request: &Message) {
    use std::io::Write as _;
    super::stop::best_effort(writeln!(io::stdout(), "{TOUCHED} {}", request.start));
}

/// Makes the last changes to an answer; whether the connection goes on.
fn finish(fault: Fault, request: &Message, answer: &mut Message) -> bool {
    if fault != Fault::Http10 {
        return !request.closes() && !answer.closes();
    }
    if let Some(rest) = answer.start.strip_prefix("HTTP/1.1") {
        answer.start = format!("HTTP/1.0{rest}");
    }
    answer.set("Connection", None);
    answer.set("Keep-Alive", None);
    false
}

/// A server is asked for a path, whatever the proxy was asked for.
fn to_origin_form(request: &mut Message) {
    let target = request.target().to_owned();
    if let Some((_, rest)) = target.split_once("://") {
        let path = rest.find('/').map_or("/", |at| &rest[at..]);
        request.start = request.start.replacen(&target, path, 1);
    }
    for field in ["Proxy-Connection", "Proxy-Authorization"] {
        request.set(field, None);
    }
}

/// Sends a request to the server, once more on a new connection if the old one was closed meanwhile.
async fn exchange(
    upstream: &mut Option<Reader<TcpStream>>,
    server: SocketAddr,
    request: &Message,
) -> io::Result<Message> {
    if let Some(mut kept) = upstream.take() {
        let sent = kept.stream().write_all(&request.encode()).await;
        if sent.is_ok()
            && let Ok(Some(answer)) = kept.message().await
        {
            *upstream = Some(kept);
            return Ok(answer);
        }
    }
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let mut fresh = Reader::new(stream);
    fresh.stream().write_all(&request.encode()).await?;
    let answer = fresh.message().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
    *upstream = Some(fresh);
    Ok(answer)
}

/// What decides which POST is overtaken and which goes twice: the number in its path.
#[derive(Debug, Default)]
struct Shuffle {
    seen: Mutex<u64>,
}

impl Shuffle {
    async fn meddle(&self, request: &Message, server: SocketAddr) {
        let target = request.target();
        if !(target.starts_with("/send/") || target.starts_with("/idle/")) {
            return;
        }
        let count = {
            let mut seen = self.seen.lock().expect("nobody panics with it");
            *seen += 1;
            *seen
        };
        if count.is_multiple_of(4) {
            let twin = request.clone();
            tokio::spawn(async move {
                // Its answer is read and thrown away, as an impatient proxy would.
                drop(exchange(&mut None, server, &twin).await);
            });
        }
        if count % 3 == 1 {
            tokio::time::sleep(OVERTAKEN_FOR).await;
        }
    }
}
