//! A destination over several connections: where it was sent to, and how it logs in.

use std::time::Instant;

use super::Peer;
use super::error::ConnectError;
use super::refusal;
use crate::address::Target;
use crate::auth::Login;
use crate::connection::NetConnection;
use crate::redirect::{RedirectError, Redirects};
use crate::secret::Secret;
use crate::strategy::Rung;

/// A target, and where its server has sent us: redirects are counted for each
/// connection, reconnect requests over all connections to it.
///
/// Every connection begins at the target itself, but for the one after a reconnect request that named another place.
///
/// ```no_run
/// use std::time::Instant;
///
/// use adit_client::connection::ConnectionEvent;
/// use adit_client::{Client, ConnectError, ConnectOptions, Destination, Target};
///
/// # async fn stay(client: Client, target: Target, options: ConnectOptions) -> Result<(), ConnectError> {
/// let mut destination = Destination::new(target);
/// 'again: loop {
///     let mut connection = client.connect_to(&mut destination, &options).await?;
///     while let Some(event) = connection.next_event().await {
///         if let ConnectionEvent::ReconnectRequested { url, .. } = event {
///             // Whatever comes of it: the next connection goes to where it may.
///             let now = Instant::now();
///             if let Err(error) = destination.reconnect_requested(now, &connection, url.as_deref()) {
///                 eprintln!("{error}");
///             }
///             connection.close().await;
///             continue 'again;
///         }
///     }
///     return Ok(());
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Destination {
    target: Target,
    redirects: Redirects,
    /// Where the next connection goes, if not to the target.
    next: Option<Step>,
    login: Option<Login>,
}

/// Where one connection goes.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) target: Target,
    /// What a login adds to the application.
    pub(super) query: Option<Secret>,
    /// The way that is known to work, for the next step of a login.
    pub(super) only: Option<Rung>,
    /// Whether addresses of this machine and network are out of bounds: a server from outside has sent us.
    pub(super) outward: bool,
}

impl Step {
    pub(super) fn to(target: Target) -> Self {
        Self {
            target,
            query: None,
            only: None,
            outward: false,
        }
    }
}

impl Destination {
    /// A destination nobody has sent us away from yet.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            redirects: Redirects::new(),
            next: None,
            login: None,
        }
    }

    /// The target as it was given.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Follows a reconnect request [E-RTMP v2 Reconnect Request] that came on `connection`: the next connection goes to where
    /// `url` points. Only that one: if it does not come about, the one after it goes to the target again.
    ///
    /// # Errors
    ///
    /// The server must not be followed. The next connection goes to the target then.
    pub fn reconnect_requested(
        &mut self,
        now: Instant,
        connection: &NetConnection,
        url: Option<&str>,
    ) -> Result<(), RedirectError> {
        self.next = None;
        let current = connection.target();
        let target = self.redirects.reconnect(now, current, url)?;
        let peer = Peer::of(connection.info(), connection.rung(), current);
        self.next = Some(Step {
            outward: peer == Peer::Far && target.host() != current.host(),
            ..Step::to(target)
        });
        Ok(())
    }

    pub(super) fn begin(&mut self) -> Step {
        self.login = None;
        self.redirects.begin();
        self.next
            .take()
            .unwrap_or_else(|| Step::to(self.target.clone()))
    }

    pub(super) fn redirected(
        &mut self,
        step: &Step,
        url: &str,
        peer: Peer,
    ) -> Result<Step, ConnectError> {
        let target = self.redirects.redirect(&step.target, url)?;
        self.login = None;
        Ok(Step {
            outward: step.outward || peer == Peer::Far,
            ..Step::to(target)
        })
    }

    pub(super) fn login(
        &mut self,
        step: Step,
        rung: &Rung,
        description: &str,
    ) -> Result<Step, ConnectError> {
        let query = refusal::answer(
            &mut self.login,
            step.query.as_ref(),
            &step.target,
            description,
        )?;
        Ok(Step {
            query: Some(query),
            only: Some(rung.clone()),
            ..step
        })
    }
}
