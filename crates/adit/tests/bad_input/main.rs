//! Bytes that keep no rule, against the running server: the connection they come on ends or answers with an error, memory
//! stays bounded, nothing panics, and a client that publishes and plays all the time never notices.
#![cfg(test)]

mod handshake;
mod http;
mod rtmp;
mod siege;
mod slow;
