//! `connect`: where clients want to go, what they get, and what goes wrong.

use adit_amf::amf0::Value;
use adit_rtmp::command::{CodecAbilities, EnhancedCapabilities, StatusCode};
use adit_rtmp::session::server::Rejection;
use adit_rtmp::session::{CloseReason, ServerEvent};

use crate::support::*;

/// Connects with these properties and publishes `name`; gives where the stream is.
fn located(properties: Value, name: &str) -> Vec<String> {
    let mut server = Server::new();
    let script = Script::with_handshake()
        .command(0, ["connect".into(), 1.0.into(), properties])
        .call(0, "createStream", 2.0, [])
        .publish(1, name);
    server.feed(script.bytes())
}

fn check_location(app: &str, tc_url: &str, name: &str, expected: [&str; 2]) {
    let properties = object([("app", app.into()), ("tcUrl", tc_url.into())]);
    assert_eq!(located(properties, name), expected, "{app} {tc_url} {name}");
}

// Q-071, Q-077
#[test]
fn all_answers_to_connect_come_in_one_burst_and_in_the_order_of_the_specification() {
    let mut server = Server::new();
    server.feed(Script::with_handshake().connect("live").bytes());
    let enhanced =
        "fourCcList: [*], videoFourCcInfoMap: {*: 4}, audioFourCcInfoMap: {*: 4}, capsEx: 15";
    let result = format!(
        "3/0 _result 1 {{fmsVer: FMS/3,5,7,7009, capabilities: 31, mode: 1, {enhanced}}} \
         {{status, NetConnection.Connect.Success, objectEncoding: 0, data: [version: 3,5,7,7009], \
         {enhanced}}}"
    );
    let expected = [
        "2/0 WindowAckSize(2500000)",
        "2/0 SetPeerBandwidth { window: 2500000, limit: Dynamic }",
        "2/0 SetChunkSize(ChunkSize(4096))",
        "2/0 StreamBegin(MessageStreamId(0))",
        &result,
        "3/0 onBWDone 0 null",
    ];
    assert_eq!(server.replies(), expected);
}

#[test]
fn a_client_is_told_what_is_meant_for_it_about_enhanced_rtmp() {
    let mut server = Server::new().leaving();
    server.feed(Script::with_handshake().connect("live").bytes());
    let ServerEvent::Connect(mut request) = server.request() else {
        panic!()
    };
    let mut enhanced = EnhancedCapabilities::forwarding();
    enhanced.four_ccs = vec!["avc1".into(), "Opus".into()];
    enhanced.video = vec![("avc1".into(), CodecAbilities::FORWARD)];
    request.enhanced = Some(Box::new(enhanced));
    server.session.accept_connect(request);
    let replies = server.replies();
    let result = replies
        .iter()
        .find(|reply| reply.contains("_result"))
        .unwrap();
    let said =
        "fourCcList: [avc1, Opus], videoFourCcInfoMap: {avc1: 4}, audioFourCcInfoMap: {*: 4}";
    assert_eq!(result.matches(said).count(), 2, "{result}");
}

#[test]
fn nothing_is_answered_before_somebody_has_decided() {
    let mut server = Server::new().leaving();
    let script = Script::with_handshake().connect_and_create("live");
    assert_eq!(server.feed(script.bytes()), ["connect live"]);
    assert_eq!(server.replies(), Vec::<String>::new());
    assert!(!server.session.wants_input());
    let ServerEvent::Connect(request) = server.request() else {
        panic!()
    };
    server.session.accept_connect(request);
    assert_eq!(server.events(), Vec::<String>::new());
    assert!(server.session.wants_input());
    // The createStream that came with it is answered after it.
    assert_eq!(server.replies().last().unwrap(), "3/0 _result 2 null 1");
}

// Q-072
#[test]
fn a_rejected_connect_gets_error_and_close_and_then_the_end() {
    let mut server = Server::new().leaving();
    server.feed(Script::with_handshake().connect("live").bytes());
    let ServerEvent::Connect(request) = server.request() else {
        panic!()
    };
    let description = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ";
    server.session.reject_connect(
        request,
        Rejection::new(StatusCode::ConnectRejected, description),
    );
    assert_eq!(server.events(), ["closed: Rejected"]);
    assert!(!server.session.is_closed());
    let messages = server.reply_messages();
    let lines: Vec<_> = messages.iter().map(message_line).collect();
    let expected = [
        "3/0 _error 1 null {error, NetConnection.Connect.Rejected}",
        "3/0 close 0 null",
    ];
    assert_eq!(lines, expected);
    assert_eq!(crate::support::description(&messages[0]), description);
    assert!(server.session.is_closed());
    // Whatever still comes is ignored.
    assert_eq!(
        server.feed(Script::new().connect("live").bytes()),
        Vec::<String>::new()
    );
}

