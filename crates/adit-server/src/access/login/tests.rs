use super::*;
use crate::access::tests::{OUTSIDE, visitor};
use crate::access::{AccessConfig, Credentials, Pattern, Place, Rule};
use crate::login::EncoderLogin;

fn rule(action: Action, need: Need) -> Rule {
    Rule::new([action], need)
}

fn by(means: Means) -> Need {
    Need::Proof {
        by: vec![means],
        users: Vec::new(),
    }
}

/// What becomes of an encoder that connects with this query, by these rules before those of `access.publish = "key"` or `"anyone"`.
fn asked(publish: Need, rules: &[Rule], query: &str) -> Option<&'static str> {
    let mut config = AccessConfig {
        rules: rules.to_vec(),
        keys: "77aa8b1b3c4d5e6f *\n".parse().unwrap(),
        login: Some(EncoderLogin::new("cam:s3cret".parse().unwrap())),
        ..AccessConfig::default()
    };
    let publishers = Rule::new([Action::Publish, Action::Record], publish);
    config.rules.push(publishers);
    let mut connect = Connect::new(format!("live?{query}"), "rtmp://host/live");
    connect.client.kind = Some("nonprivate".into());
    let address = connect.address().unwrap();
    let place = Place::new("", "live", "_definst_");
    let request = Request::new(Action::Connect, place, visitor(OUTSIDE));
    let request = request.with(Credentials::none().with_query(query));
    let access = Access::new(config);
    let said = access.log_in(Instant::now(), &request, (&address, &connect));
    said.err().map(|refused| refused.reason)
}

const KEY: &str = "key=77aa8b1b3c4d5e6f";

#[test]
fn an_encoder_is_asked_where_it_may_be_let_in_by_a_login_alone() {
    let publish = |need| rule(Action::Publish, need);
    assert_eq!(asked(Need::proof(), &[], ""), Some(ASKED_WITH_KEYS));
    assert_eq!(asked(Need::proof(), &[], KEY), None);
    assert_eq!(asked(Need::Nothing, &[], ""), None);
    for (need, reason) in [
        (Need::Refused, None),
        (by(Means::Key), None),
        (by(Means::Login), Some(ASKED)),
    ] {
        assert_eq!(asked(Need::proof(), &[publish(need.clone())], ""), reason);
        assert_eq!(asked(Need::proof(), &[publish(need)], KEY), reason);
    }
    let mut of_one = publish(by(Means::Login));
    of_one.stream = "studio".parse::<Pattern>().unwrap();
    assert_eq!(
        asked(Need::Nothing, std::slice::from_ref(&of_one), ""),
        Some(ASKED)
    );
    assert_eq!(asked(by(Means::Key), &[of_one], KEY), None);
}

#[test]
fn an_encoder_is_asked_where_a_login_lets_connect() {
    let connect = |need| [rule(Action::Connect, need)];
    let by_login = connect(by(Means::Login));
    assert_eq!(asked(Need::Nothing, &by_login, ""), Some(ASKED));
    assert_eq!(asked(Need::Nothing, &by_login, KEY), Some(ASKED));
    let by_any = connect(Need::proof());
    assert_eq!(asked(Need::Nothing, &by_any, ""), Some(ASKED_WITH_KEYS));
    assert_eq!(asked(Need::Nothing, &by_any, KEY), None);
    assert_eq!(asked(Need::Nothing, &connect(by(Means::Key)), ""), None);
}

#[test]
fn an_encoder_is_asked_where_a_login_lets_record_and_publishing_takes_less() {
    let rules = |publish, record| [rule(Action::Publish, publish), rule(Action::Record, record)];
    let said = |publish, record, query| asked(Need::Nothing, &rules(publish, record), query);
    let proof = Need::proof;
    assert_eq!(said(Need::Nothing, proof(), ""), Some(ASKED_WITH_KEYS));
    assert_eq!(said(Need::Nothing, proof(), KEY), None);
    assert_eq!(said(Need::Nothing, by(Means::Login), KEY), Some(ASKED));
    // What publishing takes does for both.
    assert_eq!(said(by(Means::Key), proof(), ""), None);
    assert_eq!(said(by(Means::Key), by(Means::Login), KEY), Some(ASKED));
    assert_eq!(said(Need::Refused, by(Means::Login), ""), None);
}
