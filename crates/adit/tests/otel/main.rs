//! Spans of `adit serve` as a collector gets them: of a connection and all that goes on in it, with no secret of anybody's.
#![cfg(test)]

mod collector;

use std::fs;
use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, ExitStatus};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use adit_testkit::clip::{AudioCodec, Clip, VideoCodec};
use adit_testkit::peers::{Peer, Peers};
use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use self::collector::{Asked, Listening, Span, only};

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long a step may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Stands in everything that nobody may see.
const SECRET: &str = "5ec2e7";

/// All that happened to a server, as it was told by and by.
struct Story {
    spans: Vec<Span>,
    collected: Vec<Asked>,
    callbacks: Vec<Asked>,
    log: String,
    far: SocketAddr,
}

/// One is enough for all tests.
fn story() -> Option<&'static Story> {
    static STORY: OnceLock<Option<Story>> = OnceLock::new();
    STORY.get_or_init(tell).as_ref()
}

/// An ffmpeg publishes with a key as the name, another plays with a token; it is recorded, and pushed to another server.
fn tell() -> Option<Story> {
    let peers = Peers::with(&[Peer::Ffmpeg9])?;
    let (collector, callbacks) = (Listening::start(), Listening::start());
    let far = AditServer::start(ADIT);
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    fs::write(&keys, format!("{SECRET}-key live/studio\n")).unwrap();
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o600)).unwrap();
    let server = serve(
        &folder,
        &format!(
            "[log]\nformat = 'json'\n[log.opentelemetry]\nendpoint = 'http://{}/'\n\
             service_name = 'studio-1'\nheaders = ['Authorization=Bearer {SECRET}-header']\n\
             [server]\nmedia = '{folder}/media'\n[recording]\nall = true\n[access]\nkeys = '{keys}'\n\
             [access.callbacks]\npublish = 'http://{hook}/hook?{SECRET}'\nended = 'http://{hook}/ended'\n\
             [[apps.live.relays]]\ndirection = 'push'\nstream = 'studio'\nproxy = 'none'\n\
             url = 'rtmp://{}/in/{SECRET}-far'\n",
            collector.address,
            far.address(),
            folder = folder.path().display(),
            keys = keys.display(),
            hook = callbacks.address,
        ),
        |_| {},
    );
    let clip = Clip::new(Some(VideoCodec::H264), Some(AudioCodec::Aac), 6);
    let clip = clip.make(peers, folder.path());
    let url = |path: &str| server.url(Transport::Rtmp, path);
    let mut publisher = peers.ffmpeg(Peer::Ffmpeg9);
    publisher.arg("-re").arg("-i").arg(&clip);
    publisher.args(["-c", "copy", "-f", "flv"]);
    publisher.arg(url(&format!("live/{SECRET}-key?more={SECRET}")));
    let mut publisher = Process::start("publisher", &mut publisher);
    server.log_line("relay connected", PATIENCE);
    let mut player = peers.ffmpeg(Peer::Ffmpeg9);
    player
        .arg("-i")
        .arg(url(&format!("live/studio?token={SECRET}")));
    player.args(["-t", "1", "-f", "null", "-"]);
    let player = Process::start("player", &mut player).wait(PATIENCE);
    assert!(player.success(), "{}", server.log());
    assert!(publisher.wait(PATIENCE).success(), "{}", server.log());
    server.log_line("relay ended", PATIENCE);
    let (status, log) = server.stop();
    assert!(status.success(), "{log}");
    Some(Story {
        spans: collector.spans(),
        collected: collector.all(),
        callbacks: callbacks.all(),
        log,
        far: far.address(),
    })
}

/// A server by a configuration, with no other variables of OpenTelemetry than `configure` sets.
fn serve(folder: &TempDir, config: &str, configure: impl FnOnce(&mut Command)) -> AditServer {
    let file = folder.path().join("adit.toml");
    fs::write(&file, config).unwrap();
    AditServer::start_with(ADIT, |command| {
        command.arg("--config").arg(&file);
        configure(command);
    })
}

impl Story {
    /// The only span of a name.
    #[track_caller]
    fn only(&self, name: &str) -> &Span {
        only(&self.spans, name)
    }

