//! The port of the HTTP API.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use adit_server::api::{ApiConfig, ApiListener, ApiRefused, GuestList, Guests, Token, TokenError};
use adit_server::control::Control;
use thiserror::Error;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::config::api::Api;
use crate::ui;

/// Why there is no API where one was asked for.
#[derive(Debug, Error)]
pub(crate) enum ApiError {
    /// The port cannot be had.
    #[error(transparent)]
    Refused(#[from] ApiRefused),
    /// The token cannot be used.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// The API before it is served, and where its token is if the server keeps it.
pub(super) struct Bound {
    listener: ApiListener,
    kept: Option<PathBuf>,
}

/// The API while it is served.
pub(super) struct Served {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Binds the port, if there is to be one, or goes on with the socket of the server that was here before.
///
/// # Errors
/// The port cannot be had, or the token cannot be used.
pub(super) async fn bind(
    asked: &Api,
    state_directory: &Path,
    handed_over: Option<TcpListener>,
) -> Result<Option<Bound>, ApiError> {
    let Some(listen) = &asked.listen else {
        return Ok(None);
    };
    let (guests, kept) = guests(asked, state_directory)?;
    let config = ApiConfig::new(listen.0, guests);
    let listener = match handed_over.filter(|socket| is_at(socket, listen.0)) {
        Some(socket) => ApiListener::from_socket(config, socket).map_err(|cause| ApiRefused {
            address: listen.0,
            cause,
        })?,
        None => ApiListener::bind(config).await?,
    };
    if !listener.local_addr().ip().is_loopback() {
        tracing::warn!(
            address = %listener.local_addr(),
            "other machines reach the API, and what is said there is not encrypted; put something before it that encrypts"
        );
    }
    Ok(Some(Bound { listener, kept }))
}

/// Who may use it, and the file of the token if the server keeps it. Blocks.
///
/// # Errors
/// The token cannot be used.
pub(super) fn guests(
    asked: &Api,
    state_directory: &Path,
) -> Result<(Guests, Option<PathBuf>), TokenError> {
    let (token, kept) = if let Some(secret) = &asked.token {
        (Token::new(&secret.0)?, None)
    } else {
        let path = state_directory.join("api-token");
        (Token::keep(&path)?, Some(path))
    };
    let mut guests = Guests::new(token);
    guests.hosts.clone_from(&asked.hosts);
    Ok((guests, kept))
}

/// Whether what the configuration says about the API can be used.
///
/// # Errors
/// Its token cannot.
pub(crate) fn check(asked: &Api) -> Result<(), ApiError> {
    match &asked.token {
        Some(secret) => Ok(Token::new(&secret.0).map(drop)?),
        None => Ok(()),
    }
}

/// Whether a socket listens where it is asked for; port 0 is any.
fn is_at(socket: &TcpListener, asked: SocketAddr) -> bool {
    let address = socket.local_addr();
    address
        .is_ok_and(|address| address == asked || (asked.port() == 0 && address.ip() == asked.ip()))
}

impl Bound {
    /// The socket once more, for a server that takes over.
    pub(super) fn share(&self) -> io::Result<OwnedFd> {
        self.listener.share()
    }

    /// Who may use it, to be changed while it is served.
    pub(super) fn guests(&self) -> GuestList {
        self.listener.guests()
    }

    /// Says where it is.
    fn print(&self) {
        let address = self.listener.local_addr();
        ui::line(&format!("api on http://{address}"));
        if let Some(path) = &self.kept {
            ui::line(&format!("api token in {}", path.display()));
        }
    }

    /// Says where it is, and answers until it is told to stop.
    pub(super) fn serve(self, control: Control) -> Served {
        self.print();
        let (stop, told) = oneshot::channel();
        let serving = self
            .listener
            .serve(control, async move { drop(told.await) });
        Served {
            stop,
            task: tokio::spawn(serving),
        }
    }
}

impl Served {
    /// Lets what is being answered end.
    pub(super) async fn stop(self) {
        drop(self.stop);
        // Whoever does not take an answer does not keep the process.
        drop(tokio::time::timeout(Duration::from_secs(1), self.task).await);
    }
}

/// What the person can do about it.
pub(super) fn remedy(error: &ApiError) -> Option<String> {
    match error {
        ApiError::Refused(_) => None,
        ApiError::Token(error) => Some(token_remedy(error)),
    }
}

/// The same for a token.
pub(super) fn token_remedy(error: &TokenError) -> String {
    match error {
        TokenError::Open(path) => format!(
            "to close it: chmod 600 {}; if others may have read it, remove it instead, and another one is made",
            path.display()
        ),
        _ => "choose 16 characters or more for api.token, or leave it out: then one is made in the state directory".to_owned(),
    }
}
