//! What every command that goes to a server shares: the client made from the flags, and how it ends.

mod failure;
mod interrupt;
mod key;
mod memory;
pub(crate) mod secrets;
mod way;

pub(crate) use failure::{Failure, USAGE};
pub(crate) use interrupt::Interrupt;
pub(crate) use way::{Way, rung_fields, runtime};
