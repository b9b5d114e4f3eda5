//! Which message stream a request means.

use adit_rtmp::session::ServerEvent;

use crate::support::*;

#[test]
fn a_request_on_a_stream_that_was_deleted_cannot_be_accepted_any_more() {
    let mut server = Server::connected().leaving();
    let script = Script::new()
        .play(1, "a")
        .call(0, "deleteStream", 0.0, [1.0.into()]);
    let expected = ["play 1 live:a LiveOrRecorded All Reset", "stop play 1"];
    assert_eq!(server.feed(script.bytes()), expected);
    let ServerEvent::Play(request) = server.request() else {
        panic!()
    };
    assert!(!server.session.accept_play(request));
    assert_eq!(server.replies(), Vec::<String>::new());
}

// Q-063
#[test]
fn commands_on_message_stream_0_mean_the_only_stream() {
    let mut server = Server::connected();
    assert_eq!(
        server.feed(Script::new().publish(0, "cam").bytes()),
        ["publish 1 live:cam live"]
    );
    assert_eq!(server.replies(), PUBLISHED);
    let media = Script::new().audio(0, 3, b"a").video(0, 4, b"v");
    let expected = [r#"Audio 1 @3 "a""#, r#"Video 1 @4 "v""#];
    assert_eq!(server.feed(media.bytes()), expected);
    // With two streams nobody can tell which is meant.
    let script = Script::new()
        .call(0, "createStream", 3.0, [])
        .play(0, "cam")
        .audio(0, 5, b"a");
    assert_eq!(
        server.feed(script.bytes()),
        [
            r#"refused Play "cam": there is no message stream 0: create one with createStream first"#,
            r#"Audio 1 @5 "a""#
        ],
        "one publishes"
    );
    let replies = server.replies();
    assert_eq!(
        replies[1],
        "3/0 onStatus 0 null {error, NetStream.Play.Failed}"
    );
}

#[test]
fn several_streams_of_one_connection_do_not_touch_each_other() {
    let mut server = Server::connected();
    let script = Script::new()
        .call(0, "createStream", 3.0, [])
        .call(0, "createStream", 4.0, [])
        .publish(1, "a")
        .play(2, "b")
        .publish(3, "c")
        .audio(3, 1, b"c")
        .audio(1, 2, b"a")
        .audio(2, 3, b"dropped")
        .call(0, "deleteStream", 0.0, [1.0.into()])
        .audio(3, 4, b"c")
        .audio(1, 5, b"dropped");
    let expected = [
        "publish 1 live:a live",
        "play 2 live:b LiveOrRecorded All Reset",
        "publish 3 live:c live",
        r#"Audio 3 @1 "c""#,
        r#"Audio 1 @2 "a""#,
        "unpublish 1",
        r#"Audio 3 @4 "c""#,
    ];
    assert_eq!(server.feed(script.bytes()), expected);
    assert_eq!(server.session.stats().dropped.media, 2);
}

#[test]
fn a_stream_that_was_not_created_cannot_be_used() {
    let mut server = Server::connected();
    assert_eq!(
        server.feed(Script::new().publish(9, "a").play(9, "b").bytes()),
        [
            r#"refused Publish "a": there is no message stream 9: create one with createStream first"#,
            r#"refused Play "b": there is no message stream 9: create one with createStream first"#
        ]
    );
    let expected = [
        "5/9 onStatus 0 null {error, NetStream.Publish.BadName}",
        "5/9 onStatus 0 null {error, NetStream.Play.Failed}",
    ];
    assert_eq!(server.replies(), expected);
}

#[test]
fn init_stream_opens_the_stream_that_the_client_chose() {
    let mut server = Server::connected();
    let script = Script::new()
        .call(0, "initStream", 0.0, [2.0.into()])
        .call(0, "initStream", 0.0, [])
        .call(0, "createStream", 3.0, [])
        .publish(2, "cam");
    assert_eq!(server.feed(script.bytes()), ["publish 2 live:cam live"]);
    // The next id that is free.
    assert_eq!(server.replies()[0], "3/0 _result 3 null 3");
}
