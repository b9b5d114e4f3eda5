//! The ports: free, held by the server, or by somebody else.

use std::net::SocketAddr;

use adit_server::api::ApiClient;
use adit_server::{BindError, Listener};

use super::api::Server;
use super::findings::Findings;
use crate::config::Config;
use crate::installation::from_here;
use crate::serve::{port_remedy, usual_ports};

const CHECK: &str = "ports";

/// Looks at each address that the server is to listen on.
pub(super) async fn look(config: &Config, server: &Server, findings: &mut Findings) {
    let asked: Vec<SocketAddr> = config.server.listen.iter().map(|listen| listen.0).collect();
    let mut held: usize = 0;
    if asked.is_empty() {
        for (address, stand_in) in usual_ports() {
            held = held.saturating_add(one(address, stand_in, server, findings).await);
        }
    } else {
        for address in asked.into_iter().filter(|address| address.port() != 0) {
            held = held.saturating_add(one(address, None, server, findings).await);
        }
    }
    if held > 0 && server.has_silent_api {
        findings.wrong(
            "api",
            "a server of this machine has the ports, and its API does not answer",
            "restart the server, so that it has the configuration that was looked at",
        );
    }
}

/// Tells how it is with an address; how many it has of ours, 0 or 1.
async fn one(
    address: SocketAddr,
    stand_in: Option<SocketAddr>,
    server: &Server,
    findings: &mut Findings,
) -> usize {
    let Err(error) = Listener::bind(address) else {
        findings.good(CHECK, format!("{address} is free"));
        return 0;
    };
    if matches!(error, BindError::InUse { .. }) && is_ours(address, server).await {
        findings.good(CHECK, format!("{address} is served by adit"));
        return 1;
    }
    let remedy = remedy(&error);
    let what = match &error {
        BindError::InUse { .. } => format!("{address} is taken by another program"),
        error => error.to_string(),
    };
    match stand_in {
        Some(stand_in) => {
            let what = format!("{what}: port {} stands in for it", stand_in.port());
            findings.warning(CHECK, what, remedy);
        }
        None => findings.wrong(CHECK, what, remedy),
    }
    0
}

fn remedy(error: &BindError) -> String {
    let more = match error {
        BindError::Permission { .. } => {
            "; the service of the package may do it without that, and root may"
        }
        BindError::NotAvailable { .. } => {
            return "ip addr shows the addresses that there are; [::] stands for all of them"
                .to_owned();
        }
        _ => "",
    };
    let remedy = port_remedy(error).unwrap_or_default();
    format!("{remedy}{more}")
}

/// Whether an Adit serves it: its API says so, or it lists its streams.
async fn is_ours(address: SocketAddr, server: &Server) -> bool {
    let is_that = |other: &SocketAddr| {
        let covers = other.ip() == address.ip() || other.ip().is_unspecified();
        covers && other.port() == address.port()
    };
    if server.listens.iter().any(is_that) {
        return true;
    }
    let Ok(client) = ApiClient::new(&format!("http://{}", from_here(address)), None) else {
        return false;
    };
    let listed = client.get("/streams.json").await;
    listed.is_ok_and(|list| list.get("outputs").is_some() && list.get("streams").is_some())
}
