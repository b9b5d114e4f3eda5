//! NTLM version 2 towards a proxy: three messages, all on one connection [MS-NLMP].
//!
//! ```text
//!  challenge   "NTLMSSP\0" | 2 u32 | target name: len u16, cap u16, offset u32 | flags u32 | challenge 8
//!  (LE)        | reserved 8 | target info: len u16, cap u16, offset u32 | …
//! ```
//!
//! The challenge is read here and not by the library: old and simple proxies (squid's `ntlm_fake_auth`) end before the
//! target info, which the library takes for an error, and some of them promise it nevertheless (Q-196).

use super::Credentials;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, PAD_INDIFFERENT};
use ntlmclient::{Flags, Message, NegotiateMessage, OsVersion};
use std::time::{Duration, SystemTime};

/// The first message: what we can do.
pub(super) fn negotiate() -> Option<String> {
    let message = Message::Negotiate(NegotiateMessage {
        flags: OURS | Flags::NEGOTIATE_OEM | Flags::REQUEST_TARGET,
        supplied_domain: String::new(),
        supplied_workstation: String::new(),
        os_version: OsVersion::default(),
    });
    Some(BASE64.encode(message.to_bytes().ok()?))
}

/// The third message, for the second one as it came.
pub(super) fn authenticate(token: &str, credentials: &Credentials) -> Option<String> {
    let challenge = Challenge::read(&BASE64.decode(token).ok()?)?;
    let (domain, user) = credentials
        .user
        .split_once('\\')
        .unwrap_or(("", &credentials.user));
    let credentials = ntlmclient::Credentials {
        username: user.to_owned(),
        password: credentials.password.clone(),
        domain: domain.to_owned(),
    };
    let stamp = challenge.timestamp();
    let mut response = ntlmclient::respond_challenge_ntlm_v2(
        challenge.challenge,
        &challenge.target_info,
        stamp.unwrap_or_else(now),
        &credentials,
    );
    // No key is exchanged; and whoever states its time wants no LM response [MS-NLMP 3.1.5.1.2].
    response.session_key.clear();
    if stamp.is_some() {
        response.lm_response = vec![0; 24];
    }
    let message = response.to_message(&credentials, "", OURS);
    Some(BASE64.encode(message.to_bytes().ok()?))
}

struct Challenge {
    challenge: [u8; 8],
    target_info: Vec<u8>,
}

impl Challenge {
    fn read(message: &[u8]) -> Option<Self> {
        let signature = message.get(..8)? == b"NTLMSSP\0";
        if !signature || u32_at(message, 8)? != 2 {
            return None;
        }
        let flags = Flags::from_bits_retain(u32_at(message, 20)?);
        let challenge = message.get(24..32)?.try_into().ok()?;
        let target_info = flags
            .contains(Flags::NEGOTIATE_TARGET_INFO)
            .then(|| Self::target_info(message))
            .flatten()
            .unwrap_or_default();
        Some(Self {
            challenge,
            target_info: target_info.to_vec(),
        })
    }

    /// What stands behind the challenge, if it is there at all: simple proxies only repeat our own flag that promises it.
    fn target_info(message: &[u8]) -> Option<&[u8]> {
        let length = usize::from(u16_at(message, 40)?);
        let offset = usize::try_from(u32_at(message, 44)?).ok()?;
        let end = offset.checked_add(length)?;
        message.get(offset..end)
    }

    /// The server's own time, if it states it: pairs of type u16, length u16, value.
    fn timestamp(&self) -> Option<i64> {
        let mut pairs = self.target_info.as_slice();
        loop {
            let kind = u16_at(pairs, 0)?;
            let length = usize::from(u16_at(pairs, 2)?);
            let (value, rest) = pairs.get(4..)?.split_at_checked(length)?;
            match kind {
                END => return None,
                TIMESTAMP => return Some(i64::from_le_bytes(value.try_into().ok()?)),
                _ => pairs = rest,
            }
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

/// Now, in tenths of microseconds since 1601.
fn now() -> i64 {
    let since_1970 = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let since_1601 = since_1970.saturating_add(Duration::from_secs(SECONDS_1601_TO_1970));
    i64::try_from(since_1601.as_nanos() / 100).unwrap_or(i64::MAX)
}

const OURS: Flags = Flags::NEGOTIATE_UNICODE
    .union(Flags::NEGOTIATE_NTLM)
    .union(Flags::NEGOTIATE_NTLM2_KEY)
    .union(Flags::NEGOTIATE_TARGET_INFO);
const END: u16 = 0;
const TIMESTAMP: u16 = 7;
const SECONDS_1601_TO_1970: u64 = 11_644_473_600;
/// What proxies write is read as it is meant: padding may be missing, and the bits that are left over may be any.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    PAD_INDIFFERENT.with_decode_allow_trailing_bits(true),
);

#[cfg(test)]
mod tests;
