//! Request targets: which of the tunnel's paths is asked for.

use crate::limits;
use crate::request::Sequence;
use crate::session_id::SessionId;

/// What a request target asks for.
///
/// A `session` of `None` is a text that no session of ours can have. Look it up all the same, so that it counts as a guess
/// and is answered like any other unknown id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Target {
    /// `/fcs/ident`
    Ident,
    /// `/fcs/ident2`
    Ident2,
    /// `/open/1`
    Open,
    /// `/send/SID/SEQ`
    Send {
        /// Whose session.
        session: Option<SessionId>,
        /// The request's number.
        sequence: Sequence,
    },
    /// `/idle/SID/SEQ`
    Idle {
        /// Whose session.
        session: Option<SessionId>,
        /// The request's number.
        sequence: Sequence,
    },
    /// `/close/SID` or `/close/SID/SEQ`
    Close {
        /// Whose session.
        session: Option<SessionId>,
        /// The request's number, which some clients leave out.
        sequence: Option<Sequence>,
    },
    /// `/close/2`, a close that names no session (Q-127): answer 200 with the single byte 0x00.
    CloseNothing,
    /// Not one of the tunnel's paths: the rest of the HTTP server decides.
    Other,
}

/// One of the tunnel's paths, but not one that can be served: answer 400.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTarget {
    /// Too few, too many or empty parts.
    #[error("the tunnel path has the wrong number of parts")]
    Shape,
    /// The number is missing, not all digits, or too large.
    #[error("the tunnel path has no valid sequence number")]
    Sequence,
    /// Something is percent-encoded; nothing in these paths needs to be.
    #[error("the tunnel path is percent-encoded")]
    Encoded,
    /// Longer than [`limits::TARGET`].
    #[error("the request target is longer than {} bytes", limits::TARGET)]
    TooLong,
}

/// Reads a request target, `/send/SID/5` or `http://host:443/send/SID/5?x=y`. The query is ignored.
///
/// The absolute form is what proxies and some ffmpegs send, even inside TLS and with the wrong scheme (Q-125); its host is
/// not looked at here.
///
/// ```text
///   /fcs/ident   /fcs/ident2   /open/1   /send/SID/SEQ   /idle/SID/SEQ   /close/SID   /close/SID/SEQ   /close/2
/// ```
///
/// # Errors
///
/// [`InvalidTarget`] when the first part is one of the tunnel's and the rest cannot be served.
pub fn parse(target: &str) -> Result<Target, InvalidTarget> {
    let Some(path) = path_of(target) else {
        return Ok(Target::Other);
    };
    let mut parts = path.split('/');
    let verb = parts.next();
    let (first, second, more) = (parts.next(), parts.next(), parts.next());
    if !matches!(verb, Some("fcs" | "open" | "send" | "idle" | "close")) {
        return Ok(Target::Other);
    }
    if target.len() > limits::TARGET {
        return Err(InvalidTarget::TooLong);
    }
    if path.contains('%') {
        return Err(InvalidTarget::Encoded);
    }
    match (verb, first, second, more) {
        (Some("fcs"), Some("ident"), None, None) => Ok(Target::Ident),
        (Some("fcs"), Some("ident2"), None, None) => Ok(Target::Ident2),
        (Some("fcs"), ..) => Ok(Target::Other),
        (_, None | Some(""), ..) | (_, _, Some(""), _) | (.., Some(_)) => Err(InvalidTarget::Shape),
        // Whatever stands here is not an id: the server always makes its own.
        (Some("open"), Some(_), None, None) => Ok(Target::Open),
        (Some("close"), Some(id), None, None) => Ok(close_without_number(id)),
        (Some("close"), Some(id), Some(number), None) => Ok(Target::Close {
            session: session(id),
            sequence: Some(sequence(number)?),
        }),
        (Some("send"), Some(id), Some(number), None) => Ok(Target::Send {
            session: session(id),
            sequence: sequence(number)?,
        }),
        (Some("idle"), Some(id), Some(number), None) => Ok(Target::Idle {
            session: session(id),
            sequence: sequence(number)?,
        }),
        _ => Err(InvalidTarget::Shape),
    }
}

/// The path after its first slash, without the query; `None` when the target has no such path.
fn path_of(target: &str) -> Option<&str> {
    let rest = if let Some(rest) = target.strip_prefix('/') {
        rest
    } else {
        let (scheme, rest) = target.split_once("://")?;
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return None;
        }
        let (authority, path) = rest.split_once('/')?;
        if authority.contains(['?', '#']) {
            return None;
        }
        path
    };
    rest.split('?').next()
}

fn session(id: &str) -> Option<SessionId> {
    SessionId::parse(id).ok()
}

fn close_without_number(id: &str) -> Target {
    match (session(id), sequence(id)) {
        (None, Ok(_)) => Target::CloseNothing,
        (session, _) => Target::Close {
            session,
            sequence: None,
        },
    }
}

/// Digits only: `parse` alone would also take a plus sign.
fn sequence(text: &str) -> Result<Sequence, InvalidTarget> {
    if text.len() > SEQUENCE_DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidTarget::Sequence);
    }
    text.parse()
        .map(Sequence::new)
        .map_err(|_| InvalidTarget::Sequence)
}

/// As many digits as always fit 64 bits.
const SEQUENCE_DIGITS: usize = 19;

#[cfg(test)]
mod tests;
