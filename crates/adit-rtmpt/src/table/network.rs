//! What counts as one peer, and how fast it may open sessions.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// The part of an address that one peer cannot change at will.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Network {
    V4([u8; 4]),
    V6([u16; 4]),
}

impl Network {
    /// For counting: an IPv4 address or an IPv6 /64. IPv4 in IPv6 is IPv4.
    pub(super) fn counted(peer: IpAddr) -> Self {
        match peer.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }

    /// For binding a session: an IPv4 /24 or an IPv6 /64.
    pub(super) fn bound(peer: IpAddr) -> Self {
        match Self::counted(peer) {
            Self::V4([a, b, c, _]) => Self::V4([a, b, c, 0]),
            wide @ Self::V6(_) => wide,
        }
    }
}

/// Sessions per network and the rate of opens. Networks without sessions are forgotten a second after their last open.
#[derive(Debug)]
pub(super) struct Networks {
    all: HashMap<Network, Usage>,
    most: usize,
    swept: Option<Instant>,
}

#[derive(Debug)]
struct Usage {
    sessions: usize,
    /// When the network would have been due to open all its sessions so far at the allowed rate.
    paid_until: Instant,
}

/// Which of the limits of a network was hit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NetworkLimit {
    Sessions,
    Rate,
}

impl Networks {
    pub(super) fn new(most: usize) -> Self {
        Self {
            all: HashMap::new(),
            most,
            swept: None,
        }
    }

    /// Books one more session, or says why not.
    pub(super) fn open(
        &mut self,
        now: Instant,
        network: Network,
        sessions: usize,
        per_second: u32,
    ) -> Result<(), NetworkLimit> {
        let price = Duration::from_secs(1)
            .checked_div(per_second)
            .ok_or(NetworkLimit::Rate)?;
        let burst = Duration::from_secs(1).saturating_sub(price);
        if let Some(usage) = self.all.get_mut(&network) {
            if usage.sessions >= sessions {
                return Err(NetworkLimit::Sessions);
            }
            if usage.paid_until.saturating_duration_since(now) > burst {
                return Err(NetworkLimit::Rate);
            }
            usage.sessions = usage.sessions.saturating_add(1);
            usage.paid_until = usage.paid_until.max(now) + price;
            return Ok(());
        }
        if sessions == 0 {
            return Err(NetworkLimit::Sessions);
        }
        self.make_room(now)?;
        self.all.insert(
            network,
            Usage {
                sessions: 1,
                paid_until: now + price,
            },
        );
        Ok(())
    }

    pub(super) fn close(&mut self, now: Instant, network: Network) {
        if let Some(usage) = self.all.get_mut(&network) {
            usage.sessions = usage.sessions.saturating_sub(1);
            if usage.is_forgettable(now) {
                self.all.remove(&network);
            }
        }
    }

    pub(super) fn sweep(&mut self, now: Instant) {
        self.all.retain(|_, usage| !usage.is_forgettable(now));
        self.swept = Some(now);
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Sweeps at most ten times a second, so that a flood from many networks does not cost a sweep each.
    fn make_room(&mut self, now: Instant) -> Result<(), NetworkLimit> {
        let swept_just_now = self
            .swept
            .is_some_and(|swept| now.saturating_duration_since(swept) < Duration::from_millis(100));
        if self.all.len() >= self.most && !swept_just_now {
            self.sweep(now);
        }
        if self.all.len() >= self.most {
            Err(NetworkLimit::Rate)
        } else {
            Ok(())
        }
    }
}

impl Usage {
    fn is_forgettable(&self, now: Instant) -> bool {
        self.sessions == 0 && self.paid_until <= now
    }
}
