//! What stands in the files of a certificate, for people to read.

use super::load::Files;
use crate::certificate::{PeerCertificate, Validity, bare_name};
use crate::error::TlsError;
use rustls::CertificateError;
use rustls::client::verify_server_name;
use rustls::crypto::aws_lc_rs;
use rustls::server::ParsedCertificate;
use rustls_pki_types::{CertificateDer, DnsName, ServerName};
use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A certificate in files that a server may show.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ShownCertificate {
    /// Whom it is for, and who signed it.
    pub names: PeerCertificate,
    /// The host names and addresses that it is good for.
    pub hosts: Vec<String>,
    /// The first moment of its life.
    pub begins: SystemTime,
    /// The last one.
    pub ends: SystemTime,
    certificate: CertificateDer<'static>,
}

impl ShownCertificate {
    /// Reads certificate and key, and whether they belong together.
    ///
    /// # Errors
    ///
    /// A file cannot be read, has the wrong content, or certificate and key do not belong together.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        };
        let certified = files
            .read()?
            .certify(&files, &aws_lc_rs::default_provider())?;
        let unreadable = || TlsError::Content {
            path: certificate.to_owned(),
            what: "certificate",
        };
        let first = certified.cert.first().ok_or_else(unreadable)?;
        let validity = Validity::read(first).ok_or_else(unreadable)?;
        let at = |seconds| {
            UNIX_EPOCH
                .checked_add(Duration::from_secs(seconds))
                .ok_or_else(unreadable)
        };
        Ok(Self {
            names: PeerCertificate::read(first),
            hosts: hosts(first),
            begins: at(validity.not_before)?,
            ends: at(validity.not_after)?,
            certificate: first.clone(),
        })
    }

    /// Whether clients that look for this host take it for that host's.
    pub fn is_for(&self, host: &str) -> bool {
        let name = ServerName::try_from(host);
        let parsed = ParsedCertificate::try_from(&self.certificate);
        matches!((name, parsed), (Ok(name), Ok(parsed)) if verify_server_name(&parsed, &name).is_ok())
    }
}

/// The library tells all names of a certificate where it is for none that was looked for.
fn hosts(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok(nobody) = DnsName::try_from("nobody.invalid") else {
        return Vec::new();
    };
    let Ok(parsed) = ParsedCertificate::try_from(certificate) else {
        return Vec::new();
    };
    match verify_server_name(&parsed, &ServerName::DnsName(nobody)) {
        Err(rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            presented,
            ..
        })) => presented
            .iter()
            .map(|name| plain(bare_name(name)))
            .collect(),
        _ => Vec::new(),
    }
}

/// The library has its own way to write addresses of IPv6.
fn plain(host: &str) -> String {
    let address = host.parse::<IpAddr>();
    address.map_or_else(|_| host.to_owned(), |address| address.to_string())
}

#[cfg(test)]
mod tests;
