//! Certificates by ACME, from a real authority (Debian's pebble) that sees this machine under a made-up name.
#![cfg(test)]
#![cfg(feature = "acme")]

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use adit_testkit::peers::{Peer, Peers};
use adit_testkit::process::{Process, free_port};
use adit_testkit::server::AditServer;
use tempfile::TempDir;

const ADIT: &str = env!("CARGO_BIN_EXE_adit");
const NAME: &str = "live.example.test";

/// How long anything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// An authority, and the name server that tells it where the name is.
struct Authority {
    pebble: Process,
    _names: Process,
    directory: String,
    root: PathBuf,
    _folder: TempDir,
}

impl Authority {
    /// One that looks for servers on this port, by either proof.
    fn start(peers: Peers, port: u16) -> Self {
        let folder = TempDir::with_prefix("adit-acme-").unwrap();
        let (certificate, key) = own_certificate(folder.path());
        let (listen, management) = (free_port(), free_port());
        let config = serde_json::json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{listen}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": &certificate, "privateKey": &key,
            "httpPort": port, "tlsPort": port,
            "ocspResponderURL": "", "externalAccountBindingRequired": false,
        }});
        let file = folder.path().join("pebble.json");
        fs::write(&file, config.to_string()).unwrap();
        let dns = free_udp_port();
        let names = peers
            .path(Peer::Pebble)
            .with_file_name("pebble-challtestsrv");
        let mut names = Command::new(names);
        names.args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]);
        names.args(["-http01", "", "-https01", "", "-tlsalpn01", ""]);
        names.args(["-management", &format!("127.0.0.1:{}", free_port())]);
        names.args(["-dns01", &format!("127.0.0.1:{dns}")]);
        let names = Process::start("pebble-challtestsrv", &mut names);
        let mut pebble = Command::new(peers.path(Peer::Pebble));
        pebble
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_WFE_NONCEREJECT", "0");
        pebble.arg("-config").arg(&file);
        pebble.args(["-dnsserver", &format!("127.0.0.1:{dns}")]);
        let pebble = Process::start_listening("pebble", &mut pebble, listen, PATIENCE);
        Self {
            pebble,
            _names: names,
            directory: format!("https://localhost:{listen}/dir"),
            root: certificate,
            _folder: folder,
        }
    }
}

/// The certificate of the authority's own server, which stands for itself.
fn own_certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join("own.crt"), folder.join("own.key"));
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
    ]);
    openssl.args([
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
    ]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    openssl
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate);
    Process::run("openssl", &mut openssl, PATIENCE);
    (certificate, key)
}

fn free_udp_port() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}

/// A server on this port whose certificate comes from the authority.
fn serve(authority: &Authority, address: SocketAddr, proof: &str, state: &Path) -> AditServer {
    AditServer::start_with(ADIT, |command| {
        command.args(["--listen", &address.to_string(), "--acme", NAME]);
        command.arg("--state-dir").arg(state);
        command.env("ADIT_TLS__ACME__DIRECTORY", &authority.directory);
        command.env("ADIT_TLS__ACME__ROOT", &authority.root);
        command.env("ADIT_TLS__ACME__PROOF", proof);
        command.env("ADIT_TLS__ACME__CONTACT", "operator@example.test");
    })
}

/// Who issued the certificate that is shown under this name.
fn issuer(address: SocketAddr) -> String {
    let mut openssl = Command::new("openssl");
    openssl.args([
        "s_client",
        "-connect",
        &address.to_string(),
        "-servername",
        NAME,
    ]);
    let shown = Process::start("openssl", &mut openssl);
    let line = shown.stdout_lines("issuer=", 1, PATIENCE);
    line[0].clone()
}

fn a_certificate_is_issued_by(proof: &str) {
    let Some(peers) = Peers::with(&[Peer::Pebble]) else {
        return;
    };
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let authority = Authority::start(peers, address.port());
    let state = TempDir::new().unwrap();
    let server = serve(&authority, address, proof, state.path());
    server.log_line("certificate issued", PATIENCE);
    // The authority has looked by now, and nobody else.
    assert!(!server.log().contains("does it trust"), "{}", server.log());
    let issuer_of_the_first = issuer(address);
    assert!(
        issuer_of_the_first.contains("Pebble"),
        "{issuer_of_the_first}\n{}",
        authority.pebble
    );
    let place = state.path().join("acme");
    let (certificate, account) = (place.join("acme.crt"), place.join("acme-account.json"));
    let issued = fs::read(&certificate).unwrap();
    for secret in [account, place.join("acme.key")] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&secret).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", secret.display());
    }
    drop(server);
    // The next start shows it again and asks for none.
    let again = serve(&authority, address, proof, state.path());
    assert!(issuer(address).contains("Pebble"));
    assert_eq!(fs::read(&certificate).unwrap(), issued);
    assert!(
        !again.log().contains("certificate issued"),
        "{}",
        again.log()
    );
}

#[test]
fn a_certificate_is_issued_by_http_01_and_kept() {
    a_certificate_is_issued_by("http-01");
}

#[test]
fn a_certificate_is_issued_by_tls_alpn_01_and_kept() {
    a_certificate_is_issued_by("tls-alpn-01");
}

#[test]
fn a_certificate_of_which_nothing_can_be_written_down_is_used_and_not_asked_for_again() {
    let Some(peers) = Peers::with(&[Peer::Pebble]) else {
        return;
    };
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let authority = Authority::start(peers, address.port());
    let state = TempDir::new().unwrap();
    fs::create_dir_all(state.path().join("acme/acme.json")).unwrap();
    let server = serve(&authority, address, "http-01", state.path());
    server.log_line("certificate issued", PATIENCE);
    server.log_line("the next start asks for another certificate", PATIENCE);
    assert!(issuer(address).contains("Pebble"));
    assert!(!server.log().contains("no certificate"), "{}", server.log());
}

#[test]
fn a_name_that_leads_elsewhere_is_told_with_the_words_of_the_authority() {
    let Some(peers) = Peers::with(&[Peer::Pebble]) else {
        return;
    };
    let elsewhere = free_port();
    let authority = Authority::start(peers, elsewhere);
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let state = TempDir::new().unwrap();
    let server = serve(&authority, address, "http-01", state.path());
    let line = server.log_line("no certificate", PATIENCE);
    assert!(
        line.contains(&format!("has not found this server at {NAME}")),
        "{line}"
    );
    // Meanwhile it serves with the one that nobody trusts.
    assert!(issuer(address).contains("adit self-signed"));
}
