//! `adit sign`: addresses that let play or publish for a while.

use std::path::Path;
use std::time::{Duration, SystemTime};

use adit_client::Target;
use adit_server::access::{Action, Place, Signing, TokenClaims, TokenSigner};
use percent_encoding::percent_decode_str;

use crate::cli;
use crate::config::{self, Config, Sources};
use crate::connect::{Failure, first_line, in_words};
use crate::ui;

/// Prints the address with what lets in.
///
/// # Errors
/// It is no address of a stream, or there is nothing to sign with.
pub(crate) fn run(arguments: &cli::Sign) -> Result<(), Failure> {
    let config = config::load(&Sources::of_installation(&arguments.installation));
    let config = config.map_err(Failure::Configuration)?.config;
    let stream = Stream::read(arguments.url.text())?;
    let action = if arguments.publish {
        Action::Publish
    } else {
        Action::Play
    };
    if stream.is_web && action == Action::Publish {
        return Err(usage("nothing is published at an http:// address"));
    }
    let end = SystemTime::now()
        .checked_add(arguments.expires)
        .unwrap_or(SystemTime::UNIX_EPOCH);
    let expires = end.duration_since(SystemTime::UNIX_EPOCH);
    let expires = expires.unwrap_or(Duration::ZERO).as_secs();
    let query = if arguments.token {
        token(arguments, &config, &stream, action, expires)?
    } else {
        signature(arguments, &config, &stream, action, expires)?
    };
    ui::print(&stream.with(&query)).map_err(Failure::stdout)?;
    ui::note(&format!(
        "whoever has it may {action} {}/{} until {}",
        stream.application,
        stream.name,
        humantime::format_rfc3339_seconds(end)
    ));
    Ok(())
}

fn signature(
    arguments: &cli::Sign,
    config: &Config,
    stream: &Stream,
    action: Action,
    expires: u64,
) -> Result<String, Failure> {
    let secret = match &arguments.secret_file {
        Some(path) => Some(secret(path)?),
        None => config.access.signing_secrets.first().map(|it| it.0.clone()),
    };
    let secret = secret.ok_or_else(|| {
        usage(
            "there is no secret to sign with: set access.signing_secrets in the configuration of the server, which --config names, \
             or give the secret by --secret-file",
        )
    })?;
    let mut signing = Signing::default();
    signing
        .insert(secret.as_bytes())
        .map_err(|error| usage(&error.to_string()))?;
    let query = signing.query(action, &stream.place(), expires, arguments.ip);
    // It has a secret.
    Ok(query.unwrap_or_default())
}

fn token(
    arguments: &cli::Sign,
    config: &Config,
    stream: &Stream,
    action: Action,
    expires: u64,
) -> Result<String, Failure> {
    if stream.name.contains('*') || stream.application.contains('*') {
        return Err(usage(
            "a * in a token stands for any text; no token is for this name alone",
        ));
    }
    let signer = if let Some(path) = &arguments.private_key {
        let pem = std::fs::read_to_string(path).map_err(|why| unreadable(path, &why))?;
        TokenSigner::by_private_key(&pem)
            .map_err(|error| usage(&format!("{}: {error}", path.display())))?
    } else {
        let secret = match &arguments.secret_file {
            Some(path) => Some(secret(path)?),
            None => config.access.tokens.secret.as_ref().map(|it| it.0.clone()),
        };
        let secret = secret.ok_or_else(|| {
            usage(
                "there is nothing to sign tokens with: set access.tokens.secret in the configuration of the server, or give the key by \
                 --private-key or --secret-file",
            )
        })?;
        TokenSigner::by_secret(secret.as_bytes()).map_err(|error| usage(&error.to_string()))?
    };
    let mut claims = TokenClaims::new(action, &stream.application, &stream.name, expires);
    claims.subject.clone_from(&arguments.subject);
    claims.audience.clone_from(&config.access.tokens.audience);
    claims.issuer.clone_from(&config.access.tokens.issuer);
    let token = signer.token(&claims);
    let token = token.map_err(|error| usage(&error.to_string()))?;
    Ok(format!("token={token}"))
}

/// A stream, and how its address is written.
struct Stream {
    url: String,
    has_query: bool,
    is_web: bool,
    /// With its instance.
    application: String,
    name: String,
}

impl Stream {
    fn read(url: &str) -> Result<Self, Failure> {
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        let scheme = scheme.to_ascii_lowercase();
        let stream = if matches!(scheme.as_str(), "http" | "https" | "ws" | "wss") {
            Self::of_web(url)
        } else {
            Self::of_rtmp(url)?
        };
        let stream = stream.ok_or_else(|| {
            usage("the address names no stream; write it as in rtmp://host/app/name, or http://host/app/name.flv")
        })?;
        let signed = ["expires=", "signature=", "token="];
        let query = stream.url.split_once('?').map_or("", |(_, query)| query);
        // Of two values the first counts, which would be the one that is there.
        if query
            .split(['&', '?', '/'])
            .any(|pair| signed.iter().any(|name| pair.starts_with(name)))
        {
            return Err(usage("the address has a signature or a token already"));
        }
        Ok(stream)
    }

    fn of_rtmp(url: &str) -> Result<Option<Self>, Failure> {
        let target = Target::parse(url)?;
        let is_stream = !target.app().is_empty() && !target.name().is_empty();
        Ok(is_stream.then(|| Self {
            url: url.to_owned(),
            has_query: target.query().is_some(),
            is_web: false,
            application: target.app().to_owned(),
            name: target.name().expose().to_owned(),
        }))
    }

    /// Of a path of three parts the middle one is the instance; more of them cannot be told apart, and need not be for a signature.
    fn of_web(url: &str) -> Option<Self> {
        let (_, rest) = url.split_once("://")?;
        let (_, path) = rest.split_once('/')?;
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let ends = ["/index.m3u8", ".m3u8", ".flv"];
        let path = ends.iter().find_map(|end| path.strip_suffix(end))?;
        let path = percent_decode_str(path).decode_utf8().ok()?;
        let (application, name) = path.rsplit_once('/')?;
        let is_whole = !application.is_empty() && !name.is_empty();
        is_whole.then(|| Self {
            url: url.to_owned(),
            has_query: !query.is_empty(),
            is_web: true,
            application: application.to_owned(),
            name: name.to_owned(),
        })
    }

    fn place(&self) -> Place {
        match self.application.split_once('/') {
            Some((application, instance)) => Place::new("", application, instance),
            None => Place::new("", &self.application, DEFAULT_INSTANCE),
        }
        .stream(&self.name)
    }

    /// The address with more of a query.
    fn with(&self, query: &str) -> String {
        let url = self.url.trim_end_matches(['?', '&']);
        let sign = if self.has_query { '&' } else { '?' };
        format!("{url}{sign}{query}")
    }
}

fn secret(path: &Path) -> Result<String, Failure> {
    let line = first_line(path).map_err(|why| unreadable(path, &why))?;
    Ok(line.expose().to_owned())
}

fn unreadable(path: &Path, why: &std::io::Error) -> Failure {
    usage(&format!("{}: {}", path.display(), in_words(why)))
}

fn usage(text: &str) -> Failure {
    Failure::Usage {
        text: text.to_owned(),
    }
}

/// The instance of addresses that name none.
const DEFAULT_INSTANCE: &str = adit_client::rtmp::command::DEFAULT_INSTANCE;

#[cfg(test)]
mod tests;
