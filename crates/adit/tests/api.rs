//! The HTTP API of `adit serve`, against its own description and against whoever should not use it.
#![cfg(test)]

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use adit_testkit::attack::Attacker;
use adit_testkit::honest::Honest;
use adit_testkit::peers::{Peer, Peers, say, workspace};
use adit_testkit::process::Process;
use adit_testkit::server::AditServer;
use serde_json::{Value, json};
use tempfile::TempDir;

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// Only reached when a test fails.
const SOON: Duration = Duration::from_secs(20);

/// A server with an API, and a directory for recordings.
struct Lab {
    server: AditServer,
    api: SocketAddr,
    token: String,
    _media: TempDir,
}

/// What was answered.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Lab {
    fn start() -> Self {
        let media = TempDir::new().unwrap();
        let server = AditServer::start_with(ADIT, |command| {
            command.args(["--listen", "127.0.0.1:0", "--api", "127.0.0.1:0", "--media"]);
            command.arg(media.path());
        });
        let api = server.printed("api on http://").parse().unwrap();
        let file = server.printed("api token in ");
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "for its owner alone");
        let token = fs::read_to_string(file).unwrap().trim().to_owned();
        Self {
            server,
            api,
            token,
            _media: media,
        }
    }

    /// Sends a head, with `Host` and what `fields` says, and a body.
    async fn send(&self, first: &str, fields: &[&str], body: &str) -> Answer {
        let host = format!("Host: {}", self.api);
        let length = format!("Content-Length: {}", body.len());
        let line = format!("{first} HTTP/1.1");
        let mut lines = vec![&*line, "Connection: close"];
        if !fields.iter().any(|field| field.starts_with("Host:")) {
            lines.push(&host);
        }
        if !body.is_empty() {
            lines.push(&length);
        }
        lines.extend(fields);
        let head = lines.join("\r\n");
        let mut peer = Attacker::connect(self.api).await;
        peer.write(format!("{head}\r\n\r\n{body}").as_bytes()).await;
        let ending = peer.ending(SOON).await;
        let text = String::from_utf8(ending.received).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).unwrap_or_default();
        Answer {
            status: status
                .parse()
                .unwrap_or_else(|_| panic!("no answer: {text:?}")),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    async fn with_token(&self, first: &str, body: &str) -> Answer {
        let bearer = format!("Authorization: Bearer {}", self.token);
        let kind = "Content-Type: application/json";
        self.send(first, &[&bearer, kind], body).await
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.with_token(&format!("GET {path}"), "").await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    async fn metrics(&self) -> String {
        self.with_token("GET /metrics", "").await.body
    }
}

/// The value of a series.
fn value(metrics: &str, series: &str) -> f64 {
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in\n{metrics}"))
        .parse()
        .unwrap()
}

#[tokio::test]
async fn nobody_gets_anything_without_the_token_and_everybody_hears_of_health() {
    let lab = Lab::start();
    let document = lab.get("/api/v1/openapi.json").await;
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 12, "{:?}", paths.keys());
    let wrong = [
        String::new(),
        "Authorization: Bearer".to_owned(),
        "Authorization: Bearer ".to_owned(),
        format!("Authorization: Basic {}", lab.token),
        format!("Authorization: Bearer {}x", lab.token),
        format!(
            "Authorization: Bearer {}",
            lab.token.to_uppercase().replace('F', "0")
        ),
        format!("Authorization: Bearer {}", &lab.token[1..]),
        format!("Cookie: token={}", lab.token),
    ];
    for (path, operations) in paths {
        for method in operations.as_object().unwrap().keys() {
            let first = format!("{} {}", method.to_uppercase(), path.replace("{id}", "1"));
            for field in &wrong {
                let fields: Vec<_> = [field.as_str()]
                    .into_iter()
                    .filter(|it| !it.is_empty())
                    .collect();
                let answer = lab.send(&first, &fields, "").await;
                assert_eq!(answer.status, 401, "{first} {field}");
                assert_eq!(answer.json()["code"], "unauthorized");
                assert!(answer.head.contains("www-authenticate: bearer"));
            }
            let first = format!("{first}?token={}", lab.token);
            assert_eq!(
                lab.send(&first, &[], "").await.status,
                401,
                "not in an address"
            );
        }
    }
    for path in ["/metrics", "/api/v1/openapi.json", "/", "/api/v1/nothing"] {
        assert_eq!(
            lab.send(&format!("GET {path}"), &[], "").await.status,
            401,
            "{path}"
        );
    }
    for path in ["/healthz", "/readyz"] {
        let answer = lab.send(&format!("GET {path}"), &[], "").await;
        assert_eq!(
            (answer.status, &answer.json()["ok"]),
            (200, &json!(true)),
            "{answer:?}"
        );
    }
    assert!(value(&lab.metrics().await, "adit_api_unauthorized_total") > 100.0);
    lab.server.assert_sound();
    assert!(!lab.server.log().contains(&lab.token));
}

