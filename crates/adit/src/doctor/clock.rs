//! The clock, by which certificates, tokens and signed addresses begin and end.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, SystemTime};

use super::findings::Findings;
use crate::connect::{Failure, in_words};

const CHECK: &str = "clock";

/// By whose time the clock is checked.
#[derive(Debug)]
pub(super) enum Source {
    /// Nobody's.
    Nobody,
    /// That of a web server: host and port, as in a URL.
    Web(String),
}

impl Source {
    /// Understands the URL of a web server.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn read(url: Option<&str>) -> Result<Self, Failure> {
        let Some(url) = url else {
            return Ok(Self::Nobody);
        };
        let rest = url.strip_prefix("http://");
        let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
        match host.filter(|host| !host.is_empty() && !host.contains('@')) {
            Some(host) => Ok(Self::Web(host.to_owned())),
            None => Err(Failure::Usage {
                text: "--clock takes http://HOST or http://HOST:PORT; every answer there carries the time, one that leads to https:// too".to_owned(),
            }),
        }
    }
}

/// Whether the clock can be right, and whether it agrees with the source.
pub(super) fn look(source: &Source, findings: &mut Findings) {
    let now = SystemTime::now();
    let shown = humantime::format_rfc3339_seconds(now);
    if now < SystemTime::UNIX_EPOCH.checked_add(EARLIEST).unwrap_or(now) {
        findings.wrong(
            CHECK,
            format!("it says {shown}, when this program was not there yet"),
            REMEDY,
        );
        return;
    }
    let Source::Web(host) = source else {
        findings.good(CHECK, format!("it says {shown}"));
        return;
    };
    match date(host) {
        Ok(theirs) => compare(SystemTime::now(), theirs, host, findings),
        Err(error) => findings.warning(
            CHECK,
            format!("{host} does not tell the time: {}", in_words(&error)),
            "--clock takes the URL of any web server whose clock is right",
        ),
    }
}

fn compare(ours: SystemTime, theirs: SystemTime, host: &str, findings: &mut Findings) {
    let (off, way) = match ours.duration_since(theirs) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    let what = format!("it is {} s {way} that of {host}", off.as_secs());
    if off > WRONG {
        findings.wrong(CHECK, what, REMEDY);
    } else if off > DOUBTFUL {
        findings.warning(CHECK, what, REMEDY);
    } else {
        findings.good(CHECK, format!("it agrees with that of {host}"));
    }
}

/// What a web server says is the time.
fn date(host: &str) -> io::Result<SystemTime> {
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit()));
    let place = if has_port {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let address = place.to_socket_addrs()?.next();
    let address = address.ok_or_else(|| io::Error::other("it has no address"))?;
    let mut socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    let request = format!("HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes())?;
    let mut head = Vec::new();
    socket.take(HEAD_BYTES).read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let mut dates = fields.filter(|(name, _)| name.eq_ignore_ascii_case("date"));
    let date = dates.next().map(|(_, value)| value.trim());
    let date = date.ok_or_else(|| io::Error::other("its answer has no Date"))?;
    httpdate::parse_http_date(date).map_err(io::Error::other)
}

const REMEDY: &str = "timedatectl set-ntp true";

/// 2026 began then, so long after 1970 did.
const EARLIEST: Duration = Duration::from_hours(490_896);

/// Clocks that are further apart do not agree; answers take their time.
const DOUBTFUL: Duration = Duration::from_secs(5);

/// Tokens and certificates are judged wrongly.
const WRONG: Duration = Duration::from_mins(1);

const PATIENCE: Duration = Duration::from_secs(5);
const HEAD_BYTES: u64 = 16 * 1024;
