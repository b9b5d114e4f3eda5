//! RTMPT for the swarm: the state machine of Adit's client over the smallest HTTP that serves it.

use std::{io::Write, net::SocketAddr, time::Instant};

use adit_rtmpt::client::{
    ClientConfig, ClientState, ClientTunnel, Connection, ContentType, Lane, Reply, Request,
    ServerKind,
};
use bytes::Bytes;
use mio::{Registry, Token, event::Event};

use super::{Plain, Sink};

/// Longer heads are no reply of a tunnel.
const MAX_HEAD: usize = 4096;
/// Longer bodies are no reply of a tunnel.
const MAX_BODY: usize = 4 * 1024 * 1024;

#[derive(Debug)]
pub(in crate::swarm) struct Tunnel {
    address: SocketAddr,
    first: Token,
    machine: ClientTunnel,
    /// Made when the first request comes out for them.
    lanes: [Option<Http>; Lane::ALL.len()],
}

/// One HTTP connection.
#[derive(Debug)]
struct Http {
    plain: Plain,
    /// A request that waits for the connection to stand.
    out: Vec<u8>,
    /// A reply as far as it has come.
    reply: Vec<u8>,
}

impl Tunnel {
    pub(super) fn new(address: SocketAddr, first: Token) -> Self {
        Self {
            address,
            first,
            machine: ClientTunnel::new(Instant::now(), ClientConfig::default()),
            lanes: Default::default(),
        }
    }

    pub(super) fn receive(
        &mut self,
        (number, event): (usize, &Event),
        buffer: &mut [u8],
        registry: &Registry,
        sink: Sink<'_>,
    ) -> Result<(), String> {
        let lane = *Lane::ALL.get(number).ok_or("an event of no lane")?;
        let mut replies = Vec::new();
        if let Some(Some(http)) = self.lanes.get_mut(number) {
            http.receive(event, buffer, &mut replies)?;
        }
        let now = Instant::now();
        for reply in replies {
            self.machine.handle_reply(now, lane, reply);
        }
        while let Some(bytes) = self.machine.poll_received() {
            sink(&bytes)?;
        }
        self.ask(registry)
    }

    pub(super) fn send(&mut self, mut bytes: &[u8], registry: &Registry) -> Result<(), String> {
        self.machine.write(&mut bytes);
        if !bytes.is_empty() {
            return Err("the tunnel takes no more".to_owned());
        }
        self.ask(registry)
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.machine.poll_timeout()
    }

    pub(super) fn wake(&mut self, registry: &Registry) -> Result<(), String> {
        self.machine.handle_timeout(Instant::now());
        self.ask(registry)
    }

    /// Sends the requests that are due.
    fn ask(&mut self, registry: &Registry) -> Result<(), String> {
        while let Some((lane, request)) = self.machine.poll_request(Instant::now()) {
            let number = lane.index();
            let Some(place) = self.lanes.get_mut(number) else {
                continue;
            };
            if request.connection == Connection::Fresh {
                *place = None;
            }
            if place.is_none() {
                let token = Token(self.first.0 + number);
                let plain = Plain::open(self.address, registry, token);
                *place = Some(Http {
                    plain: plain.map_err(|error| error.to_string())?,
                    out: Vec::new(),
                    reply: Vec::new(),
                });
            }
            if let Some(http) = place {
                http.ask(self.address, &request)?;
            }
        }
        match self.machine.state() {
            ClientState::Failed(error) => Err(error.to_string()),
            ClientState::Closed(_) => Err("the server closed the tunnel".to_owned()),
            _ => Ok(()),
        }
    }
}

impl Http {
    fn ask(&mut self, host: SocketAddr, request: &Request) -> Result<(), String> {
        write!(
            self.out,
            "POST {} HTTP/1.1\r\nhost: {host}\r\nuser-agent: adit\r\n\
             content-type: application/x-fcs\r\nconnection: Keep-Alive\r\n\
             cache-control: no-cache\r\ncontent-length: {}\r\n\r\n",
            request.target,
            request.body.len()
        )
        .map_err(|error| error.to_string())?;
        self.out.extend_from_slice(&request.body);
        self.flush()
    }

    fn flush(&mut self) -> Result<(), String> {
        if self.plain.is_open && !self.out.is_empty() {
            self.plain.send(&self.out)?;
            self.out.clear();
        }
        Ok(())
    }

    fn receive(
        &mut self,
        event: &Event,
        buffer: &mut [u8],
        replies: &mut Vec<Reply>,
    ) -> Result<(), String> {
        let Self { plain, reply, .. } = self;
        plain.receive(event, buffer, &mut |bytes| {
            reply.extend_from_slice(bytes);
            while let Some((whole, size)) = parse(reply)? {
                replies.push(whole);
                reply.drain(..size);
            }
            Ok(())
        })?;
        self.flush()
    }
}

/// The reply at the beginning of `bytes` and its size; None while it is not whole.
fn parse(bytes: &[u8]) -> Result<Option<(Reply, usize)>, String> {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else {
        if bytes.len() > MAX_HEAD {
            return Err("a reply's head is too long".to_owned());
        }
        return Ok(None);
    };
    let head = bytes.get(..end).unwrap_or_default();
    let head = std::str::from_utf8(head).map_err(|_| "a reply's head is no text")?;
    let mut lines = head.split("\r\n");
    let status: u16 = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok())
        .ok_or("a reply without a status")?;
    let (mut length, mut content, mut server) = (None, None, None);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().ok();
        } else if name.eq_ignore_ascii_case("content-type") {
            content = Some(value.as_bytes());
        } else if name.eq_ignore_ascii_case(ServerKind::FIELD) {
            server = Some(value.as_bytes());
        }
    }
    let length: usize = length
        .filter(|length| *length <= MAX_BODY)
        .ok_or("a reply without a proper length")?;
    let begin = end + 4;
    let Some(body) = bytes.get(begin..begin + length) else {
        return Ok(None);
    };
    let reply = Reply::new(status, Bytes::copy_from_slice(body))
        .with_content(ContentType::from_fields(content))
        .with_server(ServerKind::from_field(server));
    Ok(Some((reply, begin + length)))
}

#[cfg(test)]
mod tests;
