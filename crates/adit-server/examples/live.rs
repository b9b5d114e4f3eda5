//! The smallest server: every name of an application is `live`, everybody publishes and plays.
//!
//! ```text
//! cargo run -p adit-server --example live -- 127.0.0.1:1935
//! ffmpeg -re -i clip.flv -c copy -f flv rtmp://127.0.0.1/live/test
//! ffplay rtmp://127.0.0.1/live/test
//! ```

use std::net::SocketAddr;

use adit_server::{BindError, Listener, Server, ServerConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1);
    let server = server(address.as_deref().unwrap_or("127.0.0.1:1935").parse()?)?;
    #[expect(clippy::print_stdout, reason = "a program of its own")]
    for address in server.local_addrs() {
        println!("listening on {address}");
    }
    server.run(std::future::pending()).await;
    Ok(())
}

/// A server that listens on this address; with port 0 on a free one.
pub(crate) fn server(address: SocketAddr) -> Result<Server, BindError> {
    let listener = Listener::bind(address)?;
    Ok(Server::new(ServerConfig::default(), vec![listener]))
}
