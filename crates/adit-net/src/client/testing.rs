//! Scripted peers for tests: whoever connects n-th meets the n-th script.

use super::{
    Connector, ConnectorConfig, InsecureTls, Proxy, Resolver, Target, TlsClient, discovery::Route,
};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What happens on one connection.
pub(super) type Script =
    Box<dyn FnOnce(TcpStream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

pub(super) fn script<F>(run: impl FnOnce(TcpStream) -> F + Send + 'static) -> Script
where
    F: Future<Output = ()> + Send + 'static,
{
    Box::new(|stream| Box::pin(run(stream)))
}

/// A peer with its scripts; `finish` says whether all were used and none panicked.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Peer {
    pub(super) async fn start(scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut running = Vec::new();
            for script in scripts {
                let (stream, _) = listener.accept().await.unwrap();
                running.push(tokio::spawn(script(stream)));
            }
            for script in running {
                script.await.unwrap();
            }
        });
        Self { address, task }
    }

    pub(super) fn proxy(&self, kind_and_user: &str) -> Arc<Proxy> {
        let url = match kind_and_user.split_once("://") {
            Some((kind, user)) => format!("{kind}://{user}@localhost:{}", self.address.port()),
            None => format!("{kind_and_user}://localhost:{}", self.address.port()),
        };
        Arc::new(Proxy::parse(&url).unwrap())
    }

    pub(super) fn route(&self, kind_and_user: &str) -> Route {
        Route::Proxy(self.proxy(kind_and_user))
    }

    pub(super) async fn finish(self) {
        self.task.await.unwrap();
    }
}

/// A request head or anything else that ends with an empty line.
pub(super) async fn head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

pub(super) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.split("\r\n").find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then_some(value)
    })
}

pub(super) async fn say(stream: &mut (impl AsyncWrite + Unpin), bytes: impl AsRef<[u8]>) {
    stream.write_all(bytes.as_ref()).await.unwrap();
    stream.flush().await.unwrap();
}

/// Sends back what comes until it ends.
pub(super) async fn echo(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let mut bytes = [0; 4096];
    loop {
        match stream.read(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(count) => say(stream, &bytes[..count]).await,
        }
    }
}

/// Bytes go there and come back.
pub(super) async fn echoes(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    say(stream, b"ping").await;
    let mut back = [0; 4];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"ping");
}

/// A certificate authority in a file, and a server certificate from it.
pub(crate) struct Authority {
    pub(super) directory: tempfile::TempDir,
    pub(crate) ca_file: PathBuf,
    pub(super) server: Arc<rustls::ServerConfig>,
}

pub(crate) fn authority(name: &str) -> Authority {
    authority_called("Example Interceptor", name)
}

pub(super) fn authority_called(own_name: &str, name: &str) -> Authority {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, own_name);
    params
        .distinguished_name
        .push(rcgen::DnType::OrganizationName, "Example Corp");
    let ca = params.self_signed(&key).unwrap();
    let issuer = rcgen::Issuer::new(params, key);
    let own_key = rcgen::KeyPair::generate().unwrap();
    let mut own = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    own.distinguished_name = rcgen::DistinguishedName::new();
    own.distinguished_name
        .push(rcgen::DnType::CommonName, "The Server");
    let certificate = own.signed_by(&own_key, &issuer).unwrap();
    authority_files(&ca, &certificate, &own_key)
}

/// What `openssl req -x509` makes: a certificate that calls itself an authority and is a server's own, valid from 2025 to 2035.
pub(super) fn own_authority(name: &str) -> Authority {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.not_before = rcgen::date_time_ymd(2025, 1, 1);
    params.not_after = rcgen::date_time_ymd(2035, 1, 1);
    let own = params.self_signed(&key).unwrap();
    authority_files(&own, &own, &key)
}

fn authority_files(
    ca: &rcgen::Certificate,
    certificate: &rcgen::Certificate,
    key: &rcgen::KeyPair,
) -> Authority {
    let directory = tempfile::tempdir().unwrap();
    let ca_file = directory.path().join("ca.pem");
    std::fs::write(&ca_file, ca.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = rustls_pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    Authority {
        directory,
        ca_file,
        server: Arc::new(server),
    }
}

/// A connector that trusts everybody and knows `localhost` and the names given.
pub(super) fn connector(names: &[(&str, &[IpAddr])]) -> Connector {
    let tls = TlsClient::insecure(InsecureTls::accept_any_certificate());
    connector_with(tls, names)
}

pub(super) fn connector_with(tls: TlsClient, names: &[(&str, &[IpAddr])]) -> Connector {
    let mut table: HashMap<String, Vec<IpAddr>> = names
        .iter()
        .map(|(name, addresses)| ((*name).to_owned(), addresses.to_vec()))
        .collect();
    table.insert(
        "localhost".to_owned(),
        vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
    );
    let mut config = ConnectorConfig::new(tls);
    config.resolver = Resolver::Table(Arc::new(table));
    Connector::new(config)
}

pub(super) fn target(text: &str, port: u16) -> Target {
    Target::new(text, port).unwrap()
}
