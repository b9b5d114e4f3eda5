//! An application of one's own: publishers need a key, clients call methods and are called, a timer tells everybody the time.
//!
//! ```text
//! cargo run -p adit-server --example application -- 127.0.0.1:1935
//! ffmpeg -re -i clip.flv -c copy -f flv 'rtmp://127.0.0.1/club/test?key=sesame'
//! ```
//!
//! In `ActionScript`: `nc.call("add", responder, 1, 2)`, and `onTime` and `whoAreYou` of `nc.client`.

use std::net::SocketAddr;
use std::time::Duration;

use adit_amf::amf0::Value;
use adit_server::application::{
    Application, Applications, Client, Decision, Instance, Publishing, Recorded, Refusal, Unknown,
    Welcome,
};
use adit_server::{BindError, Listener, Server, ServerConfig};

/// What this server is for.
#[derive(Debug)]
struct Club {
    key: &'static str,
}

impl Application for Club {
    fn start(&self, instance: &Instance) {
        let (room, mut minutes) = (instance.clone(), 0_u32);
        instance.every(Duration::from_mins(1), move || {
            minutes = minutes.saturating_add(1);
            for client in room.clients() {
                // A client that does not read is not told, and harms nobody.
                drop(client.notify("onTime", vec![minutes.into()]));
            }
        });
    }

    fn connect(
        &self,
        instance: &Instance,
        client: &Client,
        arguments: &[Value],
    ) -> Decision<Welcome> {
        if arguments.first().and_then(Value::as_str) == Some("spam") {
            return Decision::refuse(Refusal::new("no, thank you"));
        }
        let client = client.clone();
        instance.spawn(async move {
            // Waits for the client, and for nobody else; answers that never come end after a while.
            if let Ok(name) = client.call("whoAreYou", vec![]).await {
                drop(client.notify("hello", vec![name]));
            }
        });
        Decision::allow(Welcome::default())
    }

    fn publish(&self, _: &Instance, _: &Client, publish: &Publishing<'_>) -> Decision<Recorded> {
        match publish.query().value("key") {
            Some(key) if key == self.key => Decision::allow(publish.kind.into()),
            _ => Decision::refuse(Refusal::new("the stream name wants ?key=…")),
        }
    }

    fn call(
        &self,
        instance: &Instance,
        _: &Client,
        method: &str,
        arguments: Vec<Value>,
    ) -> Option<Decision<Value>> {
        match method {
            "add" => {
                let numbers: Option<Vec<f64>> = arguments.iter().map(Value::as_number).collect();
                Some(Decision::now(match numbers {
                    Some(numbers) => Ok(numbers.iter().sum::<f64>().into()),
                    None => Err(Refusal::new("add wants numbers")),
                }))
            }
            "people" => {
                let count = u32::try_from(instance.client_count()).unwrap_or(u32::MAX);
                Some(Decision::allow(count.into()))
            }
            _ => None,
        }
    }
}

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
        .with("club", Club { key: "sesame" })
        .unknown(Unknown::Refused);
    Ok(Server::new(config, vec![Listener::bind(address)?]))
}
