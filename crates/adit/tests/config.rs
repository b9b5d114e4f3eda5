//! The configuration as an operator meets it: what is said about mistakes, what lies over what, and what a reload does.
#![cfg(test)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use adit_testkit::peers::workspace;
use tempfile::TempDir;

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// A folder with an `adit.toml`.
fn folder(file: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("adit.toml"), file).unwrap();
    folder
}

/// `adit ARGUMENTS` in a folder, with these variables and none else that matters.
fn adit(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(ADIT);
    command.args(arguments).current_dir(folder);
    command.env_remove("CONFIGURATION_DIRECTORY");
    command.envs(variables.iter().copied());
    command.output().unwrap()
}

/// What `adit config check` says about a file, without the last line.
#[track_caller]
fn check_file(file: &str, expected: &str) {
    let folder = folder(file);
    let output = adit(folder.path(), &["config", "check", "adit.toml"], &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    let (mistakes, count) = said.trim_end().rsplit_once('\n').unwrap();
    // Empty lines of the file leave spaces at the end of theirs.
    let lines: Vec<_> = mistakes.lines().map(str::trim_end).collect();
    assert_eq!(lines.join("\n"), expected.trim_matches('\n'), "{said}");
    assert!(count.starts_with("error: "), "{count}");
    assert_eq!(output.status.code(), Some(2), "{said}");
}

/// What is said about variables.
#[track_caller]
fn check_variables(variables: &[(&str, &str)], expected: &str) {
    let folder = folder("");
    let output = adit(folder.path(), &["config", "check"], variables);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.trim_end(), expected.trim_matches('\n'));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn every_mistake_of_a_file_is_told_with_its_place_and_what_was_meant() {
    check_file(
        r#"[server]
listen = ["127.0.0.1:0", "nowhere"]
latncy = "low"
media = 5

[limits]
conn.total = 0
conn.per_ip = "many"
dead = "1 parsec"

[apps.live]
kind = "vood"

[recordng]
all = true
"#,
        r#"
  × server.listen: not an address to listen on; write ADDR:PORT as in 127.0.0.1:1935 or [::]:1935
   ╭─[adit.toml:2:10]
 1 │ [server]
 2 │ listen = ["127.0.0.1:0", "nowhere"]
   ·          ─────────────┬────────────
   ·                       ╰── not understood
 3 │ latncy = *****
   ╰────
  × there is no key server.latncy
   ╭─[adit.toml:3:1]
 2 │ listen = ["127.0.0.1:0", "nowhere"]
 3 │ latncy = *****
   · ───┬──
   ·    ╰── unknown
 4 │ media = 5
   ╰────
  help: did you mean server.latency?
  × server.media takes a path
   ╭─[adit.toml:4:9]
 3 │ latncy = *****
 4 │ media = 5
   ·         ┬
   ·         ╰── integer `5`
 5 │
   ╰────
  × limits.conn.total takes a whole number from 1 to 10000000
   ╭─[adit.toml:7:14]
 6 │ [limits]
 7 │ conn.total = 0
   ·              ┬
   ·              ╰── out of range
 8 │ conn.per_ip = "many"
   ╰────
  × limits.conn.per_ip takes a whole number from 1 to 10000000
   ╭─[adit.toml:8:15]
 7 │ conn.total = 0
 8 │ conn.per_ip = "many"
   ·               ───┬──
   ·                  ╰── string "many"
 9 │ dead = "1 parsec"
   ╰────
  × limits.dead: "1 parsec" is not a length of time; write it as in 5s, 1m30s or 250ms
    ╭─[adit.toml:9:8]
  8 │ conn.per_ip = "many"
  9 │ dead = "1 parsec"
    ·        ─────┬────
    ·             ╰── not understood
 10 │
    ╰────
  × apps.live.kind takes one of live, vod, chat
    ╭─[adit.toml:12:8]
 11 │ [apps.live]
 12 │ kind = "vood"
    ·        ───┬──
    ·           ╰── unknown variant `vood`
 13 │
    ╰────
  help: did you mean "vod"?
  × there is no key recordng
    ╭─[adit.toml:14:2]
 13 │
 14 │ [recordng]
    ·  ────┬───
    ·      ╰── unknown
 15 │ all = true
    ╰────
  help: did you mean recording?
"#,
    );
}

#[test]
fn what_is_no_toml_is_told_where_it_ends_to_be() {
    check_file(
        "[server]\nlisten = [\n\n[tls]\n",
        r"
  × this is not TOML: unclosed array, expected `]`
   ╭─[adit.toml:4:6]
 3 │
 4 │ [tls]
   ·      ┬
   ·      ╰── here
   ╰────
  × this is not TOML: invalid boolean, expected `true`
   ╭─[adit.toml:4:2]
 3 │
 4 │ [tls]
   ·  ─┬─
   ·   ╰── here
   ╰────
",
    );
}

#[test]
fn no_secret_is_told_with_a_mistake_however_its_key_is_spelt() {
    for (file, mistake) in [
        ("[access.tokens]\nsecrt = \"hush\"", "access.tokens.secrt"),
        ("[acess]\ntokens.secret = \"hush\"", "acess"),
        (
            "access.tokn = [\"a\", [\"hush\"], { b = \"hush\" }]",
            "access.tokn",
        ),
        (
            "access.tokens.secret = { a = \"hush\" }",
            "access.tokens.secret",
        ),
        (
            "access.tokens.secret = [[\"hush\"]]",
            "access.tokens.secret",
        ),
        (
            "[access.tokens]\nsecrt = \"\"\"\nhush\n\"\"\"",
            "access.tokens.secrt",
        ),
        ("[[apps.live.relays]]\nurll = \"rtmp://far/hush\"", "urll"),
        // In what is no TOML, too.
        ("[access.tokens]\nsecret = \"hush", "not TOML"),
        ("[access.tokens]\nsecret = hush", "not TOML"),
        ("[access.tokens]\nsecrt: hush", "not TOML"),
        ("access.tokens = { secret = \"hush\"", "not TOML"),
        (
            "[access.tokens]\nsecret = \"a\"\nsecret = \"hush\"",
            "not TOML",
        ),
        // The query of a callback may be one.
        (
            "access.callbacks.play = \"http://a/?hush\"\nacess = 1",
            "acess",
        ),
        (
            "access.callbacks.play = \"ftp://a/?hush\"",
            "access.callbacks.play",
        ),
        (
            "access.callbacks.plya = \"http://a/?hush\"",
            "access.callbacks.plya",
        ),
    ] {
        let folder = folder(file);
        let output = adit(folder.path(), &["config", "check", "adit.toml"], &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(mistake), "{file}\n{said}");
        assert!(!said.contains("hush"), "{file}\n{said}");
    }
    let folder = folder("access.callbacks.play = \"http://a/?hush\"");
    let output = adit(
        folder.path(),
        &["config", "print", "--config", "adit.toml"],
        &[],
    );
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("play = \"(hidden)\""), "{printed}");
    assert!(!printed.contains("hush"), "{printed}");
}

