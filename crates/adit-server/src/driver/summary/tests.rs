use super::{Part, STREAMS_LISTED, Used};

fn used(streams: &[(Part, &str)]) -> (&'static str, String) {
    let mut used = Used::default();
    for (part, stream) in streams {
        used.add(*part, stream);
    }
    (used.roles(), used.streams())
}

#[test]
fn each_stream_is_named_once_and_each_role_too() {
    assert_eq!(used(&[]), ("", String::new()));
    assert_eq!(
        used(&[(Part::Publish, "a"), (Part::Publish, "a")]),
        ("publish", "a".to_owned())
    );
    assert_eq!(
        used(&[
            (Part::Play, "a"),
            (Part::Publish, "b"),
            (Part::Publish, "a")
        ]),
        ("publish, play", "a, b".to_owned())
    );
}

#[test]
fn as_many_streams_as_allowed_are_named_and_one_more_is_counted() {
    let names: Vec<String> = (0..=STREAMS_LISTED).map(|n| n.to_string()).collect();
    let streams: Vec<_> = names
        .iter()
        .map(|name| (Part::Play, name.as_str()))
        .collect();
    let (all, _) = streams.split_at(STREAMS_LISTED);
    assert!(used(all).1.ends_with(", 7"), "{:?}", used(all));
    assert!(used(&streams).1.ends_with(", 7 and 1 more"));
}
