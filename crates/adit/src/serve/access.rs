//! Who may publish and play, as the configuration says it.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use adit_server::access::{
    AccessConfig, Action, Callbacks, KeysError, Need, Rule, Secret, SecretTooShort, Signing,
    StreamKeys, TokenKeyError, Tokens, local_networks,
};
use adit_server::make_secret_file;
use thiserror::Error;

use super::{encoders, plan};
use crate::config::Config;
use crate::config::access as asked;

/// Why access cannot be decided.
#[derive(Debug, Error)]
pub(crate) enum AccessError {
    /// A file cannot be read.
    #[error("{key} {}: {source}", path.display())]
    File {
        key: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// A line of the list of keys means nothing.
    #[error("access.keys {}, {source}", path.display())]
    Keys { path: PathBuf, source: KeysError },
    /// A key for tokens cannot be used.
    #[error("{key}: {source}")]
    Tokens {
        key: &'static str,
        source: TokenKeyError,
    },
    /// A secret is too short.
    #[error("access.signing_secrets: {0}")]
    Signing(#[from] SecretTooShort),
    /// A rule is about nothing.
    #[error(
        "access.rules: a rule without actions is about nothing; give it actions = [\"publish\"] or others"
    )]
    NoActions,
    /// The key of the first start is gone from its file.
    #[error(
        "there is no key in {}: with the file removed, the next start makes a new one", .0.display()
    )]
    NoFirstKey(PathBuf),
    /// The logins of encoders cannot be read.
    #[error(transparent)]
    Encoders(#[from] encoders::EncodersError),
}

/// The key that lets publish everything from everywhere.
#[derive(Debug)]
pub(super) struct FirstKey {
    /// Where it is kept.
    pub(super) path: PathBuf,
    /// The key, if it was made just now. It is shown once; until then its file goes with this, so that a start that fails loses no key.
    pub(super) new: Option<String>,
    /// Who may publish without it.
    pub(super) publishers: asked::Who,
}

impl FirstKey {
    /// Somebody can know it from now on.
    pub(super) fn was_shown(&mut self) {
        self.new = None;
    }
}

impl Drop for FirstKey {
    fn drop(&mut self) {
        if self.new.is_some() {
            // At the worst it is found in its file.
            fs::remove_file(&self.path).ok();
        }
    }
}

/// Makes the first key where publishing takes a proof and the operator gives out none, unless it was made before.
pub(super) fn first_key(config: &Config) -> Option<FirstKey> {
    let path = first_key_path(config)?;
    let publishers = publishers(config);
    if path.exists() {
        return Some(FirstKey {
            path,
            new: None,
            publishers,
        });
    }
    match make(&path) {
        Ok(key) => Some(FirstKey {
            path,
            new: Some(key),
            publishers,
        }),
        Err(error) => {
            tracing::warn!(file = %path.display(), %error, "the first key cannot be kept: only this machine and those around it may publish; access.keys names a list of keys");
            None
        }
    }
}

fn make(path: &Path) -> io::Result<String> {
    let key = StreamKeys::random()?;
    make_secret_file(path, &format!("{key} *\n"))?;
    Ok(key)
}

fn first_key_path(config: &Config) -> Option<PathBuf> {
    let is_of_use = matches!(publishers(config), asked::Who::Local | asked::Who::Key);
    let others = config.access.keys.is_some() || config.encoders.users.is_some();
    (is_of_use && !others).then(|| plan::state_directory(config).join(FIRST_KEY))
}

/// Who may publish where no rule says otherwise.
pub(crate) fn publishers(config: &Config) -> asked::Who {
    let usual = match config.encoders.users {
        Some(_) => asked::Who::Key,
        None => asked::Who::Local,
    };
    config.access.publish.unwrap_or(usual)
}

/// What the configuration says about access. Files that it names are read.
///
/// # Errors
/// One of them cannot be used, or a secret is too short.
pub(super) fn read(config: &Config) -> Result<AccessConfig, AccessError> {
    let mut access = AccessConfig::default();
    access.login = encoders::read(&config.encoders)?;
    access.keys = keys(config)?;
    access.tokens = tokens(&config.access.tokens)?;
    access.signing = signing(&config.access.signing_secrets)?;
    access.callbacks = callbacks(&config.access.callbacks);
    for rule in &config.access.rules {
        access.rules.push(own_rule(rule)?);
    }
    let publishing = [Action::Publish, Action::Record];
    access.rules.extend(rules(&publishing, publishers(config)));
    access
        .rules
        .extend(rules(&[Action::Play], config.access.play));
    Ok(access)
}

