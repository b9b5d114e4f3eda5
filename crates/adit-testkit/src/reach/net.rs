//! Networks out of network namespaces: a client, a gateway and a server, joined by two pairs of veth.
//!
//! ```text
//!  client 192.0.2.2 ── inside ─ gateway ─ outside ── 198.51.100.2 server
//!         2001:db8:1::2        192.0.2.1                2001:db8:2::2
//!                              198.51.100.1
//! ```
//!
//! Nothing of the machine's own network is touched: each end of each pair is born in its namespace. Dropping a
//! [`Network`] ends what still runs in its namespaces and removes them with their files under `/etc/netns`.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::condition::Place;
use super::rules::Rules;
use super::stop;
use crate::process::Process;

/// The gateway's interface to the client.
pub const INSIDE: &str = "inside";
/// The gateway's interface to the server.
pub const OUTSIDE: &str = "outside";
/// The gateway as the client knows it.
pub const GATEWAY: &str = "192.0.2.1";
/// The client.
pub const CLIENT: &str = "192.0.2.2";
/// The server.
pub const SERVER: &str = "198.51.100.2";
/// The server by IPv6.
pub const SERVER6: &str = "2001:db8:2::2";
/// An address where nobody is.
pub const DEAD: &str = "198.51.100.99";

/// What names of namespaces begin with; the process id follows.
const PREFIX: &str = "adit-reach-";
const ETC_NETNS: &str = "/etc/netns";
/// Whether the folder was there before the first network of this process.
static ETC_NETNS_WAS_THERE: OnceLock<bool> = OnceLock::new();
const COMMAND_WITHIN: Duration = Duration::from_secs(20);

/// One network of three machines.
#[derive(Debug)]
pub struct Network {
    name: String,
}

impl Network {
    /// Makes the network number `row` of this process.
    pub fn build(row: usize, rules: &Rules) -> Self {
        let network = Self {
            name: format!("{}{row}", own_prefix()),
        };
        ETC_NETNS_WAS_THERE.get_or_init(|| Path::new(ETC_NETNS).exists());
        for place in Place::ALL {
            network.write_etc(place);
            ip(&["netns", "add", &network.namespace(place)]);
        }
        let client = network.namespace(Place::Client);
        let gateway = network.namespace(Place::Gateway);
        let server = network.namespace(Place::Server);
        ip(&[
            "link", "add", "eth0", "netns", &client, "type", "veth", "peer", "name", INSIDE,
            "netns", &gateway,
        ]);
        ip(&[
            "link", "add", "eth0", "netns", &server, "type", "veth", "peer", "name", OUTSIDE,
            "netns", &gateway,
        ]);
        network.shell(
            Place::Client,
            &end(
                "eth0",
                &format!("{CLIENT}/24"),
                "2001:db8:1::2/64",
                Some((GATEWAY, "2001:db8:1::1")),
            ),
        );
        network.shell(
            Place::Server,
            &end(
                "eth0",
                &format!("{SERVER}/24"),
                "2001:db8:2::2/64",
                Some(("198.51.100.1", "2001:db8:2::1")),
            ),
        );
        network.shell(
            Place::Gateway,
            &format!(
                "{}{}echo 1 > /proc/sys/net/ipv4/ip_forward\necho 1 > /proc/sys/net/ipv6/conf/all/forwarding\n",
                end(INSIDE, &format!("{GATEWAY}/24"), "2001:db8:1::1/64", None),
                end(OUTSIDE, "198.51.100.1/24", "2001:db8:2::1/64", None),
            ),
        );
        network.load(rules);
        network
    }

