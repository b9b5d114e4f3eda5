//! A new server takes over the ports of the one that runs, without a connection lost.
//!
//! The one that runs listens on a socket in its state directory, which only its user may use. The new one is started with
//! `server.takeover`, by hand or by the old one itself (SIGUSR2).
//!
//! ```text
//! new                                      old
//! ─── takeover 2 ───────────────────────▶
//! ◀── socket ADDRESS + descriptor ──────    for each port
//! ◀── api ADDRESS + descriptor ─────────    if there is one
//! ◀── all ──────────────────────────────
//!     reads certificate and configuration; if something is wrong it ends, and nothing has changed
//! ─── ready ────────────────────────────▶   writes shared objects and closes their file
//! ◀── files ────────────────────────────    goes on serving
//!     opens the file, and serves; if something is wrong it ends, and the old one opens the file again
//! ─── serving ──────────────────────────▶   accepts nobody more and drains
//! ◀── yours ────────────────────────────    or `late`: it has given up waiting, and the new one ends
//! ─── link PEER LOCAL LEVEL + descriptor ▶  requests for tunnel sessions that the old one has
//! ─── streams + descriptor ─────────────▶  which streams are live there
//! ─── stream + descriptor ──────────────▶  one of them
//! ─── names + descriptor ───────────────▶  of which streams it has anything for viewers by HLS
//! ─── packaged + descriptor ────────────▶  what viewers by HLS need of one of them, to go on
//! ─── hand + descriptor ────────────────▶  what is to become of one of them; after `yours` alone
//!                                           … until the old one ends
//! ```

mod heir;
mod offer;
mod successor;
mod wire;

use std::path::{Path, PathBuf};

pub(super) use self::heir::{Accession, Heir, TakeoverError};
pub(super) use self::offer::{Offer, Over, Shares, Successor};
pub(super) use self::successor::start as start_successor;

/// Where a server is found that can be taken over.
fn socket(state_directory: &Path) -> PathBuf {
    state_directory.join("upgrade.sock")
}

/// What the two have to agree on.
const GREETING: &str = "takeover 2";
const SOCKET: &str = "socket";
const API: &str = "api";
const ALL: &str = "all";
const READY: &str = "ready";
const FILES: &str = "files";
const SERVING: &str = "serving";
const YOURS: &str = "yours";
const LATE: &str = "late";
const LINK: &str = "link";
