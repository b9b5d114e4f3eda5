//! Where and why an attempt fails.

use std::fmt;

use adit_net::client::ProxyReply;

use crate::limits;

/// How far an attempt has come, in the order in which stages are entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stage {
    /// Looking up the name: of the server, or of the proxy.
    Dns,
    /// Connecting to it.
    Tcp,
    /// Asking the proxy for the way on, in TLS if it wants that.
    Proxy,
    /// TLS with the server.
    Tls,
    /// Opening the tunnel.
    Http,
    /// The RTMP handshake.
    Handshake,
    /// The `connect` command.
    Connect,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 7] = [
        Self::Dns,
        Self::Tcp,
        Self::Proxy,
        Self::Tls,
        Self::Http,
        Self::Handshake,
        Self::Connect,
    ];

    /// The stage in one lower case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Handshake => "handshake",
            Self::Connect => "connect",
        }
    }

    pub(super) fn index(self) -> usize {
        match self {
            Self::Dns => 0,
            Self::Tcp => 1,
            Self::Proxy => 2,
            Self::Tls => 3,
            Self::Http => 4,
            Self::Handshake => 5,
            Self::Connect => 6,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text from a peer, fit to be repeated: printable, at most [`limits::PEER_TEXT`] bytes.
///
/// ```
/// use adit_client::plan::PeerText;
///
/// assert_eq!(PeerText::new("no\u{1b}[2Jsuch\tapp\n").as_str(), "no [2Jsuch app");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PeerText(String);

impl PeerText {
    /// Cuts the text and replaces what does not print by spaces.
    pub fn new(text: &str) -> Self {
        let mut kept = String::new();
        for character in text.trim().chars() {
            let character = if is_plain(character) { character } else { ' ' };
            if kept.len() + character.len_utf8() > limits::PEER_TEXT {
                break;
            }
            kept.push(character);
        }
        Self(kept)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for PeerText {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for PeerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a terminal shows a character as itself and where it stands.
fn is_plain(character: char) -> bool {
    let directs = matches!(
        character,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    !character.is_control() && !directs
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateFault {
    /// Nobody this machine trusts has signed it.
    Untrusted,
    /// It is trusted, but for other names.
    WrongName {
        /// Which.
        names: PeerText,
    },
    /// Its time is over, or has not come.
    Expired,
    /// It cannot be read, is revoked, or breaks another rule.
    Invalid {
        /// Which.
        reason: PeerText,
    },
}

/// Reads on from "certificate …".
impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untrusted => f.write_str("not trusted"),
            Self::WrongName { names } => write!(f, "for another name: {names}"),
            Self::Expired => f.write_str("out of date"),
            Self::Invalid { reason } => write!(f, "not valid: {reason}"),
        }
    }
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// There is no such name.
    NameUnknown,
    /// No name server has answered, or it could not.
    NameServer,
    /// The machine answers, the port does not.
    Refused,
    /// This machine has no route, or no network.
    Unreachable,
    /// The network refuses the way: a firewall rejects it, or nobody is at the address.
    TurnedAway,
    /// No progress within the time for a stage, or the plan ended.
    TimedOut,
    /// The same, though the other side has begun to answer.
    Slow,
    /// The other side ended the connection.
    Closed,
    /// The proxy refuses to carry this.
    ProxyDenied {
        /// Its answer.
        reply: ProxyReply,
    },
    /// The proxy reports that it cannot reach the server.
    ProxyCannotReach {
        /// Its answer.
        reply: ProxyReply,
    },
    /// The proxy answers with an error of another kind.
    ProxyFails {
        /// Its answer.
        reply: ProxyReply,
    },
    /// The proxy is told addresses and no names, and the server's name is not to be found here.
    NameNotForProxy,
    /// The proxy asks for a login, and none is known.
    ProxyLoginMissing,
    /// The proxy refuses the login.
    ProxyLoginRefused,
    /// The proxy asks for a login in ways not supported.
    ProxyLoginUnsupported {
        /// The ways it offers.
        offered: PeerText,
    },
    /// What answers is no proxy.
    NotAProxy,
    /// The certificate was refused.
    Certificate(CertificateFault),
    /// What answers does not speak TLS.
    NotTls,
    /// The other side refuses our TLS.
    TlsRefused {
        /// Its alert.
        alert: PeerText,
    },
    /// An HTTP answer that is no tunnel.
    HttpStatus {
        /// The status, 200 for a page where a session's id should be.
        status: u16,
    },
    /// An HTTP answer that points elsewhere.
    HttpRedirect {
        /// The status.
        status: u16,
        /// The host it points to; empty if it names none.
        to: PeerText,
    },
    /// An answer that is not HTTP, or breaks its rules.
    BadHttp,
    /// HTTP, but not as a tunnel answers, or not any more.
    BadTunnel {
        /// What is wrong.
        reason: PeerText,
    },
    /// HTTP, where RTMP was to answer.
    AnsweredHttp,
    /// TLS, where RTMP was to answer.
    AnsweredTls,
    /// Something else, where RTMP was to answer.
    NotRtmp,
    /// RTMP that breaks its rules.
    BadRtmp {
        /// What is wrong.
        reason: PeerText,
    },
    /// The server has ended the connection instead of answering the `connect`, as nginx-rtmp does for an application it has not
    /// (Q-227).
    HungUp {
        /// The application that it was asked for, without its query.
        application: PeerText,
    },
    /// The server has refused the `connect`.
    Rejected {
        /// Its description, or its code if there is none.
        description: PeerText,
    },
    /// Anything else.
    Other(PeerText),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::NameUnknown => "no such name",
            Self::NameServer => "no answer from a name server",
            Self::Refused => "refused",
            Self::Unreachable => "no route",
            Self::TurnedAway => "rejected on the way, or the host is off",
            Self::TimedOut => "no answer in time",
            Self::Slow => "an answer that does not come to its end in time",
            Self::Closed => "closed by the other side",
            Self::ProxyDenied { reply } => return write!(f, "forbidden by the proxy ({reply})"),
            Self::ProxyCannotReach { reply } => {
                return write!(f, "the proxy cannot reach the server ({reply})");
            }
            Self::ProxyFails { reply } => {
                return write!(f, "the proxy answers with an error ({reply})");
            }
            Self::NameNotForProxy => "no such name here, and the proxy is not asked for it",
            Self::ProxyLoginMissing => "the proxy asks for a login",
            Self::ProxyLoginRefused => "the proxy refuses the login",
            Self::ProxyLoginUnsupported { offered } => {
                return write!(
                    f,
                    "the proxy asks for a login that is not supported: {offered}"
                );
            }
            Self::NotAProxy => "not a proxy",
            Self::Certificate(fault) => return write!(f, "certificate {fault}"),
            Self::NotTls => "no TLS there",
            Self::TlsRefused { alert } => return write!(f, "TLS refused: {alert}"),
            Self::HttpStatus { status: 200 } => "a web page, not a tunnel",
            Self::HttpStatus { status } => return write!(f, "HTTP status {status}"),
            Self::HttpRedirect { status, to } if to.as_str().is_empty() => {
                return write!(f, "HTTP status {status}, redirected");
            }
            Self::HttpRedirect { status, to } => {
                return write!(f, "HTTP status {status}, redirected to {to}");
            }
            Self::BadHttp => "not an HTTP answer",
            Self::AnsweredHttp => "HTTP there, not RTMP",
            Self::AnsweredTls => "TLS there, not RTMP",
            Self::NotRtmp => "not RTMP",
            Self::BadRtmp { reason } => return write!(f, "bad RTMP: {reason}"),
            Self::HungUp { application } => {
                return write!(
                    f,
                    "the server hung up when asked for the application \"{application}\", which is most likely not there"
                );
            }
            Self::Rejected { description } => return write!(f, "rejected: {description}"),
            Self::BadTunnel { reason: text } | Self::Other(text) => return text.fmt(f),
        };
        f.write_str(text)
    }
}

/// Where and why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Failure {
    stage: Stage,
    cause: Cause,
}

impl Failure {
    /// A failure in a stage.
    pub fn new(stage: Stage, cause: Cause) -> Self {
        Self { stage, cause }
    }

    /// Where.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Why.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Whether native TLS came up and what answered inside it was HTTP, an end, or nothing: the
    /// marks of somebody who opens TLS and expects HTTP (Q-225).
    pub(super) fn leaves_only_http(&self) -> bool {
        self.stage == Stage::Handshake
            && matches!(
                self.cause,
                Cause::AnsweredHttp | Cause::Closed | Cause::TimedOut
            )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage, self.cause)
    }
}
