//! Controls: trials from the client's place with programs that are not under test, so that a condition that is not what
//! it says is the lab's failure and not the client's.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::certs::Certificates;
use super::condition::{Condition, Control, Passes, Place, Speech};
use super::net::Network;
use super::stop;
use crate::process::Process;

/// How long something that must pass may take; some conditions are slow by intention.
const PASSES_WITHIN: Duration = Duration::from_secs(8);
/// How long something that must not pass is tried. A network of one machine answers in a few milliseconds.
const BLOCKED_AFTER: Duration = Duration::from_millis(2500);

/// Tries the controls of a condition and gives what is not as it should be: first all that must pass, then all that must
/// not, since a wrong password that comes while the right one of the same user is looked up has been taken by squid for it.
pub fn check(
    condition: &Condition,
    network: &Network,
    folder: &Path,
    certs: &Certificates,
) -> Vec<String> {
    let one = folder.join("one-byte");
    fs::write(&one, [0]).expect("the folder of the row takes files");
    let attempt = |control: &Control, within| attempt(control, network, &one, certs, within);
    let must_pass = |control: &Control| {
        let why = attempt(control, PASSES_WITHIN).err()?;
        Some(format!("{} must pass and does not: {why}", name(control)))
    };
    let must_not = |control: &Control| {
        attempt(control, BLOCKED_AFTER).ok()?;
        Some(format!("{} must not pass and does", name(control)))
    };
    let of = |wanted| {
        condition
            .controls
            .iter()
            .filter(move |(_, passes)| *passes == wanted)
            .map(|(control, _)| control)
    };
    let mut wrong = at_once(of(Passes::Yes), &must_pass);
    wrong.extend(at_once(of(Passes::No), &must_not));
    wrong
}

/// Tries these controls at the same time.
fn at_once<'a>(
    controls: impl Iterator<Item = &'a Control>,
    attempt: &(impl Fn(&Control) -> Option<String> + Sync),
) -> Vec<String> {
    thread::scope(|scope| {
        let trials: Vec<_> = controls
            .map(|control| scope.spawn(move || attempt(control)))
            .collect();
        let panicked = |_| Some("a control panicked".to_owned());
        trials
            .into_iter()
            .filter_map(|trial| trial.join().unwrap_or_else(panicked))
            .collect()
    })
}

/// What a control is called in messages.
pub fn name(control: &Control) -> String {
    let Control {
        speech,
        port,
        host,
        via,
        connect,
    } = control;
    let speech = match speech {
        Speech::Rtmp => "RTMP",
        Speech::Rtmps => "RTMP in TLS",
        Speech::Http => "the tunnel",
        Speech::Https => "the tunnel in TLS",
        Speech::Redirect => "a redirect",
    };
    let way = match (via, connect) {
        (None, _) => String::new(),
        (Some(proxy), false) => format!(" through {proxy}"),
        (Some(proxy), true) => format!(" through CONNECT of {proxy}"),
    };
    format!("{speech} on {host}:{port}{way}")
}

fn attempt(
    control: &Control,
    network: &Network,
    one: &Path,
    certs: &Certificates,
    within: Duration,
) -> Result<(), String> {
    match control.speech {
        Speech::Rtmp => plain(control, network, within),
        Speech::Rtmps => tls(control, network, certs, within),
        Speech::Http | Speech::Https | Speech::Redirect => {
            curl(control, network, one, certs, within)
        }
    }
}

fn plain(control: &Control, network: &Network, within: Duration) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = network.command(Place::Client, program);
    command
        .args(["inside", "answer"])
        .arg(address(control))
        .arg(within.as_millis().to_string());
    run(&mut command, within).map(drop)
}

