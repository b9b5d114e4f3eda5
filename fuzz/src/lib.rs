//! What every fuzz target of Adit asserts, as plain functions of the input.
//!
//! A target in `fuzz_targets/` hands its input to the function of its name here, so that the seeds
//! can also be run as a plain test, without libFuzzer.

pub mod amf;
pub mod chunk;
pub mod flv;
pub mod handshake;
pub mod input;
pub mod path;
pub mod recording;
pub mod session;
pub mod shared_object;
pub mod sniff;
/// The sniffer of adit-net, taken without the rest of that crate, its TLS and HTTP.
#[rustfmt::skip]
#[path = "../../crates/adit-net/src/sniff.rs"]
pub mod sniffer;
pub mod tunnel;
