//! Who is let in: limits on open connections, on how fast they come and on how many have not shown yet what they are.

use crate::config::AdmissionConfig;
use crate::limits;
use crate::network::peer_block;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Counts the connections of one acceptor. Clones share the counts.
#[derive(Debug, Clone, Default)]
pub struct Admission(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    config: AdmissionConfig,
    is_closed: bool,
    open: usize,
    newcomers: usize,
    addresses: HashMap<IpAddr, Address>,
}

/// What is known of one address.
#[derive(Debug)]
struct Address {
    open: usize,
    /// Connections still allowed in the second that began at `since`.
    left: u32,
    /// How many of those that were let in may still be forgotten again.
    refunds: u32,
    since: Instant,
}

/// Why a connection is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("too many connections")]
    Total,
    #[error("too many peers that have not been let in yet")]
    Unauthenticated,
    #[error("connections from too many addresses")]
    Addresses,
    #[error("too many connections from one address")]
    PerAddress,
    #[error("connections from one address come too fast")]
    Rate,
}

/// The place of one connection; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Permit {
    admission: Admission,
    address: Option<IpAddr>,
    charge: Option<Charge>,
    newcomer: Option<Newcomer>,
}

/// What a connection has taken of the rate of its address.
#[derive(Debug)]
pub(crate) struct Charge {
    admission: Admission,
    address: IpAddr,
    /// The second it was taken in.
    since: Instant,
}

/// The place of a connection or tunnel session among those nobody has let in yet; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Newcomer(Admission);

impl Admission {
    pub(crate) fn new(config: AdmissionConfig) -> Self {
        Self(Arc::new(Mutex::new(State {
            config,
            ..State::default()
        })))
    }

    /// Lets in by other limits from now on. Whoever is in stays, also where that is more than there may be now; what is said about file
    /// descriptors is not looked at.
    pub fn apply(&self, config: AdmissionConfig) {
        self.state().config = config;
    }

    /// Lets in nobody more who is not there already: who asks by HTTP hears so, and a peer that speaks RTMP is handed out all the same, for
    /// whoever takes it to say so. There is no way back.
    pub fn close(&self) {
        self.state().is_closed = true;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state().is_closed
    }

    /// A place among all connections and among the newcomers, without a look at the address.
    pub(crate) fn enter(&self) -> Result<Permit, Refusal> {
        let mut state = self.state();
        if state.open >= state.config.total {
            return Err(Refusal::Total);
        }
        let newcomer = self.add_newcomer(&mut state)?;
        state.open += 1;
        Ok(Permit {
            admission: self.clone(),
            address: None,
            charge: None,
            newcomer: Some(newcomer),
        })
    }

    /// A place among those nobody has let in yet.
    pub(crate) fn newcomer(&self) -> Result<Newcomer, Refusal> {
        self.add_newcomer(&mut self.state())
    }

    fn add_newcomer(&self, state: &mut State) -> Result<Newcomer, Refusal> {
        if state.newcomers >= state.config.unauthenticated {
            return Err(Refusal::Unauthenticated);
        }
        state.newcomers += 1;
        Ok(Newcomer(self.clone()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// Takes a place among those of `address` too, in exchange for the one held before.
    pub(crate) fn bind(&mut self, address: IpAddr, now: Instant) -> Result<(), Refusal> {
        let address = address.to_canonical();
        let mut state = self.admission.state();
        let state = &mut *state;
        let config = &state.config;
        if config
            .exempt
            .iter()
            .any(|network| network.contains(address))
        {
            return Ok(());
        }
        let key = peer_block(address);
        if state.addresses.len() >= limits::TRACKED_ADDRESSES && !state.addresses.contains_key(&key)
        {
            state
                .addresses
                .retain(|_, entry| entry.open > 0 || entry.is_recent(now));
            if state.addresses.len() >= limits::TRACKED_ADDRESSES {
                return Err(Refusal::Addresses);
            }
        }
        let entry = state.addresses.entry(key).or_insert(Address {
            open: 0,
            left: config.rate_per_address,
            refunds: limits::USEFUL_CONNECTIONS_PER_ADDRESS,
            since: now,
        });
        if !entry.is_recent(now) {
            entry.left = config.rate_per_address;
            entry.refunds = limits::USEFUL_CONNECTIONS_PER_ADDRESS;
            entry.since = now;
        }
        if entry.open >= config.per_address {
            return Err(Refusal::PerAddress);
        }
        entry.left = entry.left.checked_sub(1).ok_or(Refusal::Rate)?;
        entry.open += 1;
        self.charge = Some(Charge {
            admission: self.admission.clone(),
            address: key,
            since: entry.since,
        });
        if let Some(previous) = self.address.replace(key) {
            state.leave(previous);
        }
        Ok(())
    }

    /// The place among the newcomers, for whoever learns that the peer is none any more.
    pub(crate) fn take_newcomer(&mut self) -> Option<Newcomer> {
        self.newcomer.take()
    }

    /// What the connection has taken of its address's rate, for whoever learns that it is of use.
    pub(crate) fn take_charge(&mut self) -> Option<Charge> {
        self.charge.take()
    }
}

impl Charge {
    /// Lets another connection come in place of this one, which was of use. Without effect once another second has begun,
    /// where nothing is left of what was taken.
    pub(crate) fn refund(self) {
        let mut state = self.admission.state();
        let Some(entry) = state.addresses.get_mut(&self.address) else {
            return;
        };
        if entry.since == self.since && entry.refunds > 0 {
            entry.refunds -= 1;
            entry.left += 1;
        }
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.newcomers = state.newcomers.saturating_sub(1);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.admission.state();
        state.open = state.open.saturating_sub(1);
        if let Some(address) = self.address {
            state.leave(address);
        }
    }
}

impl State {
    fn leave(&mut self, address: IpAddr) {
        if let Some(entry) = self.addresses.get_mut(&address) {
            entry.open = entry.open.saturating_sub(1);
        }
    }
}

impl Address {
    fn is_recent(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) < Duration::from_secs(1)
    }
}

#[cfg(test)]
mod tests;
