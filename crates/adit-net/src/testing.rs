//! What several tests need: an echo server behind an acceptor, and clients for it.

use crate::{Acceptor, AcceptorConfig, Carrier, CarrierInfo};
use bytes::{Buf, Bytes};
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::task::Poll;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A server that sends everything back.
pub(crate) struct Echo {
    pub(crate) address: SocketAddr,
    pub(crate) counters: crate::Counters,
    /// How each carrier began and ended.
    pub(crate) carriers: mpsc::UnboundedReceiver<Served>,
}

#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) info: CarrierInfo,
    pub(crate) result: io::Result<usize>,
}

impl Echo {
    pub(crate) fn start(config: AcceptorConfig) -> Self {
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut acceptor = Acceptor::bind(&[local], config).unwrap();
        let address = acceptor.local_addrs()[0];
        let counters = acceptor.counters().clone();
        let (sender, carriers) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(mut carrier) = acceptor.accept().await {
                let sender = sender.clone();
                tokio::spawn(async move {
                    let result = echo(&mut carrier).await;
                    let info = carrier.info().clone();
                    drop(carrier);
                    drop(sender.send(Served { info, result }));
                });
            }
        });
        Self {
            address,
            counters,
            carriers,
        }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    pub(crate) async fn served(&mut self) -> Served {
        self.carriers.recv().await.unwrap()
    }
}

/// Sends back what comes until the peer has finished; says how many bytes that were.
pub(crate) async fn echo(carrier: &mut Carrier) -> io::Result<usize> {
    let mut out = Pieces::default();
    let mut count = 0;
    let mut ended = false;
    poll_fn(|cx| {
        loop {
            let sent = carrier.poll_send(cx, &mut out)?;
            if ended {
                return sent.map(Ok::<_, io::Error>);
            }
            match carrier.poll_recv(cx)? {
                Poll::Ready(Some(bytes)) => {
                    assert!(!bytes.is_empty());
                    count += bytes.len();
                    out.0.push_back(bytes);
                }
                Poll::Ready(None) => ended = true,
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await?;
    poll_fn(|cx| carrier.poll_close(cx)).await?;
    Ok(count)
}

/// Several `Bytes` as one `Buf`.
#[derive(Default)]
pub(crate) struct Pieces(pub(crate) VecDeque<Bytes>);

impl Buf for Pieces {
    fn remaining(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    fn chunk(&self) -> &[u8] {
        self.0.front().map_or(&[], |bytes| bytes)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [io::IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for (slice, bytes) in slices.iter_mut().zip(&self.0) {
            *slice = io::IoSlice::new(bytes);
            filled += 1;
        }
        filled
    }

    fn advance(&mut self, mut count: usize) {
        while count > 0 {
            let front = self.0.front_mut().unwrap();
            let step = count.min(front.len());
            front.advance(step);
            count -= step;
            if front.is_empty() {
                self.0.pop_front();
            }
        }
    }
}

/// A TLS client that trusts what is in a PEM file.
pub(crate) fn tls_client(certificate: &std::path::Path, protocols: &[&str]) -> ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(certificate).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    config
}

pub(crate) async fn tls_connect(
    config: ClientConfig,
    stream: TcpStream,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// A way to ask raw HTTP questions.
pub(crate) struct Raw<S> {
    pub(crate) stream: S,
    buffer: Vec<u8>,
}

/// One response, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Everything before the body, as it came.
    pub(crate) head: String,
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head
            .split("\r\n")
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// A POST as a well-behaved client writes it.
    pub(crate) async fn post(&mut self, path: &str, body: &[u8]) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-fcs\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.send([head.as_bytes(), body].concat()).await;
    }

    /// A POST and its answer.
    pub(crate) async fn ask(&mut self, path: &str, body: &[u8]) -> Answer {
        self.post(path, body).await;
        self.answer().await
    }

    /// Opens a session and says its id.
    pub(crate) async fn open(&mut self) -> String {
        let answer = self.ask("/open/1", b"\0").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let id = String::from_utf8(answer.body).unwrap();
        id.strip_suffix('\n').unwrap().to_owned()
    }

    /// The next response, if the connection does not end instead.
    pub(crate) async fn next_answer(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if self.fill().await == 0 {
                assert_eq!(self.buffer.escape_ascii().to_string(), "");
                return None;
            }
        };
        let head: Vec<u8> = self.buffer.drain(..end).collect();
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer {
            head,
            status,
            body: Vec::new(),
        };
        if status == 100 {
            return Some(answer);
        }
        let length: usize = answer
            .field("Content-Length")
            .unwrap_or("0")
            .parse()
            .unwrap();
        while self.buffer.len() < length {
            assert_ne!(self.fill().await, 0, "the body is cut off: {answer:?}");
        }
        answer.body = self.buffer.drain(..length).collect();
        Some(answer)
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        self.next_answer()
            .await
            .expect("the connection ended instead of an answer")
    }

    /// Nothing more comes, and the connection ends.
    pub(crate) async fn ends(&mut self) {
        if let Some(answer) = self.next_answer().await {
            panic!("an answer instead of the end: {answer:?}");
        }
    }

    async fn fill(&mut self) -> usize {
        let mut bytes = vec![0; 16 * 1024];
        // A reset is an end too.
        let count = self.stream.read(&mut bytes).await.unwrap_or(0);
        self.buffer.extend_from_slice(&bytes[..count]);
        count
    }
}

pub(crate) async fn receive(carrier: &mut Carrier) -> io::Result<Option<Bytes>> {
    poll_fn(|cx| carrier.poll_recv(cx)).await
}

pub(crate) async fn send(carrier: &mut Carrier, bytes: &[u8]) -> io::Result<()> {
    let mut out = Bytes::copy_from_slice(bytes);
    poll_fn(|cx| carrier.poll_send(cx, &mut out)).await
}

pub(crate) async fn close(carrier: &mut Carrier) -> io::Result<()> {
    poll_fn(|cx| carrier.poll_close(cx)).await
}