/// Whether what the configuration says about access can be used.
///
/// # Errors
/// As [`read`].
pub(crate) fn check(config: &Config) -> Result<(), AccessError> {
    read(config).map(drop)
}

fn rules(actions: &[Action], who: asked::Who) -> Vec<Rule> {
    let rule = |need| Rule::new(actions.iter().copied(), need);
    match who {
        asked::Who::Anyone => vec![rule(Need::Nothing)],
        asked::Who::Local => vec![
            rule(Need::Nothing).from(local_networks()),
            rule(Need::proof()),
        ],
        asked::Who::Key => vec![rule(Need::proof())],
        asked::Who::Nobody => vec![rule(Need::Refused)],
    }
}

fn own_rule(asked: &asked::Rule) -> Result<Rule, AccessError> {
    if asked.actions.is_empty() {
        return Err(AccessError::NoActions);
    }
    let need = match asked.need {
        asked::Need::Nothing => Need::Nothing,
        asked::Need::Refused => Need::Refused,
        asked::Need::Proof => Need::Proof {
            by: asked.by.iter().map(|proof| (*proof).into()).collect(),
            users: asked.users.clone(),
        },
    };
    let actions = asked.actions.iter().map(|action| (*action).into());
    let from = asked.from.iter().map(|network| network.0);
    let mut rule = Rule::new(actions, need).from(from);
    rule.vhost = asked.vhost.0.clone();
    rule.application = asked.app.0.clone();
    rule.stream = asked.stream.0.clone();
    Ok(rule)
}

fn keys(config: &Config) -> Result<StreamKeys, AccessError> {
    let path = match &config.access.keys {
        Some(path) => path.0.clone(),
        None => match first_key_path(config).filter(|path| path.exists()) {
            Some(path) => path,
            None => return Ok(StreamKeys::default()),
        },
    };
    let text = text("access.keys", &path)?;
    if is_open_to_all(&path) {
        tracing::warn!(file = %path.display(), "everybody on this machine can read the stream keys: chmod o-r takes that away");
    }
    let is_first = config.access.keys.is_none();
    match text.parse::<StreamKeys>() {
        Ok(keys) if keys.is_empty() && is_first => Err(AccessError::NoFirstKey(path)),
        Ok(keys) => Ok(keys),
        Err(source) => Err(AccessError::Keys { path, source }),
    }
}

fn tokens(asked: &asked::Tokens) -> Result<Tokens, AccessError> {
    let mut tokens = Tokens::default();
    let failed = |key| move |source| AccessError::Tokens { key, source };
    if let Some(secret) = &asked.secret {
        tokens
            .insert_secret(secret.0.as_bytes())
            .map_err(failed("access.tokens.secret"))?;
    }
    if let Some(path) = &asked.public_key {
        let key = "access.tokens.public_key";
        tokens
            .insert_public_key(&text(key, path.as_ref())?)
            .map_err(failed(key))?;
    }
    if let Some(path) = &asked.key_set {
        let key = "access.tokens.key_set";
        tokens
            .insert_set(&text(key, path.as_ref())?)
            .map_err(failed(key))?;
    }
    if let Some(audience) = &asked.audience {
        tokens.set_audience(audience);
    }
    if let Some(issuer) = &asked.issuer {
        tokens.set_issuer(issuer);
    }
    Ok(tokens)
}

/// The secrets with which addresses are signed.
///
/// # Errors
/// One is too short.
pub(super) fn signing(secrets: &[crate::config::Secret]) -> Result<Signing, AccessError> {
    let mut signing = Signing::default();
    for secret in secrets {
        signing.insert(secret.0.as_bytes())?;
    }
    Ok(signing)
}

fn callbacks(asked: &crate::config::Callbacks) -> Callbacks {
    let mut callbacks = Callbacks::default();
    let url = |hook: &Option<crate::config::Hook>| hook.as_ref().map(|hook| hook.url().clone());
    callbacks.connect = url(&asked.connect);
    callbacks.publish = url(&asked.publish);
    callbacks.play = url(&asked.play);
    callbacks.record = url(&asked.record);
    callbacks.ended = url(&asked.ended);
    callbacks.secret = asked
        .secret
        .as_ref()
        .map(|secret| Secret::new(secret.0.as_bytes()));
    callbacks.time = asked.time.0;
    callbacks
}

fn text(key: &'static str, path: &Path) -> Result<String, AccessError> {
    encoders::text(path).map_err(|source| AccessError::File {
        key,
        path: path.to_owned(),
        source,
    })
}

fn is_open_to_all(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o004 != 0)
}

/// The name of the first key in the state directory.
const FIRST_KEY: &str = "publish-key";
