//! TLS towards servers and proxies: names are always verified, against the system's trust and whatever the user adds.

mod nobody;
mod pinned;
mod record;

use super::error::Fault;
use super::limits;
use super::stream::ClientStream;
use super::target::{Host, Target};
use crate::carrier::TlsInfo;
use crate::certificate::bare_name;
use nobody::Nobody;
use pinned::Pinned;
use record::{Record, Seen, Unverified};
use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{AlertDescription, CertificateError, ClientConfig, ProtocolVersion};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, DnsName, ServerName};
use rustls_platform_verifier::Verifier;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

pub use crate::certificate::PeerCertificate;

/// Whom to trust. Cheap to clone.
///
/// TLS 1.2 and 1.3; the server's name is sent (SNI) and verified, and never is anything weaker tried afterwards.
#[derive(Clone)]
pub struct TlsClient {
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
    verifies: Verifies,
}

/// What is verified of certificates.
#[derive(Debug, Clone, Copy)]
pub(super) enum Verifies {
    Everything,
    Nothing,
}

/// Says aloud that no certificate is verified: whoever sits between here and the server can read and change everything.
#[derive(Debug, Clone, Copy)]
pub struct InsecureTls(());

impl InsecureTls {
    /// Any certificate is accepted, whoever made it and for whomever.
    pub fn accept_any_certificate() -> Self {
        Self(())
    }
}

/// Trust that cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsSetupError {
    /// A file of certificates cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A file holds no certificates.
    #[error("{} holds no certificate in PEM form", path.display())]
    Content {
        /// The file.
        path: PathBuf,
    },
    /// A text holds no certificates.
    #[error("no certificate in PEM form")]
    Text,
    /// The system's certificates or an added one cannot be used.
    #[error("no usable certificate store: {source}")]
    Store {
        /// What is wrong.
        #[source]
        source: rustls::Error,
    },
}

impl TlsClient {
    /// Trusts whom the system trusts; nobody where it has no certificates of authorities.
    ///
    /// # Errors
    ///
    /// The certificate store of the system cannot be used.
    pub fn system() -> Result<Self, TlsSetupError> {
        Self::with_roots(Vec::new())
    }

    /// Trusts whom the system trusts, and the certificates of a PEM file too (`--ca-file`): authorities, and servers' own.
    ///
    /// # Errors
    ///
    /// The file cannot be read or holds no certificate.
    pub fn with_ca_file(path: &Path) -> Result<Self, TlsSetupError> {
        let content = std::fs::read(path).map_err(|source| TlsSetupError::File {
            path: path.to_owned(),
            source,
        })?;
        Self::with_ca_pem(&content).map_err(|error| match error {
            TlsSetupError::Text => TlsSetupError::Content {
                path: path.to_owned(),
            },
            error => error,
        })
    }

    /// The same with what stands in such a file.
    ///
    /// # Errors
    ///
    /// There is no certificate in it.
    pub fn with_ca_pem(content: &[u8]) -> Result<Self, TlsSetupError> {
        let roots: Vec<_> = CertificateDer::pem_slice_iter(content)
            .collect::<Result<_, _>>()
            .unwrap_or_default();
        if roots.is_empty() {
            return Err(TlsSetupError::Text);
        }
        Self::with_roots(roots)
    }

    fn with_roots(roots: Vec<CertificateDer<'static>>) -> Result<Self, TlsSetupError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let system: Arc<dyn ServerCertVerifier> =
            match Verifier::new_with_extra_roots(roots.clone(), Arc::clone(&provider)) {
                Ok(system) => Arc::new(system),
                // There are none, and the user has named none.
                Err(rustls::Error::General(_)) if roots.is_empty() => {
                    Arc::new(Nobody(Unverified(Arc::clone(&provider))))
                }
                Err(source) => return Err(TlsSetupError::Store { source }),
            };
        Ok(Self {
            provider,
            verifier: Arc::new(Pinned::new(roots, system)),
            verifies: Verifies::Everything,
        })
    }

    /// Trusts everybody.
    pub fn insecure(InsecureTls(()): InsecureTls) -> Self {
        let provider = Arc::new(aws_lc_rs::default_provider());
        Self {
            verifier: Arc::new(Unverified(Arc::clone(&provider))),
            provider,
            verifies: Verifies::Nothing,
        }
    }

