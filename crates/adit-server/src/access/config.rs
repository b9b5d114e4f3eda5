//! The rules by which is decided, as the operator gives them.

use std::collections::HashMap;
use std::net::IpAddr;

use adit_net::Network;

use super::callbacks::Callbacks;
use super::keys::StreamKeys;
use super::pattern::Pattern;
use super::request::{Action, Place, Reached, Visitor};
use super::signature::Signing;
use super::token::Tokens;
use crate::login::EncoderLogin;

/// Who may do what. The default allows everything.
///
/// The first rule decides that is about the action, the place and the address of a request.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AccessConfig {
    /// The rules, in the order in which they are looked at. What none of them is about is allowed.
    pub rules: Vec<Rule>,
    /// Keys to publish with.
    pub keys: StreamKeys,
    /// Keys by which tokens are checked.
    pub tokens: Tokens,
    /// Secrets with which addresses are signed.
    pub signing: Signing,
    /// Users, and how encoders are asked which of them they are. With users and without a rule about publishing, publishing takes a proof
    /// of some kind. Encoders are asked when they connect, where that, publishing or being recorded may take a login and nothing else was
    /// shown that does.
    pub login: Option<EncoderLogin>,
    /// Who is asked, over HTTP, about what the rules allow. Needs a tokio runtime.
    pub callbacks: Callbacks,
    /// Who is asked in place of all of those about the applications of these names.
    pub own_callbacks: HashMap<String, Callbacks>,
}

impl AccessConfig {
    /// Publishing takes a key, a token, a login or a signed address, except from [local networks](local_networks); all else is open.
    #[must_use]
    pub fn with_local_publishers(mut self) -> Self {
        self.rules
            .push(Rule::publishing(Need::Nothing).from(local_networks()));
        self.with_proven_publishers()
    }

    /// Publishing takes a key, a token, a login or a signed address, wherever it comes from; all else is open.
    #[must_use]
    pub fn with_proven_publishers(mut self) -> Self {
        self.rules.push(Rule::publishing(Need::proof()));
        self
    }
}

/// A rule: whom and what it is about, and what they need.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rule {
    /// What it is about.
    pub actions: Vec<Action>,
    /// On which virtual hosts.
    pub vhost: Pattern,
    /// In which applications.
    pub application: Pattern,
    /// For which streams; by their public names where a key has another.
    pub stream: Pattern,
    /// From where; empty means from everywhere.
    pub from: Vec<Network>,
    /// What is needed for it.
    pub need: Need,
}

/// What somebody needs who wants to do something.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Need {
    /// Nothing: it is allowed.
    Nothing,
    /// It is refused, whatever is shown.
    Refused,
    /// Nobody may, wherever he is and whatever he shows.
    Nobody {
        /// What says so, for whoever is refused and for the log, as in `access.publish = "nobody"`.
        said_by: String,
    },
    /// One of these.
    Proof {
        /// What is taken as a proof; empty means all there is.
        by: Vec<Means>,
        /// The users whose login or token is taken; empty means all.
        users: Vec<String>,
    },
}

impl Need {
    /// Whether such a proof would do.
    pub(super) fn takes(&self, means: Means) -> bool {
        match self {
            Self::Nothing | Self::Refused | Self::Nobody { .. } => false,
            Self::Proof { by, users } => {
                (by.is_empty() || by.contains(&means)) && (users.is_empty() || means.is_personal())
            }
        }
    }

    /// Whether whoever has what is needed for `other` has what is needed here.
    pub(super) fn follows_from(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nothing, _) | (_, Self::Refused | Self::Nobody { .. }) => true,
            (_, Self::Nothing) | (Self::Refused | Self::Nobody { .. }, _) => false,
            (Self::Proof { .. }, Self::Proof { .. }) => Means::ALL
                .into_iter()
                .all(|means| !other.takes(means) || self.takes(means)),
        }
    }

    /// Anything that proves anything.
    pub const fn proof() -> Self {
        Self::Proof {
            by: Vec::new(),
            users: Vec::new(),
        }
    }
}

/// Something that proves that somebody may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Means {
    /// A stream key.
    Key,
    /// User and password.
    Login,
    /// A JSON web token.
    Token,
    /// A signed address.
    Signature,
}

impl Means {
    /// All there are.
    pub(super) const ALL: [Self; 4] = [Self::Key, Self::Signature, Self::Token, Self::Login];

    /// Whether trying finds it: people choose keys and passwords. The secrets behind tokens and signatures are too long.
    pub(super) const fn can_be_guessed(self) -> bool {
        matches!(self, Self::Key | Self::Login)
    }

    /// Whether it tells users apart.
    pub(super) const fn is_personal(self) -> bool {
        matches!(self, Self::Login | Self::Token)
    }
}

impl Rule {
    /// About these actions, everywhere.
    pub fn new(actions: impl IntoIterator<Item = Action>, need: Need) -> Self {
        Self {
            actions: actions.into_iter().collect(),
            vhost: Pattern::any(),
            application: Pattern::any(),
            stream: Pattern::any(),
            from: Vec::new(),
            need,
        }
    }

    fn publishing(need: Need) -> Self {
        Self::new([Action::Publish, Action::Record], need)
    }

    /// The same for visitors from these networks alone.
    #[must_use]
    pub fn from(mut self, networks: impl IntoIterator<Item = Network>) -> Self {
        self.from = networks.into_iter().collect();
        self
    }

    /// The same for applications of this name alone.
    #[must_use]
    pub fn in_application(mut self, application: Pattern) -> Self {
        self.application = application;
        self
    }

    /// Whether it is about this. A place without a stream is not one of a rule about certain streams.
    pub(super) fn is_about(&self, action: Action, place: &Place, visitor: &Visitor) -> bool {
        self.is_about_some_stream(action, place, visitor)
            && self.stream.matches(place.stream.as_deref().unwrap_or(""))
    }

    /// The same whatever the stream, for a place that has none yet.
    pub(super) fn is_about_some_stream(
        &self,
        action: Action,
        place: &Place,
        visitor: &Visitor,
    ) -> bool {
        self.actions.contains(&action)
            && self.vhost.matches(&place.vhost)
            && self
                .application
                .matches_application(&place.application, &place.instance)
            && self.is_from(visitor)
    }

    /// That an address is let in says nothing about those who come through it.
    fn is_from(&self, visitor: &Visitor) -> bool {
        let is_there = |peer: IpAddr| self.from.iter().any(|network| network.contains(peer));
        let is_true = visitor.reached == Reached::Directly || self.need != Need::Nothing;
        self.from.is_empty() || (is_there(visitor.peer) && is_true)
    }
}

/// The networks of this machine and those around it: loopback, private IPv4 networks [RFC 1918], unique local IPv6 addresses [RFC 4193],
/// and link-local ones.
pub fn local_networks() -> Vec<Network> {
    let around = [
        ("10.0.0.0", 8),
        ("172.16.0.0", 12),
        ("192.168.0.0", 16),
        ("169.254.0.0", 16),
        ("fc00::", 7),
        ("fe80::", 10),
    ];
    let around = around
        .iter()
        .filter_map(|(base, prefix)| Network::new(base.parse().ok()?, *prefix));
    Network::loopback().into_iter().chain(around).collect()
}