    /// The connection that a span is in.
    #[track_caller]
    fn connection_of(&self, span: &Span) -> &Span {
        let parent = self.spans.iter().find(|it| it.id == span.parent);
        let parent = parent.unwrap_or_else(|| panic!("{span:?} is in none of {:#?}", self.spans));
        assert_eq!((&*parent.name, &parent.trace), ("connection", &span.trace));
        parent
    }
}

#[test]
fn a_publisher_and_a_player_are_connections_with_what_they_do_inside() {
    let Some(story) = story() else { return };
    let (publish, play) = (story.only("publish"), story.only("play"));
    for span in [publish, play] {
        span.check(&[("adit.app", "live"), ("adit.stream", "studio")]);
        let connection = story.connection_of(span);
        connection.check(&[
            ("adit.transport", "rtmp"),
            ("adit.app", "live"),
            ("client.address", "127.0.0.1"),
        ]);
        assert!(connection.number("adit.received_bytes") > 1_000);
        assert!(connection.number("adit.sent_bytes") > 1_000);
        assert!(!connection.attributes["adit.reason"].is_empty());
        assert_eq!(connection.parent, "");
        assert!(connection.began <= span.began && span.ended <= connection.ended);
    }
    assert!(publish.lasted() > play.lasted(), "{publish:?} {play:?}");
    assert_ne!(publish.trace, play.trace);
    // The collector and the callback came over connections of their own.
    let connections = story.spans.iter().filter(|it| it.name == "connection");
    assert_eq!(connections.count(), 2, "{:#?}", story.spans);
}

#[test]
fn a_recording_is_inside_of_what_is_published_and_says_what_it_has() {
    let Some(story) = story() else { return };
    let record = story.only("record");
    assert_eq!(record.parent, story.only("publish").id);
    record.check(&[
        ("adit.file", "live/studio.flv"),
        ("adit.gaps", "0"),
        ("adit.lost_frames", "0"),
        ("adit.failures", "0"),
    ]);
    assert!(record.number("adit.bytes") > 10_000);
    assert_eq!(record.failed, None);
}

#[test]
fn a_callback_is_inside_of_its_connection_and_knows_its_span() {
    let Some(story) = story() else { return };
    let asked = story.only("callback publish");
    asked.check(&[("adit.event", "publish"), ("adit.answer", "yes")]);
    asked.check(&[("server.address", "127.0.0.1")]);
    let publisher = story.connection_of(story.only("publish"));
    assert_eq!(story.connection_of(asked).id, publisher.id);
    let told = story.only("callback publish_end");
    assert_eq!(told.parent, publisher.id);
    for span in [asked, told] {
        let parent = format!("00-{}-{}-01", span.trace, span.id);
        let event = &span.attributes["adit.event"];
        let mut heard = story.callbacks.iter().filter(|asked| {
            let body: Value = serde_json::from_slice(&asked.body).unwrap();
            body["event"] == **event
        });
        let heard = heard.next().unwrap();
        assert_eq!(heard.fields.get("traceparent"), Some(&parent), "{event}");
    }
}

#[test]
fn what_is_told_after_a_connection_does_not_make_it_longer() {
    let Some(story) = story() else { return };
    let told = story.spans.iter();
    let told: Vec<_> = told
        .filter(|it| it.name == "callback connect_end")
        .collect();
    assert_eq!(told.len(), 2, "{:#?}", story.spans);
    for told in told {
        assert!(story.connection_of(told).ended <= told.ended);
    }
}

#[test]
fn a_relay_says_where_to_and_has_its_connection_inside() {
    let Some(story) = story() else { return };
    let relay = story.only("relay push");
    relay.check(&[
        ("adit.stream", "studio"),
        ("adit.direction", "push"),
        ("server.address", "127.0.0.1"),
        ("adit.connections", "1"),
        ("adit.failures", "0"),
        ("adit.far", &format!("rtmp://{}/in/***", story.far)),
    ]);
    assert!(relay.number("adit.bytes") > 1_000);
    assert_eq!(relay.parent, "");
    let connection = story.only("relay connection");
    assert_eq!(connection.parent, relay.id);
    assert!(connection.attributes["adit.way"].contains("rtmp"));
}

#[test]
fn the_server_says_who_it_is_and_what_the_operator_wants_it_to_send() {
    let Some(story) = story() else { return };
    for span in &story.spans {
        assert_eq!(span.resource["service.name"], "studio-1");
        assert_eq!(span.resource["service.version"], env!("CARGO_PKG_VERSION"));
    }
    assert!(!story.collected.is_empty());
    for asked in &story.collected {
        assert_eq!(asked.line, "POST /v1/traces HTTP/1.1");
        assert_eq!(asked.fields["content-type"], "application/x-protobuf");
        let bearer = format!("Bearer {SECRET}-header");
        assert_eq!(asked.fields["authorization"], bearer);
    }
}

