//! What a person reads first: where the tunnel listens, and what to paste into which program.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use adit_client::Target;

use crate::ui;

/// Prints one `listening on` line for each address, then what to paste.
pub(super) fn print(addresses: &[SocketAddr], target: &Target) {
    for address in addresses {
        ui::line(&format!("listening on {address}"));
    }
    let Some(address) = addresses.first() else {
        return;
    };
    ui::line(&what_to_paste(*address, target));
    if !address.ip().is_loopback() {
        ui::note(&format!(
            "whoever reaches {address} can publish and play at {target} as if it were you"
        ));
    }
}

/// The lines for OBS, ffmpeg and players.
fn what_to_paste(address: SocketAddr, target: &Target) -> String {
    let host = match address.ip() {
        ip if ip.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
        IpAddr::V6(ip) if ip == Ipv6Addr::LOCALHOST => "[::1]".to_owned(),
        IpAddr::V6(ip) => format!("[{ip}]"),
        IpAddr::V4(ip) => ip.to_string(),
    };
    let port = match address.port() {
        1935 => String::new(),
        port => format!(":{port}"),
    };
    // The application of the address stands for any; without one it is the encoder that names it.
    let app = match target.app() {
        "" => "APP",
        app => app,
    };
    let server = format!("rtmp://{host}{port}/{app}");
    let (key, about) = if target.has_stream() {
        ("any", "   (the tunnel has the key of the server)")
    } else {
        ("KEY", "   (the key that the server gave you)")
    };
    format!(
        "
Publish with ffmpeg:
  ffmpeg -re -i FILE -c copy -f flv {server}/{key}
Publish with OBS (Settings, Stream, Service: Custom):
  Server      {server}
  Stream Key  {key}{about}
Play:
  ffplay {server}/{key}
It goes to {target}
"
    )
}

#[cfg(test)]
mod tests;
