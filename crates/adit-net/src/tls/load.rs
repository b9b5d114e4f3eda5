//! Certificate and key in PEM files.

use super::{CertificateSource, self_signed};
use crate::error::TlsError;
use rustls::InconsistentKeys;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// Where certificate and key are.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// What the two files held at one moment.
pub(super) struct Pair {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// Tells one content of the two files from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint(u64);

impl Files {
    pub(super) fn of(source: &CertificateSource) -> Self {
        match source {
            CertificateSource::Files { certificate, key }
            | CertificateSource::Managed {
                certificate, key, ..
            } => Self {
                certificate: certificate.clone(),
                key: key.clone(),
            },
            CertificateSource::SelfSigned {
                state_directory, ..
            } => self_signed::files(state_directory),
        }
    }

    pub(super) fn read(&self) -> Result<Pair, TlsError> {
        Ok(Pair {
            certificate: read(&self.certificate)?,
            key: read(&self.key)?,
        })
    }
}

impl Pair {
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let mut hasher = DefaultHasher::new();
        (&self.certificate, &self.key).hash(&mut hasher);
        Fingerprint(hasher.finish())
    }

    /// Makes them usable, if they belong together.
    pub(super) fn certify(
        &self,
        files: &Files,
        provider: &CryptoProvider,
    ) -> Result<CertifiedKey, TlsError> {
        let content = |path: &Path, what: &'static str| TlsError::Content {
            path: path.to_owned(),
            what,
        };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<_, _>>()
            .map_err(|_| content(&files.certificate, "certificate"))?;
        if chain.is_empty() {
            return Err(content(&files.certificate, "certificate"));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| content(&files.key, "private key"))?;
        CertifiedKey::from_der(chain, key, provider).map_err(|source| {
            let (certificate, key) = (files.certificate.clone(), files.key.clone());
            match source {
                rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                    TlsError::Mismatch { certificate, key }
                }
                source => TlsError::Pair {
                    certificate,
                    key,
                    source,
                },
            }
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::File {
        path: path.to_owned(),
        source,
    })
}
