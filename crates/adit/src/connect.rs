//! What every command that goes to a server shares: the client made from the flags, and how it ends.

mod backoff;
mod connections;
mod failure;
mod interrupt;
mod key;
mod memory;
pub(crate) mod secrets;
mod tell;
mod way;

pub(crate) use backoff::Backoff;
pub(crate) use connections::{Connections, Next};
pub(crate) use failure::{Failure, Search, USAGE, in_words};
pub(crate) use interrupt::Interrupt;
pub(crate) use key::first_line;
pub(crate) use tell::{Done, Ended, Told, millis, object, tell};
use way::rung_fields;
pub(crate) use way::{Way, run};
