//! AMF3 read and written by `Py3AMF`, which has never seen our code. It knows no vectors, and reads dictionaries without writing them.

use std::{fs, process::Command, sync::Arc, time::Duration};

use adit_amf::amf0::Value;
use adit_amf::amf3::{self, Array, Dictionary, ExternalClass, Traits};
use adit_amf::{Limits, Text};
use adit_rtmp::command::{Invocation, ObjectEncoding, TransactionId};
use adit_testkit::Bytes;
use adit_testkit::peers::{Peer, Peers};
use adit_testkit::process::Process;

/// Two friends who know each other, an array of everything else, and a dictionary.
fn graph() -> Vec<Value> {
    let traits = Arc::new(Traits {
        class: "chat.User".into(),
        dynamic: true,
        sealed: vec!["name".into(), "friend".into()],
    });
    let friend_of_alice = vec!["bob".into(), amf3::Value::Reference(0)];
    let bob = amf3::Object::of(Arc::clone(&traits), friend_of_alice);
    let alice = amf3::Object::of(traits, vec!["alice".into(), bob.into()])
        .with("age", 30)
        .with("height", 1.5)
        .with("me", amf3::Value::Reference(0));
    let map = Dictionary {
        weak_keys: true,
        entries: vec![
            ("alice".into(), amf3::Value::Reference(0)),
            (0.5.into(), amf3::Value::Undefined),
        ],
    };
    let external = |class, inner: amf3::Value| amf3::Value::External {
        class,
        value: Box::new(inner),
    };
    let collection = Array::from(vec![amf3::Value::Reference(0), 2.into()]);
    let proxied = amf3::Object::new().with("x", true);
    let rest = Array {
        associative: vec![("twice".into(), "a text, twice".into())],
        dense: vec![
            amf3::Value::Date(1_700_000_000_000.0),
            Bytes::from_static(b"\0\x01\xFF bytes").into(),
            external(ExternalClass::ArrayCollection, collection.into()),
            external(ExternalClass::ObjectProxy, proxied.into()),
            amf3::Value::Undefined,
            "a text, twice".into(),
            (-268_435_456).into(),
            268_435_456.0.into(),
        ],
    };
    vec![
        Value::Avm(alice.into()),
        Value::Avm(rest.into()),
        Value::Avm(amf3::Value::Reference(1)),
        Value::Avm(amf3::Value::Dictionary(map)),
    ]
}

/// Says the values as a text that does not depend on the order of members and on which of them are
/// sealed.
fn shown(value: &amf3::Value) -> String {
    let members = |pairs: Vec<(&Text, &amf3::Value)>| {
        let mut all: Vec<_> = pairs
            .into_iter()
            .map(|(name, value)| format!("{name}: {}", shown(value)))
            .collect();
        all.sort();
        all.join(", ")
    };
    match value {
        amf3::Value::Object(object) => {
            let class = &object.traits().class;
            format!("{class}{{{}}}", members(object.iter().collect()))
        }
        amf3::Value::Array(array) => {
            let named = array.associative.iter().map(|(name, value)| (name, value));
            let dense: Vec<_> = array.dense.iter().map(shown).collect();
            format!("[{}; {}]", members(named.collect()), dense.join(", "))
        }
        amf3::Value::External { class, value } => format!("{}({})", class.name(), shown(value)),
        plain => format!("{plain:?}"),
    }
}

#[test]
fn a_graph_is_the_same_to_py3amf_and_comes_back_as_it_was() {
    let Some(peers) = Peers::with(&[Peer::Py3Amf]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (sent, written) = (folder.path().join("sent"), folder.path().join("written"));
    let mut command = Invocation::new("echo", TransactionId::from_number(4.0));
    command.arguments = graph();
    let body = command.encode_in(ObjectEncoding::Amf3).unwrap();
    assert_eq!(body.first(), Some(&0), "the selector of type 17");
    fs::write(&sent, &body[1..]).unwrap();

    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracles/amf.py");
    let mut python = Command::new(peers.path(Peer::Py3Amf));
    python.arg(script).arg(&sent).arg(&written);
    let said = Process::run("Py3AMF", &mut python, Duration::from_mins(1));
    assert_eq!(said.trim(), "whole");

    // Written by somebody else, in his order and with his references.
    let body = Bytes::from(fs::read(&written).unwrap());
    let kind = ObjectEncoding::Amf3.command_kind();
    let read = Invocation::decode(kind, body, &Limits::default()).unwrap();
    assert_eq!(
        (read.name.as_str(), read.transaction.number()),
        ("echo", 4.0)
    );
    let shown = |values: &[Value]| -> Vec<String> {
        let avm = values.iter().map(|value| match value {
            Value::Avm(value) => shown(value),
            other => panic!("{other:?} is not in AMF3"),
        });
        avm.collect()
    };
    let [expected @ .., _] = &*graph() else {
        unreachable!()
    };
    assert_eq!(shown(&read.arguments), shown(expected));
}