fn curl(
    control: &Control,
    network: &Network,
    one: &Path,
    certs: &Certificates,
    within: Duration,
) -> Result<(), String> {
    let mut command = network.command(Place::Client, "curl");
    let trust = certs.file("trust.pem");
    command.args([
        "-sS",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code} %{content_type}",
        "-m",
    ]);
    command
        .arg(within.as_secs_f32().to_string())
        .arg("--cacert")
        .arg(&trust);
    if let Some(proxy) = control.via {
        command
            .arg("--proxy-cacert")
            .arg(&trust)
            .args(["--proxy-anyauth", "-x", proxy]);
    }
    if control.connect {
        command.arg("--proxytunnel");
    }
    let (scheme, path, wanted) = match control.speech {
        Speech::Https => ("https", "/open/1", "200 application/x-fcs"),
        Speech::Redirect => ("http", "/", "302 text/html"),
        _ => ("http", "/open/1", "200 application/x-fcs"),
    };
    if path == "/open/1" {
        command.args([
            "-X",
            "POST",
            "-H",
            "Content-Type: application/x-fcs",
            "--data-binary",
        ]);
        command.arg(format!("@{}", one.display()));
    }
    command.arg(format!("{scheme}://{}{path}", address(control)));
    let said = run(&mut command, within + Duration::from_secs(1))?;
    if said.trim() == wanted {
        Ok(())
    } else {
        Err(format!("the answer is `{}`, not `{wanted}`", said.trim()))
    }
}

fn tls(
    control: &Control,
    network: &Network,
    certs: &Certificates,
    within: Duration,
) -> Result<(), String> {
    let mut command = network.command(Place::Client, "openssl");
    command.args([
        "s_client",
        "-quiet",
        "-verify_return_error",
        "-servername",
        control.host,
        "-connect",
    ]);
    command
        .arg(address(control))
        .arg("-CAfile")
        .arg(certs.file("trust.pem"));
    let mut child = Kept(
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("openssl: {error}"))?,
    );
    let mut input = child.0.stdin.take().expect("it was piped");
    let mut output = child.0.stdout.take().expect("it was piped");
    thread::scope(|scope| {
        let answer = scope.spawn(move || {
            let mut first = [0];
            let read = output.read_exact(&mut first);
            read.is_ok() && first == [RTMP_VERSION]
        });
        // A broken pipe here is told by the answer that does not come.
        stop::best_effort(input.write_all(&hello()));
        let answered = stop::wait_for(within, || answer.is_finished().then_some(()));
        child.end();
        match answered {
            Some(()) if answer.join().unwrap_or(false) => Ok(()),
            Some(()) => Err("no RTMP in it".to_owned()),
            None => Err(format!("nothing within {within:?}")),
        }
    })
}

/// The inside of a control: connects, begins an RTMP handshake and looks at the first byte of the answer.
///
/// # Errors
///
/// What went wrong.
pub fn answer(address: &str, within: Duration) -> Result<(), String> {
    let deadline = Instant::now() + within;
    let left = || {
        deadline
            .saturating_duration_since(Instant::now())
            .max(Duration::from_millis(1))
    };
    let mut last = format!("{address} has no address");
    for address in address
        .to_socket_addrs()
        .map_err(|error| error.to_string())?
    {
        let attempt = TcpStream::connect_timeout(&address, left()).and_then(|mut stream| {
            stream.set_read_timeout(Some(left()))?;
            stream.write_all(&hello())?;
            let mut first = [0];
            stream.read_exact(&mut first)?;
            Ok(first)
        });
        match attempt {
            Ok([RTMP_VERSION]) => return Ok(()),
            Ok([other]) => last = format!("{address} answers {other:#04x}, not RTMP"),
            Err(error) => last = format!("{address}: {error}"),
        }
    }
    Err(last)
}

const RTMP_VERSION: u8 = 3;

/// C0 and C1 of a client that sends nothing but zeros.
fn hello() -> Vec<u8> {
    let mut bytes = vec![0; 1537];
    bytes[0] = RTMP_VERSION;
    bytes
}

fn address(control: &Control) -> String {
    format!("{}:{}", control.host, control.port)
}

fn run(command: &mut Command, within: Duration) -> Result<String, String> {
    let mut process = Process::start("a control", command);
    let ended = stop::wait_for(within + Duration::from_secs(2), || {
        process.has_ended().then_some(())
    });
    if ended.is_none() {
        return Err(format!("nothing within {within:?}"));
    }
    let status = process.wait(Duration::from_secs(1));
    if status.success() {
        Ok(process.stdout())
    } else {
        Err(process.stderr().trim().to_owned())
    }
}

/// A child that does not outlive its guard.
#[derive(Debug)]
pub struct Kept(pub Child);

impl Kept {
    /// Ends it.
    pub fn end(&mut self) {
        stop::best_effort(self.0.kill());
        stop::best_effort(self.0.wait());
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.end();
    }
}
