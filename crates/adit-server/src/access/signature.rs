//! Addresses that are signed, and expire.
//!
//! ```text
//! rtmp://host/live/test?expires=1800000000&signature=0123…                  64 hexadecimal digits:
//!                       └─ seconds since 1970     └─ HMAC-SHA256 of "play\n/live/test\n1800000000"
//! …&ip=203.0.113.7                                   of "play\n/live/test\n1800000000\n203.0.113.7"
//! ```

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::request::{Action, Credentials, Place};

/// The secrets with which addresses are signed; whichever fits. [`Debug`](fmt::Debug) shows none.
#[derive(Clone, Default)]
pub struct Signing(Vec<Box<[u8]>>);

/// A secret that is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a secret of fewer than {SHORTEST} bytes is guessed too soon; make one with: openssl rand -hex 32"
)]
pub struct SecretTooShort;

/// What a signed address is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signed {
    /// It is right, until then.
    Right(SystemTime),
    /// It was.
    Expired,
    /// It is not, and why.
    Wrong(&'static str),
}

impl Signing {
    /// Adds a secret. More than one is of use while the old one is replaced.
    ///
    /// # Errors
    /// It is shorter than 16 bytes.
    pub fn insert(&mut self, secret: &[u8]) -> Result<(), SecretTooShort> {
        if secret.len() < SHORTEST {
            return Err(SecretTooShort);
        }
        self.0.push(secret.into());
        Ok(())
    }

    /// Whether nothing is ever signed rightly.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The query that lets whoever has it do this there, from `peer` alone if one is given. Signed with the first secret.
    pub fn query(
        &self,
        action: Action,
        place: &Place,
        expires: u64,
        peer: Option<IpAddr>,
    ) -> Option<String> {
        let secret = self.0.first()?;
        let text = signed_text(action, place, &expires.to_string(), peer);
        let code = hex::encode(mac(secret)?.chain_update(text).finalize().into_bytes());
        let peer = peer.map(|peer| format!("&ip={peer}")).unwrap_or_default();
        Some(format!("expires={expires}{peer}&signature={code}"))
    }

    /// What these credentials are worth, if there is a signature among them.
    pub(super) fn check(
        &self,
        now: SystemTime,
        action: Action,
        place: &Place,
        peer: IpAddr,
        credentials: &Credentials,
    ) -> Option<Signed> {
        if self.is_empty() {
            return None;
        }
        let code = credentials.value("signature")?;
        let mut digits = [0; 32];
        if hex::decode_to_slice(code, &mut digits).is_err() {
            return Some(Signed::Wrong("the signature is not 64 hexadecimal digits"));
        }
        let Some(expires) = credentials.value("expires") else {
            return Some(Signed::Wrong("a signature without expires="));
        };
        let bound = match credentials.value("ip").map(str::parse::<IpAddr>) {
            None => None,
            Some(Ok(bound)) => Some(bound),
            Some(Err(_)) => return Some(Signed::Wrong("ip= is no address")),
        };
        let text = signed_text(action, place, expires, bound);
        let is_right = |secret: &[u8]| {
            mac(secret).is_some_and(|mac| mac.chain_update(&text).verify_slice(&digits).is_ok())
        };
        if !self.0.iter().any(|secret| is_right(secret)) {
            return Some(Signed::Wrong("the signature does not fit"));
        }
        // What follows was written by whoever has the secret.
        let until = expires
            .parse()
            .ok()
            .and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
        Some(match until {
            None => Signed::Wrong("expires= is no time in seconds"),
            Some(until) if until <= now => Signed::Expired,
            Some(_) if bound.is_some_and(|bound| bound.to_canonical() != peer.to_canonical()) => {
                Signed::Wrong("signed for another address")
            }
            Some(until) => Signed::Right(until),
        })
    }
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signing({})", self.0.len())
    }
}

fn signed_text(action: Action, place: &Place, expires: &str, peer: Option<IpAddr>) -> String {
    let action = action.taken_in_by();
    let path = place.path();
    // Names hold no line ends, so no text stands for two places.
    match peer {
        Some(peer) => format!("{action}\n{path}\n{expires}\n{peer}"),
        None => format!("{action}\n{path}\n{expires}"),
    }
}

fn mac(secret: &[u8]) -> Option<Hmac<Sha256>> {
    // A key of any length will do.
    Hmac::new_from_slice(secret).ok()
}

/// Shorter secrets are found by trying, with one signed address to try them on.
const SHORTEST: usize = 16;

#[cfg(test)]
mod tests;
