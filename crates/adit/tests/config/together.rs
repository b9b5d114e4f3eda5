//! Keys that do not go together, and what a server cannot use.

use crate::support::{adit, check_file, folder, told};

#[test]
fn keys_that_need_each_other_are_told_where_one_stands_alone() {
    check_file(
        "tls.cert = \"a.pem\"\n",
        r#"
  × tls.cert is set without tls.key
   ╭─[adit.toml:1:12]
 1 │ tls.cert = "a.pem"
   ·            ───┬───
   ·               ╰── set here
   ╰────
  help: set tls.key too, or --key
"#,
    );
    let folder = folder("");
    let output = adit(folder.path(), &["serve", "--record"], &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("--record: recording.all is set without server.media"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(2));
}

#[cfg(not(feature = "otel"))]
#[test]
fn a_build_without_opentelemetry_says_so_and_what_to_do() {
    let file = "[log.opentelemetry]\nshare = 0.5\n";
    check_file(
        file,
        r"
  × log.opentelemetry.share is set, and this program was built without OpenTelemetry
   ╭─[adit.toml:2:9]
 1 │ [log.opentelemetry]
 2 │ share = 0.5
   ·         ─┬─
   ·          ╰── set here
   ╰────
  help: build it with --features otel, or take the section log.opentelemetry out
",
    );
    let folder = folder(file);
    let output = adit(folder.path(), &["serve", "--config", "adit.toml"], &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("built without OpenTelemetry") && said.contains("--features otel"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(2));
    for key in [
        "endpoint = 'http://127.0.0.1:4318'",
        "service_name = 'a'",
        "headers = ['a=b']",
    ] {
        let told = told(&format!("[log.opentelemetry]\n{key}\n"));
        assert!(told.concat().contains("without OpenTelemetry"), "{told:?}");
    }
}

#[test]
fn a_shortage_of_memory_cannot_begin_after_the_next_one() {
    check_file(
        "[limits.mem]\nsoft = 96\n",
        r"
  × limits.mem.hard is 90, below limits.mem.soft, which is 96
   ╭─[adit.toml:2:8]
 1 │ [limits.mem]
 2 │ soft = 96
   ·        ─┬
   ·         ╰── set here
   ╰────
  help: hard has to be at least as much as soft
",
    );
    check_file(
        "[limits.mem]\nsoft = 96\nhard = 97\nshed = 96\n",
        r"
  × limits.mem.shed is 96, below limits.mem.hard, which is 97
   ╭─[adit.toml:4:8]
 3 │ hard = 97
 4 │ shed = 96
   ·        ─┬
   ·         ╰── set here
   ╰────
  help: shed has to be at least as much as hard
",
    );
}

#[test]
fn more_relays_than_there_may_be_are_a_mistake_and_as_many_are_none() {
    let relay =
        "[[apps.live.relays]]\ndirection = \"push\"\nstream = \"*\"\nurl = \"rtmp://far/in\"\n";
    let file = format!("limits.relay.total = 1\n{relay}");
    let right = folder(&file);
    let output = adit(right.path(), &["config", "check", "adit.toml"], &[]);
    assert!(output.status.success(), "{output:?}");
    check_file(
        &format!("{file}{relay}"),
        r#"
  × there are 2 relays, and limits.relay.total allows 1
   ╭─[adit.toml:8:10]
 7 │ direction = "push"
 8 │ stream = "*"
   ·          ─┬─
   ·           ╰── the first relay that is too many
 9 │ url = ***************
   ╰────
  help: take some out, or raise limits.relay.total
"#,
    );
}

#[test]
fn what_a_server_would_refuse_at_its_start_is_a_mistake_too() {
    let check = |file: &str, expected: &str| {
        let told = told(file);
        let is_told = told.iter().any(|told| told.contains(expected));
        assert!(is_told && told.len() == 1, "{file}: {told:#?}");
    };
    check("api.token = \"short\"", "16");
    check(
        "access.signing_secrets = [\"short\"]",
        "access.signing_secrets",
    );
    check("access.tokens.secret = \"short\"", "access.tokens.secret");
    check("access.keys = \"/nowhere/keys\"", "/nowhere/keys");
    check(
        "tls.cert = \"/nowhere/a.pem\"\ntls.key = \"/nowhere/b.pem\"",
        "/nowhere/",
    );
    check(
        "[[access.rules]]\nactions = []\nneed = \"nothing\"",
        "a rule without actions",
    );
    check(
        "[[apps.live.relays]]\ndirection = \"push\"\nstream = \"*\"\nurl = \"rtmp://203.0.113.9/in\"\non_demand = true",
        "on_demand is for those that pull",
    );
    check(
        "apps.live.keys = \"/nowhere/keys\"",
        "apps.live.keys /nowhere/keys",
    );
    check(
        "[apps.\"live/room\"]\nplay = \"nobody\"",
        "no name of an application",
    );
    check(
        "[apps.\"*\"]\npublish = \"nobody\"",
        "no name of an application",
    );
    check(
        "[apps.films]\nkind = \"vod\"\npublish = \"key\"",
        "apps.films only plays recordings",
    );
    check(
        "[apps.live]\npublish = \"nobody\"\nkeys = \"keys\"",
        "apps.live.publish lets nobody",
    );
    check(
        "apps.live.play = \"key\"",
        "apps.live.play asks for a token",
    );
    check("access.play = \"key\"", "access.play asks for a token");
    check(
        "apps.live.publish = \"evrybody\"",
        "takes one of anyone, local, key, nobody",
    );
}

#[test]
fn a_server_does_not_start_with_mistakes() {
    let folder = folder("[server]\nlisten = [\"127.0.0.1:0\"]\nlatncy = \"low\"\n");
    let output = adit(folder.path(), &["serve", "--config", "adit.toml"], &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.ends_with("error: one mistake in the configuration, adit.toml\n"),
        "{said}"
    );
    assert!(said.contains("did you mean server.latency?"), "{said}");
    assert_eq!(output.stdout, b"");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_part_is_not_longer_than_its_segment() {
    check_file(
        "[hls]\nsegment = \"1s\"\npart = \"2s\"\n",
        r#"
  × hls.part is 2s, longer than hls.segment, which is 1s
   ╭─[adit.toml:3:8]
 2 │ segment = "1s"
 3 │ part = "2s"
   ·        ──┬─
   ·          ╰── set here
   ╰────
  help: segments are made of parts: hls.part has to be hls.segment at most
"#,
    );
}