#[tokio::test]
async fn pages_of_strangers_get_nothing_and_change_nothing() {
    let lab = Lab::start();
    let bearer = format!("Authorization: Bearer {}", lab.token);
    // A name that a stranger made lead here.
    for host in [
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "",
    ] {
        let host = format!("Host: {host}");
        for path in ["/api/v1/server", "/healthz", "/metrics"] {
            let answer = lab
                .send(&format!("GET {path}"), &[&host, &bearer], "")
                .await;
            assert_eq!(
                (answer.status, &answer.json()["code"]),
                (403, &json!("host")),
                "{host}"
            );
        }
    }
    let port = lab.api.port();
    for host in [
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}"),
        "[::1]".to_owned(),
    ] {
        let host = format!("Host: {host}");
        assert_eq!(
            lab.send("GET /api/v1/server", &[&host, &bearer], "")
                .await
                .status,
            200,
            "{host}"
        );
    }
    // A page of a stranger that has learnt the token all the same, and one that has not.
    for origin in ["http://evil.example", "null", "http://localhost:1"] {
        let origin = format!("Origin: {origin}");
        let answer = lab
            .send("POST /api/v1/drain", &[&origin, &bearer], "")
            .await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (403, &json!("origin"))
        );
        let preflight = lab.send("OPTIONS /api/v1/drain", &[&origin], "").await;
        assert!(preflight.status >= 400 && !preflight.head.contains("access-control"));
        let answer = lab
            .send("GET /api/v1/server", &[&origin, &bearer], "")
            .await;
        assert!(!answer.head.contains("access-control"), "{answer:?}");
    }
    assert_eq!(lab.get("/api/v1/server").await["draining"], false);
    let answer = lab.with_token("GET /api/v1/server", "").await;
    for field in [
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        "content-type: application/json",
    ] {
        assert!(answer.head.contains(field), "{field} in {}", answer.head);
    }
    let own = format!("Origin: http://{}", lab.api);
    let answer = lab.send("POST /api/v1/drain", &[&own, &bearer], "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let ready = lab.send("GET /readyz", &[], "").await;
    assert_eq!(ready.status, 503);
    assert_eq!(
        ready.json()["problems"],
        json!([{"code": "draining", "message": "the server is draining"}])
    );
}

#[tokio::test]
async fn every_answer_is_what_the_description_says() {
    let lab = Lab::start();
    let mut honest = Honest::start(lab.server.address(), "<script>alert(1)</script>").await;
    honest.check(SOON).await.unwrap();
    let document = lab.get("/api/v1/openapi.json").await;
    let stream = lab.get("/api/v1/streams").await["items"][0].clone();
    assert_eq!(stream["name"], "<script>alert(1)</script>");
    let id = stream["id"].as_str().unwrap();
    let connection = stream["publisher"].as_u64().unwrap().to_string();
    // Nobody publishes what it would push.
    let asked =
        json!({ "direction": "push", "stream": "live/none", "url": "rtmp://example.invalid/live" });
    let relay = lab
        .with_token("POST /api/v1/relays", &asked.to_string())
        .await;
    assert_eq!(relay.status, 201, "{relay:?}");
    let relay = relay.json()["id"].as_u64().unwrap().to_string();
    let mut seen = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let Some(described) = operations.get("get").filter(|_| path != "/api/v1/events") else {
            continue;
        };
        let id = match path {
            path if path.contains("connections") => &connection,
            path if path.contains("relays") => &relay,
            _ => id,
        };
        let answer = lab
            .with_token(&format!("GET {}", path.replace("{id}", id)), "")
            .await;
        let status = answer.status.to_string();
        let schema = &described["responses"][&status]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{path}: {answer:?}");
        if path.contains("objects/") {
            assert_eq!(status, "404");
        } else {
            assert_eq!(status, "200", "{path}");
        }
        check(&document, schema, &answer.json(), path);
        seen += 1;
    }
    assert!(seen >= 9, "{seen}");
    // Nothing has changed since the start.
    let reloaded = lab.with_token("POST /api/v1/reload", "").await;
    assert_eq!(reloaded.status, 200, "{reloaded:?}");
    assert_eq!(
        reloaded.json(),
        json!({ "changed": [], "needs_restart": [] })
    );
    // What is not described is not there.
    for (first, status, code) in [
        ("GET /api/v1/nothing", 404, "not_found"),
        ("GET /api/v1/streams/AAAA", 404, "not_found"),
        ("GET /api/v1/streams/..%2f..%2fetc", 404, "not_found"),
        ("GET /api/v1/connections/x", 404, "not_found"),
        (
            "GET /api/v1/connections/99999999999999999999999",
            404,
            "not_found",
        ),
        ("GET /api/v1/streams?limit=0", 400, "bad_request"),
        ("GET /api/v1/streams?limit=x", 400, "bad_request"),
        ("GET /api/v1/streams?unknown=1", 400, "bad_request"),
        ("GET /api/v1/streams?after=%ff", 404, "not_found"),
        ("GET /api/v1/streams?after=x", 404, "not_found"),
        ("DELETE /api/v1/streams", 405, "method"),
    ] {
        let answer = lab.with_token(first, "").await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (status, &json!(code)),
            "{first}"
        );
        assert!(!answer.json()["message"].as_str().unwrap().is_empty());
    }
}