    pub(super) fn verifies(&self) -> Verifies {
        self.verifies
    }

    /// Takes the client's part in a handshake over `stream`.
    pub(super) async fn connect(
        &self,
        stream: ClientStream,
        target: &Target,
        protocols: Protocols,
        deadline: Duration,
    ) -> Result<(ClientStream, TlsInfo, Option<PeerCertificate>), TlsFailure> {
        let record = Arc::new(Record::new(Arc::clone(&self.verifier)));
        let config = self.settings(&record, protocols)?;
        let name = server_name(target.host())?;
        let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
        let stream = timeout(deadline, handshake)
            .await
            .map_err(|_| TlsFailure::Silent { after: deadline })?
            .map_err(|error| TlsFailure::new(&error, record.seen()))?;
        let (_, session) = stream.get_ref();
        let info = TlsInfo {
            version: match session.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "TLS",
            },
            server_name: Some(target.host().to_string()),
            alpn: session.alpn_protocol().map(|_| "http/1.1"),
        };
        let certificate = record.seen().map(|seen| seen.certificate);
        Ok((ClientStream::from_tls(stream), info, certificate))
    }

    fn settings(
        &self,
        record: &Arc<Record>,
        protocols: Protocols,
    ) -> Result<ClientConfig, TlsFailure> {
        let verifier = Arc::clone(record) as Arc<dyn ServerCertVerifier>;
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsFailure::Other {
                text: error.to_string(),
            })?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        // Each handshake is to show the certificate, for the report.
        config.resumption = Resumption::disabled();
        if matches!(protocols, Protocols::Http) {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
        }
        Ok(config)
    }
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsClient")
            .field("verifies", &self.verifies)
            .finish_non_exhaustive()
    }
}

/// What is to travel inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocols {
    /// Not said: native RTMPS predates the question.
    Unsaid,
    /// `http/1.1`.
    Http,
}

fn server_name(host: &Host) -> Result<ServerName<'static>, TlsFailure> {
    match host {
        Host::Ip(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Name(name) => DnsName::try_from(name.as_str().to_owned())
            .map(ServerName::DnsName)
            .map_err(|_| TlsFailure::NameNotVerifiable),
    }
}

/// Why there is no TLS connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFailure {
    /// Nobody the system trusts has signed the certificate. That is what an intercepting proxy looks like whose own
    /// certificate is not installed here, and what a self-signed certificate looks like.
    #[error("the certificate is from somebody this system does not trust: {certificate}")]
    UnknownIssuer {
        /// What was shown.
        certificate: PeerCertificate,
    },
    /// The certificate is for others.
    #[error("the certificate is for {names}, not for this name: {certificate}")]
    WrongName {
        /// What was shown. It is trusted otherwise.
        certificate: PeerCertificate,
        /// The hosts it is for, as far as they are known: at most [`limits::SHOWN_NAMES`].
        names: String,
    },
    /// The certificate is no longer valid, or not yet.
    #[error("the certificate is not valid today: {certificate}")]
    Date {
        /// What was shown.
        certificate: PeerCertificate,
    },
    /// The certificate is not good for another reason.
    #[error("the certificate is not accepted ({reason}): {certificate}")]
    Certificate {
        /// What was shown.
        certificate: PeerCertificate,
        /// What is wrong with it.
        reason: String,
    },
    /// What came back is not TLS.
    #[error("what comes back is not TLS")]
    NotTls,
    /// The other side ended the handshake with an alert.
    #[error("the other side refuses: {alert}")]
    Refused {
        /// Its name for it.
        alert: String,
    },
    /// The other side hung up during the handshake.
    #[error("the other side hung up during the handshake")]
    HungUp,
    /// Nothing came in time.
    #[error("no answer within {} ms", after.as_millis())]
    Silent {
        /// How long.
        after: Duration,
    },
    /// The host name is one no certificate can be for.
    #[error("the host name is one that no certificate can be for")]
    NameNotVerifiable,
    /// Anything else.
    #[error("{text}")]
    Other {
        /// In words.
        text: String,
    },
}

