//! Digest towards a proxy [RFC 7616].

use super::Credentials;
use digest_auth::{AlgorithmType, AuthContext, HttpMethod, Qop, WwwAuthenticateHeader};

/// A challenge, answered with a new count for every request.
#[derive(Clone)]
pub(super) struct Digest {
    prompt: WwwAuthenticateHeader,
}

impl Digest {
    /// Reads what follows `Digest`; `None` if it cannot be answered.
    ///
    /// Only `auth` is answered, never `auth-int`: the library would prefer that one and hash a body it has not got.
    pub(super) fn read(rest: &str) -> Option<Self> {
        // The library counts characters and slices bytes, so it must not see anything but ASCII.
        if !rest.is_ascii() {
            return None;
        }
        let mut prompt = digest_auth::parse(rest).ok()?;
        if let Some(qop) = &mut prompt.qop {
            qop.retain(|qop| *qop == Qop::AUTH);
            if qop.is_empty() {
                return None;
            }
        }
        Some(Self { prompt })
    }

    /// Whether it is hashed with something better than MD5.
    pub(super) fn is_strong(&self) -> bool {
        !matches!(self.prompt.algorithm.algo, AlgorithmType::MD5)
    }

    /// Whether the proxy says that only the nonce was too old.
    pub(super) fn is_stale(&self) -> bool {
        self.prompt.stale
    }

    /// The value of `Proxy-Authorization` for one request.
    pub(super) fn respond(
        &mut self,
        credentials: &Credentials,
        method: &str,
        uri: &str,
    ) -> Option<String> {
        let context = AuthContext::new_with_method(
            credentials.user.as_str(),
            credentials.password.as_str(),
            uri,
            None::<&[u8]>,
            HttpMethod::from(method),
        );
        let answer = self.prompt.respond(&context).ok()?;
        Some(answer.to_header_string())
    }
}
