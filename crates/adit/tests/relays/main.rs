//! Relays of `adit serve` with servers that are not in this process: configuration, API, nginx, proxies.
#![cfg(test)]

mod api;
mod pull;
mod push;
mod support;
