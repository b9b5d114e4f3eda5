//! The client's side.

use bytes::Bytes;

use super::collect::Collector;
use super::digest::{self, Digest, Role, SIGNED};
use super::{HandshakeError, PACKET, Packet, Progress, Scheme, VERSION, version_of};
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

/// What S2 proves. Nothing depends on it; it is there to be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    /// S2 is signed as it should be.
    Signed,
    /// S2 repeats the random bytes of C1.
    Echoed,
    /// Neither.
    Wrong,
}

/// The client's side of the handshake.
///
/// Feed it with [`ClientHandshake::handle_input`] until that gives [`Progress::Done`].
#[derive(Debug)]
pub struct ClientHandshake {
    state: State,
    /// Ours, to compare S2 with; empty when it is no longer needed.
    c1: Bytes,
    c1_digest: Option<Digest>,
    scheme: Option<Scheme>,
    proof: Option<Proof>,
}

#[derive(Debug)]
enum State {
    S0,
    S1(Collector),
    S2(Collector),
    Done,
    Failed(HandshakeError),
}

impl ClientHandshake {
    /// Puts C0 and C1 in `out` as one piece and waits for the server; `epoch` is the time to be
    /// written in C1.
    pub fn start(seed: &Seed, epoch: Timestamp, scheme: ClientScheme, out: &mut OutQueue) -> Self {
        let mut c1 = [0; PACKET];
        seed.stream("client handshake").fill(&mut c1);
        let version = match scheme {
            ClientScheme::Simple => [0; 4],
            ClientScheme::Digest => OUR_VERSION,
        };
        for (to, from) in c1
            .iter_mut()
            .zip(epoch.ms().to_be_bytes().into_iter().chain(version))
        {
            *to = from;
        }
        let c1_digest = match scheme {
            ClientScheme::Simple => None,
            ClientScheme::Digest => digest::sign(&mut c1, Role::Client, Scheme::DigestFirst),
        };
        let packets = Bytes::from([&[VERSION], c1.as_slice()].concat());
        let c1 = packets.slice(1..);
        out.push(packets);
        Self {
            state: State::S0,
            c1,
            c1_digest,
            scheme: None,
            proof: None,
        }
    }

    /// Takes bytes of the server; when S1 is complete, C2 is put in `out`.
    ///
    /// After [`Progress::Done`] it hands all input through.
    ///
    /// # Errors
    ///
    /// The server speaks another protocol or version; the same error is given for all later input.
    pub fn handle_input(
        &mut self,
        mut input: Bytes,
        out: &mut OutQueue,
    ) -> Result<Progress, HandshakeError> {
        loop {
            self.state = match &mut self.state {
                State::S0 => match input.first().copied() {
                    None => return Ok(Progress::NeedMore),
                    Some(version) => match check_version(version) {
                        Ok(()) => {
                            drop(input.split_to(1));
                            State::S1(Collector::default())
                        }
                        Err(error) => State::Failed(error),
                    },
                },
                State::S1(part) => match part.collect(&mut input, PACKET) {
                    None => return Ok(Progress::NeedMore),
                    Some(s1) => {
                        self.answer(s1, out);
                        State::S2(Collector::default())
                    }
                },
                State::S2(part) => match part.collect(&mut input, PACKET) {
                    None => return Ok(Progress::NeedMore),
                    Some(s2) => {
                        self.proof = Some(self.examine(&s2));
                        self.c1 = Bytes::new();
                        State::Done
                    }
                },
                State::Done => return Ok(Progress::Done(input)),
                State::Failed(error) => return Err(*error),
            }
        }
    }

    /// Takes the end of the server's bytes.
    ///
    /// # Errors
    ///
    /// The handshake was not complete; or it failed before.
    pub fn handle_eof(&mut self) -> Result<(), HandshakeError> {
        let (packet, missing) = match &self.state {
            State::S0 => (Packet::S0, 1),
            State::S1(part) => (Packet::S1, part.missing(PACKET)),
            State::S2(part) => (Packet::S2, part.missing(PACKET)),
            State::Done => return Ok(()),
            State::Failed(error) => return Err(*error),
        };
        let error = HandshakeError::Eof { packet, missing };
        self.state = State::Failed(error);
        Err(error)
    }

    /// How the server's S1 is signed, once it is known.
    pub fn scheme(&self) -> Option<Scheme> {
        self.scheme
    }

    /// What S2 proves, once it is known.
    pub fn proof(&self) -> Option<Proof> {
        self.proof
    }

    fn answer(&mut self, s1: Bytes, out: &mut OutQueue) {
        let signed = match self.c1_digest {
            Some(_) if version_of(&s1) != [0; 4] => digest::find(&s1, Role::Server),
            _ => None,
        };
        self.scheme = Some(signed.map_or(Scheme::Simple, |(scheme, _)| scheme));
        match signed {
            None => out.push(s1),
            Some((_, s1_digest)) => {
                let copy = s1.slice(..SIGNED.min(s1.len()));
                let signature = digest::signature(&copy, Role::Client, &s1_digest);
                out.push([copy.as_ref(), &signature].concat().into());
            }
        }
    }

    fn examine(&self, s2: &[u8]) -> Proof {
        if self
            .c1_digest
            .is_some_and(|digest| digest::is_signed(s2, Role::Server, &digest))
        {
            return Proof::Signed;
        }
        // Time and time2 are left out: servers fill them in as they like. So is where a signature
        // would be.
        let random = 8..SIGNED;
        if s2.get(random.clone()) == self.c1.get(random) {
            Proof::Echoed
        } else {
            Proof::Wrong
        }
    }
}

/// The version in a signed C1, of the kind that Flash Player 10 sends.
const OUR_VERSION: [u8; 4] = [10, 0, 45, 2];

fn check_version(version: u8) -> Result<(), HandshakeError> {
    match version {
        VERSION => Ok(()),
        // An alert or a handshake record: the port wants TLS.
        0x15 | 0x16 => Err(HandshakeError::Tls),
        32.. => Err(HandshakeError::Text(version)),
        other => Err(HandshakeError::Version(other)),
    }
}
