//! What every command that goes to a server shares: the client made from the flags, and how it ends.

mod backoff;
mod failure;
mod interrupt;
mod key;
mod memory;
pub(crate) mod secrets;
mod tell;
mod way;

pub(crate) use backoff::Backoff;
pub(crate) use failure::{Failure, Search, USAGE};
pub(crate) use interrupt::Interrupt;
pub(crate) use tell::{Told, tell};
pub(crate) use way::{Way, rung_fields, runtime};
