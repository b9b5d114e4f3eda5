//! Debian's nginx with libnginx-mod-rtmp: one worker, no access log, chunks of 60,000 bytes, all
//! else as it comes.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{Launcher, Server, process};
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

pub(super) fn start(launcher: &Launcher, dir: &Path) -> Result<Server> {
    let (program, module) = find()?;
    let mut last = None;
    for _ in 0..ATTEMPTS {
        match start_once(launcher, &program, &module, dir) {
            Ok(server) => return Ok(server),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| Error::Setup("nginx was not tried".to_owned())))
}

fn start_once(launcher: &Launcher, program: &Path, module: &Path, dir: &Path) -> Result<Server> {
    let address = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .doing(|| "finding a free port".to_owned())?;
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
    let child = process::start(program, &arguments, dir)?;
    let master = child.id();
    let mut server = Server {
        name: "nginx-rtmp".to_owned(),
        address,
        child,
        worker: master,
        log,
    };
    server.worker = server.wait_for("its worker never listened", || {
        let worker = measure::children(master).first().copied()?;
        TcpStream::connect_timeout(&address, CONNECT_PATIENCE)
            .ok()
            .map(|_| worker)
    })?;
    Ok(server)
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
