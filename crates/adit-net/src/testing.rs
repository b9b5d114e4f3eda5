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
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A server that sends everything back.
pub(crate) struct Echo {
    pub(crate) address: SocketAddr,
    pub(crate) counters: crate::Counters,
    /// How each carrier began and ended.
    pub(crate) carriers: mpsc::UnboundedReceiver<Served>,
    pub(crate) task: JoinHandle<()>,
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
        let task = tokio::spawn(async move {
            while let Some(mut carrier) = acceptor.accept().await {
                let sender = sender.clone();
                tokio::spawn(async move {
                    let result = echo(&mut carrier).await;
                    let info = carrier.info().clone();
                    drop(carrier);
                    let _ = sender.send(Served { info, result });
                });
            }
        });
        Self {
            address,
            counters,
            carriers,
            task,
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
    roots
        .add(CertificateDer::from_pem_file(certificate).unwrap())
        .unwrap();
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