/// Whether a value is what a schema says, as far as our schemas go.
fn check(document: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = document.pointer(name.trim_start_matches('#'));
        return check(
            document,
            schema.unwrap_or_else(|| panic!("no {name}")),
            value,
            at,
        );
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[choice].as_array() {
            if !value.is_null() {
                let other = choices.iter().find(|it| it["type"] != "null").unwrap();
                check(document, other, value, at);
            }
            return;
        }
    }
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let types = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(some) => some.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let is_right = types.contains(&is) || (is == "integer" && types.contains(&"number"));
    assert!(is_right, "{at} is {is}, not one of {types:?}");
    if let Value::Array(items) = value {
        for (number, item) in items.iter().enumerate() {
            check(document, &schema["items"], item, &format!("{at}[{number}]"));
        }
    }
    let Value::Object(members) = value else {
        return;
    };
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(
            members.contains_key(name.as_str().unwrap()),
            "{at} has no {name}"
        );
    }
    for (name, member) in members {
        let described = schema["properties"].get(name);
        let schema = described.unwrap_or(&schema["additionalProperties"]);
        assert!(schema.is_object(), "{at}.{name} is not described");
        check(document, schema, member, &format!("{at}.{name}"));
    }
}

#[tokio::test]
async fn a_stream_is_seen_recorded_and_ended_and_listeners_hear_of_it() {
    let lab = Lab::start();
    let mut listener = Attacker::connect(lab.api).await;
    let head = format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        lab.api, lab.token
    );
    listener.write(head.as_bytes()).await;
    let mut heard = String::new();
    until_heard(&mut listener, &mut heard, "\r\n:\n\n").await;
    assert!(heard.contains("text/event-stream"), "{heard}");

    let mut honest = Honest::start(lab.server.address(), "cam").await;
    honest.check(SOON).await.unwrap();
    let stream = lab.get("/api/v1/streams?application=live&name=cam").await["items"][0].clone();
    assert_eq!(
        (&stream["live"], &stream["players"]),
        (&json!(true), &json!(1)),
        "{stream}"
    );
    let id = stream["id"].as_str().unwrap();
    let path = format!("/api/v1/streams/{id}");
    let none = lab.get("/api/v1/streams?name=other").await;
    assert_eq!(none["total"], 0);
    let record = lab.with_token(&format!("POST {path}/recording"), "").await;
    assert_eq!(record.status, 200, "{record:?}");
    let again = lab.with_token(&format!("POST {path}/recording"), "").await;
    assert_eq!(
        (again.status, &again.json()["code"]),
        (409, &json!("conflict"))
    );
    assert_eq!(lab.get(&path).await["recorded"], true);
    let running = lab.get("/api/v1/recordings").await;
    assert_eq!(running["items"][0]["file"], "live/cam.flv");
    let stop = lab
        .with_token(&format!("DELETE {path}/recording"), "")
        .await;
    assert_eq!(stop.status, 200, "{stop:?}");
    until_heard(&mut listener, &mut heard, "event: recorded\n").await;

    let kick = lab
        .with_token(
            &format!("POST {path}/kick"),
            r#"{"reason":"the show is over"}"#,
        )
        .await;
    assert_eq!(kick.status, 200, "{kick:?}");
    until_heard(&mut listener, &mut heard, "event: unpublish\n").await;
    for event in ["connect", "publish", "play", "record"] {
        assert!(
            heard.contains(&format!("event: {event}\ndata: {{")),
            "no {event} in {heard}"
        );
    }
    assert!(heard.contains("\"name\":\"cam\""), "{heard}");
    lab.server
        .log_line("ended from outside: the show is over", SOON);
    let player = lab.get("/api/v1/connections").await["items"][0]["id"].clone();
    for body in ["", "{}"] {
        let kick = format!("POST /api/v1/connections/{player}/kick");
        let answer = lab.with_token(&kick, body).await;
        // The first ends it, so that the second may find nothing.
        assert!([200, 404].contains(&answer.status), "{answer:?}");
    }
    until_heard(&mut listener, &mut heard, "event: stop\n").await;
}

