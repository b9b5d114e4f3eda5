//! What a connection to a server or proxy may cost.

use std::time::Duration;

/// For the answer of the name service (`client.dns`).
pub const DNS_DEADLINE: Duration = Duration::from_secs(4);
/// For the first TCP connection that stands, over all addresses (`client.tcp`).
pub const TCP_DEADLINE: Duration = Duration::from_secs(5);
/// For everything a proxy has to be asked, including new connections for its authentication (`client.proxy`).
pub const PROXY_DEADLINE: Duration = Duration::from_secs(8);
/// For one TLS handshake (`client.tls`).
pub const TLS_DEADLINE: Duration = Duration::from_secs(5);
/// Time a connection attempt has before the next address is tried beside it (`client.stagger`) [RFC 8305 5].
pub const STAGGER: Duration = Duration::from_millis(250);
/// Addresses of one name that are tried (`client.addresses`).
pub const ADDRESSES: usize = 16;

/// Bytes of a response head (`client.proxy_header`).
pub const HEAD_BYTES: usize = 16 * 1024;
/// Fields of a response head (`client.proxy_header`).
pub const HEAD_FIELDS: usize = 64;
/// Bytes of a refusal's body that are read to keep its connection (`client.proxy_body`).
pub const DRAIN_BYTES: usize = 64 * 1024;
/// Requests until a proxy must have let us through (`client.proxy_rounds`). Digest takes two, three with a stale nonce;
/// NTLM takes three, four when the proxy closes the connection of the first.
pub const PROXY_ROUNDS: usize = 5;
/// Challenges of one response that are looked at (`client.proxy_challenges`).
pub const CHALLENGES: usize = 16;
/// Bytes of a user name or password for a proxy (`client.proxy_credentials`).
pub const CREDENTIAL_BYTES: usize = 1024;

/// Names of a certificate that is for others which are told (`client.shown_names`).
pub const SHOWN_NAMES: usize = 4;

/// For the system to tell its proxy settings (`client.discovery`).
pub const SETTINGS_DEADLINE: Duration = Duration::from_secs(5);
/// For a PAC script to arrive (`client.pac_fetch`).
pub const PAC_FETCH_DEADLINE: Duration = Duration::from_secs(5);
/// Bytes of a PAC script (`client.pac_bytes`).
pub const PAC_BYTES: usize = 1024 * 1024;
/// Times the server of a PAC script may point elsewhere (`client.pac_redirects`).
pub const PAC_REDIRECTS: usize = 3;
/// For a PAC script to answer (`client.pac_run`).
pub const PAC_RUN_DEADLINE: Duration = Duration::from_secs(2);
/// How long a fetched PAC script is used before it is fetched again (`client.pac_age`).
pub const PAC_AGE: Duration = Duration::from_mins(10);
/// Routes one discovery yields (`client.routes`).
pub const ROUTES: usize = 8;

/// For closing a tunnel that was given up while it was being opened, in the background
/// (`client.abandoned_close`).
pub const ABANDONED_CLOSE: Duration = Duration::from_secs(2);
