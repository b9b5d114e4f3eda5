//! What a person reads first: where the server listens, and what to paste into which program.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;

use super::access::{Entry, FirstKey};
use crate::config::access::Who;
use crate::ui;

/// Prints one `listening on` line for each address, then how to publish to an application and play from it, if there is one for
/// that, and which certificate to trust if it is `self_signed`.
pub(super) fn print(
    addresses: &[SocketAddr],
    application: Option<&(String, Entry)>,
    self_signed: Option<&Path>,
    first_key: Option<&mut FirstKey>,
) {
    for address in addresses {
        ui::line(&format!("listening on {address}"));
    }
    if let Some((application, entry)) = application
        && let application = (application.as_str(), entry)
        && let Some(text) = what_to_paste(addresses, machine_address(), application, self_signed)
    {
        ui::line(&text);
    }
    if let Some(key) = first_key {
        ui::line(&about_key(key));
        key.was_shown();
    }
}

/// The lines for OBS, ffmpeg and players; `machine` is what to write for a server that listens on every address.
fn what_to_paste(
    addresses: &[SocketAddr],
    machine: IpAddr,
    (application, entry): (&str, &Entry),
    self_signed: Option<&Path>,
) -> Option<String> {
    let first = addresses.first()?;
    // Any port takes any protocol, but a URL is shorter with the port its scheme stands for.
    let at = |usual: u16, stand_in: u16| {
        let by_port = |port: u16| addresses.iter().find(|address| address.port() == port);
        by_port(usual)
            .or_else(|| by_port(stand_in))
            .unwrap_or(first)
    };
    let url = |scheme: &str, usual: u16, stand_in: u16| {
        let address = at(usual, stand_in);
        let host = host(address.ip(), machine);
        match address.port() {
            port if port == usual => format!("{scheme}://{host}/{application}"),
            port => format!("{scheme}://{host}:{port}/{application}"),
        }
    };
    let rtmp = url("rtmp", 1935, 1935);
    let rtmpt = url("rtmpt", 80, 8080);
    let rtmps = url("rtmps", 443, 8443);
    let rtmpts = url("rtmpts", 443, 8443);
    let trust = self_signed.map_or_else(String::new, |path| {
        let path = path.display();
        format!(
            "
trust, for players that check certificates, as this one is self-signed; before ffplay and its like:
    SSL_CERT_FILE={path}
behind adit play and the other commands:
    --ca-file {path}
"
        )
    });
    let publish = how_to_publish(&rtmp, application, entry);
    Some(format!(
        "
{publish}
play:
    ffplay {rtmp}/test
play where only HTTP passes:
    ffplay {rtmpt}/test
play encrypted:
    ffplay {rtmps}/test
play encrypted where only HTTP passes:
    rtmpdump --live -r {rtmpts}/test -o - | ffplay -
{trust}"
    ))
}

/// The lines for OBS and ffmpeg.
fn how_to_publish(rtmp: &str, application: &str, entry: &Entry) -> String {
    let (obs, ffmpeg) = match entry {
        Entry::Free => (
            "any stream key will do, such as test".to_owned(),
            format!("{rtmp}/test"),
        ),
        Entry::Key(file) => (
            format!(
                "the stream key is test?key=KEY, with a key of {}",
                file.display()
            ),
            format!("'{rtmp}/test?key=KEY'"),
        ),
        Entry::Login(file) => (
            format!(
                "use authentication, with a user and a password of {}, and any stream key, such as test",
                file.display()
            ),
            rtmp.replacen("://", "://USER:PASSWORD@", 1) + "/test",
        ),
        Entry::Proof => (
            "the stream key is test?token=TOKEN, or whatever proof the configuration asks for"
                .to_owned(),
            format!("'{rtmp}/test?token=TOKEN'"),
        ),
        Entry::Closed => {
            return format!("nobody may publish to {application}: the configuration says so");
        }
    };
    format!(
        "OBS: Settings, Stream, Custom; {obs}; server
    {rtmp}
publish with ffmpeg:
    ffmpeg -re -i FILE -c copy -f flv {ffmpeg}"
    )
}

/// Who publishes with the key. The key itself is shown once.
fn about_key(first: &FirstKey) -> String {
    let path = first.path.display();
    let takes = match first.publishers {
        Who::Local => {
            "publishing is free from this machine and from private networks; from elsewhere it takes"
        }
        Who::Key => "publishing takes",
        Who::Anyone | Who::Nobody => "where publishing takes a proof, it takes",
    };
    match &first.new {
        Some(key) => format!(
            "{takes} this key, which is shown only now and
kept in {path}; behind the name of the stream, in OBS as the stream key:
    test?key={key}
"
        ),
        None => format!("{takes} the key in {path}\n"),
    }
}

fn host(address: IpAddr, machine: IpAddr) -> String {
    match if address.is_unspecified() {
        machine
    } else {
        address
    } {
        IpAddr::V6(address) => format!("[{address}]"),
        IpAddr::V4(address) => address.to_string(),
    }
}

/// The address other machines most likely reach this one at: the one its default route would use.
///
/// Connecting a UDP socket sends nothing; it only makes the kernel choose.
fn machine_address() -> IpAddr {
    UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))
        .and_then(|socket| {
            socket.connect(DOCUMENTATION_ADDRESS)?;
            socket.local_addr()
        })
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip())
}

/// Reserved for documentation, so a real route is never taken.
const DOCUMENTATION_ADDRESS: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

#[cfg(test)]
mod tests;