    /// Runs `program` on one of the machines. It is killed when the thread that starts it ends.
    pub fn command(&self, place: Place, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "ip", "netns", "exec"])
            .arg(self.namespace(place))
            .arg(program)
            .env("PATH", search_path());
        for variable in [
            "http_proxy",
            "https_proxy",
            "all_proxy",
            "no_proxy",
            "ftp_proxy",
        ] {
            command
                .env_remove(variable)
                .env_remove(variable.to_uppercase());
        }
        command
    }

    /// Puts a file in the place of `/etc/{name}` for programs started from now on.
    pub fn replace_etc(&self, place: Place, name: &str, text: &str) {
        write_file(&self.etc(place).join(name), text);
    }

    /// The folder whose files stand in for those of `/etc` on one of the machines.
    fn etc(&self, place: Place) -> PathBuf {
        Path::new(ETC_NETNS).join(self.namespace(place))
    }

    fn namespace(&self, place: Place) -> String {
        format!("{}-{}", self.name, place.letter())
    }

    fn write_etc(&self, place: Place) {
        fs::create_dir_all(self.etc(place)).expect("the lab runs as root");
        self.replace_etc(
            place,
            "resolv.conf",
            &format!("nameserver {GATEWAY}\nsearch example.test\noptions timeout:1 attempts:2\n"),
        );
        self.replace_etc(place, "hosts", "127.0.0.1 localhost\n::1 localhost\n");
        self.replace_etc(
            place,
            "nsswitch.conf",
            "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n",
        );
    }

    fn shell(&self, place: Place, script: &str) {
        let mut command = self.command(place, "sh");
        command.args(["-e", "-c", script]);
        Process::run("making a network", &mut command, COMMAND_WITHIN);
    }

    fn load(&self, rules: &Rules) {
        let mut command = self.command(Place::Gateway, "nft");
        command.args(["-f", "-"]).stdin(Stdio::piped());
        let mut child = command.spawn().expect("nft starts");
        let text = rules.nftables();
        let mut input = child.stdin.take().expect("it was piped");
        input
            .write_all(text.as_bytes())
            .expect("nft reads its rules");
        drop(input);
        let status = child.wait().expect("nft ends");
        assert!(status.success(), "nft refused the rules:\n{text}");
    }

    fn remove(&self) {
        for place in Place::ALL {
            remove_namespace(&self.namespace(place));
        }
        if ETC_NETNS_WAS_THERE.get() == Some(&false) {
            // Another network may use it; then it is not empty and stays.
            stop::best_effort(fs::remove_dir(ETC_NETNS));
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The beginning of every name that this process gives to something outside its own folders.
pub fn own_prefix() -> String {
    format!("{PREFIX}{}-", std::process::id())
}

/// Removes what a run left that was killed: namespaces and temporary folders of processes that are no more.
pub fn sweep() {
    let left_over = |folder: &Path| -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let lives = |pid| Path::new(&format!("/proc/{pid}")).exists();
        names.filter(|name| is_left_over(name, lives)).collect()
    };
    for folder in ["/run/netns", ETC_NETNS] {
        for name in left_over(Path::new(folder)) {
            remove_namespace(&name);
            // Only an empty one goes, and only after something of ours was in it.
            stop::best_effort(fs::remove_dir(ETC_NETNS));
        }
    }
    let temporary = std::env::temp_dir();
    for name in left_over(&temporary) {
        stop::best_effort(fs::remove_dir_all(temporary.join(name)));
    }
}

fn is_left_over(name: &str, lives: impl Fn(u32) -> bool) -> bool {
    let pid = name
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split('-').next())
        .and_then(|pid| pid.parse().ok());
    pid.is_some_and(|pid| !lives(pid))
}

/// Ends every process in a namespace of ours, then the namespace.
fn remove_namespace(name: &str) {
    if Path::new("/run/netns").join(name).exists() {
        let pids = Command::new("ip")
            .args(["netns", "pids", name])
            .env("PATH", search_path())
            .output();
        let pids = pids.map(|output| output.stdout).unwrap_or_default();
        for pid in String::from_utf8_lossy(&pids).lines() {
            if let Some(pid) = pid.trim().parse().ok().and_then(Pid::from_raw) {
                stop::best_effort(kill_process(pid, Signal::KILL));
            }
        }
        let delete = Command::new("ip")
            .args(["netns", "del", name])
            .env("PATH", search_path())
            .status();
        stop::best_effort(delete);
    }
    let etc = Path::new(ETC_NETNS).join(name);
    if etc.exists() {
        stop::best_effort(fs::remove_dir_all(etc));
    }
}

/// The commands that give one end of a pair its addresses.
fn end(interface: &str, v4: &str, v6: &str, gateways: Option<(&str, &str)>) -> String {
    let mut script = format!(
        "ip link set lo up\nip addr add {v4} dev {interface}\nip -6 addr add {v6} dev {interface} nodad\nip link set {interface} up\n"
    );
    if let Some((v4, v6)) = gateways {
        writeln!(
            script,
            "ip route add default via {v4}\nip -6 route add default via {v6}"
        )
        .expect("a string takes all");
    }
    script
}

fn ip(arguments: &[&str]) {
    let mut command = Command::new("ip");
    command.args(arguments).env("PATH", search_path());
    Process::run("ip", &mut command, COMMAND_WITHIN);
}

/// The search path with the folders where Debian keeps daemons.
fn search_path() -> String {
    format!(
        "{}:/usr/sbin:/sbin",
        std::env::var("PATH").unwrap_or_default()
    )
}

fn write_file(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_namespaces_of_dead_processes_are_left_over() {
        let lives = |pid| pid == 7;
        assert!(is_left_over("adit-reach-8-0-c", lives));
        assert!(!is_left_over("adit-reach-7-0-c", lives));
        assert!(!is_left_over("adit-reach-", lives));
        assert!(!is_left_over("somebody-else-8-0-c", lives));
    }
}
