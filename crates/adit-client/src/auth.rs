//! Logins of encoders: `authmod=adobe` and `authmod=llnw` (Limelight).
//!
//! The server refuses `connect`, the client connects again with an answer in the query of its
//! application, up to three connections in all:
//!
//! ```text
//! client                                      server
//! connect app                               ─▶ _error "… [ code=403 need auth; authmod=adobe ] …"
//! connect app?authmod=adobe&user=U          ─▶ _error "… ?reason=needauth&user=U&salt=S&challenge=C"
//! connect app?authmod=adobe&user=U&challenge=K&response=R ─▶ _result, or _error "… ?reason=authfailed"
//! ```
//!
//! Both rest on MD5 and give whoever listens something to guess passwords by, so they belong on
//! `rtmps`. The answers are not URL-encoded: base64 signs appear as they are.
//!
//! MD5 comes from the caller as a function.

mod challenge;
#[cfg(test)]
mod tests;

pub use self::challenge::{Challenge, Method, Refusal};
use crate::address::{Credentials, Target};
use crate::limits;
use crate::secret::Secret;

/// The MD5 of some bytes.
pub type Md5 = fn(&[u8]) -> [u8; 16];

/// Random bytes of the client, new for each answer; written as eight hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientNonce(pub [u8; 4]);

/// Why a login ends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The server wants no login; it has refused for another reason.
    #[error("the refusal asks for no login")]
    NotAsked,
    /// The server wants a login, and there is none.
    #[error("the server asks for a user and a password")]
    NoCredentials,
    /// The login is of another kind.
    #[error("the server asks for a login of an unknown kind")]
    UnknownMethod,
    /// The challenge lacks a part.
    #[error("the challenge of the server has no {part}")]
    Incomplete {
        /// The part that is missing.
        part: &'static str,
    },
    /// The login is wrong.
    #[error("the server refuses the login: {0}")]
    Refused(Refusal),
    /// The server asks again and again.
    #[error("the server asks for the login again after it was answered")]
    AskedAgain,
    /// A user name that cannot be sent.
    #[error("the user name is too long or holds a space, a control character or one of & ? #")]
    UserNotSendable,
}

/// One login: answers what a server asks, and at most [`limits::LOGIN_ANSWERS`] times.
///
/// ```
/// use adit_client::Credentials;
/// use adit_client::auth::{ClientNonce, Login, append_query};
///
/// # fn md5(_: &[u8]) -> [u8; 16] { [0; 16] }
/// let mut login = Login::new(Credentials::new("me", "secret"));
/// let refusal = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ";
/// let query = login.answer(refusal, "app", ClientNonce([1, 2, 3, 4]), md5)?;
/// assert_eq!(append_query("app", &query), "app?authmod=adobe&user=me");
/// # Ok::<(), adit_client::auth::LoginError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Login {
    credentials: Credentials,
    answers: u32,
}

impl Login {
    /// A login with these credentials.
    pub fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            answers: 0,
        }
    }

    /// The query to connect with next, without its `?`, from the description of the refusal.
    ///
    /// `app` is the path of the application without a query. Append the query to both `app` and
    /// `tcUrl` with [`append_query`].
    ///
    /// # Errors
    ///
    /// When the refusal asks for nothing that can be answered; the login is over then.
    pub fn answer(
        &mut self,
        description: &str,
        app: &str,
        nonce: ClientNonce,
        md5: Md5,
    ) -> Result<Secret, LoginError> {
        let challenge = Challenge::parse(description)?;
        let query = challenge.answer(&self.credentials, app, nonce, md5)?;
        if self.answers >= limits::LOGIN_ANSWERS {
            return Err(LoginError::AskedAgain);
        }
        self.answers += 1;
        Ok(query)
    }

    /// The same for a target.
    ///
    /// # Errors
    ///
    /// As [`answer`](Self::answer).
    pub fn answer_for(
        &mut self,
        description: &str,
        target: &Target,
        nonce: ClientNonce,
        md5: Md5,
    ) -> Result<Secret, LoginError> {
        self.answer(description, target.app(), nonce, md5)
    }
}

/// Appends a query to an application or a `tcUrl`, behind `?`, or behind `&` if it has one already.
pub fn append_query(text: &str, query: &Secret) -> String {
    let sign = if text.contains('?') { '&' } else { '?' };
    format!("{text}{sign}{}", query.expose())
}
