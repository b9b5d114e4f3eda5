//! Who is let in: limits on open connections and on how fast they come.

use crate::config::AdmissionConfig;
use crate::limits;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Counts the connections of one acceptor. Clones share the counts.
#[derive(Debug, Clone)]
pub(crate) struct Admission(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: AdmissionConfig,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: usize,
    addresses: HashMap<IpAddr, Address>,
}

/// What is known of one address.
#[derive(Debug)]
struct Address {
    open: usize,
    /// Connections still allowed in the second that began at `since`.
    left: u32,
    since: Instant,
}

/// Why a connection is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("too many connections")]
    Total,
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
}

impl Admission {
    pub(crate) fn new(config: AdmissionConfig) -> Self {
        Self(Arc::new(Shared {
            config,
            state: Mutex::default(),
        }))
    }

    /// A place among all connections, without a look at the address.
    pub(crate) fn enter(&self) -> Result<Permit, Refusal> {
        let mut state = self.state();
        if state.open >= self.0.config.total {
            return Err(Refusal::Total);
        }
        state.open += 1;
        Ok(Permit {
            admission: self.clone(),
            address: None,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// Takes a place among those of `address` too, in exchange for the one held before.
    pub(crate) fn bind(&mut self, address: IpAddr, now: Instant) -> Result<(), Refusal> {
        let config = &self.admission.0.config;
        let address = address.to_canonical();
        if config
            .exempt
            .iter()
            .any(|network| network.contains(address))
        {
            return Ok(());
        }
        let key = block(address);
        let mut state = self.admission.state();
        if state.addresses.len() >= limits::TRACKED_ADDRESSES && !state.addresses.contains_key(&key)
        {
            state
                .addresses
                .retain(|_, entry| entry.open > 0 || entry.is_recent(now));
            if state.addresses.len() >= limits::TRACKED_ADDRESSES {
                return Err(Refusal::Rate);
            }
        }
        let entry = state.addresses.entry(key).or_insert(Address {
            open: 0,
            left: config.rate_per_address,
            since: now,
        });
        if !entry.is_recent(now) {
            entry.left = config.rate_per_address;
            entry.since = now;
        }
        if entry.open >= config.per_address {
            return Err(Refusal::PerAddress);
        }
        entry.left = entry.left.checked_sub(1).ok_or(Refusal::Rate)?;
        entry.open += 1;
        if let Some(previous) = self.address.replace(key) {
            state.leave(previous);
        }
        Ok(())
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

/// The block of addresses one peer is assumed to own: an IPv4 address or an IPv6 /64.
fn block(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests;
