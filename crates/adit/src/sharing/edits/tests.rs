use adit_client::amf::amf0::Value;
use adit_client::connection::ObjectEdit;

use super::of_line;

#[test]
fn a_line_asks_for_changes_in_its_order() {
    let line = r#"{"send":["onNews",5,"x"],"set":{"b":true,"a":{"$date":0}},"remove":["c","d"],"clear":true}"#;
    let date = Value::Date {
        ms: 0.0,
        timezone: 0,
    };
    let expected = ObjectEdit::new()
        .send("onNews", vec![5.0.into(), "x".into()])
        .set("b", true)
        .set("a", date)
        .remove("c")
        .remove("d")
        .clear();
    assert_eq!(of_line(line).unwrap(), expected);
    assert_eq!(
        of_line(r#"{"remove":"c"}"#).unwrap(),
        ObjectEdit::new().remove("c")
    );
    assert!(of_line("  \n").unwrap().is_empty());
}

#[test]
fn a_line_that_says_nothing_is_refused() {
    for line in [
        "5",
        "{",
        r#"{"get":"a"}"#,
        r#"{"set":["a"]}"#,
        r#"{"remove":[5]}"#,
        r#"{"clear":false}"#,
        r#"{"send":[]}"#,
        r#"{"send":[5]}"#,
        r#"{"set":{"a":{"$nonsense":1}}}"#,
    ] {
        assert!(of_line(line).is_err(), "{line}");
    }
}
