use adit_client::Target;

use super::{hide, without};

#[test]
fn what_a_target_hides_is_hidden_wherever_it_is_repeated() {
    let target = "rtmp://user:pa55word@host/app?vhost=virtual/abc-secret-key?token=0123456789";
    hide(&Target::parse(target).unwrap());
    let check = |text: &str, expected: &str| assert_eq!(without(text), expected);
    check("nothing to hide", "nothing to hide");
    check("abc-secret-key is taken", "*** is taken");
    check("\"abc-secret-key?token=0123456789\"", "\"***?***\"");
    check("pa55word, pa55word", "***, ***");
    check("on vhost=virtual", "on ***");
    check(
        "0123456789 is not valid on virtual",
        "*** is not valid on virtual",
    );
}

#[test]
fn a_short_name_hides_no_sentence() {
    hide(&Target::parse("rtmp://host/app/a").unwrap());
    assert_eq!(without("a sentence"), "a sentence");
}