#[test]
fn a_redirect_names_the_other_server() {
    let mut server = Server::new().leaving();
    server.feed(Script::with_handshake().connect("live").bytes());
    let ServerEvent::Connect(request) = server.request() else {
        panic!()
    };
    let rejection =
        Rejection::new(StatusCode::ConnectRejected, "moved").redirect("rtmp://other/live");
    server.session.reject_connect(request, rejection);
    let expected = "3/0 _error 1 null {error, NetConnection.Connect.Rejected, \
                    ex: {code: 302, redirect: rtmp://other/live}}";
    assert_eq!(server.replies()[0], expected);
}

// Q-060
#[test]
fn app_is_split_into_application_and_instance() {
    let url = "rtmp://host/live";
    let publish = "publish 1 live:cam live";
    check_location("live", url, "cam", ["connect live", publish]);
    check_location("live/", url, "cam", ["connect live", publish]);
    check_location("/live", url, "cam", ["connect live", publish]);
    check_location("//live//", url, "cam", ["connect live", publish]);
    check_location("live/_definst_", url, "cam", ["connect live", publish]);
    let room = ["connect live/room", "publish 1 live/room:cam live"];
    check_location("live/room", url, "cam", room);
    check_location("live//room/", url, "cam", room);
    let deep = ["connect live/a/b", "publish 1 live/a/b:cam live"];
    check_location("live/a/b", url, "cam", deep);
}

#[test]
fn a_query_belongs_to_the_application_it_stands_at() {
    let expected = ["connect live query token=a/b&x", "publish 1 live:cam live"];
    check_location("live?token=a/b&x", "rtmp://host/live", "cam", expected);
    check_location("live/?token=a/b&x", "rtmp://host/live", "cam", expected);
    // Only in tcUrl.
    check_location("live", "rtmp://host/live?token=a/b&x", "cam", expected);
}

// Q-060
#[test]
fn an_empty_app_falls_back_to_the_path_of_the_url() {
    check_location(
        "",
        "rtmp://host",
        "cam",
        ["connect ", "publish 1 :cam live"],
    );
    check_location(
        "",
        "rtmp://host/",
        "cam",
        ["connect ", "publish 1 :cam live"],
    );
    let live = ["connect live", "publish 1 live:cam live"];
    check_location("", "rtmp://host:1935/live", "cam", live);
    check_location("/", "rtmp://host:1935/live/", "cam", live);
    // The URL ends with the name of the stream.
    let with_name = ["connect live/cam", "publish 1 live:cam live"];
    check_location("", "rtmp://host/live/cam", "cam", with_name);
}

// Q-062
#[test]
fn a_publisher_may_put_the_whole_address_into_the_url_and_leave_the_name_empty() {
    let live = ["connect live/cam", "publish 1 live:cam live"];
    check_location("live/cam", "rtmp://host/live/cam", "", live);
    let query = ["connect live/cam", "publish 1 live:cam live query token=x"];
    check_location("live/cam", "rtmp://host/live/cam", "?token=x", query);
    let only = ["connect cam", "publish 1 :cam live"];
    check_location("cam", "rtmp://host/cam", "", only);
    let deep = ["connect a/b/cam", "publish 1 a/b:cam live"];
    check_location("a/b/cam", "rtmp://host/a/b/cam", "", deep);
}

// Q-061
#[test]
fn a_stream_name_may_have_a_query_a_prefix_and_slashes() {
    let url = "rtmp://host/live";
    let check = |name, expected| check_location("live", url, name, ["connect live", expected]);
    check(
        "cam?token=a%20b=c",
        "publish 1 live:cam live query token=a%20b=c",
    );
    check("mp4:cam.mp4", "publish 1 live:cam.mp4 live");
    check("flv:cam", "publish 1 live:cam live");
    check("/cam/", "publish 1 live:cam live");
    check("dir/cam", "publish 1 live:dir/cam live");
    check("a%2Fb", "publish 1 live:a%2Fb live");
    check("key:with:colons", "publish 1 live:key:with:colons live");
}

