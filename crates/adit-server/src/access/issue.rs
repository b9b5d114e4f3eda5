//! Tokens that the operator signs himself, as [`Tokens`](super::Tokens) takes them.

use std::fmt;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;

use super::request::Action;
use super::token::{SHORTEST_SECRET, TokenKeyError};

/// Signs tokens. [`Debug`](fmt::Debug) shows no key.
pub struct TokenSigner {
    key: EncodingKey,
    /// The first that fits the key is used.
    algorithms: &'static [Algorithm],
}

/// What a token is to say.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TokenClaims {
    /// When it ends, in seconds since 1970.
    pub exp: u64,
    /// What it is for.
    #[serde(serialize_with = "word")]
    pub action: Action,
    /// The application, with its instance behind a slash if only that is meant.
    pub app: String,
    /// The stream.
    pub stream: String,
    /// Whose it is.
    #[serde(rename = "sub", skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Whom it is for.
    #[serde(rename = "aud", skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Who signs it.
    #[serde(rename = "iss", skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
}

impl TokenClaims {
    /// Lets whoever has it do this there, until then.
    pub fn new(action: Action, app: &str, stream: &str, exp: u64) -> Self {
        Self {
            exp,
            action,
            app: app.to_owned(),
            stream: stream.to_owned(),
            subject: None,
            audience: None,
            issuer: None,
        }
    }
}

/// Why a token cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// It is no key to sign with.
    #[error(
        "this is no private key in PEM, neither of RSA nor (in PKCS#8) of the elliptic curves P-256 and P-384"
    )]
    NotPrivate,
}

impl TokenSigner {
    /// Signs by HS256 with a secret that the server knows too.
    ///
    /// # Errors
    /// It is too short.
    pub fn by_secret(secret: &[u8]) -> Result<Self, TokenKeyError> {
        if secret.len() < SHORTEST_SECRET {
            return Err(TokenKeyError::SecretTooShort);
        }
        Ok(Self {
            key: EncodingKey::from_secret(secret),
            algorithms: &[Algorithm::HS256],
        })
    }

    /// Signs by RS256, ES256 or ES384, with a private key in PEM; the server has the public one.
    ///
    /// # Errors
    /// It is none.
    pub fn by_private_key(pem: &str) -> Result<Self, SignError> {
        if let Ok(key) = EncodingKey::from_rsa_pem(pem.as_bytes()) {
            return Ok(Self {
                key,
                algorithms: &[Algorithm::RS256],
            });
        }
        let key = EncodingKey::from_ec_pem(pem.as_bytes()).map_err(|_| SignError::NotPrivate)?;
        Ok(Self {
            key,
            algorithms: &[Algorithm::ES256, Algorithm::ES384],
        })
    }

    /// A token that says this.
    ///
    /// # Errors
    /// The key is none of those that it seemed to be.
    pub fn token(&self, claims: &TokenClaims) -> Result<String, SignError> {
        let mut tries = self.algorithms.iter();
        tries
            .find_map(|algorithm| encode(&Header::new(*algorithm), claims, &self.key).ok())
            .ok_or(SignError::NotPrivate)
    }
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenSigner({:?})", self.algorithms)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn word<S: serde::Serializer>(action: &Action, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(action.as_str())
}

#[cfg(test)]
mod tests;
