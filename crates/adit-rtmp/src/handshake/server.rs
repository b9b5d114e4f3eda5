//! The server's side.

use bytes::Bytes;

use super::{HandshakeError, Progress, Scheme};
use crate::out::OutQueue;
use crate::seed::Seed;
use crate::time::Timestamp;

/// The server's side of the handshake.
#[derive(Debug)]
pub struct ServerHandshake {}

impl ServerHandshake {
    /// A handshake that waits for C0; `epoch` is the time written in S1.
    pub fn new(seed: &Seed, epoch: Timestamp) -> Self {
        let _ = (seed, epoch);
        Self {}
    }

    /// Takes bytes of the client; S0, S1 and S2 are put in `out` as one piece when C1 is complete.
    ///
    /// # Errors
    ///
    /// See [`HandshakeError`]; the same error is given for all later input.
    pub fn handle_input(
        &mut self,
        input: Bytes,
        out: &mut OutQueue,
    ) -> Result<Progress, HandshakeError> {
        let _ = (input, out);
        Ok(Progress::NeedMore)
    }

    /// The error that the end of the client's bytes means now.
    pub fn handle_eof(&mut self) -> HandshakeError {
        HandshakeError::Tls
    }

    /// What the client's C1 asked for, once it is known.
    pub fn scheme(&self) -> Option<Scheme> {
        None
    }
}
