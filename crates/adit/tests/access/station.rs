//! A server by a configuration, and what people show it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport};
use tempfile::TempDir;

pub(crate) const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long a step may take on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The key of one stream, and that of all.
pub(crate) const KEY: &str = "5f3a61c09be84d5a";
pub(crate) const ANY_KEY: &str = "77aa8b1b3c4d5e6f";
const KEYS: &str = "5f3a61c09be84d5a live/studio\n77aa8b1b3c4d5e6f *\n";
/// The key of one application, from its own file.
pub(crate) const OWN_KEY: &str = "99cc0d1e2f3a4b5c";
const OWNED: &str = "99cc0d1e2f3a4b5c *\n";
const USERS: &str = "cam:s3cret-one\n";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// As in `docs/access.md`: how anyone signs an address, and makes a token.
const SIGN: &str = r#"
e=$(($(date +%s) + SECONDS_FROM_NOW))
s=$(printf "$ACTION\n/$PLACE\n$e" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)
printf "expires=$e&signature=$s"
"#;
const TOKEN: &str = r#"
b64() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
h=$(printf '{"alg":"HS256"}' | b64)
c=$(printf '{"exp":%s,"action":"%s","app":"%s","stream":"%s"}' $(($(date +%s) + SECONDS_FROM_NOW)) "$ACTION" "${PLACE%/*}" "${PLACE##*/}" | b64)
s=$(printf "$h.$c" | openssl dgst -sha256 -hmac "$SECRET" -binary | b64)
printf "token=$h.$c.$s"
"#;

/// A query that lets do `action` at `place` for so many seconds from now: a signature.
pub(crate) fn signed(action: &str, place: &str, seconds: i64) -> String {
    shell(SIGN, action, place, seconds)
}

/// The same as a token; of the application `live` for all its streams, `place` is `live/*`.
pub(crate) fn token(action: &str, place: &str, seconds: i64) -> String {
    shell(TOKEN, action, place, seconds)
}

fn shell(script: &str, action: &str, place: &str, seconds: i64) -> String {
    let script = script.replace("SECONDS_FROM_NOW", &seconds.to_string());
    let mut command = Command::new("sh");
    command.args(["-c", &script]).env("SECRET", SECRET);
    let output = command
        .env("ACTION", action)
        .env("PLACE", place)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A server by a configuration, and the folder of what that names.
pub(crate) struct Station {
    pub(crate) server: AditServer,
    folder: TempDir,
}

impl Station {
    /// `KEYS`, `OWNED`, `USERS`, `SECRET` and `MEDIA` in the configuration stand for the files and the secret of this test.
    pub(crate) fn open(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secret_file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            path.display().to_string()
        };
        let text = config
            .replace("KEYS", &secret_file("keys", KEYS))
            .replace("OWNED", &secret_file("owned", OWNED))
            .replace("USERS", &secret_file("users", USERS))
            .replace("MEDIA", &folder.path().display().to_string())
            .replace("SECRET", SECRET);
        let config = folder.path().join("adit.toml");
        fs::write(&config, text).unwrap();
        let server = AditServer::start_with(ADIT, |command| {
            command.arg("--config").arg(&config);
        });
        Self { server, folder }
    }

    /// Something in its folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where `path` is, for somebody who shows this login.
    pub(crate) fn url(&self, transport: Transport, login: &str, path: &str) -> String {
        let url = self.server.url(transport, path);
        if login.is_empty() {
            return url;
        }
        url.replace("://", &format!("://{login}@"))
    }

    /// A command of ours that is done with `url`.
    pub(crate) fn command(&self, what: &[&str], url: &str) -> Command {
        let mut command = Command::new(ADIT);
        command.args(what).arg(url);
        if url.starts_with("rtmps:") || url.starts_with("rtmpts:") {
            command.arg("--ca-file").arg(self.server.certificate());
        }
        command
    }

    pub(crate) fn publisher(&self, url: &str, duration: &str) -> Command {
        let mut command = self.command(&["publish", "pattern:160x96@10,100k"], url);
        command.args(["--duration", duration, "--retry", "none"]);
        command
    }
}

/// How a command ended, and what it said.
pub(crate) fn outcome(command: &mut Command) -> (bool, String) {
    let mut process = Process::start("adit", command);
    let status = process.wait(PATIENCE);
    (status.success(), process.stdout() + &process.stderr())
}

#[track_caller]
pub(crate) fn check(
    (succeeded, said): (bool, String),
    expected: Result<(), &str>,
    what: &str,
    station: &Station,
) {
    let log = || station.server.log();
    match expected {
        Ok(()) => assert!(succeeded, "{what}: {said}\n{}", log()),
        Err(words) => assert!(
            !succeeded && said.contains(words),
            "{what}: {said}\n{}",
            log()
        ),
    }
}

pub(crate) const MISSING: &str = "whoever runs the server gives it out";
pub(crate) const WRONG: &str = "what came with this request does not do";
pub(crate) const EXPIRED: &str = "has expired";
pub(crate) const WRONG_LOGIN: &str = "the server refuses the login: wrong password";
pub(crate) const ASKED: &str = "the server asks for a user and a password";
