//! The ways that worked, kept in a file from one run to the next. What goes wrong with it is no reason to fail.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use adit_client::memory::{Entry, Memory, Place, UnixSeconds, Winner};
use adit_client::network::Transport;
use adit_client::strategy::ProxyForm;
use serde_json::{Value, json};

use crate::serve;

/// The name of the file in the state directory.
const FILE: &str = "ways.json";
/// The largest file that is read, in bytes; what is written is far smaller.
const LARGEST: u64 = 1024 * 1024;

/// What was remembered when this was last written down.
pub(super) fn recall() -> Memory {
    let path = path();
    match read(&path) {
        Ok(entries) => Memory::restore(entries, now()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Memory::new(),
        Err(error) => {
            tracing::debug!(%error, path = %path.display(), "what worked last time is not known");
            Memory::new()
        }
    }
}

/// Writes down what is remembered now.
pub(super) fn keep(memory: &Memory) {
    let path = path();
    if let Err(error) = write(&path, memory) {
        tracing::debug!(%error, path = %path.display(), "what worked is not written down");
    }
}

fn path() -> PathBuf {
    serve::state_directory().join(FILE)
}

fn now() -> UnixSeconds {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    UnixSeconds(since.map_or(0, |since| since.as_secs()))
}

fn read(path: &Path) -> io::Result<Vec<Entry>> {
    if fs::metadata(path)?.len() > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let file: Value = serde_json::from_slice(&fs::read(path)?)?;
    let ways = file
        .get("ways")
        .and_then(Value::as_array)
        .map(Vec::as_slice);
    Ok(ways.unwrap_or_default().iter().filter_map(entry).collect())
}

/// Under another name first, so that nobody finds half a file.
fn write(path: &Path, memory: &Memory) -> io::Result<()> {
    let ways: Vec<Value> = memory.entries().map(way).collect();
    let text = json!({ "ways": ways }).to_string();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = fs::File::create(&fresh)?;
    file.write_all(text.as_bytes())?;
    drop(file);
    fs::rename(&fresh, path)
}

fn way(entry: &Entry) -> Value {
    let (place, winner) = (entry.place(), entry.winner());
    json!({
        "server": place.server(),
        "network": place.network(),
        "proxies": place.proxies(),
        "transport": winner.transport().to_string(),
        "port": winner.port(),
        "proxy": winner.proxy().map(|(proxy, _)| proxy),
        "form": winner.proxy().and_then(|(_, form)| form_name(form)),
        "at": entry.at().0,
    })
}

/// What was written down; `None` where it says what no longer means anything.
fn entry(way: &Value) -> Option<Entry> {
    let field = |name: &str| way.get(name);
    let text = |name: &str| field(name).and_then(Value::as_str);
    let place = Place::from_parts(text("server")?, text("network")?, text("proxies")?);
    let transport = TRANSPORTS
        .into_iter()
        .find(|transport| Some(transport.to_string().as_str()) == text("transport"))?;
    let port = u16::try_from(field("port")?.as_u64()?).ok()?;
    let proxy = match text("proxy") {
        None => None,
        Some(proxy) => {
            let form = FORMS
                .into_iter()
                .find(|form| form_name(*form) == text("form"))?;
            Some((proxy.to_owned(), form))
        }
    };
    let winner = Winner::from_parts(transport, port, proxy);
    Some(Entry::new(
        place,
        winner,
        UnixSeconds(field("at")?.as_u64()?),
    ))
}

const TRANSPORTS: [Transport; 4] = [
    Transport::Rtmp,
    Transport::Rtmpt,
    Transport::Rtmps,
    Transport::Rtmpts,
];

const FORMS: [ProxyForm; 3] = [
    ProxyForm::Connect,
    ProxyForm::AbsoluteForm,
    ProxyForm::Socks,
];

fn form_name(form: ProxyForm) -> Option<&'static str> {
    match form {
        ProxyForm::Connect => Some("connect"),
        ProxyForm::AbsoluteForm => Some("absolute-form"),
        ProxyForm::Socks => Some("socks"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
