//! The server's certificate: loaded from files or made once, replaced when the files change.

mod challenges;
mod file;
mod load;
mod reload;
mod self_signed;
mod shown;

use crate::carrier::{Prefixed, TlsInfo};
use crate::certificate::Validity;
use crate::error::TlsError;
use arc_swap::{ArcSwap, ArcSwapOption};
use load::{Files, Fingerprint};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ConfigBuilder, ServerConfig, WantsVerifier};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpStream;
use tokio::sync::{Notify, SetOnce};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

/// Where a certificate and its key come from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateSource {
    /// PEM files, watched for changes.
    Files {
        /// The certificate chain, the server's own first.
        certificate: PathBuf,
        /// The private key.
        key: PathBuf,
    },
    /// PEM files that somebody writes while the server runs, as who has certificates issued does; watched for changes.
    /// Until then they hold a self-signed certificate.
    Managed {
        /// The certificate chain. Its directory is made if missing.
        certificate: PathBuf,
        /// The private key.
        key: PathBuf,
        /// What the first certificate is for.
        names: Vec<String>,
    },
    /// A self-signed certificate, made at the first start and kept.
    SelfSigned {
        /// Where `self-signed.crt` and `self-signed.key` are kept. Made if missing.
        state_directory: PathBuf,
        /// Host names and addresses it is to be valid for, besides `localhost`, the loopback addresses and this
        /// machine's name.
        names: Vec<String>,
    },
}

pub use crate::certificate::PeerCertificate;
pub use challenges::{Answering, Challenges};
pub use file::{Readers, write_whole};
pub use shown::ShownCertificate;

/// A certificate in use. Clones share it, so all see a replacement.
///
/// TLS 1.2 and 1.3, no session tickets and no resumption: rtmpdump (`GnuTLS`) dies of tickets. `http/1.1` is agreed
/// on when the client offers it, nothing otherwise; a client that offers only other protocols is let in all the
/// same.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    provider: Arc<CryptoProvider>,
    current: Arc<Current>,
    /// Set as soon as there is a certificate.
    prepared: SetOnce<()>,
    /// Another source is gone by from now on.
    moved: Notify,
    plain: Arc<ServerConfig>,
    http: Arc<ServerConfig>,
    challenges: Challenges,
    authority: Arc<ServerConfig>,
}

/// Where the certificate comes from, and what was found there.
#[derive(Debug)]
struct Origin {
    source: CertificateSource,
    files: Files,
    /// What the files held when they were last looked at, usable or not.
    seen: Mutex<Option<Fingerprint>>,
    /// What is shown to whoever connects next.
    shown: ArcSwapOption<CertifiedKey>,
}

/// A certificate from another source, loaded and not shown yet.
#[derive(Debug)]
#[must_use = "it is shown only when it is adopted"]
pub struct Candidate(Arc<Origin>);

/// What [`Tls::reload`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// The files hold what they held when they were last looked at.
    Unchanged,
    /// A new certificate is shown from now on.
    Swapped,
}

impl Tls {
    /// Loads a certificate, or makes one.
    ///
    /// # Errors
    ///
    /// A file cannot be read or written, has the wrong content, or certificate and key do not belong together.
    pub fn load(source: CertificateSource) -> Result<Self, TlsError> {
        let tls = Self::promised(source)?;
        tls.prepare()?;
        Ok(tls)
    }

