//! The client library: connections that find a way out of any network, publish, play and call.

pub mod address;
pub mod limits;
pub mod memory;
mod secret;
pub mod strategy;

pub use address::{AddressError, Credentials, Host, Scheme, Target};
pub use secret::Secret;
