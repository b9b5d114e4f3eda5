//! JSON web tokens: what a key of the operator's signed.
//!
//! ```text
//! { "exp": 1800000000, "action": "play", "app": "live", "stream": "show*", "sub": "anna" }
//! ```
//!
//! A token says which algorithm it was signed by, and is not believed: each key knows the algorithms that it is for, so that a public key
//! never serves as the secret of another algorithm, and `none` is the algorithm of no key.

use std::fmt;
use std::time::{Duration, SystemTime};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use super::pattern::Pattern;
use super::request::{Action, Place};
use crate::limits::{TOKEN_BYTES, TOKEN_KEYS};

/// The keys by which tokens are checked, and whom the tokens have to be for. [`Debug`](fmt::Debug) shows no key.
#[derive(Clone, Default)]
pub struct Tokens {
    keys: Vec<Key>,
    audience: Option<String>,
    issuer: Option<String>,
}

/// A key, and what it is for.
#[derive(Clone)]
struct Key {
    id: Option<String>,
    decoding: DecodingKey,
    algorithms: Vec<Algorithm>,
}

/// Why a key for tokens cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenKeyError {
    /// Who has a token finds the secret by trying.
    #[error(
        "a secret for tokens has at least 32 bytes [RFC 7518 3.2]; make one with: openssl rand -hex 32"
    )]
    SecretTooShort,
    /// It belongs to those who sign.
    #[error(
        "this is a private key; the server needs the public one: openssl pkey -in FILE -pubout"
    )]
    Private,
    /// It is no key in PEM.
    #[error("this is no public key in PEM, neither of RSA nor of an elliptic curve")]
    NotPem,
    /// It is no set of keys.
    #[error("this is no set of keys (JWKS): {0}")]
    NotSet(String),
    /// There is no key in it that checks tokens.
    #[error("no key of the set checks tokens by HS, RS, PS or ES")]
    NoneOfUse,
    /// There are more than a set may hold.
    #[error("more than {TOKEN_KEYS} keys")]
    TooMany,
}

/// What a token is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// It lets do what was asked for, until then; it belongs to this one.
    Right {
        until: Option<SystemTime>,
        who: Option<String>,
    },
    /// It was right.
    Expired,
    /// It is not, and why.
    Wrong(&'static str),
}

/// What a token may say, apart from what every token says.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    exp: f64,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default, alias = "actions")]
    action: Words,
    #[serde(default)]
    app: Words,
    #[serde(default)]
    stream: Words,
}

/// One word, or a list of them.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum Words {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

impl Words {
    fn all(&self) -> &[String] {
        match self {
            Self::None => &[],
            Self::One(word) => std::slice::from_ref(word),
            Self::Many(words) => words,
        }
    }

    /// Whether one of them means a name; without any, every name is meant.
    fn mean(&self, is_meant: impl Fn(&Pattern) -> bool) -> bool {
        let patterns = || self.all().iter().filter_map(|word| word.parse().ok());
        matches!(self, Self::None) || patterns().any(|pattern| is_meant(&pattern))
    }
}

impl Tokens {
    /// Adds a secret: tokens by HS256, HS384 and HS512.
    ///
    /// # Errors
    /// It is too short, or there are too many keys.
    pub fn insert_secret(&mut self, secret: &[u8]) -> Result<(), TokenKeyError> {
        if secret.len() < SHORTEST_SECRET {
            return Err(TokenKeyError::SecretTooShort);
        }
        let key = DecodingKey::from_secret(secret);
        self.insert(None, key, AlgorithmFamily::Hmac.algorithms())
    }

    /// Adds a public key in PEM: tokens by RS256 to PS512, or by ES256 and ES384.
    ///
    /// # Errors
    /// It is none, it is a private one, or there are too many keys.
    pub fn insert_public_key(&mut self, pem: &str) -> Result<(), TokenKeyError> {
        if pem.contains("PRIVATE KEY") {
            return Err(TokenKeyError::Private);
        }
        let rsa = DecodingKey::from_rsa_pem(pem.as_bytes());
        let key = rsa
            .or_else(|_| DecodingKey::from_ec_pem(pem.as_bytes()))
            .map_err(|_| TokenKeyError::NotPem)?;
        let algorithms = key.family();
        self.insert(None, key, algorithms.algorithms())
    }

    /// Adds those keys of a set [RFC 7517 5] that check tokens.
    ///
    /// # Errors
    /// It is no set, holds no such key, or a secret that is too short; or there are too many keys.
    pub fn insert_set(&mut self, json: &str) -> Result<(), TokenKeyError> {
        let set: JwkSet =
            serde_json::from_str(json).map_err(|error| TokenKeyError::NotSet(error.to_string()))?;
        let before = self.keys.len();
        for jwk in &set.keys {
            let Some(algorithms) = algorithms(jwk) else {
                continue;
            };
            let Ok(key) = DecodingKey::from_jwk(jwk) else {
                continue;
            };
            if key.family() == AlgorithmFamily::Hmac
                && key.try_get_as_bytes().map_or(0, <[u8]>::len) < SHORTEST_SECRET
            {
                return Err(TokenKeyError::SecretTooShort);
            }
            self.insert(jwk.common.key_id.clone(), key, &algorithms)?;
        }
        if self.keys.len() == before {
            return Err(TokenKeyError::NoneOfUse);
        }
        Ok(())
    }

