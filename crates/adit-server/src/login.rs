//! Logins of encoders, `authmod=adobe` and `authmod=llnw` (Limelight): the server's half.
//!
//! A refused `connect` asks, the next one answers in the query of its application:
//!
//! ```text
//! client                                      server
//! connect app                               ─▶ _error "… [ code=403 need auth; authmod=adobe ] : "
//! connect app?authmod=adobe&user=U          ─▶ _error "… ?reason=needauth&user=U&salt=S&challenge=C"
//! connect app?authmod=adobe&user=U&challenge=K&response=R ─▶ _result, or _error "… ?reason=authfailed"
//! ```
//!
//! Each challenge is for one user and one address, is forgotten soon, and serves once. The texts are
//! those that GStreamer, FFmpeg and librtmp look for, to the letter (Q-240). There is no `opaque`: librtmp
//! hashes it with the challenge and the others in place of it (Q-241).
//!
//! Both ways rest on MD5 and give whoever listens something to guess passwords by: they belong on `rtmps`.

#[cfg(test)]
mod tests;
mod users;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Instant;

use adit_rtmp::command::{Address, Connect, DEFAULT_INSTANCE, Query};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest as _, Md5};
use subtle::ConstantTimeEq as _;

pub use self::users::{EncoderUsers, UsersError};
use crate::limits::{LOGIN_CHALLENGES, LOGIN_CHALLENGES_PER_ADDRESS, LOGIN_EXPIRY};

/// Who may publish, and how they are asked who they are.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EncoderLogin {
    /// Who may.
    pub users: EncoderUsers,
    /// What an encoder is asked for that has not chosen.
    pub method: LoginMethod,
}

impl EncoderLogin {
    /// These users, asked in Adobe's way.
    pub fn new(users: EncoderUsers) -> Self {
        Self {
            users,
            method: LoginMethod::default(),
        }
    }
}

/// A way to log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LoginMethod {
    /// `authmod=adobe`, which every encoder with a login knows.
    #[default]
    Adobe,
    /// `authmod=llnw`, of Limelight.
    Limelight,
}

impl LoginMethod {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Adobe => "adobe",
            Self::Limelight => "llnw",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Adobe, Self::Limelight]
            .into_iter()
            .find(|method| method.as_str() == name)
    }
}

/// What a `connect` came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is a client that does not say it wants to publish; it may not.
    Anonymous,
    /// This encoder has proven who it is.
    Known(String),
    /// It has to say more, or is wrong.
    Refused {
        /// For the client, to the letter.
        description: String,
        /// For the log.
        reason: &'static str,
        /// Whether a user or a password was wrong.
        is_wrong: bool,
    },
}

/// Random bytes for a challenge, and for its salt.
pub(crate) type Random = [u8; 20];

/// The logins of a server: its users, and the challenges that wait for an answer.
#[derive(Debug)]
pub(crate) struct Logins {
    login: EncoderLogin,
    /// In the order in which they expire.
    waiting: VecDeque<Challenge>,
}

/// What one client at one address was asked.
#[derive(Debug)]
struct Challenge {
    method: LoginMethod,
    user: String,
    peer: IpAddr,
    salt: String,
    nonce: String,
    until: Instant,
}

impl Logins {
    pub(crate) const fn new(login: EncoderLogin) -> Self {
        Self {
            login,
            waiting: VecDeque::new(),
        }
    }

    /// Decides about a `connect` from this address.
    pub(crate) fn decide(
        &mut self,
        now: Instant,
        peer: IpAddr,
        (address, connect): (&Address, &Connect),
        random: Random,
    ) -> Verdict {
        let peer = peer.to_canonical();
        let query = address.query();
        let Some(named) = query.value("authmod") else {
            return if wants_to_publish(connect) {
                asked(self.login.method)
            } else {
                Verdict::Anonymous
            };
        };
        let Some(method) = LoginMethod::from_name(named) else {
            return asked(self.login.method);
        };
        let user = query.value("user").unwrap_or_default();
        if user.is_empty() {
            return asked(method);
        }
        let Some(password) = self.login.users.password(user).map(str::to_owned) else {
            let reason = "no such user";
            return wrong(method, "?reason=nosuchuser", reason);
        };
        self.forget_expired(now);
        let Some(response) = query.value("response") else {
            return self.challenge(now, method, user, peer, random);
        };
        match self.take(method, user, peer, |challenge| {
            let right = challenge.responses(&password, address, query);
            let response = response.as_bytes();
            right
                .iter()
                .any(|right| right.as_bytes().ct_eq(response).into())
        }) {
            Some(Answer::Right) => Verdict::Known(user.to_owned()),
            Some(Answer::Wrong) => {
                let reason = "wrong password";
                wrong(method, "?reason=authfailed", reason)
            }
            // It took too long, or repeats an answer that has served.
            None => self.challenge(now, method, user, peer, random),
        }
    }

