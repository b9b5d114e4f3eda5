//! Who is ended first when a server is short of memory.

use std::cmp::Reverse;
use std::sync::Arc;

use super::{Connections, Live, Role, Way, load};
use crate::server::ConnectionId;

impl Connections {
    /// Asks one of so many of those who do nothing but play to end, and one at least: those first for whom the most waits, then those to
    /// whom media takes the longest, then those who came last. Returns how many.
    ///
    /// Viewers by HLS are left alone: they share one copy of the stream, so nothing would come of it. Nobody is asked while some of those
    /// who were are still here.
    pub(crate) fn end_slowest(&self, one_of: usize, reason: &str) -> usize {
        let players = self.slowest(one_of);
        if players.iter().any(|live| live.is_asked()) {
            return 0;
        }
        for live in &players {
            live.end_it(reason);
        }
        players.len()
    }

    /// Those of them; first of all those who are asked to end already.
    pub(super) fn slowest(&self, one_of: usize) -> Vec<Arc<Live>> {
        let mut players = self.all();
        players.retain(|live| live.who.way != Way::Hls && live.only_plays());
        // Each is looked at once: they go on meanwhile.
        players.sort_by_cached_key(|live| Reverse((live.is_asked(), live.burden())));
        players.truncate(players.len().div_ceil(one_of.max(1)));
        players
    }
}

impl Live {
    fn only_plays(&self) -> bool {
        let about = self.about();
        !about.uses.is_empty() && about.uses.iter().all(|(_, it)| it.role != Role::Publish)
    }

    /// How much it is behind; comparing it compares that.
    fn burden(&self) -> (u64, u64, ConnectionId) {
        (load(&self.queued), load(&self.delay), self.id)
    }
}
