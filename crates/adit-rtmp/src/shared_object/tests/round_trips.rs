//! What holds for any message.

use adit_amf::{Text, amf0, amf3, convert};
use proptest::prelude::*;

use super::*;
use crate::shared_object::Flags;

fn text() -> impl Strategy<Value = Text> {
    "[a-zà-ÿ. /]{0,12}".prop_map(Text::from)
}

fn value() -> impl Strategy<Value = amf0::Value> {
    let leaf = prop_oneof![
        any::<i32>().prop_map(|number| amf0::Value::Number(number.into())),
        any::<bool>().prop_map(amf0::Value::Boolean),
        text().prop_map(amf0::Value::String),
        Just(amf0::Value::Null),
        Just(amf0::Value::Undefined),
        (-1000..1000_i32).prop_map(|number| amf3::Value::Integer(number).into()),
        text().prop_map(|text| amf3::Value::String(text).into()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(amf0::Value::StrictArray),
            proptest::collection::vec(("[a-z]{1,4}", inner), 0..4).prop_map(|members| {
                let object = amf0::Object::new();
                let fill =
                    |object: amf0::Object, (name, value): (String, _)| object.with(name, value);
                members.into_iter().fold(object, fill).into()
            }),
        ]
    })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Use),
        Just(Event::Release),
        (text(), value()).prop_map(|(key, value)| Event::RequestChange { key, value }),
        (text(), value()).prop_map(|(key, value)| Event::Change { key, value }),
        (text(), value()).prop_map(|(key, value)| Event::Accepted { key, value }),
        text().prop_map(|key| Event::Success { key }),
        text().prop_map(|key| Event::Remove { key }),
        text().prop_map(|key| Event::RequestRemove { key }),
        (text(), any::<u32>()).prop_map(|(key, number)| Event::Count { key, number }),
        (text(), text()).prop_map(|(code, level)| Event::Status { code, level }),
        (text(), proptest::collection::vec(value(), 0..4))
            .prop_map(|(handler, arguments)| Event::Message { handler, arguments }),
        Just(Event::Clear),
        Just(Event::UseSuccess),
        Just(Event::RequestClear),
    ]
}

/// The same events with their values as a message of this type says them.
fn written(events: &[Event], kind: MessageKind) -> Vec<Event> {
    let all = |values: &[amf0::Value]| match kind {
        AMF3 => convert::prefer_amf3(values).into_owned(),
        _ => convert::prefer_amf0(values).into_owned(),
    };
    let mut events = events.to_vec();
    for event in &mut events {
        match event {
            Event::RequestChange { value, .. }
            | Event::Change { value, .. }
            | Event::Accepted { value, .. } => *value = all(std::slice::from_ref(value)).remove(0),
            Event::Message { arguments, .. } => *arguments = all(arguments),
            _ => {}
        }
    }
    events
}

proptest! {
    #[test]
    fn any_message_reads_back_as_it_was_written(
        name in text(),
        version in any::<u32>(),
        flags in any::<u32>(),
        reserved in any::<u32>(),
        events in proptest::collection::vec(event(), 0..20),
        kind in prop_oneof![Just(AMF0), Just(AMF3)],
    ) {
        let flags = Flags::from_bits(flags);
        let events = written(&events, kind);
        let message = SharedObjectMessage { name, version, flags, reserved, events };
        let body = one(&message, kind);
        let again = SharedObjectMessage::decode(kind, &body, &Limits::default());
        prop_assert_eq!(again, Ok(message));
    }
}
