//! Winners remembered: the way that worked last time, per server, local network and set of proxies.
//!
//! A pure value with a bounded size and age. Whoever keeps it over restarts writes down
//! [`Memory::entries`] and gives them back to [`Memory::restore`]; nothing in it is secret.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use adit_net::Transport;

use crate::address::Target;
use crate::limits;
use crate::strategy::{ProxyForm, Routes, Rung};

/// Seconds since 1970, as the wall clock of the caller has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixSeconds(pub u64);

/// What a winner is remembered under.
///
/// Each part is a text that means nothing here; two places are one if all three are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    server: String,
    network: String,
    proxies: String,
}

impl Place {
    /// The place of an address in the network called `network` (an SSID, a gateway's address, a
    /// prefix: whatever tells the user's networks apart).
    pub fn new(target: &Target, network: &str, routes: &Routes) -> Self {
        let server = match target.port() {
            Some(port) => format!("{}://{}:{port}", target.scheme(), target.host().in_url()),
            None => format!("{}://{}", target.scheme(), target.host().in_url()),
        };
        let mut proxies: Vec<String> = routes.proxies().iter().map(ToString::to_string).collect();
        proxies.sort();
        Self::from_parts(&server, network, &proxies.join(" "))
    }

    /// A place that was written down.
    pub fn from_parts(server: &str, network: &str, proxies: &str) -> Self {
        Self {
            server: server.to_owned(),
            network: network.to_owned(),
            proxies: proxies.to_owned(),
        }
    }

    /// The server: scheme, host, and the port if one was given.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The local network.
    pub fn network(&self) -> &str {
        &self.network
    }

    /// The proxies, in order of their names, with spaces between.
    pub fn proxies(&self) -> &str {
        &self.proxies
    }

    fn fits(&self) -> bool {
        [&self.server, &self.network, &self.proxies]
            .iter()
            .all(|text| text.len() <= limits::MEMORY_TEXT)
    }
}

/// A way that won, apart from any one ladder.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Winner {
    transport: Transport,
    port: u16,
    proxy: Option<(String, ProxyForm)>,
}

impl Winner {
    /// The way of a rung.
    pub fn of(rung: &Rung) -> Self {
        let route = rung.route();
        Self {
            transport: rung.transport(),
            port: rung.port(),
            proxy: route.proxy().map(ToString::to_string).zip(route.form()),
        }
    }

    /// A way that was written down.
    pub fn from_parts(transport: Transport, port: u16, proxy: Option<(String, ProxyForm)>) -> Self {
        Self {
            transport,
            port,
            proxy,
        }
    }

    /// How RTMP travelled.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// The port of the server.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The proxy, as [`Proxy`](crate::strategy::Proxy) displays itself, and how it was asked.
    pub fn proxy(&self) -> Option<(&str, ProxyForm)> {
        self.proxy
            .as_ref()
            .map(|(proxy, form)| (proxy.as_str(), *form))
    }

    /// Whether a rung is this way.
    pub fn is(&self, rung: &Rung) -> bool {
        *self == Self::of(rung)
    }

    fn fits(&self) -> bool {
        self.proxy
            .as_ref()
            .is_none_or(|(proxy, _)| proxy.len() <= limits::MEMORY_TEXT)
    }
}

/// One thing remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    place: Place,
    winner: Winner,
    at: UnixSeconds,
}

impl Entry {
    /// A winner, where it won, and when.
    pub fn new(place: Place, winner: Winner, at: UnixSeconds) -> Self {
        Self { place, winner, at }
    }

    /// Where it won.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What won.
    pub fn winner(&self) -> &Winner {
        &self.winner
    }

    /// When it last won.
    pub fn at(&self) -> UnixSeconds {
        self.at
    }

    fn is_fresh(&self, now: UnixSeconds) -> bool {
        // A clock that was set back leaves entries in the future; they count as new for as long.
        now.0.abs_diff(self.at.0) <= limits::WINNER_AGE_S
    }
}

/// The winners of this machine, at most [`limits::WINNERS`], none older than
/// [`limits::WINNER_AGE_S`].
///
/// ```
/// use adit_client::Target;
/// use adit_client::memory::{Memory, Place, UnixSeconds};
/// use adit_client::network::Transport;
/// use adit_client::strategy::{Route, Routes, Rung};
///
/// let target = Target::parse("rtmp://live.example.com/app/key")?;
/// let place = Place::new(&target, "192.0.2.0/24", &Routes::direct());
/// let now = UnixSeconds(1_800_000_000);
/// let mut memory = Memory::new();
/// memory.remember(place.clone(), &Rung::new(Transport::Rtmpt, 80, Route::Direct), now);
///
/// let later = Memory::restore(memory.entries().cloned(), UnixSeconds(1_800_000_060));
/// let winner = later.recall(&place, now).expect("a minute is not long");
/// assert_eq!((winner.transport(), winner.port()), (Transport::Rtmpt, 80));
/// # Ok::<(), adit_client::AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Memory {
    /// The last remembered is the last; no place twice.
    entries: VecDeque<Entry>,
}

impl Memory {
    /// Nothing remembered.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was written down; what is too old, too long or too much is left out.
    pub fn restore(entries: impl IntoIterator<Item = Entry>, now: UnixSeconds) -> Self {
        let mut memory = Self::new();
        for entry in entries {
            if entry.is_fresh(now) {
                memory.insert(entry);
            }
        }
        memory
    }

    /// Remembers that a rung won.
    pub fn remember(&mut self, place: Place, rung: &Rung, now: UnixSeconds) {
        self.insert(Entry::new(place, Winner::of(rung), now));
    }

    /// What won last time, if that is known and not too old.
    pub fn recall(&self, place: &Place, now: UnixSeconds) -> Option<&Winner> {
        self.entries
            .iter()
            .find(|entry| entry.place == *place && entry.is_fresh(now))
            .map(Entry::winner)
    }

    /// Forgets a place.
    pub fn forget(&mut self, place: &Place) {
        self.entries.retain(|entry| entry.place != *place);
    }

    /// Everything remembered, the oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    fn insert(&mut self, entry: Entry) {
        if !entry.place.fits() || !entry.winner.fits() {
            return;
        }
        self.forget(&entry.place);
        if self.entries.len() >= limits::WINNERS {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }
}
