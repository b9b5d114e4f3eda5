//! `docs/configuration.md`, made of the doc comments of the sections.

use super::keys::{ANY, Key, Keys, plain};
use super::path::KeyPath;

/// The whole page.
pub(crate) fn page() -> String {
    let keys = Keys::all();
    let mut text = INTRODUCTION.to_owned();
    let mut sections: Vec<&str> = Vec::new();
    for key in &keys.keys {
        let first = key.path.0.first().map_or("", String::as_str);
        if !sections.contains(&first) {
            sections.push(first);
        }
    }
    for name in sections {
        text.push_str(&section(name));
    }
    text
}

/// One section with all tables in it.
fn section(name: &str) -> String {
    let keys = Keys::all();
    let inside = keys
        .keys
        .iter()
        .filter(|key| key.path.0.first().is_some_and(|first| first == name));
    let mut inside: Vec<&Key> = inside.collect();
    let path = KeyPath(vec![name.to_owned()]);
    let is_list = inside.first().is_some_and(|key| key.path == path);
    let has_names = inside
        .iter()
        .all(|key| key.path.0.get(1).is_some_and(|second| second == ANY));
    let about = match inside.first().filter(|_| is_list) {
        Some(key) => key.about.clone(),
        None => keys
            .section(&path)
            .map(|section| section.about.clone())
            .unwrap_or_default(),
    };
    let (header, depth) = match (is_list, has_names) {
        (true, _) => (format!("[[{name}]]"), 2),
        (_, true) => (format!("[{name}.{ANY}]"), 2),
        _ => (format!("[{name}]"), 1),
    };
    inside.retain(|key| key.path.0.len() > depth);
    let mut text = format!(
        "\n## `{header}`\n\n{about}\n\n| key | takes | default | flag | meaning |\n|---|---|---|---|---|\n"
    );
    for key in inside {
        text.push_str(&row(key, depth));
    }
    text
}

fn row(key: &Key, depth: usize) -> String {
    let names = key.shown();
    let outer = KeyPath(key.path.0.iter().take(depth).cloned().collect()).to_string();
    let names = names.strip_prefix(&outer).unwrap_or(&names);
    let names = names.trim_start_matches('.');
    let default = match &key.default {
        Some(default) => format!("`{}`", plain(default)),
        None => "—".to_owned(),
    };
    let flag = key
        .flag()
        .map_or_else(|| "—".to_owned(), |flag| format!("`{flag}`"));
    let mut about = key.about.replace('|', "\\|");
    for (word, meaning) in &key.choices {
        if !meaning.is_empty() {
            let more = format!(" `{word}`: {}.", meaning.trim_end_matches('.'));
            about.push_str(&more);
        }
    }
    if key.needs_restart() {
        about.push_str(" *Needs a restart.*");
    }
    format!(
        "| `{}` | {} | {default} | {flag} | {about} |\n",
        names,
        key.takes()
    )
}

const INTRODUCTION: &str = r#"# Configuration

<!-- Made by `adit config reference`, from the doc comments in crates/adit/src/config/. A test holds it against them. -->

`adit serve` needs no configuration. What there is comes from four places, each over the one before it:

1. the defaults below;
2. a file in TOML, `adit serve --config FILE`. Without that flag it is `adit.toml` in `$CONFIGURATION_DIRECTORY`, which systemd sets for a
   service that is installed by a package, and no file elsewhere;
3. variables of the environment: `ADIT_` and the key, in capitals, with two underscores for each dot. `limits.conn.total` is
   `ADIT_LIMITS__CONN__TOTAL`, `apps.live.latency` is `ADIT_APPS__LIVE__LATENCY`. Texts stand as they are, lists of texts have commas between
   them, everything else is written as in TOML, also a list of tables: `ADIT_ACCESS__RULES='[{ actions = ["play"], need = "proof" }]'`. What is in
   such a list, below as `rules[].need`, has no variable of its own. A name that you chose yourself is found in the file in whatever case it has there;
4. flags.

```toml
[server]
listen = ["0.0.0.0:1935", "0.0.0.0:443"]
media = "/srv/media"

[tls]
cert = "/etc/letsencrypt/live/example.org/fullchain.pem"
key = "/etc/letsencrypt/live/example.org/privkey.pem"

[apps.live]
latency = "low"
recording = "all"

[apps.films]
kind = "vod"

[limits]
viewer.queue.duration = "5s"
```

Lengths of time are written as in `250ms`, `10s` or `1m30s`, sizes as in `64KiB`, `10MiB` or `1GiB`. Paths that do not begin with a slash begin
where the server was started.

| command | what it does |
|---|---|
| `adit config check FILE` | tells every mistake in the file, with its line and what was probably meant |
| `adit config print` | prints all keys as `adit serve` with the same flags would have them, and where each value comes from |
| `adit config explain KEY` | says what a key means, what it takes and how else it can be set |
| `adit config schema` | prints a JSON schema of the file, for editors |

The file is read again when it changes, at SIGHUP (`systemctl reload adit`), and when the API asks for it. All of it is taken over, or with any
mistake nothing: the log says what is wrong, and the server goes on as before; a certificate or key that cannot be used is such a mistake. No
connection is dropped. A connection keeps the limits and the certificate that it began with; who may connect, publish and play, and how a stream is
recorded and delivered, is decided anew each time. Level and format of the log, and the token of the API, are others from the next line and the next
request on. Keys that take effect only when the server starts are marked, and named in the log when they were changed.
"#;
