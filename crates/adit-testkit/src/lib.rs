//! Test parts for Adit: real peers found and run, clips made, packets compared, hostile proxies, scripted clients.
//!
//! Nothing here is published. A function that cannot do what it is for panics with the reason, as an assertion would:
//! the caller is always a test.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "this crate is test code: what goes wrong here is the failure of the test that called it"
)]

pub mod attack;
pub mod cast;
pub mod clip;
pub mod honest;
pub mod hostile;
pub mod http;
pub mod members;
pub mod numbered;
pub mod packets;
pub mod peers;
pub mod process;
pub mod random;
pub mod reach;
pub mod server;
pub mod service_manager;
mod session;
pub mod tunnel;

pub use bytes::Bytes;
