//! Debian's nginx with libnginx-mod-rtmp: one worker, no access log, chunks of 60,000 bytes, all
//! else as it comes.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::Command,
    time::Duration,
};

use super::{Launcher, Place, Server, free_address, process};
use crate::{
    error::{Doing, Error, Result},
    measure,
    wire::APPLICATION,
};

const PROGRAMS: [&str; 3] = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"];
const MODULES: [&str; 3] = [
    "/usr/lib/nginx/modules/ngx_rtmp_module.so",
    "/usr/lib64/nginx/modules/ngx_rtmp_module.so",
    "/usr/local/lib/nginx/modules/ngx_rtmp_module.so",
];
/// Another process may take the port between our choice and nginx's bind.
const ATTEMPTS: u32 = 3;
/// Descriptors the worker needs beside its connections.
const SPARE: u32 = 128;
const CONNECT_PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn start(launcher: &Launcher, place: &Place) -> Result<Server> {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        match start_once(launcher, place) {
            Ok(server) => return Ok(server),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| Error::Setup("nginx was not tried".to_owned())))
}

fn start_once(launcher: &Launcher, place: &Place) -> Result<Server> {
    let address = free_address()?;
    let mut server = begin(launcher, address, place)?;
    let master = server.child.id();
    server.worker = server.wait_for("its worker never listened", || {
        let worker = measure::children(master).first().copied()?;
        TcpStream::connect_timeout(&address, CONNECT_PATIENCE)
            .ok()
            .map(|_| worker)
    })?;
    Ok(server)
}

/// Starts it without waiting for anything; its worker is not known then.
pub(super) fn begin(launcher: &Launcher, address: SocketAddr, place: &Place) -> Result<Server> {
    let (program, module) = find()?;
    let dir = &place.dir;
    let config = dir.join("nginx.conf");
    let log = dir.join("error.log");
    let descriptors = launcher.connections + SPARE;
    let user = if rustix::process::geteuid().is_root() {
        "user root;"
    } else {
        ""
    };
    let text = format!(
        "load_module {module};
daemon off;
{user}
worker_processes 1;
worker_rlimit_nofile {descriptors};
pid {dir}/nginx.pid;
error_log {log} warn;
events {{ worker_connections {descriptors}; }}
rtmp {{
    access_log off;
    server {{
        listen {address};
        chunk_size 60000;
        application {APPLICATION} {{ live on; }}
    }}
}}
",
        module = module.display(),
        dir = dir.display(),
        log = log.display(),
    );
    fs::write(&config, text).doing(|| format!("writing {}", config.display()))?;
    let paths = [dir, &config, &log].map(|path| path.display().to_string());
    let [dir_text, config_text, log_text] = &paths;
    let arguments = ["-p", dir_text, "-c", config_text, "-e", log_text];
    let child = process::start(&program, &arguments, place)?;
    Ok(Server {
        name: "nginx-rtmp".to_owned(),
        address,
        worker: child.id(),
        child,
        log,
    })
}

fn find() -> Result<(PathBuf, PathBuf)> {
    let first = |paths: &[&str], what: &str| {
        paths
            .iter()
            .map(PathBuf::from)
            .find(|path| path.is_file())
            .ok_or_else(|| {
                Error::Setup(format!(
                    "{what} is missing: apt-get install nginx libnginx-mod-rtmp"
                ))
            })
    };
    Ok((
        first(&PROGRAMS, "nginx")?,
        first(&MODULES, "nginx's rtmp module")?,
    ))
}

/// nginx's own version and, on Debian, the package version of the module.
pub(super) fn version() -> String {
    let Ok((program, _)) = find() else {
        return String::new();
    };
    let text = |command: &mut Command| {
        let output = command
            .output()
            .ok()
            .filter(|output| output.status.success());
        let output = output.map(|output| [output.stdout, output.stderr].concat());
        String::from_utf8_lossy(&output.unwrap_or_default())
            .trim()
            .to_owned()
    };
    let nginx = text(Command::new(program).arg("-v"));
    let module =
        text(Command::new("dpkg-query").args(["-W", "-f", "${Version}", "libnginx-mod-rtmp"]));
    let nginx = nginx.trim_start_matches("nginx version: ");
    if module.is_empty() {
        nginx.to_owned()
    } else {
        format!("{nginx}, rtmp module {module}")
    }
}
