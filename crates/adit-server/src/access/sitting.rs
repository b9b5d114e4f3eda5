//! One sitting: what somebody shows, and all that is decided about it at once.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::request::{Action, Credentials, Place, Request, Visitor};
use super::token::{Claims, Judged, Tokens};
use super::{Access, Policy};

/// When it is, and what was found out about what is shown. Where many things are decided for one visitor, his token is checked once.
#[derive(Debug)]
pub(super) struct Sitting<'a> {
    pub(super) now: Instant,
    pub(super) time: SystemTime,
    token: Option<&'a str>,
    claims: OnceCell<Result<Claims, Judged>>,
}

impl<'a> Sitting<'a> {
    /// Now, about what is shown here.
    pub(super) fn about(credentials: &'a Credentials) -> Self {
        Self {
            now: Instant::now(),
            time: SystemTime::now(),
            token: credentials.token(),
            claims: OnceCell::new(),
        }
    }

    /// What the token says, if there is one.
    pub(super) fn claims(&self, tokens: &Tokens) -> Option<&Result<Claims, Judged>> {
        let token = self.token?;
        Some(self.claims.get_or_init(|| tokens.claims(token)))
    }
}

/// Which streams somebody may see in a list. Whoever decides about them outside of this program would have to be asked about each, and
/// is asked about none: those streams are not listed.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    access: Access,
    policy: Arc<Policy>,
    sitting: Sitting<'a>,
    visitor: &'a Visitor,
    credentials: &'a Credentials,
}

impl Access {
    /// A list for somebody who shows this, by the rules as they are now.
    pub(crate) fn listing<'a>(
        &self,
        visitor: &'a Visitor,
        credentials: &'a Credentials,
    ) -> Listing<'a> {
        Listing {
            access: self.clone(),
            policy: self.policy(),
            sitting: Sitting::about(credentials),
            visitor,
            credentials,
        }
    }
}

impl Listing<'_> {
    /// Whether what is there may stand in it.
    pub(crate) fn shows(&self, place: Place) -> bool {
        let request = Request::new(Action::List, place, self.visitor.clone());
        let request = request.with(self.credentials.clone());
        let decided = self.access.decide(&self.policy, &self.sitting, &request);
        decided.is_ok()
    }
}

#[cfg(test)]
mod tests;
