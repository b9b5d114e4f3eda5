//! Every argument of every command as something else: an answer that says so, and the connection goes on.

use adit_amf::amf0::{Object, Value};
use adit_amf::amf3;
use bytes::Bytes;
use proptest::prelude::*;

use crate::support::*;

/// The commands that RTMP knows, and how many arguments each has.
const COMMANDS: [(&str, usize); 24] = [
    ("createStream", 1),
    ("initStream", 1),
    ("releaseStream", 1),
    ("FCPublish", 1),
    ("FCUnpublish", 1),
    ("FCSubscribe", 1),
    ("FCUnsubscribe", 1),
    ("getStreamLength", 1),
    ("publish", 2),
    ("play", 4),
    ("play2", 1),
    ("pause", 2),
    ("pauseRaw", 2),
    ("seek", 1),
    ("receiveAudio", 1),
    ("receiveVideo", 1),
    ("receiveVideoFPS", 1),
    ("closeStream", 1),
    ("deleteStream", 1),
    ("_checkbw", 1),
    ("checkBandwidth", 1),
    ("connect", 2),
    ("_result", 2),
    ("_error", 2),
];

/// Those that the session answers itself, whatever it is asked.
const ANSWERED: [&str; 6] = [
    "createStream",
    "releaseStream",
    "FCPublish",
    "FCUnpublish",
    "FCSubscribe",
    "FCUnsubscribe",
];

/// A value of every type, with the numbers that are none.
fn values() -> Vec<Value> {
    let nested = (0..20).fold(Value::Null, |inner, _| Value::StrictArray(vec![inner]));
    let avm = [
        amf3::Value::Undefined,
        true.into(),
        (-1).into(),
        f64::NAN.into(),
        "cam".into(),
        amf3::Object::new().with("streamName", 1).into(),
        amf3::Value::Date(1.0),
        Bytes::from_static(b"\0\xFF").into(),
        amf3::Array::from(vec![1.into()]).into(),
    ];
    let plain = [
        Value::Null,
        Value::Undefined,
        Value::Unsupported,
        false.into(),
        true.into(),
        "".into(),
        "cam\0\u{1}".into(),
        "../..".into(),
        "x".repeat(70_000).into(),
        Object::new().with("streamName", 1.0).into(),
        Value::EcmaArray(Object::new()),
        Value::StrictArray(vec!["cam".into()]),
        Value::Xml("<a/>".into()),
        Value::Date {
            ms: f64::NAN,
            timezone: -1,
        },
        Value::TypedObject {
            class: "C".into(),
            members: Object::new(),
        },
        nested,
    ];
    let numbers = [
        0.0,
        -0.0,
        -1.0,
        -2.0,
        -3.0,
        0.5,
        1.0,
        4_294_967_296.0,
        1e300,
    ]
    .into_iter()
    .chain([f64::NAN, f64::INFINITY, f64::NEG_INFINITY])
    .map(Value::Number);
    plain
        .into_iter()
        .chain(numbers)
        .chain(avm.map(Value::Avm))
        .collect()
}

/// Sends one command; the connection has to be of use afterwards, whatever it was answered.
fn survives(msid: u32, command: &str, transaction: f64, arguments: &[Value]) {
    let mut server = Server::connected();
    let mut values = vec![command.into(), transaction.into(), Value::Null];
    values.extend_from_slice(arguments);
    server.feed(Script::new().message(20, msid, 3, 0, amf0(&values)).bytes());
    let answers = server.replies();
    let told = format!("{command} {transaction} {arguments:.80?}: {answers:?}");
    if ANSWERED.contains(&command) && transaction.to_bits() == 5.0_f64.to_bits() {
        let numbered = |answer: &&String| {
            answer.contains("_result 5 null") || answer.contains("_error 5 null {error, ")
        };
        assert_eq!(answers.iter().filter(numbered).count(), 1, "{told}");
    }
    // Whatever was wrong is told as an error, never as a success.
    let refusals = answers.iter().filter(|answer| answer.contains("_error"));
    for refusal in refusals {
        assert!(refusal.contains("{error, Net"), "{told}");
    }
    let next = Script::new().call(0, "releaseStream", 77.0, ["cam".into()]);
    server.feed(next.bytes());
    assert_eq!(
        server.replies(),
        ["3/0 _result 77 null undefined"],
        "{told}"
    );
    assert!(server.session.is_connected(), "{told}");
}

#[test]
fn every_argument_of_every_command_may_be_of_any_type() {
    for (command, arguments) in COMMANDS {
        for at in 0..arguments {
            for wrong in values() {
                let mut arguments = vec![Value::Null; arguments];
                arguments[0] = "cam".into();
                arguments[at] = wrong;
                for msid in [0, 1] {
                    survives(msid, command, 5.0, &arguments);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn any_arguments_in_any_number_leave_the_connection_of_use(
        command in 0..COMMANDS.len(),
        arguments in proptest::collection::vec(proptest::sample::select(values()), 0..6),
        transaction in proptest::sample::select(vec![0.0, 5.0, -1.0, f64::NAN, f64::INFINITY]),
        msid in proptest::sample::select(vec![0, 1, 2, u32::MAX]),
    ) {
        survives(msid, COMMANDS[command].0, transaction, &arguments);
    }
}
