use super::{Part, STREAMS_LISTED, Used, without};

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
fn as_many_streams_as_allowed_are_named_and_others_are_mentioned() {
    let names: Vec<String> = (0..=STREAMS_LISTED).map(|n| n.to_string()).collect();
    let streams: Vec<_> = names
        .iter()
        .map(|name| (Part::Play, name.as_str()))
        .collect();
    let (all, _) = streams.split_at(STREAMS_LISTED);
    assert!(used(all).1.ends_with(", 7"), "{:?}", used(all));
    assert!(used(&streams).1.ends_with(", 7 and others"));
    let (mut again, ninth) = (streams.clone(), (Part::Publish, "8"));
    again.extend([ninth, ninth]);
    let (roles, named) = used(&again);
    assert_eq!(roles, "publish, play", "also of those that are not named");
    assert!(named.ends_with(", 7 and others"), "{named}");
}

#[test]
fn a_request_without_a_name_counts_for_its_role_only() {
    assert_eq!(used(&[(Part::Publish, "")]), ("publish", String::new()));
}

#[test]
fn the_name_of_a_stream_is_taken_out_of_a_text_and_an_empty_one_changes_nothing() {
    assert_eq!(without("key", "key is taken"), "*** is taken");
    assert_eq!(
        without("", "there is no stream name"),
        "there is no stream name"
    );
}
