//! A server that plays the recordings of a directory and nothing else: `rtmp://host/vod/film` is `DIR/vod/film.flv` or `.mp4`.
//!
//! ```text
//! cargo run -p adit-server --example vod -- DIR 127.0.0.1:1935
//! ffplay rtmp://127.0.0.1/vod/film
//! rtmpdump -r rtmp://127.0.0.1/vod -y mp4:film -A 30 -B 60 -o minute.flv
//! ```

use std::net::SocketAddr;
use std::path::Path;

use adit_server::application::{Applications, Unknown, Vod};
use adit_server::{Listener, MediaRoot, Server, ServerConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().unwrap_or_else(|| ".".into());
    let address = arguments.next();
    let address = address.as_deref().unwrap_or("127.0.0.1:1935").parse()?;
    let server = server(address, directory.as_ref())?;
    #[expect(clippy::print_stdout, reason = "a program of its own")]
    for address in server.local_addrs() {
        println!("listening on {address}");
    }
    server.run(std::future::pending()).await;
    Ok(())
}

/// A server of the recordings under `directory` that listens on this address; with port 0 on a free one.
pub(crate) fn server(
    address: SocketAddr,
    directory: &Path,
) -> Result<Server, Box<dyn std::error::Error>> {
    let mut config = ServerConfig::default();
    config.media = Some(MediaRoot::open(directory)?);
    config.applications = Applications::default()
        .with("vod", Vod)
        .unknown(Unknown::Refused);
    Ok(Server::new(config, vec![Listener::bind(address)?]))
}
