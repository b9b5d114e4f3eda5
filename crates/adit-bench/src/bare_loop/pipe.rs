//! What the bare loop writes to: a plain connection, or a rustls session around one.

use std::{
    collections::VecDeque,
    io::{self, IoSlice, Write},
    rc::Rc,
    sync::Arc,
};

use mio::net::TcpStream;
use rcgen::CertifiedKey;
use rustls::{ServerConfig, ServerConnection, crypto::aws_lc_rs};

use crate::error::{Error, Result};

/// A player this many batches behind is dropped.
const MAX_BEHIND: usize = 512;
/// A player with this many encrypted bytes behind is dropped.
const MAX_ENCRYPTED: usize = 16 * 1024 * 1024;
/// Slices the kernel takes in one vectored write.
const MAX_SLICES: usize = 1024;

/// Chunk heads and payloads in turn, shared by all connections.
pub(super) type Batch = Rc<Vec<Vec<u8>>>;

/// One connection; an error from any of its methods means that the player is gone.
pub(super) enum Pipe {
    Plain(Plain),
    Tls(Box<Tls>),
}

impl Pipe {
    pub(super) fn new(socket: TcpStream, tls: Option<&Arc<ServerConfig>>) -> Result<Self> {
        let Some(config) = tls else {
            return Ok(Self::Plain(Plain {
                socket,
                behind: VecDeque::new(),
                written: 0,
            }));
        };
        let mut session = ServerConnection::new(Arc::clone(config)).map_err(refused)?;
        session.set_buffer_limit(Some(MAX_ENCRYPTED));
        Ok(Self::Tls(Box::new(Tls { socket, session })))
    }

    pub(super) fn send(&mut self, batch: &Batch, slices: &[IoSlice<'_>]) -> io::Result<()> {
        match self {
            Self::Plain(plain) => plain.send(batch, slices),
            Self::Tls(tls) => tls.send(slices),
        }
    }

    /// The socket is readable or writable again.
    pub(super) fn go_on(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(plain) => plain.catch_up(),
            Self::Tls(tls) => tls.go_on(),
        }
    }
}

pub(super) struct Plain {
    socket: TcpStream,
    /// Batches not yet written whole, and the bytes of the first one that are.
    behind: VecDeque<Batch>,
    written: usize,
}

impl Plain {
    fn send(&mut self, batch: &Batch, slices: &[IoSlice<'_>]) -> io::Result<()> {
        if !self.behind.is_empty() {
            self.behind.push_back(Rc::clone(batch));
            if self.behind.len() > MAX_BEHIND {
                return Err(io::Error::other("a player is too far behind"));
            }
            return Ok(());
        }
        let whole: usize = batch.iter().map(Vec::len).sum();
        match self.socket.write_vectored(slices) {
            Ok(count) if count == whole => Ok(()),
            Ok(count) => {
                self.written = count;
                self.behind.push_back(Rc::clone(batch));
                self.catch_up()
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.behind.push_back(Rc::clone(batch));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Writes what the connection is behind until it blocks.
    fn catch_up(&mut self) -> io::Result<()> {
        while let Some(batch) = self.behind.front() {
            let mut skip = self.written;
            let mut slices = Vec::with_capacity(batch.len());
            for part in batch.iter() {
                let left = part.get(skip.min(part.len())..).unwrap_or_default();
                skip -= part.len() - left.len();
                if !left.is_empty() && slices.len() < MAX_SLICES {
                    slices.push(IoSlice::new(left));
                }
            }
            if slices.is_empty() {
                self.behind.pop_front();
                self.written = 0;
                continue;
            }
            match self.socket.write_vectored(&slices) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

pub(super) struct Tls {
    socket: TcpStream,
    session: ServerConnection,
}

impl Tls {
    /// Encrypts the batch and writes it; until the handshake is over there is nobody to send it to.
    fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<()> {
        if self.session.is_handshaking() {
            return Ok(());
        }
        let whole: usize = slices.iter().map(|slice| slice.len()).sum();
        if self.session.writer().write_vectored(slices)? < whole {
            return Err(io::Error::other("a player is too far behind"));
        }
        self.write()
    }

    fn go_on(&mut self) -> io::Result<()> {
        loop {
            match self.session.read_tls(&mut self.socket) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            self.session
                .process_new_packets()
                .map_err(io::Error::other)?;
        }
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut self.socket) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A certificate of our own, and no tickets, as Adit sends none.
pub(super) fn server_config() -> Result<Arc<ServerConfig>> {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()])
            .map_err(|error| Error::Setup(error.to_string()))?;
    let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der())
        .map_err(|error| Error::Setup(error.to_owned()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(refused)?
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .map_err(refused)?;
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "map_err hands it over by value"
)]
fn refused(error: rustls::Error) -> Error {
    Error::Setup(format!("TLS: {error}"))
}
