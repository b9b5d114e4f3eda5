//! The server that was here before, and of which streams it has anything.
//!
//! ```text
//! new ─▶ names ═ Link ═▶ old     the names of all that is packaged or live there, and the end
//! ```
//!
//! Whoever asks for a name that nobody has takes no place among what is packaged, and no connection to that server: its list is asked for
//! once in a while, however many ask.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use adit_broker::StreamKey;
use adit_net::http::Link;
use tokio::io::{AsyncWriteExt as _, BufReader, BufWriter};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::limits::outputs::HLS_INHERITED;
use crate::mirror::{Predecessor, Question, name, read_name};
use crate::outputs::Inner;

/// The server that this one has taken over from, if there is one.
#[derive(Debug, Default)]
pub(super) struct Before {
    server: OnceLock<Arc<dyn Predecessor>>,
    list: Mutex<Option<List>>,
}

/// What it had when it was asked.
#[derive(Debug)]
struct List {
    answered: Instant,
    names: HashSet<StreamKey>,
}

impl Before {
    /// From now on it is this one.
    pub(super) fn is(&self, server: Arc<dyn Predecessor>) {
        // There is one at most.
        drop(self.server.set(server));
    }

    /// Which one it is, while it is there.
    pub(super) fn server(&self) -> Option<&Arc<dyn Predecessor>> {
        self.server.get().filter(|it| it.is_there())
    }

    /// Whether it has anything of a stream. Others who ask wait for the same answer.
    pub(super) async fn has(&self, key: &StreamKey) -> bool {
        let Some(server) = self.server() else {
            return false;
        };
        let mut list = self.list.lock().await;
        if let Some(list) = &*list
            && (list.names.contains(key) || list.answered.elapsed() < ASK_AGAIN)
        {
            return list.names.contains(key);
        }
        let mut names = HashSet::new();
        // What has come until then counts.
        drop(timeout(PATIENCE, ask(&**server, &mut names)).await);
        let has = names.contains(key);
        *list = Some(List {
            answered: Instant::now(),
            names,
        });
        has
    }
}

/// Asks for the names, as many as are remembered.
async fn ask(server: &dyn Predecessor, names: &mut HashSet<StreamKey>) -> io::Result<()> {
    let link = server.ask(Question::Names).await;
    let mut link = BufReader::new(link.ok_or(io::ErrorKind::NotConnected)?);
    while names.len() < HLS_INHERITED {
        names.insert(read_name(&mut link).await?);
    }
    Ok(())
}

/// Tells the server that takes over of which streams there is anything here.
///
/// # Errors
/// That server has gone.
pub(in crate::outputs) async fn list(outputs: &Inner, link: impl Link) -> io::Result<()> {
    let mut out = BufWriter::new(link);
    // Those that are packaged come first: viewers are in the midst of them.
    for key in outputs.hls.names() {
        out.write_all(&name(&key)).await?;
    }
    for stream in outputs.broker.streams() {
        if stream.publication.is_some() {
            out.write_all(&name(&stream.key)).await?;
        }
    }
    out.shutdown().await
}

/// What has begun there since is not known here for so long; streams that are live are mirrored as soon.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// How long the list may take.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
