//! The programs that stand in the way: their configuration made whole, started, waited for.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::certs::Certificates;
use super::condition::{HOST, Place, Program, Service};
use super::net::{GATEWAY, Network, OUTSIDE};
use super::stop;
use crate::process::Process;

#[cfg(test)]
mod tests;

const STARTS_WITHIN: Duration = Duration::from_secs(10);

/// A program that runs and listens.
#[derive(Debug)]
pub struct Running {
    process: Process,
    folder: PathBuf,
}

impl Running {
    /// Starts `service` with its own folder below `folder` and waits until it listens.
    ///
    /// # Errors
    ///
    /// What it said, when it does not listen in time.
    pub fn start(
        service: &Service,
        network: &Network,
        folder: &Path,
        certs: &Certificates,
    ) -> Result<Self, String> {
        let name = format!("{:?}-{}", service.program, service.ports[0]).to_lowercase();
        let folder = folder.join(&name);
        open_folder(&folder);
        let fill = |text: &str| {
            text.replace("{dir}", &folder.display().to_string())
                .replace("{certs}", &certs.folder().display().to_string())
        };
        for (file, text) in &service.files {
            fs::write(folder.join(file), fill(text)).expect("a new folder takes files");
        }
        for (file, text) in &service.etc {
            let same = fs::read_to_string(Path::new("/etc").join(file)).unwrap_or_default();
            network.replace_etc(
                service.place,
                file,
                &text.replace("{same}", same.trim_end()),
            );
        }
        if service.program == Program::Squid {
            prepare_squid(service, &folder);
        }
        let config = folder.join("config");
        fs::write(&config, fill(&complete(service))).expect("a new folder takes files");
        let mut command = command(service, network, &folder, &config);
        Self::from_command(&name, &mut command, &folder, &service.ports)
    }

    /// Starts `command`, which has its logs in `folder`, and waits until it listens on `ports`.
    ///
    /// # Errors
    ///
    /// What it said, when it does not listen in time.
    pub fn from_command(
        name: &str,
        command: &mut Command,
        folder: &Path,
        ports: &[u16],
    ) -> Result<Self, String> {
        let running = Self {
            process: Process::start(name, command),
            folder: folder.to_owned(),
        };
        running.wait_until_it_listens(ports)?;
        Ok(running)
    }

    fn wait_until_it_listens(&self, ports: &[u16]) -> Result<(), String> {
        // The process itself becomes the program once `ip` is through; /proc then shows the sockets of its namespace.
        let table = format!("/proc/{}/net", self.process.id());
        let up = stop::wait_for(STARTS_WITHIN, || {
            if self.process.has_ended() {
                return Some(false);
            }
            let tables = ["tcp", "tcp6"]
                .map(|name| fs::read_to_string(format!("{table}/{name}")).unwrap_or_default());
            let all = ports
                .iter()
                .all(|port| tables.iter().any(|text| listens(text, *port)));
            all.then_some(true)
        });
        if up == Some(true) {
            return Ok(());
        }
        Err(format!(
            "{} does not listen on {ports:?}: {}",
            self.process.name(),
            self.said()
        ))
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        !self.process.has_ended()
    }

    /// What it said: its outputs, and the log files in its folder.
    pub fn said(&self) -> String {
        let mut text = self.process.to_string();
        for file in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if file
                .path()
                .extension()
                .is_some_and(|extension| extension == "log")
            {
                let log = fs::read(file.path()).unwrap_or_default();
                write!(
                    text,
                    "--- {}:\n{}",
                    file.path().display(),
                    String::from_utf8_lossy(&log)
                )
                .expect("a string takes all");
            }
        }
        text
    }

    /// What it wrote to standard output.
    pub fn printed(&self) -> String {
        self.process.stdout()
    }
}

/// What squid wants to find: a file of hosts; this program where it can run it, if it is a helper; and where it makes
/// certificates, the folder for those.
fn prepare_squid(service: &Service, folder: &Path) {
    let hosts = folder.join("hosts");
    if !hosts.exists() {
        fs::write(hosts, "").expect("a new folder takes files");
    }
    if service.config.contains("{dir}/reach") {
        let program = std::env::current_exe().expect("this program has a file");
        fs::copy(program, folder.join("reach")).expect("a new folder takes files");
    }
    if service.config.contains("ssl-bump") {
        let made = folder.join("made");
        let mut command = Command::new("/usr/lib/squid/security_file_certgen");
        command.arg("-c").arg("-s").arg(&made).args(["-M", "4MB"]);
        Process::run("security_file_certgen", &mut command, STARTS_WITHIN);
        let mut command = Command::new("chmod");
        command.args(["-R", "a+rwX"]).arg(&made);
        Process::run("chmod", &mut command, STARTS_WITHIN);
    }
}

/// Whether the text of `/proc/net/tcp` has a listener on `port`.
fn listens(table: &str, port: u16) -> bool {
    let ending = format!(":{port:04X}");
    table.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let local = fields
            .next()
            .is_some_and(|address| address.ends_with(&ending));
        local && fields.nth(1) == Some("0A")
    })
}