// Q-060
#[test]
fn tc_url_may_be_missing_misspelt_quoted_or_without_scheme() {
    let expected = ["connect live", "publish 1 live:cam live"];
    assert_eq!(located(object([("app", "live".into())]), "cam"), expected);
    let lower = object([("app", "".into()), ("tcurl", "rtmp://host/live".into())]);
    assert_eq!(located(lower, "cam"), expected);
    let null = object([("app", "live".into()), ("tcUrl", Value::Null)]);
    assert_eq!(located(null, "cam"), expected);
    check_location("", "'rtmp://host/live'", "cam", expected);
    check_location("", "\"rtmp://host/live\"", "cam", expected);
    check_location("", "host/live", "cam", expected);
    check_location("'live'", "rtmp://host/live", "cam", expected);
}

#[test]
fn the_virtual_host_is_that_of_the_url_unless_the_query_names_one() {
    let check = |app: &str, url: &str, expected: &str| {
        let mut server = Server::new();
        let properties = object([("app", app.into()), ("tcUrl", url.into())]);
        server.feed(
            Script::with_handshake()
                .command(0, ["connect".into(), 1.0.into(), properties])
                .bytes(),
        );
        assert_eq!(
            server.session.address().unwrap().vhost(),
            expected,
            "{app} {url}"
        );
    };
    check("live", "rtmp://Example.ORG:1935/live", "example.org");
    check("live", "rtmp://example.org./live", "example.org");
    check(
        "live",
        "rtmps://user:secret@example.org/live",
        "example.org",
    );
    check("live", "rtmp://[2001:db8::1]:1935/live", "2001:db8::1");
    check("live?vhost=other.org", "rtmp://1.2.3.4/live", "other.org");
    check("live", "rtmp://1.2.3.4/live?vhost=other.org", "other.org");
    check("live", "rtmp:///live", "");
}

#[test]
fn user_arguments_follow_the_command_object() {
    let mut server = Server::new();
    let properties = object([("app", "live".into())]);
    let user = object([("x", 1.0.into())]);
    let values = [
        "connect".into(),
        1.0.into(),
        properties,
        true.into(),
        "s".into(),
        user,
    ];
    let events = server.feed(Script::with_handshake().command(0, values).bytes());
    assert_eq!(events, ["connect live true s {x: 1}"]);
}

#[test]
fn everything_a_client_says_about_itself_is_there() {
    let mut server = Server::new().leaving();
    let properties = object([
        ("app", "live".into()),
        ("flashVer", "FMLE/3.0 (compatible; FMSc/1.0)".into()),
        ("swfUrl", "x".repeat(600).into()),
        ("pageUrl", Value::Undefined),
        ("type", "nonprivate".into()),
        ("fpad", false.into()),
        ("capabilities", 239.0.into()),
        ("audioCodecs", 3575.0.into()),
        ("videoCodecs", "nonsense".into()),
        ("videoFunction", 1.0.into()),
        ("objectEncoding", 3.0.into()),
        (
            "fourCcList",
            vec!["av01".into(), 7.0.into(), "hvc1".into()].into(),
        ),
        (
            "videoFourCcInfoMap",
            object([("*", 4.0.into()), ("vp09", 1.0.into())]),
        ),
        ("CapsEx", 3.0.into()),
        ("supportsGoAway", true.into()),
    ]);
    server.feed(
        Script::with_handshake()
            .command(0, ["connect".into(), 1.0.into(), properties])
            .bytes(),
    );
    let ServerEvent::Connect(request) = server.request() else {
        panic!()
    };
    let connect = &request.connect;
    let client = &connect.client;
    assert_eq!(
        client.flash_version.as_deref(),
        Some("FMLE/3.0 (compatible; FMSc/1.0)")
    );
    assert_eq!(client.swf_url.as_ref().map(adit_amf::Text::len), Some(512));
    assert_eq!(client.page_url, None);
    assert_eq!(client.kind.as_deref(), Some("nonprivate"));
    assert_eq!(client.proxied, Some(false));
    assert_eq!(connect.codecs.capabilities, Some(239));
    assert_eq!(
        (connect.codecs.audio, connect.codecs.video),
        (Some(3575), None)
    );
    let enhanced = &connect.enhanced;
    assert_eq!(enhanced.four_ccs, ["av01", "hvc1"]);
    assert_eq!(enhanced.video.len(), 2);
    assert_eq!(
        (enhanced.extensions.bits(), enhanced.video_function),
        (3, 1)
    );
    assert_eq!(connect.other.len(), 1);
    assert_eq!(connect.other.property("supportsGoAway"), Some(&true.into()));
    // The encoding that was asked for is the encoding that is promised.
    server.session.accept_connect(request);
    assert!(server.replies()[4].contains("objectEncoding: 3"));
}

