//! Digests of the signed handshake.
//!
//! C1 and S1 are 1536 bytes: time, version, and two blocks of 764 bytes. One block holds a digest of
//! the rest of the packet, the other a key that only RTMPE uses. Where in its block the digest lies
//! is the sum of four bytes, modulo 728.
//!
//! ```text
//!               0     4     8                        772                       1536
//! digest first  │time │vers.│offset 4│…digest 32…    │…key 128…      │offset 4│
//! key first     │time │vers.│…key 128…      │offset 4│offset 4│…digest 32…    │
//! ```
//!
//! S2 and C2 end with 32 bytes that sign the 1504 before them with a key derived from the digest of
//! the packet they answer. None of this is in a specification; the keys are public since 2009.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{PACKET, Scheme};

/// Bytes of a digest or a signature.
pub(super) const DIGEST: usize = 32;

/// Bytes of S2 and C2 that the signature covers.
pub(super) const SIGNED: usize = PACKET - DIGEST;

/// A digest or a signature.
pub(super) type Digest = [u8; DIGEST];

/// The two roles, which sign with different keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Client,
    Server,
}

/// Finds out how a C1 or S1 is signed, and gives its digest; `None` if it is not.
pub(super) fn find(packet: &[u8], role: Role) -> Option<(Scheme, Digest)> {
    [Scheme::DigestFirst, Scheme::KeyFirst]
        .into_iter()
        .find_map(|scheme| {
            let (before, digest, after) = around_digest(packet, scheme)?;
            let expected = hmac(role.name(), &[before, after]);
            bool::from(expected.ct_eq(digest)).then_some((scheme, expected))
        })
}

/// Writes the digest into a C1 or S1 that is complete but for it.
pub(super) fn sign(packet: &mut [u8], role: Role, scheme: Scheme) -> Option<Digest> {
    let (before, _, after) = around_digest(packet, scheme)?;
    let digest = hmac(role.name(), &[before, after]);
    let at = before.len();
    packet
        .get_mut(at..)?
        .get_mut(..DIGEST)?
        .copy_from_slice(&digest);
    Some(digest)
}

/// The signature of the first 1504 bytes of an S2 or C2 sent in this role, in answer to a packet
/// with this digest.
pub(super) fn signature(signed: &[u8], role: Role, answered: &Digest) -> Digest {
    let key = hmac(&[role.name(), KEY_TAIL].concat(), &[answered]);
    hmac(&key, &[signed])
}

/// Whether an S2 or C2 carries the right [`signature`].
pub(super) fn is_signed(packet: &[u8], role: Role, answered: &Digest) -> bool {
    packet
        .split_at_checked(SIGNED)
        .is_some_and(|(signed, proof)| signature(signed, role, answered).ct_eq(proof).into())
}

impl Role {
    /// The short key, which makes digests; the long one has [`KEY_TAIL`] behind it.
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Client => b"Genuine Adobe Flash Player 001",
            Self::Server => b"Genuine Adobe Flash Media Server 001",
        }
    }
}

const KEY_TAIL: &[u8] = &[
    0xF0, 0xEE, 0xC2, 0x4A, 0x80, 0x68, 0xBE, 0xE8, 0x2E, 0x00, 0xD0, 0xD1, 0x02, 0x9E, 0x7E, 0x57,
    0x6E, 0xEC, 0x5D, 0x2D, 0x29, 0x80, 0x6F, 0xAB, 0x93, 0xB8, 0xE6, 0x36, 0xCF, 0xEB, 0x31, 0xAE,
];

/// Splits a packet into what is before the digest, the digest, and what is after it.
fn around_digest(packet: &[u8], scheme: Scheme) -> Option<(&[u8], &[u8], &[u8])> {
    let block = match scheme {
        Scheme::Simple => return None,
        Scheme::DigestFirst => 8_usize,
        Scheme::KeyFirst => 772,
    };
    let offset_bytes = packet.get(block..)?.get(..4)?;
    let offset = offset_bytes
        .iter()
        .map(|byte| usize::from(*byte))
        .sum::<usize>()
        % 728;
    let (before, rest) = packet.split_at_checked(block.checked_add(4)?.checked_add(offset)?)?;
    let (digest, after) = rest.split_at_checked(DIGEST)?;
    Some((before, digest, after))
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn hmac(key: &[u8], pieces: &[&[u8]]) -> Digest {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
    for piece in pieces {
        mac.update(piece);
    }
    mac.finalize().into_bytes().into()
}
