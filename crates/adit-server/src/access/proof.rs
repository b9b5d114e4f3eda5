//! What is shown with a request, and whether it proves anything.

use std::time::SystemTime;

use super::config::Means;
use super::keys::{Grant, is_same};
use super::request::{Login, Request};
use super::signature::Signed;
use super::sitting::Sitting;
use super::token::Judged;
use super::{Granted, Policy};

/// What becomes of what is shown.
#[derive(Debug)]
pub(super) enum Shown {
    /// There is nothing that could be a proof.
    Nothing,
    /// It is right.
    Right(Means, Granted),
    /// It was right; what it is.
    Expired(&'static str),
    /// It is not; why, for the operator.
    Wrong(&'static str),
    /// It is the key of all streams where the name of one belongs.
    NeedsName,
}

impl Shown {
    /// How much it is worth beside others: what is right before what was, and that before what never was.
    const fn rank(&self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Wrong(_) => 1,
            Self::Expired(_) => 2,
            Self::NeedsName => 3,
            Self::Right(..) => 4,
        }
    }
}

impl Policy {
    /// Whether anything of this kind came that could be a proof, without a look at it.
    pub(super) fn is_shown(&self, means: Means, request: &Request) -> bool {
        let credentials = &request.credentials;
        let came = match means {
            Means::Key => {
                let came = credentials.key().is_some() || self.key_of_name(request).is_some();
                came && request.action.takes_keys()
            }
            Means::Signature => credentials.value("signature").is_some(),
            Means::Token => credentials.token().is_some(),
            Means::Login => credentials.login().is_some(),
        };
        came && self.is_known(means)
    }

    /// Whether there is anything of this kind that could be right.
    pub(super) fn is_known(&self, means: Means) -> bool {
        match means {
            Means::Key => !self.config.keys.is_empty(),
            Means::Signature => !self.config.signing.is_empty(),
            Means::Token => !self.config.tokens.is_empty(),
            Means::Login => self.users().is_some(),
        }
    }

    /// What is shown, of several things that which is worth most; what is of no kind that counts is not looked at.
    pub(super) fn examine(
        &self,
        sitting: &Sitting<'_>,
        request: &Request,
        counts: impl Fn(Means) -> bool,
    ) -> Shown {
        let mut best = Shown::Nothing;
        for one in Means::ALL.into_iter().filter(|one| counts(*one)) {
            let shown = match one {
                Means::Key => self.key(request),
                Means::Signature => self.signature(sitting.time, request),
                Means::Token => self.token(sitting, request),
                Means::Login => self.login(request),
            };
            if shown.rank() > best.rank() {
                best = shown;
            }
        }
        best
    }

    fn key(&self, request: &Request) -> Shown {
        let place = &request.place;
        if self.config.keys.is_empty() || !request.action.takes_keys() {
            return Shown::Nothing;
        }
        if let Some(grant) = self.key_of_name(request) {
            return match grant.only_stream() {
                _ if !grant.covers_application(place) => {
                    Shown::Wrong("the key is for another application")
                }
                None => Shown::NeedsName,
                Some(name) => right(grant, Some(name.to_owned())),
            };
        }
        let Some(key) = request.credentials.key() else {
            return Shown::Nothing;
        };
        match self.config.keys.grant(key) {
            None => Shown::Wrong("no such key"),
            Some(grant) if !grant.covers_application(place) => {
                Shown::Wrong("the key is for another application")
            }
            Some(grant) => match &place.stream {
                Some(stream) if !grant.covers_stream(stream) => {
                    Shown::Wrong("the key is for another stream")
                }
                _ => right(grant, None),
            },
        }
    }

    /// What the name of a stream that is to be published gives a right to, if it is a key.
    pub(super) fn key_of_name(&self, request: &Request) -> Option<&Grant> {
        let name = request.place.stream.as_deref()?;
        if !request.action.is_of_publishers() {
            return None;
        }
        self.config.keys.grant(name)
    }

    fn signature(&self, now: SystemTime, request: &Request) -> Shown {
        let Request {
            action,
            place,
            visitor,
            credentials,
            ..
        } = request;
        let signing = &self.config.signing;
        match signing.check(now, *action, place, visitor.peer, credentials) {
            None => Shown::Nothing,
            Some(Signed::Expired) => Shown::Expired("this signed address"),
            Some(Signed::Wrong(why)) => Shown::Wrong(why),
            Some(Signed::Right(until)) => Shown::Right(
                Means::Signature,
                Granted {
                    until: Some(until),
                    ..Granted::default()
                },
            ),
        }
    }

    fn token(&self, sitting: &Sitting<'_>, request: &Request) -> Shown {
        if self.config.tokens.is_empty() {
            return Shown::Nothing;
        }
        let judged = match sitting.claims(&self.config.tokens) {
            None => return Shown::Nothing,
            Some(Err(judged)) => judged.clone(),
            Some(Ok(claims)) => claims.judge(request.action, &request.place),
        };
        match judged {
            Judged::Expired => Shown::Expired("this token"),
            Judged::Wrong(why) => Shown::Wrong(why),
            Judged::Right { until, who } => Shown::Right(
                Means::Token,
                Granted {
                    until,
                    who,
                    ..Granted::default()
                },
            ),
        }
    }

    fn login(&self, request: &Request) -> Shown {
        let Some(users) = self.users() else {
            return Shown::Nothing;
        };
        let user = match request.credentials.login() {
            None => return Shown::Nothing,
            Some(Login::Proven(user)) => user,
            Some(Login::Password { user, password }) => {
                // Whoever is not in the list takes as long.
                let known = users.password(user);
                let is_right = is_same(known.unwrap_or_default(), password);
                if known.is_none() || !is_right {
                    return Shown::Wrong("no such user, or another password");
                }
                user
            }
        };
        Shown::Right(
            Means::Login,
            Granted {
                who: Some(user.clone()),
                ..Granted::default()
            },
        )
    }
}

fn right(grant: &Grant, stream: Option<String>) -> Shown {
    Shown::Right(
        Means::Key,
        Granted {
            stream,
            who: Some(grant.words()),
            ..Granted::default()
        },
    )
}
