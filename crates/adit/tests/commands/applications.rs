//! `adit call` and `adit so`.

use std::time::{Duration, Instant};

use adit_client::rtmp::command::StatusCode;
use adit_client::rtmp::message::MessageKind;
use adit_client::rtmp::session::{CloseReason, ServerEvent};
use adit_client::rtmp::shared_object::{Event, Limits, Persistence, SharedObjectMessage};
use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport, json};
use rustix::process::Signal;

use super::scripted::{Scripted, obliging};
use super::{ADIT, PATIENCE, Run, ended, run, shell, start, text};

/// A server with a few methods.
fn methods() -> Scripted {
    Scripted::start(|_, session, event| {
        let ServerEvent::Call(call) = event else {
            return;
        };
        match call.name.as_str() {
            "echo" => {
                let arguments = call.arguments.clone();
                session.reply_call(call, arguments);
            }
            "nothing" => session.reply_call(call, vec![]),
            "silence" => drop(call),
            "goodbye" => session.close(CloseReason::Ended),
            _ => session.fail_call(call, "there is no such method"),
        }
    })
}

#[test]
fn a_call_prints_what_it_returns_as_json() {
    let server = methods();
    let arguments = [
        "5",
        "-2.5",
        r#""text""#,
        r#"{"z":[true,null],"a":{"$date":"2026-11-23T10:00:00.000Z"}}"#,
        r#"{"$undefined":true}"#,
        r#"{"$class":"org.example.User","$object":{"id":7}}"#,
        r#"{"$ref":0}"#,
    ];
    let url = server.url("app/instance");
    for more in [&[][..], &["--amf3"]] {
        let answered = run(&[&["call", &url, "echo"][..], &arguments, more].concat());
        answered.assert_code(0);
        let lines: Vec<&str> = answered.out.lines().collect();
        assert_eq!(lines, arguments, "{more:?}");
    }
    let nothing = run(&["call", &url, "nothing"]);
    nothing.assert_code(0);
    assert_eq!(nothing.out, "{\"$undefined\":true}\n");
}

#[test]
fn arguments_come_from_standard_input_too() {
    let server = methods();
    let script = "printf '%s' '1 \"a\" [2]' | \"$0\" call \"$1\" echo -";
    let mut command = shell(script, &[&server.url("app")]);
    let answered = ended(Process::start("adit call", &mut command));
    answered.assert_code(0);
    assert_eq!(answered.out, "1\n\"a\"\n[2]\n");
    let mut command = shell(
        "echo '{secret' | \"$0\" call \"$1\" echo -",
        &[&server.url("app")],
    );
    let refused = ended(Process::start("adit call", &mut command));
    refused.assert_code(2);
    assert!(
        refused.error().starts_with("standard input is not JSON"),
        "{}",
        refused.err
    );
    assert!(!refused.err.contains("secret"), "{}", refused.err);
}

#[test]
fn a_call_without_an_answer_is_sent_all_the_same() {
    let (called, calls) = std::sync::mpsc::channel();
    let server = Scripted::start(move |_, _, event| {
        if let ServerEvent::Call(call) = event {
            called
                .send((call.name.to_string(), call.wants_answer()))
                .unwrap();
        }
    });
    let sent = run(&["call", &server.url("app"), "note", "1", "--no-answer"]);
    sent.assert_code(0);
    assert!(sent.out.is_empty(), "{}", sent.out);
    let call = calls.recv_timeout(PATIENCE).unwrap();
    assert_eq!(call, ("note".to_owned(), false));
}

