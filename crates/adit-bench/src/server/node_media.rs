//! Node-Media-Server, as `tools/install-peers rivals` puts it under `target/peers/rivals`: RTMP alone,
//! nothing recorded, nobody asked for a password.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{Place, Server, free_address, process};
use crate::error::{Doing, Error, Result};

const PACKAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../target/peers/rivals/node_modules/node-media-server"
);
const NODES: [&str; 2] = ["/usr/bin/node", "/usr/local/bin/node"];

pub(super) fn start(place: &Place) -> Result<Server> {
    let address = free_address()?;
    let mut server = begin(address, place)?;
    server.wait_for("it never listened", || TcpStream::connect(address).ok())?;
    Ok(server)
}

/// Starts it without waiting for anything.
pub(super) fn begin(address: SocketAddr, place: &Place) -> Result<Server> {
    let program = fs::canonicalize(Path::new(PACKAGE).join("bin/app.js")).map_err(|_| {
        Error::Setup("node-media-server is missing: tools/install-peers rivals".to_owned())
    })?;
    let node = NODES
        .iter()
        .map(PathBuf::from)
        .find(|path| path.is_file())
        .ok_or_else(|| Error::Setup("node is missing: apt-get install nodejs".to_owned()))?;
    let config = place.dir.join("config.json");
    let text = json!({
        "bind": address.ip().to_string(),
        "rtmp": { "port": address.port() },
        "store": { "path": place.dir.join("data"), "maxHistory": 10 },
        "record": { "auto": false, "path": place.dir.join("record") },
        "notify": { "url": "" },
        "webadmin": { "enable": false },
        "auth": {
            "play": false,
            "publish": false,
            "secret": "",
            "jwt": { "secret": "", "expiresIn": "24h", "users": [] },
        },
    });
    fs::write(&config, text.to_string()).doing(|| format!("writing {}", config.display()))?;
    let paths = [&program, &config].map(|path| path.display().to_string());
    let [program, config] = &paths;
    let child = process::start(&node, &[program, "-c", config], place)?;
    Ok(Server {
        name: "node-media-server".to_owned(),
        address,
        worker: child.id(),
        child,
        log: place.dir.join("stdout"),
    })
}

/// The package's version; empty when it is not installed.
pub(super) fn version() -> String {
    let manifest = fs::read(Path::new(PACKAGE).join("package.json")).unwrap_or_default();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap_or_default();
    manifest
        .get("version")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