#[test]
fn a_connect_that_means_nothing_is_an_error_and_the_next_one_counts() {
    let check = |object: Value| {
        let mut server = Server::new();
        let script = Script::with_handshake().command(0, ["connect".into(), 1.0.into(), object]);
        assert_eq!(server.feed(script.bytes()), Vec::<String>::new());
        let expected = ["3/0 _error 1 null {error, NetConnection.Connect.InvalidApp}"];
        assert_eq!(server.replies(), expected);
        assert_eq!(
            server.feed(Script::new().connect("live").bytes()),
            ["connect live"]
        );
    };
    check(Value::Null);
    check("live".into());
    check(object([("app", 7.0.into())]));
    check(object([("app", "live".into()), ("tcUrl", true.into())]));
    check(object([("app", "li\nve".into())]));
}

#[test]
fn commands_before_connect_are_errors_and_media_is_dropped() {
    let mut server = Server::new();
    let script = Script::with_handshake()
        .call(0, "createStream", 2.0, [])
        .call(1, "publish", 0.0, ["cam".into()])
        .audio(1, 0, b"audio")
        .connect("live");
    let expected = [
        r#"refused Publish "": publish comes too early: connect to an application first"#,
        "connect live",
    ];
    assert_eq!(server.feed(script.bytes()), expected);
    let replies = server.replies();
    assert_eq!(
        replies[0],
        "3/0 _error 2 null {error, NetConnection.Call.Failed}"
    );
    assert_eq!(
        replies[1],
        "5/1 onStatus 0 null {error, NetConnection.Call.Failed}"
    );
    assert_eq!(server.session.stats().dropped.media, 1);
}

#[test]
fn a_second_connect_is_refused_and_the_first_one_stands() {
    let mut server = Server::connected();
    assert_eq!(
        server.feed(Script::new().connect("other").bytes()),
        Vec::<String>::new()
    );
    let expected = ["3/0 _error 1 null {error, NetConnection.Connect.Rejected}"];
    assert_eq!(server.replies(), expected);
    assert_eq!(server.session.address().unwrap().application(), "live");
}

#[test]
fn the_end_of_the_client_is_reported_after_what_it_sent() {
    let mut server = Server::connected();
    server
        .session
        .handle_input(server.now, Script::new().publish(1, "cam").bytes());
    server.session.handle_eof(server.now);
    assert_eq!(
        server.events(),
        ["publish 1 live:cam live", "closed: PeerEnded"]
    );
    assert_eq!(server.events(), Vec::<String>::new());
}

#[test]
fn the_command_close_ends_the_session() {
    let mut server = Server::connected();
    let script = Script::new().call(0, "close", 0.0, []).publish(1, "cam");
    assert_eq!(server.feed(script.bytes()), ["closed: PeerClosed"]);
    assert!(server.session.is_closed());
}

#[test]
fn a_shutdown_is_told_and_drained() {
    let mut server = Server::connected();
    server.session.close(CloseReason::Shutdown);
    assert_eq!(server.events(), ["closed: Shutdown"]);
    assert!(!server.session.is_closed());
    let expected = ["3/0 onStatus 0 null {error, NetConnection.Connect.AppShutdown}"];
    assert_eq!(server.replies(), expected);
    assert!(server.session.is_closed());
}

#[test]
fn a_client_that_knows_reconnects_is_asked_to() {
    let check = |caps: f64, expected: &[&str]| {
        let mut server = Server::new();
        let properties = object([("app", "live".into()), ("capsEx", caps.into())]);
        let script = Script::with_handshake();
        server.feed(
            script
                .command(0, ["connect".into(), 1.0.into(), properties])
                .bytes(),
        );
        server.replies();
        let asked = server
            .session
            .request_reconnect(Some("rtmp://b/live"), "draining");
        assert_eq!(asked.is_ok(), !expected.is_empty());
        assert_eq!(server.replies(), expected);
    };
    check(0.0, &[]);
    let line = "3/0 onStatus 0 null {status, NetConnection.Connect.ReconnectRequest, \
                tcUrl: rtmp://b/live}";
    check(1.0, &[line]);
}
