//! Keeps keys and passwords out of the title of the process, which every user of the machine can read.
//!
//! A program cannot change its title safely, but it can start itself again in its own place: the same process, with arguments that
//! show nothing, and the true ones in its environment, which only its own user can read. What is left is the moment before.

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use adit_client::Target;

/// Holds the true arguments, as a list in JSON.
const VARIABLE: &str = "ADIT_ARGUMENTS";

/// What a flag or a URL shows in place of what it hides.
const HIDDEN: &str = "***";

/// The arguments of this process, the program first.
pub(crate) fn arguments() -> Vec<OsString> {
    let shown: Vec<OsString> = env::args_os().collect();
    kept(&shown).unwrap_or(shown)
}

/// The true arguments, if the title is one that shows nothing.
fn kept(shown: &[OsString]) -> Option<Vec<OsString>> {
    let kept = env::var(VARIABLE).ok()?;
    let kept: Vec<String> = serde_json::from_str(&kept).ok()?;
    // A variable inherited from another one of us does not belong to this command.
    let belongs = title(&kept)
        .iter()
        .map(OsString::from)
        .eq(shown.iter().cloned());
    belongs.then(|| kept.into_iter().map(OsString::from).collect())
}

/// Starts this program again in its own place if its title shows what it should not. It comes back only if that is not so, or not
/// possible.
pub(crate) fn hide() {
    let shown: Option<Vec<String>> = env::args_os().map(|text| text.into_string().ok()).collect();
    let Some(shown) = shown else {
        return;
    };
    let title = title(&shown);
    if title == shown || kept(&shown.iter().map(OsString::from).collect::<Vec<_>>()).is_some() {
        return;
    }
    let error = again(&shown, &title);
    tracing::debug!(%error, "the arguments stay visible");
}

fn again(shown: &[String], title: &[String]) -> io::Error {
    let program = match env::current_exe() {
        Ok(program) => program,
        Err(error) => return error,
    };
    let kept = match serde_json::to_string(shown) {
        Ok(kept) => kept,
        Err(error) => return error.into(),
    };
    let mut command = Command::new(program);
    command.env(VARIABLE, kept);
    if let Some((name, rest)) = title.split_first() {
        command.arg0(name).args(rest);
    }
    command.exec()
}

/// The arguments without what is secret in them.
fn title(arguments: &[String]) -> Vec<String> {
    let is_call = arguments.get(1).is_some_and(|command| command == "call");
    let mut secret_follows = false;
    let mut title = Vec::with_capacity(arguments.len());
    for argument in arguments {
        title.push(match argument.split_once('=') {
            _ if secret_follows || (is_call && is_json(argument)) => HIDDEN.to_owned(),
            Some((flag, _)) if SECRETS.contains(&flag) => format!("{flag}={HIDDEN}"),
            Some((flag, value)) if flag.starts_with("--") => {
                format!("{flag}={}", without_secrets(value))
            }
            _ => without_secrets(argument),
        });
        secret_follows = SECRETS.contains(&argument.as_str());
    }
    title
}

/// Flags whose values are nobody else's business.
const SECRETS: [&str; 4] = ["--key", "--connect", "--set", "--send"];

/// What `adit call` gives an application may be a password. Plain numbers and words are none.
fn is_json(argument: &str) -> bool {
    argument.starts_with(['"', '{', '['])
}

/// A URL without its stream, user and password; any other text as it is.
fn without_secrets(text: &str) -> String {
    if let Ok(target) = Target::parse(text) {
        let hides = target.has_stream() || target.credentials().is_some();
        return if hides {
            target.to_string()
        } else {
            text.to_owned()
        };
    }
    match text.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://{HIDDEN}@{host}"),
            None => text.to_owned(),
        },
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
