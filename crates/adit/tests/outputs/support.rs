//! A server with a stream that is live, and plain HTTP.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport};

pub(crate) const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long a step may take on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// A publisher of the built-in clip, with a key frame each second; it ends with its guard.
pub(crate) fn publish(server: &AditServer, name: &str, seconds: u32) -> Process {
    publish_as(server, name, seconds, "pattern:320x180@30,200k,key=1")
}

pub(crate) fn publish_as(server: &AditServer, name: &str, seconds: u32, what: &str) -> Process {
    let mut command = Command::new(ADIT);
    command.env("NO_COLOR", "1").arg("publish");
    command
        .arg(what)
        .arg(server.url(Transport::Rtmp, &format!("live/{name}")));
    command.args(["--retry", "none", "--duration", &format!("{seconds}s")]);
    Process::start("adit publish", &mut command)
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// Sends a request, and reads until the other end is done.
pub(crate) fn ask(server: SocketAddr, method: &str, path: &str, fields: &str) -> Answer {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let split = bytes.windows(4).position(|end| end == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..split].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut body = bytes[split + 4..].to_vec();
    if head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked")
    {
        body = unchunked(&body);
    }
    Answer { status, head, body }
}

pub(crate) fn get(server: SocketAddr, path: &str) -> Answer {
    ask(server, "GET", path, "")
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(line) = bytes.windows(2).position(|end| end == b"\r\n") {
        let size = std::str::from_utf8(&bytes[..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let data = line + 2;
        body.extend_from_slice(&bytes[data..data + size]);
        bytes = &bytes[data + size + 2..];
    }
    body
}

/// Waits until `path` is answered with 200.
pub(crate) fn wait_for(server: SocketAddr, path: &str) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = get(server, path);
        if answer.status == 200 {
            return answer;
        }
        assert!(Instant::now() < deadline, "{path}: {answer:?}");
        sleep(Duration::from_millis(50));
    }
}

/// The same for a body without end.
pub(crate) fn wait_until_live(server: SocketAddr, name: &str) {
    let deadline = Instant::now() + PATIENCE;
    while ask(server, "HEAD", &format!("/live/{name}.flv"), "").status != 200 {
        assert!(Instant::now() < deadline, "{name} is not live");
        sleep(Duration::from_millis(50));
    }
}
