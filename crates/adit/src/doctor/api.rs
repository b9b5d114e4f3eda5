//! The API, and the server that answers there.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use adit_server::api::{ApiClient, ApiClientError};
use serde_json::Value;

use super::findings::Findings;
use crate::config::Config;
use crate::connect::in_words;
use crate::installation::{TokenPlace, from_here};
use crate::progress::Clock;

/// What the server says about itself, if it was asked.
#[derive(Debug, Default)]
pub(super) struct Server {
    /// Where it listens.
    pub(super) listens: Vec<SocketAddr>,
    /// Whether nobody answered where its API should be.
    pub(super) has_silent_api: bool,
}

const CHECK: &str = "api";

/// Asks the server how it is.
pub(super) async fn look(config: &Config, findings: &mut Findings) -> Server {
    let Some(listen) = &config.api.listen else {
        findings.note(
            CHECK,
            "there is none (api.listen), so there is no console, no adit top and no metrics; if the server was started with --api ADDR:PORT, say so here too: adit doctor --api ADDR:PORT",
        );
        return Server::default();
    };
    let listen = listen.0;
    if !listen.ip().is_loopback() {
        findings.warning(
            CHECK,
            format!("other machines reach {listen}, and nothing there is encrypted"),
            "let it listen on 127.0.0.1, and put something before it that encrypts",
        );
    }
    let token = token(config, findings);
    let has_token = token.is_some();
    // The address is one.
    let Ok(client) = ApiClient::new(&format!("http://{}", from_here(listen)), token) else {
        return Server::default();
    };
    let answer = match client.get("/api/v1/server").await {
        Ok(answer) => answer,
        Err(error) => return no_answer(&error, listen, has_token, findings),
    };
    tell(&answer, findings);
    if let Ok((503, ready)) = client.ask("/readyz").await {
        let problems = ready.get("problems").and_then(Value::as_array);
        for problem in problems.into_iter().flatten() {
            let text = |name: &str| problem.get(name).and_then(Value::as_str);
            let message = text("message").unwrap_or("it does not say why");
            let remedy = remedy_of(text("code").unwrap_or_default());
            findings.warning(CHECK, format!("it takes nobody in: {message}"), remedy);
        }
    }
    let listens = texts(&answer, "listen");
    Server {
        listens: listens.iter().filter_map(|it| it.parse().ok()).collect(),
        has_silent_api: false,
    }
}

/// What helps against a problem of this code.
fn remedy_of(code: &str) -> &'static str {
    match code {
        "memory" => {
            "give it more (MemoryMax= of its service, limits.mem.total), or find out who uses it: docs/operating.md"
        }
        "disk" => "remove what is not needed from server.media, or a larger disk",
        "draining" => "it was asked to end, or another one has taken over: wait, or start it again",
        _ => "",
    }
}

/// Why there is no answer.
fn no_answer(
    error: &ApiClientError,
    listen: SocketAddr,
    has_token: bool,
    findings: &mut Findings,
) -> Server {
    let is_silent = matches!(error, ApiClientError::Unreachable(_));
    match error {
        ApiClientError::Unreachable(why) => findings.note(
            CHECK,
            format!("the server is not running: nobody answers on {listen} ({why})"),
        ),
        ApiClientError::Unauthorized if has_token => findings.wrong(
            CHECK,
            "the server does not take the token: it was started with another one",
            "restart the server",
        ),
        // What is wrong with the token is told already.
        ApiClientError::Unauthorized => {}
        other => findings.wrong(
            CHECK,
            format!("{listen}: {other}"),
            format!(
                "see who has the port: sudo ss -ltnp 'sport = :{}'",
                listen.port()
            ),
        ),
    }
    Server {
        has_silent_api: is_silent,
        ..Server::default()
    }
}

/// The token; what is wrong with its file is told.
fn token(config: &Config, findings: &mut Findings) -> Option<String> {
    let place = TokenPlace::of(config);
    if let TokenPlace::File(path) = &place {
        let mode = fs::metadata(path).map(|file| file.permissions().mode());
        if mode.is_ok_and(|mode| mode & 0o077 != 0) {
            findings.wrong(
                CHECK,
                format!("others than its owner may read the token in {}: the server does not start so", path.display()),
                format!("chmod 600 {}; if others may have read it, remove it: the next start makes another one", path.display()),
            );
        }
    }
    match place.read() {
        Ok(token) => Some(token),
        Err((path, error)) if error.kind() == std::io::ErrorKind::NotFound => {
            findings.note(
                CHECK,
                format!("{} is made at the first start", path.display()),
            );
            None
        }
        Err((path, error)) => {
            findings.wrong(
                CHECK,
                format!(
                    "the token in {} cannot be read: {}",
                    path.display(),
                    in_words(&error)
                ),
                "adit doctor needs to be run as the user of the server, or as root",
            );
            None
        }
    }
}

fn tell(answer: &Value, findings: &mut Findings) {
    let number = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0);
    let version = answer.get("version").and_then(Value::as_str);
    let version = version.unwrap_or("unknown");
    let up = Clock(Duration::from_secs(number("uptime_seconds")));
    findings.good(CHECK, format!("adit {version} is up for {up}"));
    if version != env!("CARGO_PKG_VERSION") {
        findings.warning(
            CHECK,
            format!(
                "the server is adit {version}, this is {}",
                env!("CARGO_PKG_VERSION")
            ),
            "restart the server",
        );
    }
    if number("lag_ms") > LATE_MS {
        findings.warning(
            CHECK,
            format!("its tasks get their turns {} ms late", number("lag_ms")),
            "the machine has too much to do: adit top, top",
        );
    }
    let limits = answer.get("limits").and_then(Value::as_object);
    for (limit, hits) in limits.into_iter().flatten() {
        findings.note(
            CHECK,
            format!("limit {limit} was hit {hits} times since the start"),
        );
    }
}

fn texts(value: &Value, name: &str) -> Vec<String> {
    let list = value.get(name).and_then(Value::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// Tasks that get their turns later are late.
const LATE_MS: u64 = 200;
