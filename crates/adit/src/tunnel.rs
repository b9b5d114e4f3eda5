//! `adit tunnel`: lends the way out to an encoder or player on this machine.

use crate::cli;
use crate::connect::Failure;

/// Listens for encoders and players until it is told to stop.
///
/// # Errors
/// When the address cannot be listened on, or the server does not let us in.
pub(crate) fn run(_: &cli::Tunnel) -> Result<(), Failure> {
    Err(Failure::NotBuilt {
        command: "adit tunnel",
    })
}
