//! A client that keeps no rule: raw bytes to the server from an address of its own, and what came back.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout_at};

/// One raw connection.
///
/// Each comes from another loopback address unless told otherwise, so what the server holds against one does not fall on
/// the next.
#[derive(Debug)]
pub struct Attacker {
    stream: TcpStream,
}

/// How a connection ended, and what the server sent on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Whether the server closed it in time.
    pub closed: bool,
    /// What came back before.
    pub received: Vec<u8>,
}

impl Ending {
    /// The status codes of the HTTP replies that came back.
    pub fn statuses(&self) -> Vec<u16> {
        let text = String::from_utf8_lossy(&self.received);
        text.split("HTTP/1.1 ")
            .skip(1)
            .map(|reply| {
                reply
                    .get(..3)
                    .and_then(|code| code.parse().ok())
                    .unwrap_or(0)
            })
            .collect()
    }
}

impl Attacker {
    /// A connection from an address that no other attacker of this process has had.
    pub async fn connect(server: SocketAddr) -> Self {
        static USED: AtomicU32 = AtomicU32::new(0);
        let [_, high, middle, low] = USED.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        Self::connect_from(server, Ipv4Addr::new(127, 100 + high, middle, low.max(1))).await
    }

    /// A connection from `address`.
    pub async fn connect_from(server: SocketAddr, address: Ipv4Addr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .bind(SocketAddr::from((address, 0)))
            .expect("every address of 127/8 is this machine");
        let stream = socket
            .connect(server)
            .await
            .expect("the server accepts connections");
        stream.set_nodelay(true).expect("a connected socket");
        Self { stream }
    }

    /// Writes; a server that has closed meanwhile is no error here.
    pub async fn write(&mut self, bytes: &[u8]) {
        match self.stream.write_all(bytes).await {
            Ok(()) => {}
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
                ) => {}
            Err(error) => panic!("write: {error}"),
        }
    }

    /// Says that nothing more will come, and goes on reading.
    pub async fn finish_writing(&mut self) {
        // It fails only where the server was quicker.
        drop(self.stream.shutdown().await);
    }

    /// Reads exactly `length` bytes, or fewer when the server closes.
    pub async fn read(&mut self, length: usize, within: Duration) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let mut filled = 0;
        let deadline = Instant::now() + within;
        while filled < length {
            match timeout_at(deadline, self.stream.read(&mut bytes[filled..])).await {
                Ok(Ok(read)) if read > 0 => filled += read,
                _ => break,
            }
        }
        bytes.truncate(filled);
        bytes
    }

    /// Reads until the server closes or the time is over.
    pub async fn ending(&mut self, within: Duration) -> Ending {
        let deadline = Instant::now() + within;
        let mut received = Vec::new();
        let mut piece = vec![0; 1 << 16];
        loop {
            match timeout_at(deadline, self.stream.read(&mut piece)).await {
                Ok(Ok(0) | Err(_)) => {
                    return Ending {
                        closed: true,
                        received,
                    };
                }
                Ok(Ok(read)) => received.extend_from_slice(&piece[..read]),
                Err(_) => {
                    return Ending {
                        closed: false,
                        received,
                    };
                }
            }
        }
    }

    /// Does the simple handshake, whose client bytes are all zero and number after the version.
    pub async fn shake_hands(&mut self) {
        self.write(&client_hello()).await;
        let answer = self
            .read(1 + 2 * HANDSHAKE_BYTES, Duration::from_secs(5))
            .await;
        assert_eq!(
            answer.len(),
            1 + 2 * HANDSHAKE_BYTES,
            "no handshake from the server"
        );
        self.write(&answer[1..=HANDSHAKE_BYTES]).await;
    }

    /// Shakes hands and connects to the application `live`.
    pub async fn enter(&mut self) {
        self.shake_hands().await;
        self.write(&message(3, 20, 0, &connect_command())).await;
        let answer = self.read(200, Duration::from_secs(5)).await;
        let text = String::from_utf8_lossy(&answer);
        assert!(
            text.contains("NetConnection.Connect.Success") || answer.len() >= 100,
            "no success: {text}"
        );
    }
}

/// C0 and C1: `03 | time 4 | zero 4 | 1528 bytes`.
pub fn client_hello() -> Vec<u8> {
    let mut hello = vec![0x55; 1 + HANDSHAKE_BYTES];
    hello[0] = 3;
    hello[1..9].fill(0);
    hello
}

/// One message in chunks of 128 bytes, the first with a full header.
pub fn message(csid: u8, kind: u8, msid: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len())
        .expect("a short message")
        .to_be_bytes();
    let mut bytes = vec![
        csid, 0, 0, 0, length[1], length[2], length[3], kind, msid, 0, 0, 0,
    ];
    for (number, chunk) in body.chunks(128).enumerate() {
        if number > 0 {
            bytes.push(0xc0 | csid);
        }
        bytes.extend_from_slice(chunk);
    }
    bytes
}

/// `connect` to the application `live`.
pub fn connect_command() -> Vec<u8> {
    let mut body = command("connect", 1);
    body.push(3);
    body.extend(property("app", &string("live")));
    body.extend(property("tcUrl", &string("rtmp://127.0.0.1/live")));
    body.extend_from_slice(&[0, 0, 9]);
    body
}

/// A command name and its transaction number, in AMF0.
pub fn command(name: &str, transaction: u32) -> Vec<u8> {
    let mut bytes = string(name);
    bytes.push(0);
    bytes.extend_from_slice(&f64::from(transaction).to_be_bytes());
    bytes
}

/// A string in AMF0.
pub fn string(text: &str) -> Vec<u8> {
    let mut bytes = vec![2];
    bytes.extend(key(text));
    bytes
}

/// A member of an object in AMF0.
pub fn property(name: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = key(name);
    bytes.extend_from_slice(value);
    bytes
}

fn key(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("a short string");
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// Bytes of each of C1, C2, S1 and S2.
pub const HANDSHAKE_BYTES: usize = 1536;