    fn challenge(
        &mut self,
        now: Instant,
        method: LoginMethod,
        user: &str,
        peer: IpAddr,
        random: Random,
    ) -> Verdict {
        let (salt, challenge) = random.split_at(4);
        let (salt, challenge) = (hex::encode(salt), hex::encode(challenge));
        let description = match method {
            LoginMethod::Adobe => {
                format!("?reason=needauth&user={user}&salt={salt}&challenge={challenge}")
            }
            LoginMethod::Limelight => format!("?reason=needauth&user={user}&nonce={challenge}"),
        };
        self.make_room(peer);
        self.waiting.push_back(Challenge {
            method,
            user: user.to_owned(),
            peer,
            salt,
            nonce: challenge,
            until: now + LOGIN_EXPIRY,
        });
        challenged(method, &description)
    }

    fn forget_expired(&mut self, now: Instant) {
        while self
            .waiting
            .front()
            .is_some_and(|oldest| oldest.until <= now)
        {
            self.waiting.pop_front();
        }
    }

    /// Forgets the oldest challenge of this address, or of all, if there would be too many.
    fn make_room(&mut self, peer: IpAddr) {
        let mut own = (0..)
            .zip(&self.waiting)
            .filter(|(_, other)| other.peer == peer);
        let oldest = own.next().map(|(at, _)| at);
        if own.count() >= LOGIN_CHALLENGES_PER_ADDRESS.saturating_sub(1)
            && let Some(oldest) = oldest
        {
            self.waiting.remove(oldest);
        } else if self.waiting.len() >= LOGIN_CHALLENGES {
            self.waiting.pop_front();
        }
    }

    /// Takes the challenge that an answer is to: the one for which it is right, else the oldest that
    /// this user has at this address. Either way it has served.
    fn take(
        &mut self,
        method: LoginMethod,
        user: &str,
        peer: IpAddr,
        is_right: impl Fn(&Challenge) -> bool,
    ) -> Option<Answer> {
        let is_own =
            |other: &Challenge| other.method == method && other.user == user && other.peer == peer;
        let right = self
            .waiting
            .iter()
            .position(|other| is_own(other) && is_right(other));
        let (at, answer) = match right {
            Some(at) => (at, Answer::Right),
            None => (self.waiting.iter().position(is_own)?, Answer::Wrong),
        };
        self.waiting.remove(at);
        Some(answer)
    }
}

/// What an answer is to a challenge that waited for one.
enum Answer {
    Right,
    Wrong,
}

impl Challenge {
    /// The responses that are right, in the clients' spellings.
    fn responses(&self, password: &str, address: &Address, query: &Query) -> Vec<String> {
        let Self {
            user, salt, nonce, ..
        } = self;
        let given = |name| query.value(name).unwrap_or_default();
        match self.method {
            LoginMethod::Adobe => {
                let secret = md5_base64(&format!("{user}{salt}{password}"));
                let own = given("challenge");
                vec![md5_base64(&format!("{secret}{nonce}{own}"))]
            }
            LoginMethod::Limelight => {
                if given("nonce") != nonce {
                    return Vec::new();
                }
                let (count, own) = (given("nc"), given("cnonce"));
                let who = md5_hex(&format!("{user}:live:{password}"));
                let response = |path: &str| {
                    let what = md5_hex(&format!("publish:/{path}"));
                    md5_hex(&format!("{who}:{nonce}:{count}:{own}:auth:{what}"))
                };
                paths(address).iter().map(|path| response(path)).collect()
            }
        }
    }
}

fn md5_hex(text: &str) -> String {
    hex::encode(Md5::digest(text))
}

fn md5_base64(text: &str) -> String {
    BASE64_STANDARD.encode(Md5::digest(text))
}

/// What Limelight's response may call the application: FFmpeg and GStreamer name the instance that
/// nobody named, librtmp does not (Q-242).
fn paths(address: &Address) -> Vec<String> {
    let (application, instance) = (address.application(), address.instance());
    let whole = format!("{application}/{instance}");
    if instance == DEFAULT_INSTANCE {
        vec![whole, application.to_owned()]
    } else {
        vec![whole]
    }
}

/// Whether a client says that it is an encoder. Those that do not are asked when they publish, too late for a
/// login: then they are told to make one (Q-243).
fn wants_to_publish(connect: &Connect) -> bool {
    let client = &connect.client;
    client.kind.as_deref() == Some("nonprivate")
        || client
            .flash_version
            .as_deref()
            .is_some_and(|version| version.starts_with("FMLE/"))
}

/// Why an encoder is refused that has not said who it is.
pub(crate) const ASKED: &str = "asked for a user";

fn asked(method: LoginMethod) -> Verdict {
    let method = method.as_str();
    Verdict::Refused {
        description: format!(
            "[ AccessManager.Reject ] : [ code=403 need auth; authmod={method} ] : "
        ),
        reason: ASKED,
        is_wrong: false,
    }
}

/// Asks for the answer to a challenge.
fn challenged(method: LoginMethod, query: &str) -> Verdict {
    Verdict::Refused {
        description: rejection(method, query),
        reason: "asked to log in",
        is_wrong: false,
    }
}

fn wrong(method: LoginMethod, query: &str, reason: &'static str) -> Verdict {
    Verdict::Refused {
        description: rejection(method, query),
        reason,
        is_wrong: true,
    }
}

fn rejection(method: LoginMethod, query: &str) -> String {
    let method = method.as_str();
    format!("[ AccessManager.Reject ] : [ authmod={method} ] : {query}")
}
