//! `[access]`

use adit_server::access::{Action, Means, Pattern};
use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::callbacks::Callbacks;
use super::units::{Cidr, Glob, Place, Secret};

/// Who may publish and play. `docs/access.md` tells the whole of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Access {
    /// Who may publish, and have recorded what they publish. Without it `key` where `encoders.users` is set, else `local`.
    pub(crate) publish: Option<Who>,
    /// Who may play.
    pub(crate) play: Who,
    /// File with lines of a stream key and the place that it is for: `KEY live/studio`, with `*` for any text. Without it, and where
    /// publishing takes a proof, a key for all streams is made in the state directory.
    pub(crate) keys: Option<Place>,
    /// JSON web tokens.
    pub(crate) tokens: Tokens,
    /// Secrets of signed addresses, of at least 16 bytes each; one of them has to fit.
    pub(crate) signing_secrets: Vec<Secret>,
    /// Rules that go before `publish` and `play`: the first that is about a request decides.
    pub(crate) rules: Vec<Rule>,
    /// Programs that are asked whether somebody may.
    pub(crate) callbacks: Callbacks,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            publish: None,
            play: Who::Anyone,
            keys: None,
            tokens: Tokens::default(),
            signing_secrets: Vec::new(),
            rules: Vec::new(),
            callbacks: Callbacks::default(),
        }
    }
}

/// Who may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Who {
    /// Everybody
    Anyone,
    /// Whoever comes from this machine or a private network, and others with a proof
    Local,
    /// Whoever shows a proof: a stream key (to publish), a token, a login or a signed address
    Key,
    /// Nobody
    Nobody,
}

/// Keys by which JSON web tokens are checked. A token has an `exp` and an `action` (`publish`, `play`, a list of them, or `*`); `app`
/// and `stream` may hold `*`, `sub` says whose it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tokens {
    /// Secret of HS256, HS384 and HS512, of at least 32 bytes.
    pub(crate) secret: Option<Secret>,
    /// File with the public key in PEM of those who sign by RS256 to PS512, or by ES256 and ES384.
    pub(crate) public_key: Option<Place>,
    /// File with a set of keys (JWKS).
    pub(crate) key_set: Option<Place>,
    /// The audience (`aud`) that tokens have to be for.
    pub(crate) audience: Option<String>,
    /// The issuer (`iss`) that tokens have to come from.
    pub(crate) issuer: Option<String>,
}

/// A rule.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Rule {
    /// What it is about.
    pub(crate) actions: Vec<What>,
    /// On which virtual hosts; `*` stands for any text.
    pub(crate) vhost: Glob,
    /// In which applications; `live/room` is one instance of an application.
    pub(crate) app: Glob,
    /// For which streams.
    pub(crate) stream: Glob,
    /// Networks it is about; without any, all.
    pub(crate) from: Vec<Cidr>,
    /// What is needed.
    pub(crate) need: Need,
    /// What is taken as a proof; without any, all there is.
    pub(crate) by: Vec<Proof>,
    /// Users whose login or token is taken; without any, all.
    pub(crate) users: Vec<String>,
}

impl Default for Rule {
    fn default() -> Self {
        let any = || Glob(Pattern::any());
        Self {
            actions: Vec::new(),
            vhost: any(),
            app: any(),
            stream: any(),
            from: Vec::new(),
            need: Need::Proof,
            by: Vec::new(),
            users: Vec::new(),
        }
    }
}

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum What {
    /// Connecting.
    Connect,
    /// Publishing.
    Publish,
    /// Playing.
    Play,
    /// Having recorded what is published.
    Record,
    /// Seeing it in a list.
    List,
}

impl From<What> for Action {
    fn from(what: What) -> Self {
        match what {
            What::Connect => Self::Connect,
            What::Publish => Self::Publish,
            What::Play => Self::Play,
            What::Record => Self::Record,
            What::List => Self::List,
        }
    }
}

/// What a rule wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Need {
    /// Nothing: it is allowed.
    Nothing,
    /// A proof.
    Proof,
    /// It is refused.
    Refused,
}

/// Something that proves that somebody may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Proof {
    /// A stream key.
    Key,
    /// User and password.
    Login,
    /// A JSON web token.
    Token,
    /// A signed address.
    Signature,
}

impl From<Proof> for Means {
    fn from(proof: Proof) -> Self {
        match proof {
            Proof::Key => Self::Key,
            Proof::Login => Self::Login,
            Proof::Token => Self::Token,
            Proof::Signature => Self::Signature,
        }
    }
}