    /// A certificate that is not there yet: TLS clients wait until [`prepare`](Self::prepare) has loaded or made it,
    /// everybody else is served meanwhile.
    ///
    /// # Errors
    ///
    /// The TLS library refuses the settings.
    pub fn promised(source: CertificateSource) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let current = Arc::new(Current(ArcSwap::from_pointee(Origin::new(source))));
        let plain = settings(&provider, &current, &[])?;
        let http = settings(&provider, &current, &[HTTP_1_1])?;
        let challenges = Challenges::default();
        let authority = challenges::settings(&provider, &challenges)?;
        Ok(Self(Arc::new(Inner {
            provider,
            current,
            prepared: SetOnce::new(),
            moved: Notify::new(),
            plain,
            http,
            challenges,
            authority,
        })))
    }

    /// Loads what was promised, or makes it, and lets waiting clients go on. Blocks for as long as files and the making of
    /// a key take.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn prepare(&self) -> Result<(), TlsError> {
        let inner = &self.0;
        inner.current.0.load_full().prepare(&inner.provider)?;
        // Refused when it was prepared before, which changes nothing.
        inner.prepared.set(()).ok();
        Ok(())
    }

    /// Loads a certificate from another source, or makes it there; what is shown stays. Blocks like [`prepare`](Self::prepare).
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn candidate(&self, source: CertificateSource) -> Result<Candidate, TlsError> {
        let origin = Origin::new(source);
        origin.prepare(&self.0.provider)?;
        Ok(Candidate(Arc::new(origin)))
    }

    /// From now on shows this certificate and goes by its source. Connections keep the certificate they began with.
    pub fn adopt(&self, candidate: Candidate) {
        let inner = &self.0;
        inner.current.0.store(candidate.0);
        inner.moved.notify_one();
        // Refused when there was a certificate before, which changes nothing.
        inner.prepared.set(()).ok();
    }

    /// Looks at the files now, as it happens by itself when they change while an acceptor runs.
    ///
    /// Connections keep the certificate they began with.
    ///
    /// # Errors
    ///
    /// The files changed and are not usable; the certificate in use stays. Reported once per change.
    pub fn reload(&self) -> Result<Reload, TlsError> {
        self.0.current.0.load_full().reload(&self.0.provider)
    }

    /// Writes another certificate and its key, both PEM, into the files of `source`, and shows it from now on if that is still where
    /// the certificate comes from. Blocks for as long as the disk takes.
    ///
    /// # Errors
    ///
    /// The files cannot be written, or the two do not belong together; the certificate in use stays.
    pub fn replace(
        &self,
        source: &CertificateSource,
        certificate: &str,
        key: &str,
    ) -> Result<(), TlsError> {
        self_signed::write_pair(&Files::of(source), certificate, key)?;
        self.reload().map(drop)
    }

    /// When the certificate in use ends; `None` while there is none, or where it does not say.
    pub fn expires_at(&self) -> Option<SystemTime> {
        let shown = self.0.current.0.load().shown.load_full()?;
        let validity = Validity::read(shown.cert.first()?)?;
        UNIX_EPOCH.checked_add(Duration::from_secs(validity.not_after))
    }

    /// Where answers to a certificate authority are put.
    pub fn challenges(&self) -> &Challenges {
        &self.0.challenges
    }

    /// Answers tls-alpn-01 for `name` with the SHA-256 `digest` of the key authorization.
    ///
    /// # Errors
    ///
    /// The certificate that holds the digest cannot be made.
    pub fn answer_tls_challenge(&self, name: &str, digest: &[u8]) -> Result<Answering, TlsError> {
        let inner = &self.0;
        inner.challenges.answer_tls(name, digest, &inner.provider)
    }

    /// The PEM file of the certificate: what a client must trust if it is self-signed.
    pub fn certificate_path(&self) -> PathBuf {
        self.0.current.0.load().files.certificate.clone()
    }

    /// Where the certificate came from.
    pub fn source(&self) -> CertificateSource {
        self.0.current.0.load().source.clone()
    }

    /// Takes the server's part in a handshake, as soon as there is a certificate.
    pub(crate) async fn accept(
        &self,
        stream: Prefixed<TcpStream>,
    ) -> io::Result<(TlsStream<Prefixed<TcpStream>>, TlsInfo)> {
        self.0.prepared.wait().await;
        let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
        let offers = |wanted| {
            let hello = start.client_hello();
            hello
                .alpn()
                .is_some_and(|mut offers| offers.any(|name| name == wanted))
        };
        let config = if offers(HTTP_1_1) {
            &self.0.http
        } else if offers(challenges::ACME_TLS) {
            &self.0.authority
        } else {
            &self.0.plain
        };
        let stream = start.into_stream(Arc::clone(config)).await?;
        let (_, session) = stream.get_ref();
        let info = TlsInfo {
            version: session
                .protocol_version()
                .and_then(|version| version.as_str())
                .unwrap_or("TLS"),
            server_name: session.server_name().map(str::to_owned),
            alpn: session.alpn_protocol().and_then(|name| match name {
                HTTP_1_1 => Some("http/1.1"),
                challenges::ACME_TLS => Some(TlsInfo::ACME),
                _ => None,
            }),
        };
        Ok((stream, info))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.source()).finish()
    }
}

impl Origin {
    fn new(source: CertificateSource) -> Self {
        Self {
            files: Files::of(&source),
            source,
            seen: Mutex::new(None),
            shown: ArcSwapOption::empty(),
        }
    }

    /// See [`Tls::prepare`].
    fn prepare(&self, provider: &CryptoProvider) -> Result<(), TlsError> {
        match &self.source {
            CertificateSource::SelfSigned {
                state_directory,
                names,
            } => self_signed::find_or_make(state_directory, names)?,
            CertificateSource::Managed { names, .. } => self_signed::stand_in(&self.files, names)?,
            CertificateSource::Files { .. } => {}
        }
        // What is there counts as new, also when it was seen and refused before.
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.reload(provider).map(drop)
    }

    /// See [`Tls::reload`].
    fn reload(&self, provider: &CryptoProvider) -> Result<Reload, TlsError> {
        let pair = self.files.read()?;
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let now = pair.fingerprint();
            if seen.replace(now) == Some(now) {
                return Ok(Reload::Unchanged);
            }
        }
        let certified = pair.certify(&self.files, provider)?;
        self.shown.store(Some(Arc::new(certified)));
        Ok(Reload::Swapped)
    }
}

fn builder(
    provider: &Arc<CryptoProvider>,
) -> Result<ConfigBuilder<ServerConfig, WantsVerifier>, TlsError> {
    ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|source| TlsError::Settings { source })
}

fn settings(
    provider: &Arc<CryptoProvider>,
    current: &Arc<Current>,
    protocols: &[&[u8]],
) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = builder(provider)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(current) as Arc<dyn ResolvesServerCert>);
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

/// Where the certificate that is shown to whoever connects next comes from.
#[derive(Debug)]
struct Current(ArcSwap<Origin>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load().shown.load_full()
    }
}

const HTTP_1_1: &[u8] = b"http/1.1";

#[cfg(test)]
mod tests;