#[test]
fn no_secret_is_in_anything_that_is_sent_or_logged() {
    let Some(story) = story() else { return };
    for asked in &story.collected {
        let body = String::from_utf8_lossy(&asked.body);
        assert!(!body.contains(SECRET), "{body}");
    }
    assert!(!story.log.contains(SECRET), "{}", story.log);
}

#[test]
fn lines_of_a_connection_in_the_log_have_the_number_of_its_trace() {
    let Some(story) = story() else { return };
    let lines = story
        .log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let lines: Vec<_> = lines.collect();
    for span in [story.only("publish"), story.only("play")] {
        let number = &story.connection_of(span).attributes["adit.connection"];
        let number: u64 = number.parse().unwrap();
        let about = ["opened", "closed"].map(|what| {
            let mut about = lines
                .iter()
                .filter(|line| line["connection"] == number && line["message"] == what);
            about
                .next()
                .unwrap_or_else(|| panic!("{what}: {}", story.log))
        });
        for line in about {
            assert_eq!(line["trace"], *span.trace, "{line}");
            // What is for collectors alone is none of the log's business.
            assert_eq!(line.get("span"), None, "{line}");
        }
    }
}

/// Publishes for a second.
fn publish(server: &AditServer) -> ExitStatus {
    let mut publisher = Command::new(ADIT);
    publisher.args(["publish", "pattern:160x96@10,100k", "--duration", "1s"]);
    publisher.args(["--retry", "none", "--proxy", "none"]);
    publisher.arg(server.url(Transport::Rtmp, "live/cam"));
    Process::start("publisher", &mut publisher).wait(PATIENCE)
}

#[test]
fn what_the_file_leaves_open_is_taken_from_the_usual_variables() {
    let collector = Listening::start();
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&folder, "", |command| {
        let endpoint = format!("http://{}", collector.address);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
        command.env("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=seven");
        command.env("OTEL_SERVICE_NAME", "by-variable");
        command.env(
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment.name=test",
        );
    });
    assert!(publish(&server).success(), "{}", server.log());
    let (status, log) = server.stop();
    assert!(status.success(), "{log}");
    let spans = collector.spans();
    let span = only(&spans, "publish");
    assert_eq!(span.resource["service.name"], "by-variable");
    assert_eq!(span.resource["deployment.environment.name"], "test");
    assert_eq!(collector.all()[0].fields["x-tenant"], "seven");
}

#[test]
fn of_no_share_nothing_is_sent_and_the_log_has_no_numbers_that_lead_nowhere() {
    let collector = Listening::start();
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[log.opentelemetry]\nendpoint = 'http://{}'\nshare = 0\n",
        collector.address
    );
    let server = serve(&folder, &config, |_| {});
    assert!(publish(&server).success(), "{}", server.log());
    let (status, log) = server.stop();
    assert!(status.success(), "{log}");
    assert!(collector.spans().is_empty(), "{:#?}", collector.spans());
    assert!(
        log.contains("publish started") && !log.contains("trace="),
        "{log}"
    );
}

/// A server serves and ends in time although the collector at `address` is of no use; gives the log.
fn check_useless(address: SocketAddr) -> String {
    let folder = tempfile::tempdir().unwrap();
    let config = format!("[log.opentelemetry]\nendpoint = 'http://{address}'\n");
    let server = serve(&folder, &config, |command| {
        // Often enough that more than one is in vain.
        command.env("OTEL_BSP_SCHEDULE_DELAY", "100");
    });
    for _ in 0..3 {
        assert!(publish(&server).success(), "{}", server.log());
    }
    server.signal(Signal::TERM);
    let begun = Instant::now();
    let (status, log) = server.wait(PATIENCE);
    assert!(status.success(), "{log}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{log}");
    log
}

#[test]
fn a_collector_that_is_away_costs_one_line_in_the_log_and_nothing_else() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let log = check_useless(address);
    let lines = log.matches("the collector takes no spans").count();
    assert_eq!(lines, 1, "{log}");
}

