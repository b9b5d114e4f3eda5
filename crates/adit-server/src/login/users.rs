//! Who may log in.

use std::collections::BTreeMap;
use std::fmt;

use crate::limits::{LOGIN_USER, LOGIN_USERS};

/// Names and passwords of encoders.
///
/// Both ways of logging in hash the password itself, so it has to be kept as it is. [`Debug`](fmt::Debug) shows no passwords.
///
/// ```
/// let users = "# the studio\ncam:secret:with:colons\n".parse::<adit_server::EncoderUsers>()?;
/// assert_eq!(users.len(), 1);
/// # Ok::<(), adit_server::UsersError>(())
/// ```
#[derive(Clone, Default)]
pub struct EncoderUsers(BTreeMap<String, String>);

/// What is wrong with a list of users, and in which line. No password is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct UsersError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

impl EncoderUsers {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody can log in.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn password(&self, user: &str) -> Option<&str> {
        self.0.get(user).map(String::as_str)
    }

    fn add(&mut self, line: &str) -> Result<(), &'static str> {
        let (user, password) = line
            .split_once(':')
            .ok_or("no colon between user and password")?;
        // Names travel in a query that nobody encodes.
        let odd = |sign: char| sign.is_control() || sign.is_whitespace() || "&?#".contains(sign);
        if user.is_empty() {
            return Err("no user before the colon");
        }
        if user.contains(odd) {
            return Err("the user holds a space, a control character or one of & ? #");
        }
        if password.is_empty() {
            return Err("no password after the colon");
        }
        if user.len() > LOGIN_USER || password.len() > LOGIN_USER {
            return Err("the user or the password is longer than 128 bytes");
        }
        if self.0.insert(user.into(), password.into()).is_some() {
            return Err("this user is in the list already");
        }
        if self.0.len() > LOGIN_USERS {
            return Err("more than 10000 users");
        }
        Ok(())
    }
}

impl std::str::FromStr for EncoderUsers {
    type Err = UsersError;

    /// Reads lines of `user:password`; empty ones and those that begin with `#` count for nothing.
    fn from_str(text: &str) -> Result<Self, UsersError> {
        let mut users = Self::default();
        for (line, text) in (1..).zip(text.lines()) {
            if !text.is_empty() && !text.starts_with('#') {
                users.add(text).map_err(|what| UsersError { line, what })?;
            }
        }
        Ok(users)
    }
}

impl fmt::Debug for EncoderUsers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
