//! Who may publish and play, as the configuration says it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use adit_server::access::{
    AccessConfig, Action, CallbackUrl, Callbacks, KeysError, Need, Pattern, Rule, Secret,
    SecretTooShort, Signing, StreamKeys, TokenKeyError, Tokens, local_networks,
};
use adit_server::make_secret_file;
use thiserror::Error;

use super::{encoders, open_files, plan};
use crate::config::access as asked;
use crate::config::{App, AppCallbacks, AppHook, Config, HookChoice, KeyPath};

/// Why access cannot be decided.
#[derive(Debug, Error)]
pub(crate) enum AccessError {
    /// A file cannot be read.
    #[error("{key} {}: {source}", path.display())]
    File {
        key: String,
        path: PathBuf,
        source: io::Error,
    },
    /// A line of the list of keys means nothing.
    #[error("{key} {}, {source}", path.display())]
    Keys {
        key: String,
        path: PathBuf,
        source: KeysError,
    },
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
    /// Who may publish to the application that is shown beside it.
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
    let publishers = publishers(config, plan::live_application(config).as_deref());
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
    let others = config.access.keys.is_some() || config.encoders.users.is_some();
    let own = (config.apps.iter()).filter(|(_, app)| app.publish.is_some() && app.keys.is_none());
    let own = own.map(|(name, _)| Some(name.as_str()));
    let is_of_use = [None].into_iter().chain(own).any(|application| {
        let who = publishers(config, application);
        matches!(who, asked::Who::Local | asked::Who::Key)
    });
    (is_of_use && !others).then(|| plan::state_directory(config).join(FIRST_KEY))
}

/// What somebody on this machine or near it needs to publish to an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Nothing.
    Free,
    /// A stream key of this file.
    Key(PathBuf),
    /// A user and a password of this file.
    Login(PathBuf),
    /// A token, a signed address, or what a rule or callback asks for.
    Proof,
    /// Nobody may.
    Closed,
}

/// An application to publish to, and what it takes; none where nothing is published.
pub(super) fn way_in(config: &Config) -> Option<(String, Entry)> {
    let name = plan::live_application(config)?;
    let entry = entry(config, &name);
    Some((name, entry))
}

/// What the configuration says about that, where no rule says otherwise.
fn entry(config: &Config, application: &str) -> Entry {
    match publishers(config, Some(application)) {
        asked::Who::Anyone | asked::Who::Local => return Entry::Free,
        asked::Who::Nobody => return Entry::Closed,
        asked::Who::Key => {}
    }
    let own = (config.apps.get(application)).and_then(|app| app.keys.as_ref());
    if let Some(keys) = own.or(config.access.keys.as_ref()) {
        return Entry::Key(keys.0.clone());
    }
    if let Some(users) = &config.encoders.users {
        return Entry::Login(users.0.clone());
    }
    first_key_path(config).map_or(Entry::Proof, Entry::Key)
}

/// Who may publish to an application, or to those that say nothing of their own, where no rule says otherwise.
pub(crate) fn publishers(config: &Config, application: Option<&str>) -> asked::Who {
    let usual = match config.encoders.users {
        Some(_) => asked::Who::Key,
        None => asked::Who::Local,
    };
    let own = application.and_then(|name| config.apps.get(name)?.publish);
    own.or(config.access.publish).unwrap_or(usual)
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
    for (name, app) in &config.apps {
        access.rules.extend(application_rules(name, app));
        if app.callbacks != AppCallbacks::default() {
            let own = own_callbacks(&config.access.callbacks, &app.callbacks);
            access.own_callbacks.insert(name.clone(), own);
        }
    }
    access.rules.extend(rules(
        &PUBLISHING,
        publishers(config, None),
        "access.publish",
    ));
    access
        .rules
        .extend(rules(&[Action::Play], config.access.play, "access.play"));
    Ok(access)
}

