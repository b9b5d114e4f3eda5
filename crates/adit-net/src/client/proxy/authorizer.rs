//! Answers to a proxy's challenges on one connection, whatever is asked there.

use super::challenge::{Challenge, challenges};
use super::digest::Digest;
use super::error::ProxyError;
use super::{Credentials, ntlm};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::HeaderMap;
use hyper::header::HeaderValue;
use std::fmt;

/// A way to prove who one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthScheme {
    /// The password itself, encoded.
    Basic,
    /// A hash of it.
    Digest,
    /// Three messages that prove the connection.
    Ntlm,
}

impl AuthScheme {
    /// The scheme as HTTP writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Digest => "Digest",
            Self::Ntlm => "NTLM",
        }
    }
}

impl fmt::Display for AuthScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a connection goes on after a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The next request goes over it.
    Open,
    /// It is gone.
    Closed,
}

/// Writes `Proxy-Authorization` for every request to an HTTP proxy.
///
/// One per connection, because NTLM proves a connection and Digest counts requests. The order is:
/// [`header`](Self::header) before each request; on a 407 [`challenged`](Self::challenged), and the request again; on anything
/// else [`accepted`](Self::accepted). When the connection is replaced, [`reconnected`](Self::reconnected).
///
/// The strongest scheme that the proxy offers and we know is taken (Digest, NTLM, Basic), and never a weaker one after it was
/// refused. Nothing is sent before the proxy asks.
#[derive(Clone)]
pub struct Authorizer {
    credentials: Option<Credentials>,
    state: State,
    accepted: bool,
}

#[derive(Clone)]
enum State {
    /// Not asked yet.
    Unasked,
    Basic,
    Digest {
        digest: Digest,
        sent: bool,
    },
    Ntlm(Ntlm),
}

#[derive(Clone)]
enum Ntlm {
    Begin,
    AwaitChallenge,
    Answer(String),
    Done,
}

impl Authorizer {
    /// Without credentials every challenge is an error.
    pub fn new(credentials: Option<Credentials>) -> Self {
        Self {
            credentials,
            state: State::Unasked,
            accepted: false,
        }
    }

    /// The scheme in use.
    pub fn scheme(&self) -> Option<AuthScheme> {
        match self.state {
            State::Unasked => None,
            State::Basic => Some(AuthScheme::Basic),
            State::Digest { .. } => Some(AuthScheme::Digest),
            State::Ntlm(_) => Some(AuthScheme::Ntlm),
        }
    }

