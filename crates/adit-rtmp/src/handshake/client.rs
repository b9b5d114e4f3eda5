//! The client's side.

use bytes::Bytes;

use super::{HandshakeError, Progress, Scheme};
use crate::out::OutQueue;
use crate::seed::Seed;
use crate::time::Timestamp;

/// What the client asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClientScheme {
    /// Echo only.
    Simple,
    /// Signed; a server that does not sign is taken as it is.
    #[default]
    Digest,
}

/// What S2 proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    /// S2 is signed as it should be.
    Signed,
    /// S2 repeats C1.
    Echoed,
    /// Neither; tolerated.
    Wrong,
}

/// The client's side of the handshake.
#[derive(Debug)]
pub struct ClientHandshake {}

impl ClientHandshake {
    /// Writes C0 and C1 to `out` as one piece and waits for the server.
    pub fn start(seed: &Seed, epoch: Timestamp, scheme: ClientScheme, out: &mut OutQueue) -> Self {
        let _ = (seed, epoch, scheme, out);
        Self {}
    }

    /// Takes bytes of the server; C2 is put in `out` when S1 is complete.
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

    /// The error that the end of the server's bytes means now.
    pub fn handle_eof(&mut self) -> HandshakeError {
        HandshakeError::Tls
    }

    /// How the server's S1 is signed, once it is known.
    pub fn scheme(&self) -> Option<Scheme> {
        None
    }

    /// What S2 proves, once it is known.
    pub fn proof(&self) -> Option<Proof> {
        None
    }
}
