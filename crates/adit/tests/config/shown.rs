//! Keys that are explained.

use std::fs;

use adit_testkit::peers::workspace;

use crate::support::{adit, folder};

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
fn words_in_the_place_of_a_secret_are_printed_and_addresses_without_their_password() {
    let relay = |proxy: &str| {
        format!(
            "[[apps.live.relays]]\ndirection = \"push\"\nstream = \"*\"\nurl = \"rtmp://me:hush@far/in\"\n{proxy}\n"
        )
    };
    let file = format!(
        "[apps.live.callbacks]\nplay = \"none\"\n{}{}{}",
        relay(""),
        relay("proxy = \"none\""),
        relay("proxy = \"http://me:hush@proxy:3128\"")
    );
    let folder = folder(&file);
    let print = ["config", "print", "--config", "adit.toml"];
    let output = adit(folder.path(), &print, &[]);
    let printed = String::from_utf8(output.stdout).unwrap();
    for part in [
        "play = \"none\"",
        "proxy = \"system\"",
        "proxy = \"none\"",
        "proxy = \"http://me:(hidden)@proxy:3128\"",
        "url = \"(hidden)\"",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    assert!(!printed.contains("hush"), "{printed}");
}

#[test]
fn other_names_of_codecs_are_in_the_schema_and_explained() {
    let folder = folder("");
    let said = |arguments: &[&str]| {
        let output = adit(folder.path(), arguments, &[]);
        String::from_utf8(output.stdout).unwrap()
    };
    let schema = said(&["config", "schema"]);
    let explained = said(&["config", "explain", "apps.live.codecs.video"]);
    for name in ["avc", "h265", "h266"] {
        assert!(schema.contains(&format!("\"const\": \"{name}\"")), "{name}");
        assert!(explained.contains(name), "{explained}");
    }
}
