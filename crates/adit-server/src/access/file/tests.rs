use super::super::tests::{OUTSIDE, visitor};
use super::super::*;
use super::*;

const REFUSED: Result<(), Denial> = Err(Denial::Forbidden);
const MISSING: Result<(), Denial> = Err(Denial::Missing);

fn rule(application: &str, stream: &str, need: Need) -> Rule {
    let mut rule = Rule::new([Action::Publish, Action::Record, Action::Play], need);
    rule.application = application.parse().unwrap();
    rule.stream = stream.parse().unwrap();
    rule
}

fn access(rules: impl IntoIterator<Item = Rule>) -> Access {
    let keys = "5f3a61c09be84d5a live/room/cam\n77aa8b1b3c4d5e6f live/r*\n";
    let config = AccessConfig {
        rules: rules.into_iter().collect(),
        keys: keys.parse().unwrap(),
        ..AccessConfig::default()
    };
    Access::new(config)
}

fn ask(
    access: &Access,
    action: Action,
    instance: &str,
    stream: &str,
    query: &str,
) -> Result<(), Denial> {
    let request = request(action, instance, stream, query);
    settled(access.authorize(&request))
}

fn request(action: Action, instance: &str, stream: &str, query: &str) -> Request {
    let place = Place::new("", "live", instance).stream(stream);
    let request = Request::new(action, place, visitor(OUTSIDE));
    request.with(Credentials::none().with_query(query))
}

fn settled(decision: Decision<Granted>) -> Result<(), Denial> {
    let Ok(decided) = decision.settled() else {
        panic!("not decided at once");
    };
    decided
        .map(drop)
        .map_err(|refusal| refusal.denial().unwrap())
}

#[track_caller]
fn check(access: &Access, instance: &str, stream: &str, expected: Result<(), Denial>) {
    for action in [Action::Publish, Action::Record, Action::Play] {
        let decided = ask(access, action, instance, stream, "");
        assert_eq!(decided, expected, "{action} {instance} {stream}");
    }
}

#[test]
fn a_rule_about_an_instance_holds_for_its_directory_and_the_other_way_round() {
    let access_to = |rule: Rule| access([rule]);
    let of_instance = access_to(rule("live/room", "*", Need::Refused));
    check(&of_instance, "room", "cam", REFUSED);
    check(&of_instance, "_definst_", "room/cam", REFUSED);
    check(&of_instance, "_definst_", "cam", Ok(()));
    check(&of_instance, "other", "cam", Ok(()));
    check(&of_instance, "other", "room/cam", Ok(()));
    let of_directory = access_to(rule("live/_definst_", "a/b/*", Need::Refused));
    check(&of_directory, "_definst_", "a/b/cam", REFUSED);
    check(&of_directory, "a", "b/cam", REFUSED);
    check(&of_directory, "a/b", "cam", REFUSED);
    check(&of_directory, "a", "cam", Ok(()));
    // To be seen in a list is no way to a file.
    assert_eq!(
        ask(&of_instance, Action::List, "_definst_", "room/cam", ""),
        Ok(())
    );
}

#[test]
fn whoever_may_not_play_a_file_by_one_address_hears_nothing_of_it_by_another() {
    let hear = |access: &Access, instance: &str, stream: &str, query: &str| {
        let request = request(Action::List, instance, stream, query);
        settled(access.authorize_facts(&request))
    };
    let refused = access([rule("live/room", "*", Need::Refused)]);
    assert_eq!(hear(&refused, "room", "cam", ""), REFUSED);
    for name in ["room/cam", "room/cam.flv", "room/cam~1"] {
        assert_eq!(hear(&refused, "_definst_", name, ""), REFUSED, "{name}");
    }
    assert_eq!(hear(&refused, "_definst_", "cam", ""), Ok(()));
    let proven = access([rule("live/room", "*", Need::proof())]);
    assert_eq!(hear(&proven, "_definst_", "room/cam", ""), MISSING);
    // What may be played may be hidden, and what is listed is not played for that.
    let to_see = |need| {
        let mut rule = rule("live", "*", need);
        rule.actions = vec![Action::List];
        rule
    };
    let hidden = access([to_see(Need::Refused)]);
    assert_eq!(hear(&hidden, "_definst_", "cam", ""), REFUSED);
    let listed = access([to_see(Need::Nothing), rule("*", "*", Need::Refused)]);
    assert_eq!(ask(&listed, Action::List, "_definst_", "cam", ""), Ok(()));
    assert_eq!(hear(&listed, "_definst_", "cam", ""), REFUSED);
}

#[test]
fn a_rule_about_a_name_holds_for_its_files_and_earlier_recordings() {
    let access = access([
        rule("live", "secret", Need::Refused),
        rule("live", "film.mp4", Need::Refused),
    ]);
    for name in [
        "secret",
        "secret.flv",
        "secret~1",
        "secret~12.flv",
        "secret.mp4",
        "film",
        "film.mp4",
    ] {
        check(&access, "_definst_", name, REFUSED);
    }
    for name in ["secret.1", "secret~", "secret~x", "secret2", "film~x"] {
        check(&access, "_definst_", name, Ok(()));
    }
}

#[test]
fn what_is_allowed_to_one_address_of_a_file_is_not_refused_to_it_for_the_sake_of_another() {
    let access = access([
        rule("live/room", "*", Need::Nothing),
        rule("*", "*", Need::Refused),
    ]);
    check(&access, "room", "cam", Ok(()));
    // A live stream of that name is another one.
    check(&access, "_definst_", "room/cam", REFUSED);
}

#[test]
fn what_proves_a_right_to_one_address_has_to_prove_it_to_the_one_with_the_rule() {
    let access = access([rule("live/room", "*", Need::proof())]);
    let publish =
        |stream: &str, query: &str| ask(&access, Action::Publish, "_definst_", stream, query);
    assert_eq!(publish("room/cam", ""), MISSING);
    assert_eq!(
        publish("room/cam", "key=77aa8b1b3c4d5e6f"),
        Err(Denial::Wrong)
    );
    assert_eq!(publish("room/cam", "key=5f3a61c09be84d5a"), Ok(()));
    // The key in place of the name.
    assert_eq!(
        ask(&access, Action::Publish, "room", "5f3a61c09be84d5a", ""),
        Ok(())
    );
}

#[test]
fn a_name_has_few_addresses_and_one_that_is_no_name_of_a_file_has_none() {
    let place = |stream: &str| Place::new("", "live", "a/b").stream(stream);
    let deepest = ["x"; MEDIA_NAME_PARTS - 3].join("/");
    assert_eq!(
        addresses(&place(&deepest)).len(),
        (MEDIA_NAME_PARTS - 1) * 4
    );
    assert_eq!(addresses(&place(&format!("{deepest}/x"))), []);
    let most = addresses(&place("cam.flv~1.flv")).len();
    assert_eq!(most, 3 * 3 * 4);
}