/// A folder in which programs that gave up being root can write, too.
fn open_folder(folder: &Path) {
    fs::create_dir_all(folder).expect("a folder in the folder of the run");
    fs::set_permissions(folder, Permissions::from_mode(0o777)).expect("it is ours");
}

/// The configuration with the lines that every use of the program has.
fn complete(service: &Service) -> String {
    let own = &service.config;
    match service.program {
        Program::Squid => format!("{own}\n{}", SQUID.replace("{gateway}", GATEWAY)),
        Program::Tinyproxy => format!(
            "Listen {GATEWAY}\nUser root\nGroup root\nTimeout 600\nMaxClients 100\nLogLevel Warning\n{own}\n"
        ),
        Program::Dante => format!(
            "logoutput: stderr\nexternal: {OUTSIDE}\n{own}\nclientmethod: none\nuser.privileged: root\nuser.unprivileged: nobody\n\
             client pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}\nsocks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 protocol: tcp }}\n"
        ),
        Program::Privoxy => {
            format!("logdir {{dir}}\nlogfile privoxy.log\nuser-manual /\ntoggle 1\n{own}\n")
        }
        Program::Haproxy => format!(
            "global\n log stderr local0\ndefaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n{own}\n"
        ),
        Program::Nginx => NGINX.replace("{own}", own),
        Program::Fault => own.clone(),
    }
}

fn command(service: &Service, network: &Network, folder: &Path, config: &Path) -> Command {
    let run = |program: &str| network.command(service.place, program);
    match service.program {
        Program::Squid => {
            let mut command = run("squid");
            let name = format!("lab{}{}", std::process::id(), folder_number(folder));
            command.args(["-N", "-n", &name, "-f"]).arg(config);
            command
        }
        Program::Tinyproxy => {
            let mut command = run("tinyproxy");
            command.args(["-d", "-c"]).arg(config);
            command
        }
        Program::Dante => {
            let mut command = run("danted");
            command
                .arg("-f")
                .arg(config)
                .arg("-p")
                .arg(folder.join("pid"));
            command
        }
        Program::Privoxy => {
            let mut command = run("privoxy");
            command.arg("--no-daemon").arg(config);
            command
        }
        Program::Haproxy => {
            let mut command = run("haproxy");
            command.args(["-db", "-f"]).arg(config);
            command
        }
        Program::Nginx => {
            let mut command = run("nginx");
            command
                .arg("-p")
                .arg(folder)
                .arg("-c")
                .arg(config)
                .args(["-e", "stderr"]);
            command
        }
        Program::Fault => {
            let program = std::env::current_exe().expect("this program has a file");
            let mut command = network.command(service.place, program);
            command
                .args(["inside", "fault"])
                .args(service.config.split_whitespace());
            command
        }
    }
}

/// Digits that tell the folders of one run apart: squid's shared memory has a name on the whole machine.
fn folder_number(folder: &Path) -> String {
    let text = folder.display().to_string();
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The name server of a condition, on the gateway.
pub fn name_server(names: &[&str]) -> (String, Vec<String>) {
    let mut hosts = String::new();
    for entry in names {
        let (address, name) = entry.split_once(' ').unwrap_or((entry, HOST));
        writeln!(hosts, "{address} {name}").expect("a string takes all");
    }
    let arguments = [
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--no-resolv",
        "--no-hosts",
        "--local=/#/",
        "--no-round-robin",
        "--user=root",
        "--bind-interfaces",
        "--log-facility=-",
        "--pid-file",
    ];
    (hosts, arguments.map(str::to_owned).to_vec())
}

/// Starts the name server of a condition.
///
/// # Errors
///
/// What it said, when it does not listen in time.
pub fn start_name_server(
    names: &[&str],
    network: &Network,
    folder: &Path,
) -> Result<Running, String> {
    let folder = folder.join("names");
    open_folder(&folder);
    let (hosts, arguments) = name_server(names);
    let file = folder.join("hosts");
    fs::write(&file, hosts).expect("a new folder takes files");
    let mut command = network.command(Place::Gateway, "dnsmasq");
    command
        .args(arguments)
        .arg(format!("--addn-hosts={}", file.display()));
    Running::from_command("dnsmasq", &mut command, &folder, &[53])
}

const SQUID: &str = "\
http_access deny all
pid_filename {dir}/squid.pid
cache_log {dir}/cache.log
access_log stdio:{dir}/access.log
coredump_dir {dir}
cache deny all
cache_mem 8 MB
shutdown_lifetime 0 seconds
pinger_enable off
hosts_file {dir}/hosts
dns_nameservers {gateway}
visible_hostname gate.example.test
tls_outgoing_options cafile={certs}/trust.pem
";

const NGINX: &str = "\
daemon off;
master_process off;
pid {dir}/pid;
error_log stderr;
events { worker_connections 256; }
http {
 access_log {dir}/access.log;
 client_body_temp_path {dir}/body;
 proxy_temp_path {dir}/proxy;
 fastcgi_temp_path {dir}/fastcgi;
 uwsgi_temp_path {dir}/uwsgi;
 scgi_temp_path {dir}/scgi;
 {own}
}
";
