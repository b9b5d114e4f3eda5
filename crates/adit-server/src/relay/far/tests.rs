use std::sync::Arc;

use adit_client::network::{ConnectorConfig, GivenProxy, InsecureTls, TlsClient};
use adit_client::{Client, ConnectOptions, Destination, Intent, Target};
use adit_rtmp::command::{Address, Query, StreamName};

use super::{Far, Local, other_application, target};

/// The far address for a relay to `relay`, of a client that connects to `app` and publishes `name`.
#[track_caller]
fn check(relay: &str, app: &str, name: &str, expected: (&str, &str)) {
    let address = Address::parse(app, None).unwrap();
    let name = StreamName::parse(name).unwrap();
    let location = address.locate(&name).unwrap();
    let local = Local {
        location: &location,
        app_query: address.query(),
        name: &name,
    };
    let far = target(&Target::parse(relay).unwrap(), local).unwrap();
    let got = (far.tc_url(), far.stream_argument());
    assert_eq!((got.0.as_str(), got.1.expose()), expected);
}

#[test]
fn an_address_with_an_application_takes_name_and_query_from_the_encoder() {
    check(
        "rtmp://far/app",
        "live",
        "key?token=1",
        ("rtmp://far/app", "key?token=1"),
    );
    check(
        "rtmps://far:8443/app/room//",
        "live",
        "key",
        ("rtmps://far:8443/app/room", "key"),
    );
}

#[test]
fn an_address_of_a_server_takes_application_and_name_from_the_encoder() {
    check("rtmp://far", "live", "key", ("rtmp://far/live", "key"));
    check(
        "rtmpt://far",
        "live/room?vhost=x",
        "mp4:key?token=1",
        ("rtmpt://far/live/room?vhost=x", "mp4:key?token=1"),
    );
}

#[test]
fn an_address_with_a_stream_takes_nothing_from_the_encoder() {
    check(
        "rtmp://far/app/mine?s=1",
        "live",
        "any?other=2",
        ("rtmp://far/app", "mine?s=1"),
    );
}

#[test]
fn a_name_in_the_path_of_the_connection_is_the_stream() {
    check("rtmp://far", "live/key", "", ("rtmp://far/live", "key"));
    check("rtmp://far/app", "live/key", "", ("rtmp://far/app", "key"));
}

#[test]
fn credentials_of_the_address_go_on() {
    let address = Address::parse("live", None).unwrap();
    let name = StreamName::parse("key").unwrap();
    let location = address.locate(&name).unwrap();
    let local = Local {
        location: &location,
        app_query: &Query::default(),
        name: &name,
    };
    let relay = Target::parse("rtmp://user:pass@far/app").unwrap();
    let far = target(&relay, local).unwrap();
    assert_eq!(far.credentials(), relay.credentials());
    assert_eq!(far.to_string(), "rtmp://***@far/app/***");
}

#[test]
fn a_secret_that_is_part_of_another_does_not_show_the_rest() {
    let tls = TlsClient::insecure(InsecureTls::accept_any_certificate());
    let target = Target::parse(
        "rtmp://far.example/app?token=first-token&vhost=far.example/studio?token=studio-secret",
    )
    .unwrap();
    let far = Far {
        client: Client::new(ConnectorConfig::new(tls), GivenProxy::None),
        options: Arc::new(ConnectOptions::new(Intent::Publish)),
        destination: Destination::new(target),
    };
    assert_eq!(
        far.without_secrets("no studio for token=studio-secret"),
        "no *** for ***"
    );
    assert_eq!(
        far.without_secrets("first-token is none of vhost=far.example, ask far.example"),
        "*** is none of vhost=far.example, ask far.example"
    );
}

#[test]
fn an_application_of_the_encoder_that_does_not_count_is_told_without_what_may_be_a_key() {
    let check = |relay: &str, app: &str, expected: Option<&str>| {
        let address = Address::parse(app, None).unwrap();
        let name = StreamName::parse("key").unwrap();
        let location = address.locate(&name).unwrap();
        let local = Local {
            location: &location,
            app_query: address.query(),
            name: &name,
        };
        let named = other_application(&Target::parse(relay).unwrap(), local);
        assert_eq!(named.as_deref(), expected, "{relay} {app}");
    };
    check("rtmp://far", "live", None);
    check("rtmp://far/app", "app", None);
    check("rtmp://far/app", "app?token=1", None);
    check("rtmp://far/app/room//", "app/room", None);
    check("rtmp://far/app", "live", Some("live"));
    check("rtmp://far/app", "live/room", Some("live/***"));
    check("rtmp://far/app/mine", "live", Some("live"));
}
