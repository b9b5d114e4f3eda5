//! Variables of the environment.

use crate::support::{adit, check_variables, folder, variable};

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

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_told_instead_of_ignored() {
    use std::os::unix::ffi::OsStrExt as _;

    let folder = folder("");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_adit"));
    command.args(["config", "check"]).current_dir(folder.path());
    let garbled = std::ffi::OsStr::from_bytes(b"nobody\xff");
    command.env("ADIT_ACCESS__PUBLISH", garbled);
    command.env("ADIT_STREAM_KEY", garbled);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("ADIT_ACCESS__PUBLISH is not UTF-8"), "{said}");
    assert!(!said.contains("ADIT_STREAM_KEY"), "{said}");
}