#[test]
fn a_collector_that_answers_nothing_holds_up_nobody() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let log = check_useless(silent.local_addr().unwrap());
    assert!(log.contains("the last spans were not sent"), "{log}");
}

#[test]
fn what_is_https_goes_by_tls_however_its_scheme_is_written() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("HTTPS://{}", listener.local_addr().unwrap());
    let header = format!("Authorization=Bearer {SECRET}");
    let by_file = format!("[log.opentelemetry]\nendpoint = '{endpoint}'\nheaders = ['{header}']\n");
    let by_variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
        ("OTEL_EXPORTER_OTLP_HEADERS", &*header),
    ];
    for (config, variables) in [(&*by_file, &[][..]), ("", &by_variables[..])] {
        let folder = tempfile::tempdir().unwrap();
        let server = serve(&folder, config, |command| {
            command.env("OTEL_BSP_SCHEDULE_DELAY", "100");
            command.envs(variables.iter().copied());
        });
        assert!(publish(&server).success(), "{}", server.log());
        let (mut asked, _) = listener.accept().unwrap();
        asked.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut first = [0];
        asked.read_exact(&mut first).unwrap();
        // A handshake of TLS [RFC 8446 5.1]. It gets no answer, so nothing but that is ever said.
        assert_eq!(first, [0x16]);
        drop(server);
        let mut rest = Vec::new();
        // The end may be a hard one.
        drop(asked.read_to_end(&mut rest));
        let rest = String::from_utf8_lossy(&rest);
        assert!(!rest.contains(SECRET) && !rest.contains("POST"), "{rest}");
    }
}

#[test]
fn a_variable_that_cannot_be_used_is_named_and_what_it_has_is_not_shown() {
    let fine = (
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "http://127.0.0.1:9".to_owned(),
    );
    let address = |name| (name, format!("https://me:{SECRET}@ho st"));
    let scheme = |name| (name, format!("ftp://me:{SECRET}@host"));
    let header = |name| (name, SECRET.to_owned());
    let name_of_header = |name| (name, format!("a {SECRET}=b"));
    for (given, expected) in [
        (
            address("OTEL_EXPORTER_OTLP_ENDPOINT"),
            "no URL of a collector",
        ),
        (
            address("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
            "no URL of a collector",
        ),
        (
            scheme("OTEL_EXPORTER_OTLP_ENDPOINT"),
            "no URL of a collector",
        ),
        (
            scheme("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
            "no URL of a collector",
        ),
        (header("OTEL_EXPORTER_OTLP_HEADERS"), "NAME=VALUE"),
        (header("OTEL_EXPORTER_OTLP_TRACES_HEADERS"), "NAME=VALUE"),
        (name_of_header("OTEL_EXPORTER_OTLP_HEADERS"), "NAME=VALUE"),
    ] {
        let mut command = Command::new(ADIT);
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        let output = command
            .envs([&fine, &given].map(|it| (it.0, &it.1)))
            .output();
        let output = output.unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(!output.status.success(), "{given:?}: {said}");
        assert!(!said.contains(SECRET), "{said}");
        assert!(
            said.contains(given.0) && said.contains(expected),
            "{given:?}: {said}"
        );
    }
}

#[test]
fn headers_are_secrets_and_a_share_is_a_part() {
    let folder = tempfile::tempdir().unwrap();
    let said = |config: &str| {
        let file = folder.path().join("adit.toml");
        fs::write(&file, format!("[log.opentelemetry]\n{config}")).unwrap();
        let mut command = Command::new(ADIT);
        let output = command.args(["config", "print", "--config"]).arg(&file);
        let output = output.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    };
    let (is_right, shown) = said(&format!("headers = ['a=b{SECRET}']\nshare = 1\n"));
    assert!(is_right && !shown.contains(SECRET), "{shown}");
    assert!(shown.contains("share = 1.0"), "{shown}");
    for (wrong, told) in [
        (format!("headers = ['{SECRET}']"), "NAME=VALUE"),
        (
            format!("endpoint = 'http://me:{SECRET}@host'"),
            "write it into headers",
        ),
        ("endpoint = 'host:4318'".to_owned(), "no URL of a collector"),
        ("share = 1.5".to_owned(), "1.5 is no share"),
    ] {
        let (is_right, shown) = said(&wrong);
        assert!(!is_right && shown.contains(told), "{shown}");
        assert!(!shown.contains(SECRET), "{shown}");
    }
}
