use std::collections::HashSet;

use adit_amf::amf0::{Object, Value};

use crate::command::{Level, Status, StatusCode};

#[test]
fn every_code_is_found_by_its_string_and_no_string_has_two() {
    let mut seen = HashSet::new();
    for code in StatusCode::ALL {
        assert!(seen.insert(code.as_str()), "{code} twice");
        assert_eq!(StatusCode::parse(code.as_str()), Some(*code));
    }
    assert_eq!(seen.len(), 74);
    assert_eq!(StatusCode::parse("NetStream.Play.Nothing"), None);
}

#[test]
fn codes_have_the_levels_of_the_table() {
    let check = |code: StatusCode, level| assert_eq!(code.level(), level, "{code}");
    check(StatusCode::ConnectSuccess, Level::Status);
    check(StatusCode::ConnectIdleTimeout, Level::Status);
    check(StatusCode::ConnectAppShutdown, Level::Error);
    check(StatusCode::PlayInsufficientBandwidth, Level::Warning);
    check(StatusCode::PlayUnpublishNotify, Level::Status);
    check(StatusCode::PublishBadName, Level::Error);
    check(StatusCode::RecordNoAccess, Level::Error);
}

#[test]
fn a_status_is_an_object_with_level_code_and_description_first() {
    let status = Status::new(StatusCode::PlayStart, "it plays").with("details", "cam");
    let object = status.clone().into_object();
    let names: Vec<_> = object.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["level", "code", "description", "details"]);
    assert_eq!(
        Status::from_value(&Value::from(status.clone())),
        Some(status)
    );
}

#[test]
fn a_status_is_read_however_it_is_written() {
    let check = |object: Object, level: Level, code: Option<StatusCode>| {
        let status = Status::from_value(&object.into()).unwrap();
        assert_eq!((status.level(), status.code()), (level, code));
    };
    let start = Some(StatusCode::PlayStart);
    let object = || Object::new().with("code", "NetStream.Play.Start");
    check(object(), Level::Status, start);
    check(object().with("level", "Error"), Level::Error, start);
    check(object().with("level", 7.0), Level::Status, start);
    check(
        Object::new().with("Code", "X").with("Level", "warning"),
        Level::Warning,
        None,
    );
    check(Object::new().with("code", "X"), Level::Error, None);
    for no_status in [
        Value::Null,
        "NetStream.Play.Start".into(),
        Object::new().into(),
    ] {
        assert_eq!(Status::from_value(&no_status), None);
    }
    assert_eq!(
        Status::from_value(&Object::new().with("code", 1.0).into()),
        None
    );
}

#[test]
fn what_is_about_a_recording_is_told_from_what_is_about_its_stream() {
    for code in StatusCode::ALL {
        let status = Status::new(*code, "");
        let is_of_record = code.as_str().contains(".Record.");
        assert_eq!(status.is_about_recording(), is_of_record, "{code}");
    }
}

#[test]
fn a_level_may_be_other_than_the_usual() {
    let status = Status::new(StatusCode::ConnectClosed, "").at_level(Level::Error);
    assert!(status.is_error());
    assert_eq!(status.property("nothing"), None);
}