async fn until_heard(listener: &mut Attacker, heard: &mut String, wanted: &str) {
    let begun = Instant::now();
    while !heard.contains(wanted) {
        assert!(begun.elapsed() < SOON, "no {wanted:?} in {heard}");
        let bytes = listener.read(1, SOON).await;
        heard.push_str(&String::from_utf8_lossy(&bytes));
    }
}

#[tokio::test]
async fn bodies_are_as_long_as_allowed_and_not_longer() {
    let lab = Lab::start();
    let path = "POST /api/v1/connections/1/kick";
    let body = |length: usize| format!("{{\"reason\":\"a\"{}}}", " ".repeat(length - 14));
    assert_eq!(lab.with_token(path, &body(16 * 1024)).await.status, 404);
    let answer = lab.with_token(path, &body(16 * 1024 + 1)).await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (413, &json!("too_large"))
    );
    for (body, status) in [
        ("{", 400),
        ("[]", 400),
        ("{\"reason\":1}", 400),
        ("{\"other\":\"a\"}", 400),
        ("{\"reason\":\"a\\nb\"}", 400),
        ("{\"reason\":null}", 404),
        ("null", 404),
    ] {
        assert_eq!(lab.with_token(path, body).await.status, status, "{body}");
    }
    let long = format!("{{\"reason\":\"{}\"}}", "a".repeat(201));
    assert_eq!(lab.with_token(path, &long).await.status, 400);
    let bearer = format!("Authorization: Bearer {}", lab.token);
    let form = lab
        .send(path, &[&bearer, "Content-Type: text/plain"], "{}")
        .await;
    assert_eq!(
        (form.status, &form.json()["code"]),
        (415, &json!("not_json"))
    );
}

#[tokio::test]
async fn heads_are_as_long_as_allowed_and_not_longer() {
    let lab = Lab::start();
    let fields = |count: usize| (0..count).map(|n| format!("X-{n}: a")).collect::<Vec<_>>();
    for (count, status) in [(60, 200), (65, 431)] {
        let fields = fields(count);
        let fields: Vec<_> = fields.iter().map(String::as_str).collect();
        assert_eq!(
            lab.send("GET /healthz", &fields, "").await.status,
            status,
            "{count}"
        );
    }
    for (length, status) in [(7 * 1024, 200), (9 * 1024, 431)] {
        let field = format!("X: {}", "a".repeat(length));
        assert_eq!(
            lab.send("GET /healthz", &[&field], "").await.status,
            status,
            "{length}"
        );
    }
}

#[tokio::test]
async fn metrics_grow_and_are_those_of_the_table() {
    let lab = Lab::start();
    let before = lab.metrics().await;
    assert!(
        !before.contains("# EOF") && !before.contains(" info\n"),
        "{before}"
    );
    assert!(value(&before, "adit_players{transport=\"rtmp\"}") < 0.5);
    let mut honest = Honest::start(lab.server.address(), "cam").await;
    honest.check(SOON).await.unwrap();
    let after = lab.metrics().await;
    for series in [
        "adit_players{transport=\"rtmp\"}",
        "adit_publishers{transport=\"rtmp\"}",
        "adit_streams",
    ] {
        assert!((value(&after, series) - 1.0).abs() < 0.5, "{series}");
    }
    for series in [
        "adit_received_bytes_total{transport=\"rtmp\"}",
        "adit_media_messages_total",
        "adit_plays_total{transport=\"rtmp\"}",
        "adit_net_events_total{event=\"accepted\"}",
    ] {
        assert!(value(&after, series) > value(&before, series), "{series}");
    }
    for series in [
        "adit_limit_hits_total{limit=\"conn.total\"}",
        "adit_limit_hits_total{limit=\"events.queue\"}",
        "process_open_fds",
        "adit_tls_certificate_expiry_timestamp_seconds",
    ] {
        value(&after, series);
    }
    assert!(value(&after, "adit_tls_certificate_expiry_timestamp_seconds") > 1.7e9);
    let bearer = format!("Authorization: Bearer {}", lab.token);
    let accept = "Accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1";
    let open = lab.send("GET /metrics", &[&bearer, accept], "").await;
    assert!(
        open.head.contains("application/openmetrics-text"),
        "{open:?}"
    );
    assert!(open.body.ends_with("# EOF\n"), "{open:?}");
    table_is_true(&open.body);
}

