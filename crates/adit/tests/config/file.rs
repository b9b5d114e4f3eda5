//! Mistakes of a file, each with its place.

use crate::support::{adit, check_file, folder, told, variable};

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
    let said = variable("ADIT_LIMITS__VIEWER__STALL", "1.5");
    assert!(
        said.contains("has no unit") && said.contains("did you mean \"1.5s\"?"),
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

#[test]
fn a_number_that_is_no_time_in_seconds_may_be_one_in_milliseconds() {
    for (file, help) in [
        (
            "apps.live.tunnel.hold = 100",
            "help: \"100s\" would be out of range; did you mean \"100ms\"?",
        ),
        (
            "apps.live.tunnel.hold = \"100\"",
            "help: \"100s\" would be out of range; did you mean \"100ms\"?",
        ),
        ("apps.live.tunnel.hold = 2", "help: did you mean \"2s\"?"),
        (
            "apps.live.tunnel.hold = 1000000",
            "help: a number needs a unit",
        ),
    ] {
        let folder = folder(file);
        let output = adit(folder.path(), &["config", "check", "adit.toml"], &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(help), "{file}: {said}");
    }
}

#[test]
fn a_text_in_the_place_of_a_list_is_told_as_the_list_that_was_meant() {
    for (file, help) in [
        (
            "apps.live.codecs.audio = \"aac\"",
            "did you mean [\"aac\"]?",
        ),
        (
            "apps.live.codecs.audio = \"aac, opsu\"",
            "did you mean [\"aac\", \"opus\"]?",
        ),
        (
            "server.listen = \"127.0.0.1:1935\"",
            "did you mean [\"127.0.0.1:1935\"]?",
        ),
        (
            "access.signing_secrets = \"hush\"",
            "put the text in brackets",
        ),
    ] {
        let folder = folder(file);
        let output = adit(folder.path(), &["config", "check", "adit.toml"], &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains(help) && !said.contains("hush"),
            "{file}: {said}"
        );
    }
    let said = variable("ADIT_APPS__LIVE__CODECS__AUDIO", "[aac, opsu]");
    assert!(said.contains("did you mean aac,opus?"), "{said}");
}
