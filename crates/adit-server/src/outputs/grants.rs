//! What somebody outside of this program has allowed to viewers by HLS a moment ago.
//!
//! A viewer by HLS asks several times a second for one play: for playlists, parts and segments. Rules decide about each of these
//! requests, but a callback is asked when a viewer begins, and from then on once in a while.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use adit_broker::StreamKey;
use adit_net::http::header;
use sha2::{Digest as _, Sha256};

use super::request::Asked;
use crate::access::{Reached, Visitor};
use crate::limits::outputs::{HLS_GRANT, HLS_GRANTS};

/// Who asks for what, by what he shows. No secret can be read from it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Asking {
    peer: IpAddr,
    is_forwarded: bool,
    is_secure: bool,
    stream: StreamKey,
    shown: [u8; 32],
}

impl Asking {
    pub(super) fn of(asked: &Asked, visitor: &Visitor, stream: &StreamKey) -> Self {
        let mut shown = Sha256::new();
        shown.update(asked.own_query());
        for field in asked.fields.get_all(header::AUTHORIZATION) {
            // No query and no field has a line break in it.
            shown.update(b"\n");
            shown.update(field.as_bytes());
        }
        Self {
            peer: visitor.peer,
            is_forwarded: visitor.reached == Reached::Forwarded,
            is_secure: visitor.is_secure,
            stream: stream.clone(),
            shown: shown.finalize().into(),
        }
    }
}

/// What was allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Allowed {
    /// The name of the stream, where the answer gave another.
    pub(super) stream: Option<String>,
}

/// The newest answers.
#[derive(Default)]
pub(super) struct Grants(Mutex<HashMap<Asking, (Instant, Allowed)>>);

impl Grants {
    /// What was answered to this, if that is not long ago.
    pub(super) fn find(&self, now: Instant, asking: &Asking) -> Option<Allowed> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, allowed) = kept.get(asking)?;
        is_new(now, *since).then(|| allowed.clone())
    }

    /// It is not allowed any more.
    pub(super) fn forget(&self, asking: &Asking) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(asking);
    }

    /// Remembers an answer, if there is room: who is not remembered is asked about again.
    pub(super) fn keep(&self, now: Instant, asking: Asking, allowed: Allowed) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= HLS_GRANTS {
            kept.retain(|_, (since, _)| is_new(now, *since));
        }
        if kept.len() < HLS_GRANTS || kept.contains_key(&asking) {
            kept.insert(asking, (now, allowed));
        }
    }
}

fn is_new(now: Instant, since: Instant) -> bool {
    now.saturating_duration_since(since) < HLS_GRANT
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grants").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