#[test]
fn what_an_application_is_told_at_connect_arrives() {
    let server = AditServer::start(ADIT);
    let url = format!("rtmp://{}/live", server.address());
    // It has no such method, whatever it is told.
    let failed = run(&["call", &url, "nosuch", "--connect", r#""user""#]);
    failed.assert_code(1);
    assert!(
        failed.error().starts_with("the call failed: "),
        "{}",
        failed.err
    );
    let failed = run(&["call", &url, "nosuch", "--amf3"]);
    failed.assert_code(1);
    server.assert_sound();
}

#[test]
fn a_method_that_is_not_there_is_a_failure_with_the_words_of_the_server() {
    let failed = run(&["call", &methods().url("app"), "nosuch"]);
    failed.assert_code(1);
    let expected = "the call failed: there is no such method (NetConnection.Call.Failed)";
    assert_eq!(failed.error(), expected);
    assert!(failed.out.is_empty(), "{}", failed.out);
}

#[test]
fn a_server_that_never_answers_is_given_up_after_the_time_that_was_given() {
    let server = methods();
    let began = Instant::now();
    let silent = run(&["call", &server.url("app"), "silence", "--wait", "1s"]);
    silent.assert_code(1);
    assert_eq!(silent.error(), "the server has not answered within 1 s");
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    let gone = run(&["call", &server.url("app"), "goodbye"]);
    gone.assert_code(1);
    assert_eq!(gone.error(), "the server closed the connection");
}

#[test]
fn a_call_that_is_waited_for_can_be_interrupted() {
    let server = methods();
    let waiting = start(&["call", &server.url("app"), "silence"]);
    std::thread::sleep(Duration::from_millis(300));
    waiting.signal(Signal::INT);
    ended(waiting).assert_code(130);
}

#[test]
fn a_server_that_calls_and_calls_does_no_harm() {
    let server = Scripted::start(|_, session, event| {
        if let ServerEvent::Call(call) = event {
            for _ in 0..200 {
                session.call("bother", vec!["you".into()]).unwrap();
            }
            session.reply_call(call, vec![1.0.into()]);
        }
    });
    let answered = run(&["call", &server.url("app"), "go"]);
    answered.assert_code(0);
    assert_eq!(answered.out, "1\n");
}

#[test]
fn command_lines_that_are_wrong_say_so_and_repeat_nothing() {
    let url = "rtmp://127.0.0.1:1/app";
    let cases: [(&[&str], &str); 13] = [
        (&["call", url, "m", "secret"], "argument 1 is not JSON"),
        (
            &["call", url, "m", "1", r#"{"a":"secret"#],
            "argument 2 is not JSON",
        ),
        (
            &["call", url, "m", "9007199254740993"],
            "write it as a string",
        ),
        (&["call", url, "m", r#"{"$secret":1}"#], "known words"),
        (
            &["call", url, "m", "--connect", "secret"],
            "--connect is not JSON",
        ),
        (&["call", url], "METHOD"),
        (&["call", "rtmp://127.0.0.1:1", "m"], "names no application"),
        (&["call", "http://127.0.0.1:1/app", "m"], "another protocol"),
        (&["so", url], "NAME"),
        (&["so", url, "room", "--set", "topic"], "--set names a slot"),
        (
            &["so", url, "room", "--set", "topic=secret"],
            "the value of topic is not JSON",
        ),
        (
            &["so", url, "room", "--send", "=1"],
            "--send names a method",
        ),
        (&["so", url, "room", "--wait", "1s"], "--once"),
    ];
    for (arguments, words) in cases {
        let refused = run(arguments);
        refused.assert_code(2);
        assert!(
            refused.err.contains(words),
            "{arguments:?}: {}",
            refused.err
        );
        assert!(
            !refused.err.contains("secret"),
            "{arguments:?}: {}",
            refused.err
        );
    }
    let hint = run(&["call", url, "m", "word"]);
    assert!(hint.err.contains(r#"'"text"'"#), "{}", hint.err);
    run(&["call", url, "m"]).assert_code(3);
    run(&["so", url, "room"]).assert_code(3);
}

/// The lines of standard output as JSON, without their versions.
fn events(run: &Run) -> Vec<serde_json::Value> {
    let lines = run.out.lines().map(json);
    lines
        .map(|mut line| {
            line.as_object_mut().unwrap().remove("version").unwrap();
            line
        })
        .collect()
}

/// An object with two slots in it.
fn furnished(message: &SharedObjectMessage) -> Vec<SharedObjectMessage> {
    if message.events != [Event::Use] {
        return obliging(message);
    }
    let slots = [Event::change("a", 1.0), Event::change("b", "x")];
    let events = [vec![Event::UseSuccess, Event::Clear], slots.to_vec()].concat();
    vec![message.reply(3, events)]
}

#[test]
fn an_object_is_told_slot_by_slot() {
    let server = Scripted::sharing(|_, message| {
        assert_eq!(message.flags.persistence(), Persistence::Persistent);
        furnished(message)
    });
    let told = run(&["so", &server.url("chat"), "room", "--persistent", "--once"]);
    told.assert_code(0);
    let expected = [
        r#"{"event":"joined","version":3}"#,
        r#"{"event":"set","slot":"a","value":1,"by":"others","version":3}"#,
        r#"{"event":"set","slot":"b","value":"x","by":"others","version":3}"#,
    ];
    assert_eq!(told.out.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn changes_are_asked_for_by_flags_and_told_when_they_are_confirmed() {
    let server = Scripted::sharing(|_, message| furnished(message));
    let url = server.url("chat");
    let changed = run(&[
        "so",
        &url,
        "room",
        "--once",
        "--set",
        r#"topic={"$date":0}"#,
        "--set",
        "n=5",
        "--remove",
        "a",
        "--send",
        r#"onNews=[1,"x"]"#,
    ]);
    changed.assert_code(0);
    let expected = [
        r#"{"event":"removed","slot":"a","by":"me"}"#,
        r#"{"event":"set","slot":"topic","value":{"$date":"1970-01-01T00:00:00.000Z"},"by":"me"}"#,
        r#"{"event":"set","slot":"n","value":5,"by":"me"}"#,
        r#"{"event":"message","method":"onNews","arguments":[1,"x"]}"#,
    ];
    assert_eq!(events(&changed)[3..], expected.map(json));
    let cleared = run(&["so", &url, "room", "--once", "--clear"]);
    assert_eq!(events(&cleared)[3..], [json(r#"{"event":"cleared"}"#)]);
}

#[test]
fn lines_of_standard_input_are_changes_and_a_wrong_one_stops_nothing() {
    let server = Scripted::sharing(|_, message| obliging(message));
    let script = r#"printf '%s\n' '{"set":{"a":1}}' '' 'secret' '{"remove":"a"}' | "$0" so "$1" room --input --once"#;
    let mut command = shell(script, &[&server.url("chat")]);
    let told = ended(Process::start("adit so", &mut command));
    told.assert_code(1);
    let expected = [
        r#"{"event":"joined"}"#,
        r#"{"event":"set","slot":"a","value":1,"by":"me"}"#,
        r#"{"event":"removed","slot":"a","by":"me"}"#,
    ];
    assert_eq!(events(&told), expected.map(json));
    assert!(
        told.err.contains("note: line 3 is not JSON"),
        "{}",
        told.err
    );
    assert!(!told.err.contains("secret"), "{}", told.err);
    assert_eq!(
        told.error(),
        "1 lines of standard input were not understood"
    );
}

#[test]
fn a_change_that_is_refused_or_never_confirmed_is_a_failure() {
    let refusing = Scripted::sharing(|_, message| match &message.events[..] {
        [Event::Use] => obliging(message),
        _ => vec![message.reply(
            1,
            vec![Event::status(StatusCode::SharedObjectNoWriteAccess)],
        )],
    });
    let refused = run(&[
        "so",
        &refusing.url("chat"),
        "room",
        "--once",
        "--set",
        "a=1",
    ]);
    refused.assert_code(1);
    assert_eq!(
        refused.error(),
        "the server refuses: this client may look at the shared object, but not change it \
         (SharedObject.NoWriteAccess)"
    );
    assert_eq!(events(&refused)[1]["event"], "refused");

    let silent = Scripted::sharing(|_, message| match &message.events[..] {
        [Event::Use] => obliging(message),
        _ => Vec::new(),
    });
    let url = silent.url("chat");
    let waited = run(&["so", &url, "room", "--once", "--set", "a=1", "--wait", "1s"]);
    waited.assert_code(1);
    assert_eq!(waited.error(), "the server has not confirmed within 1s: a");

    let denying = Scripted::sharing(|_, message| {
        vec![message.reply(0, vec![Event::status(StatusCode::SharedObjectNoReadAccess)])]
    });
    let denied = run(&["so", &denying.url("chat"), "room"]);
    denied.assert_code(1);
    assert_eq!(
        denied.error(),
        "the server refuses: the application has no shared object of this name for this client, \
         or does not let it read it (SharedObject.NoReadAccess)"
    );
    assert!(denied.out.is_empty(), "{}", denied.out);
}

#[test]
fn an_object_of_no_usable_name_is_refused_in_words_and_the_log_has_the_reason() {
    let server = AditServer::start(ADIT);
    let url = server.url(Transport::Rtmp, "chat");
    for (arguments, reason) in [
        (
            &["so", &url, "", "--once"][..],
            "the name of a shared object is empty",
        ),
        (
            &["so", &url, "../x", "--persistent", "--once"],
            "characters or parts that are not allowed",
        ),
    ] {
        let refused = run(arguments);
        refused.assert_code(1);
        assert_eq!(
            refused.error(),
            "the server refuses: the shared object cannot be made: its name may be empty or odd, \
             or there are too many; the server's log has the reason \
             (SharedObject.ObjectCreationFailed)"
        );
        let line = server.log_line(reason, PATIENCE);
        assert!(line.contains("shared object refused"), "{line}");
    }
}

#[test]
fn what_our_own_server_cannot_even_read_is_refused_at_once_and_in_its_words() {
    let server = AditServer::start_with(ADIT, |command| {
        command.env("ADIT_LOG", "debug");
    });
    let url = server.url(Transport::Rtmp, "chat");
    let (name, slot) = ("o".repeat(300), format!("{}=1", "s".repeat(300)));
    let value = format!("big=\"{}\"", "v".repeat(100_000));
    let cases = [
        (&["so", &url, &name][..], "so.name = 256"),
        (&["so", &url, &name, "--once"], "so.name = 256"),
        (
            &["so", &url, "room", "--once", "--set", &slot],
            "so.key = 256",
        ),
        (
            &["so", &url, "room", "--once", "--set", &value],
            "so.value = 65536",
        ),
    ];
    for (arguments, limit) in cases {
        // Longer than any command is waited for: it has to end by itself.
        let wait: &[&str] = if arguments.contains(&"--once") {
            &["--wait", "10m"]
        } else {
            &[]
        };
        let refused = run(&[arguments, wait].concat());
        refused.assert_code(1);
        let error = refused.error();
        assert!(error.starts_with("the server refuses: "), "{error}");
        assert!(error.contains(limit), "{error}");
        assert!(!error.contains("sss"), "{error}");
        let line = server.log_line("shared object message refused", PATIENCE);
        assert!(line.contains("so."), "{line}");
    }
    // Who stays is told, and goes on.
    let folder = tempfile::tempdir().unwrap();
    let lines = folder.path().join("lines");
    let slot = "s".repeat(300);
    let asked = format!("{{\"set\":{{\"{slot}\":1}}}}\n{{\"set\":{{\"a\":1}}}}\n");
    std::fs::write(&lines, asked).unwrap();
    let script = r#"exec "$0" so "$1" room --input < "$2""#;
    let mut command = shell(script, &[&url, text(&lines)]);
    let watcher = Process::start("adit so", &mut command);
    watcher.stdout_lines("{\"event\":\"set\",\"slot\":\"a\"", 1, PATIENCE);
    let told = watcher.stdout_lines("{\"event\":\"refused\"", 1, PATIENCE);
    for part in [
        r#""code":"NetConnection.Call.Failed""#,
        "over the limit so.key = 256",
    ] {
        assert!(told[0].contains(part), "{}", told[0]);
    }
    drop(watcher);
    server.assert_sound();
}

#[test]
fn an_object_that_nobody_answers_for_is_waited_for_as_long_as_was_asked() {
    let silent = Scripted::sharing(|_, _| Vec::new());
    let began = Instant::now();
    let url = silent.url("chat");
    let waited = run(&["so", &url, "room", "--once", "--wait", "1500ms"]);
    waited.assert_code(1);
    assert_eq!(waited.error(), "the server has not answered within 1.5 s");
    let took = began.elapsed();
    assert!(took < Duration::from_secs(9), "{took:?}");
}

#[test]
fn a_storm_of_messages_reaches_a_fast_reader_whole() {
    const STEPS: u32 = 500;
    let server = Scripted::sharing(|_, message| {
        let mut answers = vec![message.reply(1, vec![Event::UseSuccess])];
        for step in 0..STEPS {
            let event = Event::Message {
                handler: "onStorm".into(),
                arguments: vec![step.into()],
            };
            answers.push(message.reply(step + 2, vec![event]));
        }
        answers
    });
    let told = run(&["so", &server.url("chat"), "room", "--once"]);
    told.assert_code(0);
    let events = events(&told);
    assert_eq!(events.len(), 1 + STEPS as usize);
    assert_eq!(events[500]["arguments"], serde_json::json!([STEPS - 1]));
}

#[test]
fn nobody_reading_any_more_is_an_end() {
    let server = Scripted::sharing(|_, message| {
        let change = |step: u32| message.reply(step, vec![Event::change("a", step)]);
        let joined = message.reply(1, vec![Event::UseSuccess]);
        std::iter::once(joined)
            .chain((2..3000).map(change))
            .collect()
    });
    let script = "{ \"$0\" so \"$1\" room; echo ended with $? >&2; } | head -n 1";
    let mut command = shell(script, &[&server.url("chat")]);
    let head = Process::start("adit so", &mut command);
    head.stderr_line("ended with 0", PATIENCE);
    let head = ended(head);
    assert_eq!(head.out, "{\"event\":\"joined\",\"version\":1}\n");
}

#[test]
fn an_object_is_watched_over_a_break_and_goes_on_from_its_version() {
    let server = Scripted::start(|number, session, event| {
        let ServerEvent::SharedObject { kind, payload, .. } = event else {
            return;
        };
        let message = SharedObjectMessage::decode(kind, &payload, &Limits::default()).unwrap();
        if message.events != [Event::Use] {
            return;
        }
        let known = if number == 0 { 0 } else { 5 };
        assert_eq!(
            (kind, message.version),
            (MessageKind::SharedObjectAmf0, known)
        );
        let events = vec![Event::UseSuccess, Event::change("a", known + 1)];
        for body in message.reply(5 + known, events).encode(kind).unwrap() {
            session.send_shared_object(kind, body).unwrap();
        }
        if number == 0 {
            session.close(CloseReason::Ended);
        }
    });
    let watcher = start(&["so", &server.url("chat"), "room", "--persistent"]);
    watcher.stdout_lines("{\"event\":\"set\",\"slot\":\"a\",\"value\":6", 1, PATIENCE);
    watcher.signal(Signal::INT);
    let told = ended(watcher);
    told.assert_code(130);
    assert!(told.err.contains("trying again in"), "{}", told.err);
    let events = events(&told);
    let events: Vec<&str> = events
        .iter()
        .filter_map(|event| event["event"].as_str())
        .collect();
    assert_eq!(events, ["joined", "set", "joined", "set"]);
}

#[test]
fn with_once_a_break_after_something_was_asked_is_a_failure_and_what_is_not_known_is_named() {
    let server = Scripted::start(|_, session, event| {
        let ServerEvent::SharedObject { kind, payload, .. } = event else {
            return;
        };
        let message = SharedObjectMessage::decode(kind, &payload, &Limits::default()).unwrap();
        if message.events != [Event::Use] {
            session.close(CloseReason::Ended);
            return;
        }
        for body in obliging(&message)[0].encode(kind).unwrap() {
            session.send_shared_object(kind, body).unwrap();
        }
    });
    let lost = run(&["so", &server.url("chat"), "room", "--once", "--set", "a=1"]);
    lost.assert_code(1);
    let note = "note: nobody knows whether these slots were changed: a";
    assert!(lost.err.contains(note), "{}", lost.err);
    assert_eq!(lost.error(), "the server closed the connection");
}

#[test]
fn our_own_server_shares_objects_with_all_transports_and_encodings_in_one_order() {
    let server = AditServer::start(ADIT);
    let certificate = server.certificate();
    let trust = ["--ca-file", text(&certificate)];
    let watch = |transport: Transport, more: &[&str]| {
        let url = server.url(transport, "chat/room1");
        let watcher = start(&[&["so", &url, "room"], more, &trust].concat());
        watcher.stdout_lines("{\"event\":\"joined\"", 1, PATIENCE);
        watcher
    };
    let watchers = [
        watch(Transport::Rtmp, &[]),
        watch(Transport::Rtmpt, &["--amf3"]),
        watch(Transport::Rtmps, &["--amf3"]),
        watch(Transport::Rtmpts, &[]),
    ];
    let url = server.url(Transport::Rtmpt, "chat/room1");
    for step in 0..5 {
        let slot = format!("a={{\"step\":{step},\"at\":{{\"$date\":0}}}}");
        let change = [
            "so", &url, "room", "--once", "--set", &slot, "--send", "onStep",
        ];
        run(&change).assert_code(0);
    }
    run(&["so", &url, "room", "--once", "--remove", "a"]).assert_code(0);
    let told = watchers.map(|watcher| {
        watcher.stdout_lines("{\"event\":\"removed\"", 1, PATIENCE);
        watcher.signal(Signal::INT);
        let told = ended(watcher);
        told.assert_code(130);
        told.out
    });
    let lines: Vec<&str> = told[0].lines().collect();
    assert_eq!(lines.len(), 1 + 2 * 5 + 1, "{}", told[0]);
    let third = r#"{"event":"set","slot":"a","value":{"step":2,"at":{"$date":"1970-01-01T00:00:00.000Z"}},"by":"others","version":4}"#;
    assert_eq!(lines[5], third);
    for other in &told[1..] {
        assert_eq!(*other, told[0]);
    }
    server.assert_sound();
}

#[test]
fn bytes_reach_who_speaks_amf3_through_our_own_server() {
    let server = AditServer::start(ADIT);
    let url = server.url(Transport::Rtmp, "chat");
    let watcher = start(&["so", &url, "room", "--amf3"]);
    watcher.stdout_lines("{\"event\":\"joined\"", 1, PATIENCE);
    let bytes = r#"{"$bytes":"AAEC/w=="}"#;
    let value = format!("graph={{\"bytes\":{bytes},\"list\":[1,null]}}");
    run(&["so", &url, "room", "--amf3", "--once", "--set", &value]).assert_code(0);
    let set = watcher.stdout_lines(
        "{\"event\":\"set\",\"slot\":\"graph\",\"value\":",
        1,
        PATIENCE,
    );
    let expected =
        format!("{{\"bytes\":{bytes},\"list\":[1,null]}},\"by\":\"others\",\"version\":2}}");
    assert_eq!(set, [expected]);
}
