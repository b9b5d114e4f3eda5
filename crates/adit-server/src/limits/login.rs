//! Limits of logins of encoders.

use std::time::Duration;

/// A challenge is to be answered in this time (`login.expiry`); encoders connect again at once.
pub(crate) const LOGIN_EXPIRY: Duration = Duration::from_secs(30);

/// Challenges that wait for an answer (`login.challenges`); the oldest is forgotten for one more.
pub(crate) const LOGIN_CHALLENGES: usize = 4_096;

/// Of these, those given to one address (`login.challenges_per_ip`); its oldest is forgotten for one more.
pub(crate) const LOGIN_CHALLENGES_PER_ADDRESS: usize = 64;

/// Bytes of the name of an encoder, and of its password (`login.user`).
pub(crate) const LOGIN_USER: usize = 128;

/// Encoders that may log in (`login.users`).
pub(crate) const LOGIN_USERS: usize = 10_000;
