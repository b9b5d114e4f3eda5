//! What can go wrong when listening starts. Peers cause counters, not errors.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A socket address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The port needs a privilege this process does not have.
    #[error("no permission to listen on {address}")]
    Permission {
        /// What was asked for.
        address: SocketAddr,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// Another socket has the address.
    #[error("{address} is in use")]
    InUse {
        /// What was asked for.
        address: SocketAddr,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// This machine does not have the address.
    #[error("{address} is not an address of this machine")]
    NotAvailable {
        /// What was asked for.
        address: SocketAddr,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// Anything else.
    #[error("cannot listen on {address}: {source}")]
    Other {
        /// What was asked for.
        address: SocketAddr,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
}

impl BindError {
    pub(crate) fn new(address: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::PermissionDenied => Self::Permission { address, source },
            io::ErrorKind::AddrInUse => Self::InUse { address, source },
            io::ErrorKind::AddrNotAvailable => Self::NotAvailable { address, source },
            _ => Self::Other { address, source },
        }
    }

    /// What was asked for.
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Permission { address, .. }
            | Self::InUse { address, .. }
            | Self::NotAvailable { address, .. }
            | Self::Other { address, .. } => *address,
        }
    }
}

/// A certificate that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A file holds no PEM of the kind it should.
    #[error("{} holds no usable {what}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
    },
    /// The key is that of another certificate.
    #[error(
        "the key in {} does not belong to the certificate in {}",
        key.display(),
        certificate.display()
    )]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// Certificate or key are of a kind that is not supported.
    #[error(
        "the certificate in {} and the key in {} cannot be used together: {source}",
        certificate.display(),
        key.display()
    )]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What the TLS library says.
        #[source]
        source: rustls::Error,
    },
    /// A self-signed certificate cannot be made.
    #[error("cannot make a self-signed certificate: {source}")]
    Generate {
        /// What the certificate library says.
        #[source]
        source: rcgen::Error,
    },
    /// The TLS library refuses the settings.
    #[error("tls settings: {source}")]
    Settings {
        /// What the TLS library says.
        #[source]
        source: rustls::Error,
    },
}
