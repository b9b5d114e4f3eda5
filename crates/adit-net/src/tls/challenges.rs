//! Answers to a certificate authority that asks whether a name is this server's (ACME).
//!
//! ```text
//! http-01      GET /.well-known/acme-challenge/TOKEN on port 80           → the key authorization         [RFC 8555 8.3]
//! tls-alpn-01  TLS on port 443 with ALPN acme-tls/1 and the name as SNI   → a certificate with its digest [RFC 8737 3]
//! ```
//!
//! Every port answers both, so it does not matter which of them the authority reaches.

use crate::error::TlsError;
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::PrivateKeyDer;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The answers that are ready. Clones share them.
#[derive(Clone, Default)]
pub struct Challenges(Arc<Mutex<Answers>>);

#[derive(Default)]
struct Answers {
    http: HashMap<String, String>,
    tls: HashMap<String, Arc<CertifiedKey>>,
}

/// An answer is given as long as this lives.
#[derive(Debug)]
#[must_use = "the answer is withdrawn when this is dropped"]
pub struct Answering {
    challenges: Challenges,
    what: Kind,
}

#[derive(Debug)]
enum Kind {
    Http { token: String },
    Tls { name: String },
}

impl Challenges {
    /// Answers http-01: whoever asks for `token` gets `authorization`.
    pub fn answer_http(
        &self,
        token: impl Into<String>,
        authorization: impl Into<String>,
    ) -> Answering {
        let token = token.into();
        self.answers()
            .http
            .insert(token.clone(), authorization.into());
        self.answering(Kind::Http { token })
    }

    /// See [`Tls::answer_tls_challenge`](super::Tls::answer_tls_challenge).
    pub(super) fn answer_tls(
        &self,
        name: &str,
        digest: &[u8],
        provider: &CryptoProvider,
    ) -> Result<Answering, TlsError> {
        let name = name.to_ascii_lowercase();
        let certificate = certificate(&name, digest, provider)?;
        self.answers()
            .tls
            .insert(name.clone(), Arc::new(certificate));
        Ok(self.answering(Kind::Tls { name }))
    }

    fn answering(&self, what: Kind) -> Answering {
        Answering {
            challenges: self.clone(),
            what,
        }
    }

    /// What is answered to a request for this path.
    pub(crate) fn at(&self, path: &str) -> Option<String> {
        let token = path.strip_prefix(PLACE)?;
        self.answers().http.get(token).cloned()
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let mut answers = self.challenges.answers();
        match &self.what {
            Kind::Http { token } => drop(answers.http.remove(token)),
            Kind::Tls { name } => drop(answers.tls.remove(name)),
        }
    }
}

impl ResolvesServerCert for Challenges {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?.to_ascii_lowercase();
        self.answers().tls.get(&name).cloned()
    }
}

impl fmt::Debug for Challenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers = self.answers();
        let counts = (answers.http.len(), answers.tls.len());
        f.debug_tuple("Challenges").field(&counts).finish()
    }
}

/// A certificate for one name that nobody trusts, with the digest in an extension that must be understood.
fn certificate(
    name: &str,
    digest: &[u8],
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    let generate = |source| TlsError::Generate { source };
    let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(generate)?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate().map_err(generate)?;
    let certificate = params.self_signed(&key).map_err(generate)?;
    let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let private = provider
        .key_provider
        .load_private_key(private)
        .map_err(|source| TlsError::Settings { source })?;
    // Not compared with each other: whoever does that refuses the extension, as everybody shall but an authority.
    Ok(CertifiedKey::new(vec![certificate.der().clone()], private))
}

/// The settings for connections of an authority.
pub(super) fn settings(
    provider: &Arc<CryptoProvider>,
    challenges: &Challenges,
) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = super::builder(provider)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(challenges.clone()));
    config.alpn_protocols = vec![ACME_TLS.to_vec()];
    Ok(Arc::new(config))
}

/// The protocol that an authority offers, and nothing else beside it.
pub(super) const ACME_TLS: &[u8] = b"acme-tls/1";

/// Where an authority asks by HTTP.
const PLACE: &str = "/.well-known/acme-challenge/";
