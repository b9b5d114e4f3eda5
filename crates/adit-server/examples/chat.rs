//! A server of chat rooms; `rtmp://host/chat/ROOM` is one. What clients do there is told at [`Chat`].
//!
//! ```text
//! cargo run -p adit-server --example chat -- 127.0.0.1:1935
//! adit so 'rtmp://127.0.0.1/chat?name=Ann' chat
//! adit call 'rtmp://127.0.0.1/chat?name=Bob' say '"hello"'
//! ```

use std::net::SocketAddr;

use adit_server::application::{Applications, Chat, Unknown};
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
    let mut config = ServerConfig::default();
    config.applications = Applications::default()
        .with("chat", Chat::new())
        .unknown(Unknown::Refused);
    Ok(Server::new(config, vec![Listener::bind(address)?]))
}
