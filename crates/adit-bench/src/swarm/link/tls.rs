//! TLS around a player's connection, as cheap as rustls can be on the side that reads.

use std::{
    io::{self, BufRead, Write},
    sync::Arc,
};

use mio::event::Event;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::{Outfit, Plain, Sink};

#[derive(Debug)]
pub(in crate::swarm) struct Tls {
    plain: Plain,
    session: ClientConnection,
}

impl Tls {
    pub(super) fn new(plain: Plain, outfit: &Outfit) -> io::Result<Self> {
        let name = ServerName::IpAddress(std::net::IpAddr::from([127, 0, 0, 1]).into());
        let session = ClientConnection::new(Arc::clone(&outfit.tls), name)
            .map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self { plain, session })
    }

    pub(super) fn is_open(&self) -> bool {
        self.plain.is_open
    }

    /// Reads much at once and lets the session take it from memory: it would read 4 KiB at a time itself.
    pub(super) fn receive(
        &mut self,
        event: &Event,
        buffer: &mut [u8],
        sink: Sink<'_>,
    ) -> Result<(), String> {
        let Self { plain, session } = self;
        plain.receive(event, buffer, &mut |mut records| {
            while !records.is_empty() {
                session.read_tls(&mut records).map_err(failed)?;
                let state = session.process_new_packets();
                state.map_err(|error| format!("TLS: {error}"))?;
                deliver(session, sink)?;
            }
            Ok(())
        })?;
        self.flush()
    }

    /// Bytes sent before the handshake is over wait for it.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.session.writer().write_all(bytes).map_err(failed)?;
        self.flush()
    }

    fn flush(&mut self) -> Result<(), String> {
        while self.plain.is_open && self.session.wants_write() {
            self.session
                .write_tls(&mut self.plain.socket)
                .map_err(failed)?;
        }
        Ok(())
    }
}

/// Hands on what has been decrypted, where it lies.
fn deliver(session: &mut ClientConnection, sink: Sink<'_>) -> Result<(), String> {
    let mut reader = session.reader();
    loop {
        let count = match reader.fill_buf() {
            Ok(bytes) => {
                if !bytes.is_empty() {
                    sink(bytes)?;
                }
                bytes.len()
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(failed(error)),
        };
        if count == 0 {
            return Ok(());
        }
        reader.consume(count);
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "map_err hands it over by value"
)]
fn failed(error: io::Error) -> String {
    error.to_string()
}

/// What all players of a swarm share. They believe any certificate: the server is our own child.
pub(in crate::swarm) fn client_config() -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Believer))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct Believer;

impl ServerCertVerifier for Believer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
