//! Connections on loopback, with peers that follow scripts.

mod connect;
mod direct;
mod secure;
mod socks;
