//! The bare loop of those who come and go: takes a connection, gives the answers that let a player in, and lets it go.

use std::io::{self, Read as _, Write as _};

use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};

use super::{LISTENER, MSID, wait};
use crate::{
    error::{Doing, Result},
    wire,
};

/// As much as a server reads at once.
const READ_BYTES: usize = 64 * 1024;

/// One read and one write for each of the four steps of the conversation; ends with the process.
pub(super) fn run(poll: &mut Poll, listener: &TcpListener) -> Result<()> {
    let mut events = Events::with_capacity(1024);
    let mut guests: Vec<Option<Guest>> = Vec::new();
    let mut free = Vec::new();
    let mut buffer = vec![0; READ_BYTES];
    let script = Script::new();
    loop {
        wait(poll, &mut events)?;
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut socket, _)) = listener.accept() {
                    let place = free.pop().unwrap_or(guests.len());
                    socket
                        .set_nodelay(true)
                        .and_then(|()| {
                            let token = Token(place);
                            poll.registry()
                                .register(&mut socket, token, Interest::READABLE)
                        })
                        .doing(|| "taking a connection".to_owned())?;
                    let guest = Some(Guest::new(socket));
                    match guests.get_mut(place) {
                        Some(slot) => *slot = guest,
                        None => guests.push(guest),
                    }
                }
            } else if let Some(slot) = guests.get_mut(event.token().0)
                && let Some(guest) = slot
                && guest.answer(&mut buffer, &script).is_err()
            {
                *slot = None;
                free.push(event.token().0);
            }
        }
    }
}

/// What is said in each step, made once.
struct Script([Step; 4]);

struct Step {
    /// Bytes of the client after which it is said.
    after: usize,
    answer: Vec<u8>,
}

impl Script {
    fn new() -> Self {
        let shaken = wire::C0_C1 + wire::C2;
        let step = |after, answer| Step { after, answer };
        Self([
            step(wire::C0_C1, vec![3; wire::S0_S1_S2]),
            step(shaken + 1, wire::connected()),
            // What comes next is createStream, and then play, each in one piece.
            step(shaken + 2, wire::stream_created(MSID)),
            step(shaken + 3, wire::playing(MSID)),
        ])
    }
}

struct Guest {
    socket: TcpStream,
    received: usize,
    step: usize,
}

impl Guest {
    fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            received: 0,
            step: 0,
        }
    }

    /// Reads once, and says what follows.
    ///
    /// # Errors
    /// The guest has gone, or goes too far.
    fn answer(&mut self, buffer: &mut [u8], script: &Script) -> io::Result<()> {
        let count = match self.socket.read(buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            count => count?,
        };
        self.received += count;
        if let Some(step) = script.0.get(self.step)
            && self.received >= step.after
        {
            self.step += 1;
            self.socket.write_all(&step.answer)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
