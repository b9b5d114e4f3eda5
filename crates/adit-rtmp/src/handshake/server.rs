//! The server's side.

use bytes::{BufMut, Bytes, BytesMut};

use super::collect::Collector;
use super::digest::{self, Role, SIGNED};
use super::{HandshakeError, PACKET, Packet, Progress, Scheme, VERSION, version_of};
use crate::out::OutQueue;
use crate::seed::{Seed, SeedStream};
use crate::time::Timestamp;

/// The server's side of the handshake.
///
/// Feed it with [`ServerHandshake::handle_input`] until that gives [`Progress::Done`].
#[derive(Debug)]
pub struct ServerHandshake {
    state: State,
    random: SeedStream,
    epoch: Timestamp,
    scheme: Option<Scheme>,
}

#[derive(Debug)]
enum State {
    C0,
    C1(Collector),
    /// Bytes of C2 that came; they are not looked at.
    C2(usize),
    Done,
    Failed(HandshakeError),
}

impl ServerHandshake {
    /// A handshake that waits for C0; `epoch` is the time to be written in S1.
    pub fn new(seed: &Seed, epoch: Timestamp) -> Self {
        Self {
            state: State::C0,
            random: seed.stream("server handshake"),
            epoch,
            scheme: None,
        }
    }

    /// Takes bytes of the client; when C1 is complete, S0, S1 and S2 are put in `out` as one piece
    ///
    ///
    /// After [`Progress::Done`] it hands all input through.
    ///
    /// # Errors
    ///
    /// The first byte starts another protocol; the same error is given for all later input.
    pub fn handle_input(
        &mut self,
        mut input: Bytes,
        out: &mut OutQueue,
    ) -> Result<Progress, HandshakeError> {
        loop {
            self.state = match &mut self.state {
                State::C0 => match input.first().copied() {
                    None => return Ok(Progress::NeedMore),
                    Some(version) => match check_version(version) {
                        Ok(()) => {
                            drop(input.split_to(1));
                            State::C1(Collector::default())
                        }
                        Err(error) => State::Failed(error),
                    },
                },
                State::C1(part) => match part.collect(&mut input, PACKET) {
                    None => return Ok(Progress::NeedMore),
                    Some(c1) => {
                        self.answer(&c1, out);
                        State::C2(0)
                    }
                },
                State::C2(received) => {
                    if !Collector::skip(received, &mut input, PACKET) {
                        return Ok(Progress::NeedMore);
                    }
                    State::Done
                }
                State::Done => return Ok(Progress::Done(input)),
                State::Failed(error) => return Err(*error),
            }
        }
    }

    /// Takes the end of the client's bytes.
    ///
    /// # Errors
    ///
    /// The handshake was not complete; or it failed before.
    pub fn handle_eof(&mut self) -> Result<(), HandshakeError> {
        let (packet, missing) = match &self.state {
            State::C0 => (Packet::C0, 1),
            State::C1(part) => (Packet::C1, part.missing(PACKET)),
            State::C2(received) => (Packet::C2, PACKET.saturating_sub(*received)),
            State::Done => return Ok(()),
            State::Failed(error) => return Err(*error),
        };
        let error = HandshakeError::Eof { packet, missing };
        self.state = State::Failed(error);
        Err(error)
    }

    /// What the client's C1 asked for, once it is known.
    pub fn scheme(&self) -> Option<Scheme> {
        self.scheme
    }

    fn answer(&mut self, c1: &[u8], out: &mut OutQueue) {
        let signed = if version_of(c1) == [0; 4] {
            None
        } else {
            digest::find(c1, Role::Client)
        };
        let mut s1 = [0; PACKET];
        self.random.fill(&mut s1);
        let scheme = signed.map_or(Scheme::Simple, |(scheme, _)| scheme);
        let version = if signed.is_some() {
            OUR_VERSION
        } else {
            [0; 4]
        };
        for (to, from) in s1
            .iter_mut()
            .zip(self.epoch.ms().to_be_bytes().into_iter().chain(version))
        {
            *to = from;
        }
        digest::sign(&mut s1, Role::Server, scheme);

        let mut answer = BytesMut::with_capacity(1 + 2 * PACKET);
        answer.put_u8(VERSION);
        answer.put_slice(&s1);
        match signed {
            None => answer.put_slice(c1),
            Some((_, c1_digest)) => {
                let copy = c1.get(..SIGNED).unwrap_or_default();
                answer.put_slice(copy);
                answer.put_slice(&digest::signature(copy, Role::Server, &c1_digest));
            }
        }
        out.push(answer.freeze());
        self.scheme = Some(scheme);
    }
}

/// The version in a signed S1. Flash Player and FFmpeg look for a first byte of at least 3.
const OUR_VERSION: [u8; 4] = [4, 5, 0, 1];

/// Versions that are no version of RTMP are named; all others are answered with ours [RTMP 5.2.2].
fn check_version(version: u8) -> Result<(), HandshakeError> {
    match version {
        6 | 8 | 9 => Err(HandshakeError::Encrypted(version)),
        0x16 => Err(HandshakeError::Tls),
        32.. => Err(HandshakeError::Text(version)),
        _ => Ok(()),
    }
}