/// The table of `docs/metrics.md` has each metric with its type and label, and no other.
fn table_is_true(metrics: &str) {
    let text = fs::read_to_string(workspace().join("docs/metrics.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows = rows.filter(|row| row.starts_with("adit_") || row.starts_with("process_"));
    let mut listed: Vec<String> = rows
        .map(|row| {
            let cells: Vec<_> = row
                .split('|')
                .map(|cell| cell.trim().trim_matches('`'))
                .collect();
            format!("{} {} {}", cells[0], cells[1], cells[2].replace('—', ""))
        })
        .collect();
    listed.sort();
    let mut found: Vec<String> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .map(|line| {
            let (name, kind) = line.split_once(' ').unwrap();
            let name = match kind {
                "counter" => format!("{name}_total"),
                "info" => format!("{name}_info"),
                _ => name.to_owned(),
            };
            let series = if kind == "histogram" {
                format!("{name}_bucket")
            } else {
                name.clone()
            };
            let line = metrics.lines().find(|line| {
                let rest = line.strip_prefix(&series);
                rest.is_some_and(|rest| rest.starts_with([' ', '{']))
            });
            let labels = line
                .unwrap_or_else(|| panic!("no {series}"))
                .split_once('{');
            let label = labels.map_or("", |(_, labels)| labels.split('=').next().unwrap());
            format!("{name} {kind} {label}")
        })
        .collect();
    found.sort();
    assert_eq!(listed, found, "docs/metrics.md on the left");
}

#[test]
fn a_token_that_could_be_guessed_or_read_by_others_is_refused_at_the_start() {
    let state = TempDir::new().unwrap();
    let file = state.path().join("api-token");
    let fails = |token: Option<&str>| {
        let mut command = Command::new(ADIT);
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--api",
            "127.0.0.1:0",
            "--state-dir",
        ]);
        command.arg(state.path()).env("NO_COLOR", "1");
        if let Some(token) = token {
            command.env("ADIT_API__TOKEN", token);
        }
        let mut process = Process::start("adit serve", &mut command);
        let status = process.wait(SOON);
        assert!(!status.success());
        process.stderr()
    };
    assert!(fails(Some("short")).contains("fewer than 16 characters"));
    assert!(fails(Some("with a blank in it 1234")).contains("a blank"));
    fs::write(&file, "\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(fails(None).contains("is empty"));
    fs::write(&file, "0123456789abcdef0123456789abcdef\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let open = fails(None);
    assert!(open.contains("others than its owner may read"), "{open}");
    assert!(open.contains("chmod 600"), "{open}");
}

#[tokio::test]
async fn requests_made_from_the_description_are_answered_as_it_says() {
    let Some(peers) = Peers::with(&[Peer::Schemathesis]) else {
        return;
    };
    let lab = Lab::start();
    let mut honest = Honest::start(lab.server.address(), "cam").await;
    honest.check(SOON).await.unwrap();
    // It leaves notes where it runs.
    let folder = TempDir::new().unwrap();
    // Addresses and names of streams follow rules that no schema can say: some that it makes up are refused.
    let refusals = "[[operations]]\ninclude-name = \"POST /api/v1/relays\"\n\
                    checks.positive_data_acceptance.expected-statuses = [201, 400, 409, 422]\n";
    fs::write(folder.path().join("schemathesis.toml"), refusals).unwrap();
    let mut command = Command::new(peers.path(Peer::Schemathesis));
    command.current_dir(folder.path()).arg("run");
    command.arg(format!("http://{}/api/v1/openapi.json", lab.api));
    command
        .arg("--header")
        .arg(format!("Authorization: Bearer {}", lab.token));
    command.args(["--checks", "all", "--phases", "examples,coverage,fuzzing"]);
    // Events have no end.
    command.args(["--exclude-path", "/api/v1/events"]);
    command.args(["--max-examples", "30", "--seed", "6"]);
    command.args(["--generation-deterministic", "--no-color"]);
    let begun = Instant::now();
    let found = tokio::task::spawn_blocking(move || {
        Process::run("schemathesis", &mut command, Duration::from_mins(3))
    });
    let found = found.await.unwrap();
    say(&format!("{:?}: {found}", begun.elapsed()));
    lab.server.assert_sound();
}
