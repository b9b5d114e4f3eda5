//! Reading what a server asks, and answering it.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{ClientNonce, LoginError, Md5};
use crate::address::Credentials;
use crate::limits;
use crate::secret::Secret;

/// The kind of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// `authmod=adobe`.
    Adobe,
    /// `authmod=llnw`.
    Limelight,
}

impl Method {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Adobe => "adobe",
            Self::Limelight => "llnw",
        }
    }
}

/// Why a server refuses a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// The password is wrong.
    Password,
    /// There is no such user.
    User,
    /// A reason this client does not know.
    Other,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password => "wrong password",
            Self::User => "no such user",
            Self::Other => "for a reason of its own",
        })
    }
}

/// What a refused `connect` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Challenge {
    /// The user's name.
    User(Method),
    /// The response of Adobe's way.
    Adobe {
        /// Goes into the hash of the password.
        salt: String,
        /// Goes into the response, unless there is `opaque`.
        challenge: Option<String>,
        /// Goes into the response and is sent back.
        opaque: Option<String>,
    },
    /// The response of Limelight's way.
    Limelight {
        /// Goes into the response and is sent back.
        nonce: String,
    },
}

impl Challenge {
    /// Reads the description of a refusal, in its long form with brackets and in shorter ones
    ///
    ///
    /// # Errors
    ///
    /// When it asks for no login, for an unknown kind, or refuses the one given.
    pub fn parse(description: &str) -> Result<Self, LoginError> {
        if description.len() > limits::CHALLENGE {
            return Err(LoginError::NotAsked);
        }
        let method = method(description)?;
        let Some((_, rest)) = description.split_once("?reason=") else {
            return Ok(Self::User(method));
        };
        let query = rest.split(char::is_whitespace).next().unwrap_or(rest);
        let (reason, fields) = query.split_once('&').unwrap_or((query, ""));
        match reason {
            "needauth" => Self::from_fields(method, fields),
            "nosuchuser" => Err(LoginError::Refused(Refusal::User)),
            // "authfailed" and, of Limelight, "authfail".
            _ if reason.starts_with("authfail") => Err(LoginError::Refused(Refusal::Password)),
            _ => Err(LoginError::Refused(Refusal::Other)),
        }
    }

    fn from_fields(method: Method, fields: &str) -> Result<Self, LoginError> {
        let field = |name: &str| {
            let mut pairs = fields.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(key, value)| *key == name && !value.is_empty())?;
            Some(value.to_owned())
        };
        let needed = |name: &'static str| field(name).ok_or(LoginError::Incomplete { part: name });
        match method {
            Method::Limelight => Ok(Self::Limelight {
                nonce: needed("nonce")?,
            }),
            Method::Adobe => {
                let (challenge, opaque) = (field("challenge"), field("opaque"));
                if challenge.is_none() && opaque.is_none() {
                    return Err(LoginError::Incomplete { part: "challenge" });
                }
                Ok(Self::Adobe {
                    salt: needed("salt")?,
                    challenge,
                    opaque,
                })
            }
        }
    }

    /// The query that answers, without its `?`.
    ///
    /// Where a server sends both `challenge` and `opaque`, `opaque` is hashed. An
    /// application without an instance counts as `app/_definst_` in Limelight's way.
    ///
    /// # Errors
    ///
    /// When the user's name cannot be sent.
    pub fn answer(
        &self,
        credentials: &Credentials,
        app: &str,
        nonce: ClientNonce,
        md5: Md5,
    ) -> Result<Secret, LoginError> {
        let user = sendable(credentials.user())?;
        let password = credentials.password().expose();
        let nonce = hex::encode(nonce.0);
        let query = match self {
            Self::User(method) => format!("authmod={}&user={user}", method.as_str()),
            Self::Adobe {
                salt,
                challenge,
                opaque,
            } => {
                let secret =
                    BASE64_STANDARD.encode(md5(format!("{user}{salt}{password}").as_bytes()));
                let given = opaque.as_ref().or(challenge.as_ref());
                let given = given.map_or("", String::as_str);
                let response =
                    BASE64_STANDARD.encode(md5(format!("{secret}{given}{nonce}").as_bytes()));
                let back = match opaque {
                    Some(opaque) => format!("&opaque={opaque}"),
                    None => String::new(),
                };
                format!("authmod=adobe&user={user}&challenge={nonce}&response={response}{back}")
            }
            Self::Limelight { nonce: given } => {
                let instance = if app.contains('/') { "" } else { "/_definst_" };
                let who = hex::encode(md5(format!("{user}:live:{password}").as_bytes()));
                let what = hex::encode(md5(format!("publish:/{app}{instance}").as_bytes()));
                let all = format!("{who}:{given}:{COUNT}:{nonce}:auth:{what}");
                let response = hex::encode(md5(all.as_bytes()));
                format!(
                    "authmod=llnw&user={user}&nonce={given}&cnonce={nonce}&nc={COUNT}&response={response}"
                )
            }
        };
        Ok(Secret::new(query))
    }
}

fn method(description: &str) -> Result<Method, LoginError> {
    let Some((_, rest)) = description.split_once("authmod=") else {
        return Err(LoginError::NotAsked);
    };
    let ends = |c: char| c.is_whitespace() || matches!(c, ']' | ';' | '&' | ':');
    match rest.split(ends).next() {
        Some("adobe") => Ok(Method::Adobe),
        Some("llnw") => Ok(Method::Limelight),
        _ => Err(LoginError::UnknownMethod),
    }
}

/// The name, if it can stand in a query that nobody encodes.
fn sendable(user: &str) -> Result<&str, LoginError> {
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '&' | '?' | '#');
    if user.is_empty() || user.len() > limits::USER || user.contains(odd) {
        return Err(LoginError::UserNotSendable);
    }
    Ok(user)
}

/// The number of this use of the nonce: always the first.
const COUNT: &str = "00000001";