    /// The value for the next request; `None` when there is nothing to say.
    ///
    /// `uri` is the request target as it is sent: `host:port` of a `CONNECT`, else the whole URL. For NTLM the request may have
    /// to be sent once more, so a body is best kept out of it until [`is_settled`](Self::is_settled).
    ///
    /// # Errors
    ///
    /// The challenge cannot be answered.
    pub fn header(&mut self, method: &str, uri: &str) -> Result<Option<HeaderValue>, ProxyError> {
        let Some(credentials) = &self.credentials else {
            return Ok(None);
        };
        let value = match &mut self.state {
            State::Unasked | State::Ntlm(Ntlm::AwaitChallenge | Ntlm::Done) => return Ok(None),
            State::Basic => {
                let pair = format!("{}:{}", credentials.user, credentials.password);
                Some(format!("Basic {}", BASE64_STANDARD.encode(pair)))
            }
            State::Digest { digest, sent } => {
                *sent = true;
                digest.respond(credentials, method, uri)
            }
            State::Ntlm(step) => {
                let (token, next) = match step {
                    Ntlm::Answer(token) => (Some(std::mem::take(token)), Ntlm::Done),
                    _ => (ntlm::negotiate(), Ntlm::AwaitChallenge),
                };
                *step = next;
                token.map(|token| format!("NTLM {token}"))
            }
        };
        let mut value = value
            .and_then(|value| HeaderValue::try_from(value).ok())
            .ok_or(ProxyError::Challenge)?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// Takes a 407. Afterwards the request is to be sent again, over this connection if it is kept, else over another
    /// and after [`reconnected`](Self::reconnected).
    ///
    /// # Errors
    ///
    /// There are no credentials, none of the schemes is known, or the credentials were refused.
    pub fn challenged(&mut self, headers: &HeaderMap, kept: Kept) -> Result<(), ProxyError> {
        let offered = challenges(headers);
        let Some(credentials) = &self.credentials else {
            return Err(ProxyError::CredentialsMissing {
                offered: names(&offered),
            });
        };
        let fresh = std::mem::take(&mut self.accepted);
        let next = match &self.state {
            State::Unasked => choose(&offered)?,
            State::Basic => return Err(self.refused()),
            State::Digest { sent, .. } => {
                let digest = digest(&offered).ok_or_else(|| self.refused())?;
                if *sent && !fresh && !digest.is_stale() {
                    return Err(self.refused());
                }
                State::Digest {
                    digest,
                    sent: false,
                }
            }
            State::Ntlm(Ntlm::AwaitChallenge) => {
                let token = offered
                    .iter()
                    .find(|challenge| challenge.scheme == "ntlm" && !challenge.rest.is_empty())
                    .ok_or_else(|| self.refused())?;
                if kept == Kept::Closed {
                    return Err(ProxyError::NtlmConnectionClosed);
                }
                let answer =
                    ntlm::authenticate(&token.rest, credentials).ok_or(ProxyError::Challenge)?;
                State::Ntlm(Ntlm::Answer(answer))
            }
            State::Ntlm(Ntlm::Done) if !fresh => return Err(self.refused()),
            State::Ntlm(_) => State::Ntlm(Ntlm::Begin),
        };
        self.state = next;
        Ok(())
    }

    /// Takes any other response: the proxy is content.
    pub fn accepted(&mut self) {
        self.accepted = true;
    }

    /// The connection was replaced: what proved it must be said again.
    pub fn reconnected(&mut self) {
        if matches!(self.state, State::Ntlm(_)) {
            self.state = State::Ntlm(Ntlm::Begin);
        }
    }

    /// Whether the next request is expected to be answered and not challenged.
    pub fn is_settled(&self) -> bool {
        match &self.state {
            State::Unasked => self.accepted,
            State::Ntlm(step) => matches!(step, Ntlm::Answer(_) | Ntlm::Done),
            State::Basic | State::Digest { .. } => true,
        }
    }

    fn refused(&self) -> ProxyError {
        ProxyError::CredentialsRefused {
            scheme: self.scheme().unwrap_or(AuthScheme::Basic),
        }
    }
}

impl fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorizer")
            .field("scheme", &self.scheme())
            .field("accepted", &self.accepted)
            .finish_non_exhaustive()
    }
}

fn choose(offered: &[Challenge]) -> Result<State, ProxyError> {
    if let Some(digest) = digest(offered) {
        let sent = false;
        return Ok(State::Digest { digest, sent });
    }
    let offers = |scheme| offered.iter().any(|challenge| challenge.scheme == scheme);
    if offers("ntlm") {
        Ok(State::Ntlm(Ntlm::Begin))
    } else if offers("basic") {
        Ok(State::Basic)
    } else {
        Err(ProxyError::UnknownSchemes {
            offered: names(offered),
        })
    }
}

/// The best Digest challenge: the first one with SHA-256, else the first that can be answered [RFC 7616 3.7].
fn digest(offered: &[Challenge]) -> Option<Digest> {
    let readable = || {
        offered
            .iter()
            .filter(|challenge| challenge.scheme == "digest")
            .filter_map(|challenge| Digest::read(&challenge.rest))
    };
    readable()
        .find(Digest::is_strong)
        .or_else(|| readable().next())
}

fn names(offered: &[Challenge]) -> String {
    let mut names: Vec<String> = Vec::new();
    for challenge in offered {
        let name: String = challenge
            .scheme
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(20)
            .collect();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        "nothing".to_owned()
    } else {
        names.join(", ")
    }
}

#[cfg(test)]
mod tests;
