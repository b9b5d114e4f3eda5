//! What is wrong with an address.

use crate::limits;

/// Why a text is not the address of a stream.
///
/// The messages never repeat a part that may hold a password or a stream key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// There is no text.
    #[error("the address is empty")]
    Empty,
    /// The text is longer than [`limits::ADDRESS`].
    #[error("the address has {length} bytes, more than {max}", max = limits::ADDRESS)]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// Spaces, line ends and the like inside.
    #[error("there is a space or a control character inside the address")]
    Space,
    /// What follows the address are options as librtmp takes them.
    #[error("options after the address, as librtmp takes them, are not understood")]
    LibrtmpOptions,
    /// Nothing like `rtmp://` at the front.
    #[error("the address does not begin with rtmp://, rtmpt://, rtmps:// or rtmpts://")]
    NoScheme,
    /// The scheme is there, its two slashes are not.
    #[error("after {scheme}: there must be two slashes, as in {scheme}://host/app/stream")]
    NoSlashes {
        /// The scheme.
        scheme: &'static str,
    },
    /// RTMPE or RTMPTE.
    #[error("{scheme} is an encryption that protects nothing and is not supported, use rtmps")]
    Obsolete {
        /// The scheme.
        scheme: String,
    },
    /// Another protocol.
    #[error("{scheme} is another protocol: an address begins with rtmp, rtmpt, rtmps or rtmpts")]
    OtherScheme {
        /// The scheme.
        scheme: String,
    },
    /// The host is missing.
    #[error("there is no host between // and the next slash")]
    NoHost,
    /// A password without a user.
    #[error("there is a password before the host, but no user")]
    NoUser,
    /// A `%` in user or password that no two hexadecimal digits follow, or bytes that are no text.
    #[error(
        "the {part} before the host has a % that does not stand for a character, write %25 for %"
    )]
    UserEncoding {
        /// `user` or `password`.
        part: &'static str,
    },
    /// A character that no host name has.
    #[error("the host name holds {character:?}, which no host name has")]
    HostCharacter {
        /// The first such character.
        character: char,
    },
    /// A host name outside ASCII.
    #[error("the host name must be in its ASCII form, which begins with xn--")]
    HostNotAscii,
    /// A host name or a part of it is empty or too long.
    #[error("the host name has a part that is empty or longer than {max} characters, or is too long", max = limits::HOST_LABEL)]
    HostLabel,
    /// Digits and dots that are no IPv4 address.
    #[error("the host looks like an IPv4 address, but is none")]
    BadIpv4,
    /// An IPv6 address without brackets.
    #[error("an IPv6 address must stand in brackets, as in [::1]")]
    Ipv6WithoutBrackets,
    /// Brackets around something else, or a bracket too few.
    #[error("between the brackets there is no IPv6 address")]
    BadIpv6,
    /// `[fe80::1%eth0]`.
    #[error("IPv6 addresses with a zone, after %, are not supported")]
    Ipv6Zone,
    /// A colon after the host, and nothing behind it.
    #[error("after the host there is a colon, but no port")]
    EmptyPort,
    /// A port outside 1 to 65535 or not a number.
    #[error("the port is not a number from 1 to 65535")]
    BadPort,
    /// The same, and an `@` further on: the password holds a character that ends the host.
    #[error(
        "the part before the first slash is no host and port: in a user or password write %2F for /, %3F for ? and %40 for @"
    )]
    PasswordNotEncoded,
}
