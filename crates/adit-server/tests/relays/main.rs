//! A server that pushes its streams to others and pulls theirs, over real sockets on loopback.
#![cfg(test)]

mod asking;
#[path = "../support/before.rs"]
mod before;
mod chains;
mod codecs;
mod lab;
mod pulling;
mod pushing;
#[path = "../relay/support.rs"]
#[expect(dead_code, reason = "some of it is for other tests")]
mod support;

use std::time::Duration;

use adit_server::relays::{Demand, RelayState};

const PLAYED: Demand = Demand::WhilePlayed {
    idle: Duration::from_secs(1),
};

fn is_running(state: &RelayState) -> bool {
    *state == RelayState::Running
}