impl TlsFailure {
    fn new(error: &io::Error, seen: Option<Seen>) -> Self {
        let Some(tls) = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
        else {
            return Self::HungUp;
        };
        match (tls, seen) {
            (rustls::Error::InvalidCertificate(reason), Some(seen)) => {
                Self::certificate(reason, seen.certificate)
            }
            (rustls::Error::InvalidMessage(_), _) => Self::NotTls,
            (rustls::Error::AlertReceived(alert), _) => Self::Refused {
                alert: alert_name(*alert),
            },
            (other, _) => Self::Other {
                text: other.to_string(),
            },
        }
    }

    fn certificate(reason: &CertificateError, certificate: PeerCertificate) -> Self {
        use CertificateError as E;
        match reason {
            E::UnknownIssuer => Self::UnknownIssuer { certificate },
            // What `openssl req -x509` makes, and the user has not given: trusted by nobody, like any self-signed one.
            E::Other(reason) if reason.to_string() == "CaUsedAsEndEntity" => {
                Self::UnknownIssuer { certificate }
            }
            E::NotValidForName => Self::WrongName {
                names: others(&certificate, &[]),
                certificate,
            },
            E::NotValidForNameContext { presented, .. } => Self::WrongName {
                names: others(&certificate, presented),
                certificate,
            },
            E::Expired
            | E::ExpiredContext { .. }
            | E::NotValidYet
            | E::NotValidYetContext { .. } => Self::Date { certificate },
            other => Self::Certificate {
                certificate,
                reason: reason_words(other),
            },
        }
    }

    /// Whether this is what an interceptor causes whose own certificate is not installed here.
    pub fn is_unknown_issuer(&self) -> bool {
        matches!(self, Self::UnknownIssuer { .. })
    }

    /// The certificate that was not accepted.
    pub fn peer_certificate(&self) -> Option<&PeerCertificate> {
        match self {
            Self::UnknownIssuer { certificate }
            | Self::WrongName { certificate, .. }
            | Self::Date { certificate }
            | Self::Certificate { certificate, .. } => Some(certificate),
            _ => None,
        }
    }

    pub(super) fn fault(&self) -> Fault {
        match self {
            Self::UnknownIssuer { .. } | Self::HungUp | Self::Silent { .. } => Fault::Network,
            Self::NameNotVerifiable | Self::Other { .. } => Fault::Here,
            _ => Fault::Server,
        }
    }

    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::UnknownIssuer { .. } => {
                "if the issuer is your company or the server's own certificate, give its certificate with --ca-file"
            }
            Self::WrongName { .. } => "use the name the certificate is for, or ask its operator",
            Self::Date { .. } => "check this machine's clock, then ask the server's operator",
            Self::NotTls => "the port does not speak TLS: check the port, or use rtmp or rtmpt",
            Self::HungUp | Self::Silent { .. } => {
                "the port may not speak TLS, or a firewall does not let TLS to this server pass"
            }
            Self::NameNotVerifiable => "use a host name of letters, digits and hyphens",
            Self::Certificate { .. } | Self::Refused { .. } | Self::Other { .. } => {
                "ask the server's operator; TLS 1.2 or 1.3 is needed"
            }
        }
    }
}

/// Whom a certificate is for: the names in it as the library writes them (`DnsName("example.com")`), else its subject.
fn others(certificate: &PeerCertificate, presented: &[String]) -> String {
    let mut names: Vec<String> = presented
        .iter()
        .take(limits::SHOWN_NAMES)
        .map(|name| bare_name(name).to_owned())
        .collect();
    if presented.len() > limits::SHOWN_NAMES {
        names.push("others".to_owned());
    }
    if names.is_empty() {
        let subject = certificate.subject.as_deref();
        return subject.unwrap_or("nobody named").to_owned();
    }
    names.join(", ")
}

/// What is wrong with a certificate. The library's words for some of it are names in its program.
fn reason_words(reason: &CertificateError) -> String {
    let text = match reason {
        CertificateError::BadEncoding => "it cannot be read".to_owned(),
        CertificateError::Revoked => "it is revoked".to_owned(),
        CertificateError::BadSignature => "its signature is wrong".to_owned(),
        CertificateError::Other(reason) => reason.to_string(),
        other => other.to_string(),
    };
    match text.as_str() {
        "UnsupportedCertVersion" => "it is of an old version, without names".to_owned(),
        _ => text,
    }
}

fn alert_name(alert: AlertDescription) -> String {
    alert.as_str().map_or_else(
        || format!("alert {}", u8::from(alert)),
        |name| name.replace('_', " "),
    )
}

#[cfg(test)]
mod tests;