    /// Tokens have to be for this audience (`aud`) from here on. Without one, tokens that name an audience are refused.
    pub fn set_audience(&mut self, audience: &str) {
        self.audience = Some(audience.to_owned());
    }

    /// Tokens have to come from this issuer (`iss`) from here on.
    pub fn set_issuer(&mut self, issuer: &str) {
        self.issuer = Some(issuer.to_owned());
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn insert(
        &mut self,
        id: Option<String>,
        key: DecodingKey,
        algorithms: &[Algorithm],
    ) -> Result<(), TokenKeyError> {
        if self.keys.len() >= TOKEN_KEYS {
            return Err(TokenKeyError::TooMany);
        }
        let algorithms = algorithms.to_vec();
        self.keys.push(Key {
            id,
            decoding: key,
            algorithms,
        });
        Ok(())
    }

    /// What a token says, if one of the keys signed it. That takes long.
    ///
    /// # Errors
    /// What it is worth everywhere.
    pub(super) fn claims(&self, token: &str) -> Result<Claims, Judged> {
        #[cfg(test)]
        CHECKED.set(CHECKED.get() + 1);
        if token.len() > TOKEN_BYTES {
            return Err(Judged::Wrong("longer than 4096 bytes"));
        }
        // Algorithms that are not known, `none` among them, end here.
        let header = decode_header(token).map_err(|_| Judged::Wrong("no token"))?;
        if header.crit.is_some() {
            // [RFC 7515 4.1.11]
            return Err(Judged::Wrong("it asks for an extension"));
        }
        let mut outcome = Judged::Wrong("signed by no key and algorithm of ours");
        for key in &self.keys {
            let is_other = matches!((&header.kid, &key.id), (Some(kid), Some(id)) if kid != id);
            if is_other || !key.algorithms.contains(&header.alg) {
                continue;
            }
            match decode::<Claims>(token, &key.decoding, &self.validation(header.alg)) {
                Ok(data) => return Ok(data.claims),
                Err(error) => outcome = judged(error.kind()),
            }
            if outcome != Judged::Wrong(DOES_NOT_FIT) {
                break;
            }
        }
        Err(outcome)
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        let mut required = vec!["exp"];
        if let Some(audience) = &self.audience {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        validation.set_required_spec_claims(&required);
        validation
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("keys", &self.keys.len())
            .field("audience", &self.audience)
            .field("issuer", &self.issuer)
            .finish()
    }
}

impl Claims {
    /// The signature is right: what it lets do.
    pub(super) fn judge(&self, action: Action, place: &Place) -> Judged {
        let wanted = action.taken_in_by().as_str();
        let words = self.action.all();
        // Whoever may do anything somewhere may connect there.
        let is_for_action = match action {
            Action::Connect => !words.is_empty(),
            _ => words.iter().any(|word| word == wanted || word == "*"),
        };
        if !is_for_action {
            return Judged::Wrong("it is not for this action");
        }
        let (application, instance) = (&place.application, &place.instance);
        if !self
            .app
            .mean(|app| app.matches_application(application, instance))
        {
            return Judged::Wrong("it is not for this application");
        }
        if let Some(stream) = &place.stream
            && !self.stream.mean(|pattern| pattern.matches(stream))
        {
            return Judged::Wrong("it is not for this stream");
        }
        let until = Duration::try_from_secs_f64(self.exp).ok();
        Judged::Right {
            until: until.and_then(|until| SystemTime::UNIX_EPOCH.checked_add(until)),
            who: self.sub.clone(),
        }
    }
}

/// What a key of a set is for; nothing where it is not for tokens.
fn algorithms(jwk: &Jwk) -> Option<Vec<Algorithm>> {
    let is_for_signing = matches!(
        jwk.common.public_key_use,
        None | Some(PublicKeyUse::Signature)
    );
    let of_kind = match &jwk.algorithm {
        _ if !is_for_signing => return None,
        AlgorithmParameters::OctetKey(_) => AlgorithmFamily::Hmac.algorithms(),
        AlgorithmParameters::RSA(_) => AlgorithmFamily::Rsa.algorithms(),
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[Algorithm::ES256],
            EllipticCurve::P384 => &[Algorithm::ES384],
            _ => return None,
        },
        _ => return None,
    };
    let Some(named) = jwk.common.key_algorithm else {
        return Some(of_kind.to_vec());
    };
    let named = Algorithm::try_from(named).ok()?;
    of_kind.contains(&named).then(|| vec![named])
}

fn judged(error: &ErrorKind) -> Judged {
    match error {
        ErrorKind::ExpiredSignature => Judged::Expired,
        ErrorKind::InvalidSignature => Judged::Wrong(DOES_NOT_FIT),
        ErrorKind::ImmatureSignature => Judged::Wrong("it is not valid yet"),
        ErrorKind::InvalidAudience => Judged::Wrong("it is for another audience"),
        ErrorKind::InvalidIssuer => Judged::Wrong("it comes from another issuer"),
        ErrorKind::MissingRequiredClaim(_) => Judged::Wrong("it lacks exp, aud or iss"),
        _ => Judged::Wrong("it is none that can be read"),
    }
}

const DOES_NOT_FIT: &str = "its signature does not fit";

/// How far the clocks of those who sign may be off.
const LEEWAY_SECONDS: u64 = 10;

/// Shorter secrets are found by trying [RFC 7518 3.2].
pub(super) const SHORTEST_SECRET: usize = 32;

#[cfg(test)]
thread_local! {
    /// How many tokens were checked in this thread.
    pub(super) static CHECKED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
mod tests;