#[test]
fn limits_that_cannot_be_set_say_why() {
    check_file(
        "[limits]\nsniff.bytes = 20\n",
        r"
  × limits.sniff.bytes cannot be set: it follows from the protocol and from what its clients send
   ╭─[adit.toml:2:7]
 1 │ [limits]
 2 │ sniff.bytes = 20
   ·       ──┬──
   ·         ╰── fixed
   ╰────
",
    );
}

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
fn what_is_wrong_in_a_list_of_a_variable_is_told_without_the_list() {
    let folder = folder("");
    let secret = "rtmp://me:hush@far/app/STREAMKEY";
    for (name, value, wanted) in [
        (
            "ADIT_APPS__LIVE__RELAYS",
            format!(r#"[{{direction="push",stream="*",url="{secret}",idle="10"}}]"#),
            "no unit",
        ),
        (
            "ADIT_APPS__LIVE__RELAYS",
            format!(r#"[{{direction="push",stream="*",ulr="{secret}"}}]"#),
            "there is no key apps.live.relays.0.ulr",
        ),
        (
            "ADIT_APPS__LIVE__RELAYS",
            format!(r#"[{{direction="push",stream="*",url="{secret}"#),
            "takes a list of tables",
        ),
        (
            "ADIT_ACCESS__RULES",
            r#"[{actions=["play"],ned="proof"}]"#.to_owned(),
            "did you mean access.rules.0.need?",
        ),
        (
            "ADIT_ACCESS__RULES",
            r#"[{actions=["play"],need="prof"}]"#.to_owned(),
            "did you mean \"proof\"?",
        ),
    ] {
        let output = adit(folder.path(), &["config", "print"], &[(name, &value)]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains(name) && said.contains(wanted),
            "{value}: {said}"
        );
        assert!(
            !said.contains("hush") && !said.contains("STREAMKEY"),
            "{said}"
        );
        assert_eq!(output.status.code(), Some(2), "{said}");
    }
}

#[test]
fn misspelt_variables_of_an_application_are_told_with_its_own_key() {
    let folder = folder("");
    for (name, meant) in [
        ("ADIT_APPS__LIVE__LATENCYY", "ADIT_APPS__LIVE__LATENCY"),
        (
            "ADIT_APPS__LIVE__TUNEL__HOLD",
            "ADIT_APPS__LIVE__TUNNEL__HOLD",
        ),
        (
            "ADIT_APPS__LIVE__CODECS__VIDO",
            "ADIT_APPS__LIVE__CODECS__VIDEO",
        ),
        ("ADIT_APPS__LIVE__PUBLSH", "ADIT_APPS__LIVE__PUBLISH"),
    ] {
        let output = adit(folder.path(), &["config", "print"], &[(name, "x")]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(&format!("did you mean {meant}?")), "{said}");
    }
}

#[test]
fn a_size_without_a_unit_is_bytes_to_its_range_too() {
    check_file(
        "limits.mem.total = \"64\"\n",
        r#"
  × limits.mem.total takes a size as in 64KiB, 10MiB or 1GiB from 16MiB to 16TiB
   ╭─[adit.toml:1:20]
 1 │ limits.mem.total = "64"
   ·                    ──┬─
   ·                      ╰── out of range
   ╰────
"#,
    );
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
fn variables_have_their_mistakes_told_by_their_names() {
    check_variables(
        &[
            ("ADIT_LIMITS__CONN__TOTAL", "many"),
            ("ADIT_SERVER__LATENCY", "lo"),
            ("ADIT_SERVER__LISTN", "127.0.0.1:0"),
        ],
        r#"
  × ADIT_LIMITS__CONN__TOTAL: limits.conn.total takes a whole number from 1 to 10000000, not "many"
  × ADIT_SERVER__LATENCY: server.latency takes one of low, balanced, throughput, not "lo"
  help: did you mean "low"?
  × ADIT_SERVER__LISTN: there is no key server.listn
  help: did you mean ADIT_SERVER__LISTEN?
error: 3 mistakes in the configuration
"#,
    );
}

#[test]
fn a_level_of_the_log_that_is_none_is_told_wherever_it_is_set() {
    check_file(
        "[log]\nlevel = \"verbose\"\n",
        r#"
  × log.level: "verbose" is none of the levels off, error, warn, info, debug and trace, nor does it say TARGET=LEVEL
   ╭─[adit.toml:2:9]
 1 │ [log]
 2 │ level = "verbose"
   ·         ────┬────
   ·             ╰── not understood
   ╰────
"#,
    );
    let folder = folder("");
    let output = adit(folder.path(), &["serve"], &[("ADIT_LOG", "verbose")]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("ADIT_LOG: log.level: \"verbose\""), "{said}");
    assert_eq!(output.status.code(), Some(2), "{said}");
}

#[test]
fn variables_that_are_no_keys_are_left_alone() {
    let folder = folder("");
    let output = adit(
        folder.path(),
        &["config", "check"],
        &[("ADIT_LOG", ""), ("ADIT_STREAM_KEY", "secret")],
    );
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn flags_lie_over_variables_and_those_over_the_file() {
    let folder = folder(
        r#"
[server]
latency = "low"
unknown_apps = "refuse"
listen = ["127.0.0.1:1"]

[apps.Films]
kind = "vod"
"#,
    );
    let output = adit(
        folder.path(),
        &[
            "config",
            "print",
            "--config",
            "adit.toml",
            "--listen",
            "127.0.0.1:3",
            "--app",
            "talk=chat",
        ],
        &[
            ("ADIT_SERVER__LATENCY", "throughput"),
            ("ADIT_SERVER__LISTEN", "127.0.0.1:2,[::1]:2"),
            ("ADIT_APPS__FILMS__LATENCY", "low"),
            ("ADIT_LIMITS__MSG__AV", "1MiB"),
        ],
    );
    let printed = String::from_utf8(output.stdout).unwrap();
    for line in [
        r#"listen = ["127.0.0.1:3"]  # --listen"#,
        r#"latency = "throughput"  # ADIT_SERVER__LATENCY"#,
        r#"unknown_apps = "refuse"  # line 4"#,
        r#"av = "1MiB"  # ADIT_LIMITS__MSG__AV"#,
        r#"dead = "1m"  # default"#,
        "[apps.Films]\nkind = \"vod\"  # line 8\nlatency = \"low\"  # ADIT_APPS__FILMS__LATENCY\n",
        "[apps.talk]\nkind = \"chat\"  # --app",
    ] {
        assert!(printed.contains(line), "{line} in\n{printed}");
    }
    // What was printed is a file that says the same.
    fs::write(folder.path().join("adit.toml"), &printed).unwrap();
    let again = adit(
        folder.path(),
        &["config", "print", "--config", "adit.toml"],
        &[],
    );
    let values = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.split("  # ").next().unwrap());
        lines.map(str::to_owned).collect()
    };
    let again = String::from_utf8(again.stdout).unwrap();
    assert_eq!(values(&again), values(&printed));
}

#[test]
fn the_file_of_a_package_is_found_by_the_variable_of_systemd() {
    let folder = folder("server.latency = \"low\"\n");
    let directory = folder.path().display().to_string();
    let output = adit(
        folder.path(),
        &["config", "print"],
        &[("CONFIGURATION_DIRECTORY", &directory)],
    );
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("latency = \"low\"  # line 1"), "{printed}");
}

#[test]
fn keys_are_explained() {
    let folder = folder("");
    let output = adit(
        folder.path(),
        &["config", "explain", "limits.viewer.stall"],
        &[],
    );
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "limits.viewer.stall: How long a player may take nothing while bytes wait for it.\n\n  \
         takes        a length of time as in 250ms, 10s or 1m30s\n  \
         default      10s\n  \
         range        1s to 1h\n  \
         in the file  stall = \"…\" below [limits.viewer]\n  \
         environment  ADIT_LIMITS__VIEWER__STALL\n  \
         flag         none\n  \
         takes effect at a reload too\n"
    );
    for (asked, expected) in [
        (
            "apps.live.publish",
            [
                "publish = \"…\" below [apps.live]",
                "ADIT_APPS__LIVE__PUBLISH",
            ],
        ),
        (
            "access.rules[].need",
            [
                "need = \"…\" below [[access.rules]]",
                "none; ADIT_ACCESS__RULES takes the whole list as TOML",
            ],
        ),
        (
            "access.rules.actions",
            [
                "actions = [\"…\", …] below [[access.rules]]",
                "none; ADIT_ACCESS__RULES",
            ],
        ),
        (
            "apps.live.relays[0].url",
            [
                "url = \"…\" below [[apps.live.relays]]",
                "none; ADIT_APPS__LIVE__RELAYS takes",
            ],
        ),
        (
            "apps.NAME.relays.NAME.idle",
            [
                "idle = \"…\" below [[apps.NAME.relays]]",
                "none; ADIT_APPS__NAME__RELAYS",
            ],
        ),
    ] {
        let output = adit(folder.path(), &["config", "explain", asked], &[]);
        let said = String::from_utf8(output.stdout).unwrap();
        for line in expected {
            assert!(said.contains(line), "{asked}: {said}");
        }
    }
    let output = adit(folder.path(), &["config", "explain", "server.lisen"], &[]);
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: there is no key server.lisen; did you mean server.listen?\n"
    );
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_page_of_all_keys_is_up_to_date() {
    let folder = folder("");
    let output = adit(folder.path(), &["config", "reference"], &[]);
    let made = String::from_utf8(output.stdout).unwrap();
    let page = fs::read_to_string(workspace().join("docs/configuration.md")).unwrap();
    assert!(
        made == page,
        "keys have changed: cargo run -q -p adit -- config reference > docs/configuration.md"
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
fn a_variable_with_other_underscores_is_told_instead_of_ignored() {
    check_variables(
        &[("ADIT_ACCESS_PUBLISH", "nobody")],
        r"
  × ADIT_ACCESS_PUBLISH: this variable sets nothing
  help: did you mean ADIT_ACCESS__PUBLISH?
error: one mistake in the configuration
",
    );
}

/// What the lines of `adit config check` that begin with a cross say about a file.
fn told(file: &str) -> Vec<String> {
    let folder = folder(file);
    let output = adit(folder.path(), &["config", "check", "adit.toml"], &[]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    let told = said
        .lines()
        .filter_map(|line| line.trim().strip_prefix("× "));
    told.map(str::to_owned).collect()
}

#[test]
fn a_mistake_in_an_item_of_a_list_hides_no_other() {
    let relay =
        "[[apps.live.relays]]\ndirection = \"up\"\nstream = \"*\"\nurl = \"rtmp://far/in\"\n";
    let second = "[[apps.live.relays]]\nstream = \"*\"\nurl = \"rtmp://far/in\"\n";
    let file = format!("server.listn = 1\nlimits.conn.total = 0\n{relay}{second}[logg]\n");
    let told = told(&file);
    let [listen, total, direction, missing, log] = told.as_slice() else {
        panic!("{told:#?}");
    };
    assert!(listen.contains("server.listn"), "{told:#?}");
    assert!(total.contains("limits.conn.total"), "{told:#?}");
    assert!(direction.contains("takes one of push, pull"), "{told:#?}");
    assert!(missing.contains("missing field `direction`"), "{told:#?}");
    assert!(log.contains("logg"), "{told:#?}");
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
fn a_time_without_a_unit_is_told_what_it_lacks() {
    for (file, label) in [
        (
            "server.drain_timeout = \"5\"",
            "server.drain_timeout: \"5\" has no unit",
        ),
        (
            "server.drain_timeout = 5",
            "server.drain_timeout takes a length of time as in 250ms, 10s or 1m30s",
        ),
    ] {
        let folder = folder(file);
        let output = adit(folder.path(), &["config", "check", "adit.toml"], &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(label), "{said}");
        assert!(said.contains("help: did you mean \"5s\"?"), "{said}");
    }
    let said = variable("ADIT_LIMITS__VIEWER__STALL", "0.5");
    assert!(
        said.contains("has no unit") && said.contains("did you mean \"0.5s\"?"),
        "{said}"
    );
    // What is no number lacks more than a unit.
    for value in ["infinity", "inf", "nan", "1e3", "-5", "1.2.3", "."] {
        let said = variable("ADIT_LIMITS__VIEWER__STALL", value);
        assert!(said.contains("ADIT_LIMITS__VIEWER__STALL"), "{said}");
        assert!(
            !said.contains("did you mean") && !said.contains("has no unit"),
            "{value}: {said}"
        );
    }
    // Nothing is nothing in any unit.
    let folder = folder("limits.rtmpt.send_grace = \"0\"");
    let output = adit(folder.path(), &["config", "check", "adit.toml"], &[]);
    assert!(output.status.success(), "{output:?}");
}

/// What is said about a variable.
fn variable(name: &str, value: &str) -> String {
    let folder = folder("");
    let output = adit(folder.path(), &["config", "check"], &[(name, value)]);
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_list_of_tables_comes_from_a_variable_as_a_whole_and_not_in_parts() {
    let folder = folder("");
    let rules = r#"[{ actions = ["play"], app = "live", need = "refused" }]"#;
    let print = ["config", "print"];
    let output = adit(folder.path(), &print, &[("ADIT_ACCESS__RULES", rules)]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("need = \"refused\""), "{printed}");
    for name in ["ADIT_ACCESS__RULES__NEED", "ADIT_ACCESS__RULES__0__NEED"] {
        let said = variable(name, "refused");
        for words in [
            "access.rules[].need is in a list, and has no variable of its own",
            "ADIT_ACCESS__RULES takes the whole list as TOML",
        ] {
            assert!(said.contains(words), "{name}: {said}");
        }
    }
}

#[test]
fn applications_are_set_up_by_variables_too() {
    let folder = folder("[apps.Live]\nkind = \"live\"\n");
    let variables = [
        ("ADIT_APPS__LIVE__PUBLISH", "nobody"),
        ("ADIT_APPS__LIVE__CODECS__VIDEO", "h264,h265"),
        ("ADIT_APPS__LIVE__TUNNEL__POLL_MIN", "128ms"),
        ("ADIT_APPS__LIVE__CALLBACKS__PLAY", "none"),
    ];
    let print = ["config", "print", "--config", "adit.toml"];
    let output = adit(folder.path(), &print, &variables);
    let printed = String::from_utf8(output.stdout).unwrap();
    for line in [
        "publish = \"nobody\"  # ADIT_APPS__LIVE__PUBLISH",
        "[apps.Live.codecs]",
        "video = [\"h264\", \"hevc\"]",
        "poll_min = \"128ms\"",
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
}

#[test]
fn what_is_said_about_codecs_and_pauses_of_an_application_is_looked_at() {
    let help = |file: &str| {
        let folder = folder(file);
        let output = adit(folder.path(), &["config", "check", "adit.toml"], &[]);
        assert_eq!(output.status.code(), Some(2), "{file}");
        String::from_utf8(output.stderr).unwrap()
    };
    for (file, expected) in [
        (
            "apps.live.codecs.video = [\"h264\", \"hvec\"]",
            "did you mean \"hevc\"?",
        ),
        (
            "apps.live.codecs.audio = [\"opsu\"]",
            "did you mean \"opus\"?",
        ),
        (
            "[apps.films]\nkind = \"vod\"\ncodecs.audio = [\"aac\"]",
            "apps.films only plays recordings",
        ),
        (
            "[apps.live.tunnel]\npoll_min = \"256ms\"\npoll_max = \"128ms\"",
            "poll_max, the longest pause, is 128ms, and poll_min, the shortest, is 256ms",
        ),
        (
            "apps.live.tunnel.poll_min = \"2s\"",
            "make poll_max the longer one",
        ),
        ("limits.rtmpt.poll_max = \"5s\"", "from 0s to 4064ms"),
        ("apps.live.tunnel.hold = \"5s\"", "from 20ms to 4s"),
    ] {
        let said = help(file);
        assert!(said.contains(expected), "{file}: {said}");
    }
}
