//! The bare loop of publishers: reads what they send, and does nothing with it.

use std::io::Read;

use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};

use super::{LISTENER, wait};
use crate::error::{Doing, Result};

/// As much as a server reads at once.
const READ_BYTES: usize = 64 * 1024;

/// One read for each time that a connection has become readable; ends with the process.
pub(super) fn run(poll: &mut Poll, listener: &TcpListener) -> Result<()> {
    let mut events = Events::with_capacity(1024);
    let mut connections: Vec<Option<TcpStream>> = Vec::new();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        wait(poll, &mut events)?;
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut socket, _)) = listener.accept() {
                    let token = Token(connections.len());
                    poll.registry()
                        .register(&mut socket, token, Interest::READABLE)
                        .doing(|| "taking a connection".to_owned())?;
                    connections.push(Some(socket));
                }
            } else if let Some(slot) = connections.get_mut(event.token().0)
                && let Some(socket) = slot
                // Less than the buffer holds is all there was, and more will be told of.
                && matches!(socket.read(&mut buffer), Ok(0))
            {
                *slot = None;
            }
        }
    }
}
