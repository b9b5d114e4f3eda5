//! Certificates from an authority by ACME [RFC 8555], proven on the ports that the server has anyway.
//!
//! ```text
//! look ─▶ the certificate is the authority's, and less than two thirds of its life are over ─▶ wait
//!   └───▶ order ─▶ answers (http-01 or tls-alpn-01) ─▶ certificate ─▶ Tls::replace ─▶ wait
//! ```
//!
//! The answers are given by [`Tls`], on every port alike. A failure keeps the certificate that is there and is tried again later, more and
//! more seldom, because authorities count failures.

mod order;
mod record;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use adit_net::tls::{CertificateSource, Tls};
use thiserror::Error;
use tokio::time::{sleep, timeout};

use self::record::Record;

/// What is asked of which authority.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcmeConfig {
    /// The host names of the server, at least one, all of which lead to it from the authority's side.
    pub names: Vec<String>,
    /// The directory of the authority, an `https://` URL. The default is Let's Encrypt.
    pub directory: String,
    /// Where the authority may write to when something is wrong: an address of electronic mail.
    pub contact: Option<String>,
    /// A PEM file with the root certificate of the authority's own server, where the system does not trust it.
    pub authority_root: Option<PathBuf>,
    /// Where certificate, key and account are kept.
    pub state_directory: PathBuf,
    /// How the names are proven.
    pub proof: AcmeProof,
}

/// How an authority is shown that a name is the server's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AcmeProof {
    /// It asks by HTTP on port 80.
    #[default]
    Http01,
    /// It asks by TLS on port 443.
    TlsAlpn01,
}

/// Why there is no certificate.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AcmeError {
    /// The authority cannot be asked.
    #[error("the certificate authority {directory} cannot be asked: {cause}")]
    Authority {
        /// Its directory.
        directory: String,
        /// Why.
        cause: String,
    },
    /// The authority does not give a certificate.
    #[error("the certificate authority gives no certificate: {0}")]
    Refused(String),
    /// The authority has not found this server behind a name.
    #[error("the certificate authority has not found this server at {name}: {cause}")]
    NotFound {
        /// The name.
        name: String,
        /// In its own words.
        cause: String,
    },
    /// It offers no proof of the kind that is configured.
    #[error("the certificate authority offers no {kind} for {name}")]
    NoSuchProof {
        /// The name.
        name: String,
        /// The kind.
        kind: &'static str,
    },
    /// The account or the certificate cannot be kept.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// What the authority gave cannot be used.
    #[error("the certificate is of no use: {0}")]
    Certificate(#[from] adit_net::TlsError),
}

impl AcmeConfig {
    /// These names, by http-01 from Let's Encrypt, with everything kept in `state_directory`.
    pub fn new(names: Vec<String>, state_directory: PathBuf) -> Self {
        Self {
            names,
            directory: LETS_ENCRYPT.to_owned(),
            contact: None,
            authority_root: None,
            state_directory,
            proof: AcmeProof::default(),
        }
    }

    /// Where the certificate will be: what [`Tls`] is to be made with.
    pub fn source(&self) -> CertificateSource {
        CertificateSource::Managed {
            certificate: self.state_directory.join("acme.crt"),
            key: self.state_directory.join("acme.key"),
            names: self.names.clone(),
        }
    }

    /// What is kept about the certificate that is there.
    fn record(&self) -> PathBuf {
        self.state_directory.join("acme.json")
    }
}

/// Has a certificate issued and renewed, for ever. `tls` was made with [`AcmeConfig::source`] and is prepared; the ports that show it
/// have to be served meanwhile.
pub async fn keep_certificate(config: AcmeConfig, tls: Tls) {
    let mut pause = FIRST_PAUSE;
    let mut record = Record::read(&config.record()).await;
    loop {
        if let Some(wait) = until_due(record.as_ref(), &config, &tls, SystemTime::now()) {
            // By the wall clock, which may be set meanwhile.
            sleep(wait.min(LONGEST_LOOK)).await;
            continue;
        }
        match issue(&config, &tls).await {
            Ok(issued) => {
                pause = FIRST_PAUSE;
                tracing::info!(names = %config.names.join(" "), "certificate issued");
                if let Err(error) = issued.write(&config.record()).await {
                    tracing::warn!(%error, "the next start asks for another certificate, because it cannot be kept that this one was issued");
                }
                record = Some(issued);
            }
            Err(error) => {
                tracing::warn!(%error, again_in = %format_args!("{} min", pause.as_secs() / 60), "no certificate");
                sleep(pause).await;
                pause = LONGEST_PAUSE.min(pause.saturating_mul(2));
            }
        }
    }
}

/// One that takes too long has failed: an authority, or the way to it, that says nothing any more would be waited for without end.
async fn issue(config: &AcmeConfig, tls: &Tls) -> Result<Record, AcmeError> {
    let issued = timeout(LONGEST_ORDER, order::issue(config, tls)).await;
    issued.unwrap_or_else(|_| {
        Err(AcmeError::Authority {
            directory: config.directory.clone(),
            cause: format!(
                "it has not answered for {} min",
                LONGEST_ORDER.as_secs() / 60
            ),
        })
    })
}

/// How long the certificate that is there is good for; `None` when it is time for another one.
fn until_due(
    record: Option<&Record>,
    config: &AcmeConfig,
    tls: &Tls,
    now: SystemTime,
) -> Option<Duration> {
    let due = record?.due(config, tls.expires_at()?)?;
    due.duration_since(now).ok()
}

/// The directory of Let's Encrypt.
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// After a first failure. Let's Encrypt lets a name fail five times an hour; doubled each time, this stays below.
const FIRST_PAUSE: Duration = Duration::from_mins(2);
/// After many.
const LONGEST_PAUSE: Duration = Duration::from_hours(6);
/// How long an order may take, from the account to the certificate.
const LONGEST_ORDER: Duration = Duration::from_mins(10);
/// How long at most until the next look at the clock.
const LONGEST_LOOK: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests;