/// What is said about one application goes before what is said about all.
fn application_rules(name: &str, app: &App) -> Vec<Rule> {
    // The configuration has no names that do not stand for themselves alone.
    let Ok(pattern) = name.parse::<Pattern>() else {
        return Vec::new();
    };
    let section = KeyPath::read("apps").join(name);
    let key = |name: &str| section.join(name).to_string();
    let publish = (app.publish).map(|who| rules(&PUBLISHING, who, &key("publish")));
    let play = (app.play).map(|who| rules(&[Action::Play], who, &key("play")));
    let own = publish.into_iter().chain(play).flatten();
    own.map(|rule| rule.in_application(pattern.clone()))
        .collect()
}

/// Whether what the configuration says about access can be used.
///
/// # Errors
/// As [`read`].
pub(crate) fn check(config: &Config) -> Result<(), AccessError> {
    read(config).map(drop)
}

/// What a key means that says who may.
fn rules(actions: &[Action], who: asked::Who, key: &str) -> Vec<Rule> {
    let rule = |need| Rule::new(actions.iter().copied(), need);
    match who {
        asked::Who::Anyone => vec![rule(Need::Nothing)],
        asked::Who::Local => vec![
            rule(Need::Nothing).from(local_networks()),
            rule(Need::proof()),
        ],
        asked::Who::Key => vec![rule(Need::proof())],
        asked::Who::Nobody => vec![rule(Need::Nobody {
            said_by: format!("{key} = \"nobody\""),
        })],
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
    let mut keys = keys_of_all(config)?;
    for (name, app) in &config.apps {
        let Some(path) = &app.keys else { continue };
        let key = KeyPath::read("apps").join(name).join("keys").to_string();
        let text = keys_text(&key, path.as_ref())?;
        keys.insert_lines_of(name, &text)
            .map_err(|source| AccessError::Keys {
                key,
                path: path.0.clone(),
                source,
            })?;
    }
    Ok(keys)
}

fn keys_of_all(config: &Config) -> Result<StreamKeys, AccessError> {
    let path = match &config.access.keys {
        Some(path) => path.0.clone(),
        None => match first_key_path(config).filter(|path| path.exists()) {
            Some(path) => path,
            None => return Ok(StreamKeys::default()),
        },
    };
    let key = "access.keys";
    let is_first = config.access.keys.is_none();
    match keys_text(key, &path)?.parse::<StreamKeys>() {
        Ok(keys) if keys.is_empty() && is_first => Err(AccessError::NoFirstKey(path)),
        Ok(keys) => Ok(keys),
        Err(source) => Err(AccessError::Keys {
            key: key.to_owned(),
            path,
            source,
        }),
    }
}

fn keys_text(key: &str, path: &Path) -> Result<String, AccessError> {
    let text = text(key, path)?;
    open_files::warn_of(path, "the stream keys");
    Ok(text)
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

/// Those of one application: its own, and those of all where it says nothing.
fn own_callbacks(usual: &crate::config::Callbacks, own: &AppCallbacks) -> Callbacks {
    let mut callbacks = callbacks(usual);
    let put = |url: &mut Option<CallbackUrl>, own: &Option<AppHook>| match own
        .as_ref()
        .map(AppHook::choice)
    {
        None => {}
        Some(HookChoice::None) => *url = None,
        Some(HookChoice::At(other)) => *url = Some(other.clone()),
    };
    put(&mut callbacks.connect, &own.connect);
    put(&mut callbacks.publish, &own.publish);
    put(&mut callbacks.play, &own.play);
    put(&mut callbacks.record, &own.record);
    put(&mut callbacks.ended, &own.ended);
    if let Some(secret) = &own.secret {
        callbacks.secret = Some(Secret::new(secret.0.as_bytes()));
    }
    if let Some(time) = &own.time {
        callbacks.time = time.0;
    }
    callbacks
}

fn text(key: &str, path: &Path) -> Result<String, AccessError> {
    encoders::text(path).map_err(|source| AccessError::File {
        key: key.to_owned(),
        path: path.to_owned(),
        source,
    })
}

/// Whoever may publish may have it recorded.
const PUBLISHING: [Action; 2] = [Action::Publish, Action::Record];
/// The name of the first key in the state directory.
const FIRST_KEY: &str = "publish-key";
