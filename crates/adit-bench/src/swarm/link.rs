//! How a player reaches its server: plain TCP, TLS, or the tunnel. Bytes in and bytes out are RTMP's.

mod tls;
mod tunnel;

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    time::Instant,
};

use mio::{Interest, Registry, Token, event::Event, net::TcpStream};

pub(super) use self::tls::client_config;
use self::{tls::Tls, tunnel::Tunnel};
use super::Outfit;

/// Tokens a player has: one for each connection its link may need.
pub(super) const TOKENS: usize = 8;

/// What carries RTMP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    Rtmp,
    Rtmps,
    /// As Adit's client polls; its state machine decides what is asked when.
    Rtmpt,
}

/// One player's link.
#[derive(Debug)]
pub(super) enum Link {
    Plain(Plain),
    Tls(Box<Tls>),
    Tunnel(Box<Tunnel>),
}

/// Takes the RTMP bytes that came, in order; an error ends the player.
pub(super) type Sink<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), String>;

impl Link {
    /// Begins to connect. `first` is the first of the `TOKENS` tokens that are this player's.
    pub(super) fn open(
        address: SocketAddr,
        outfit: &Outfit,
        registry: &Registry,
        first: Token,
    ) -> io::Result<Self> {
        Ok(match outfit.way {
            Way::Rtmp => Self::Plain(Plain::open(address, registry, first)?),
            Way::Rtmps => {
                let socket = Plain::open(address, registry, first)?;
                Self::Tls(Box::new(Tls::new(socket, outfit)?))
            }
            Way::Rtmpt => Self::Tunnel(Box::new(Tunnel::new(address, first))),
        })
    }

    /// Whether bytes can be sent; the first readiness event of a plain connection says so.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Plain(plain) => plain.is_open,
            Self::Tls(tls) => tls.is_open(),
            Self::Tunnel(_) => true,
        }
    }

    /// Takes a readiness event. `lane` is the number of the token within the player's.
    pub(super) fn receive(
        &mut self,
        (lane, event): (usize, &Event),
        buffer: &mut [u8],
        registry: &Registry,
        sink: Sink<'_>,
    ) -> Result<(), String> {
        match self {
            Self::Plain(plain) => plain.receive(event, buffer, sink),
            Self::Tls(tls) => tls.receive(event, buffer, sink),
            Self::Tunnel(tunnel) => tunnel.receive((lane, event), buffer, registry, sink),
        }
    }

    /// Sends bytes that fit, because there is little to send and the connection is fresh or idle.
    pub(super) fn send(&mut self, bytes: &[u8], registry: &Registry) -> Result<(), String> {
        match self {
            Self::Plain(plain) => plain.send(bytes),
            Self::Tls(tls) => tls.send(bytes),
            Self::Tunnel(tunnel) => tunnel.send(bytes, registry),
        }
    }

    /// When `wake` must be called at the latest.
    pub(super) fn due(&self) -> Option<Instant> {
        match self {
            Self::Plain(_) | Self::Tls(_) => None,
            Self::Tunnel(tunnel) => tunnel.due(),
        }
    }

    /// Time has passed.
    pub(super) fn wake(&mut self, registry: &Registry) -> Result<(), String> {
        match self {
            Self::Plain(_) | Self::Tls(_) => Ok(()),
            Self::Tunnel(tunnel) => tunnel.wake(registry),
        }
    }
}

/// A TCP connection.
#[derive(Debug)]
pub(super) struct Plain {
    socket: TcpStream,
    is_open: bool,
}

impl Plain {
    fn open(address: SocketAddr, registry: &Registry, token: Token) -> io::Result<Self> {
        let mut socket = TcpStream::connect(address)?;
        registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            socket,
            is_open: false,
        })
    }

    /// Notes that the connection stands, once an event says so.
    fn look(&mut self, event: &Event) -> Result<(), String> {
        if self.is_open || !event.is_writable() {
            return Ok(());
        }
        let failed = |error: io::Error| error.to_string();
        if let Some(error) = self.socket.take_error().map_err(failed)? {
            return Err(error.to_string());
        }
        self.socket.set_nodelay(true).map_err(failed)?;
        self.is_open = true;
        Ok(())
    }

    fn receive(&mut self, event: &Event, buffer: &mut [u8], sink: Sink<'_>) -> Result<(), String> {
        self.look(event)?;
        if !self.is_open || !(event.is_readable() || event.is_read_closed()) {
            return Ok(());
        }
        // Edge triggered: a short read has emptied the socket, unless its end was announced.
        loop {
            match self.socket.read(buffer) {
                Ok(0) => return Err("the server closed the connection".to_owned()),
                Ok(count) => {
                    sink(buffer.get(..count).unwrap_or_default())?;
                    if count < buffer.len() && !event.is_read_closed() {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        match self.socket.write(bytes) {
            Ok(count) if count == bytes.len() => Ok(()),
            Ok(_) => Err("the server does not read".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}
