//! What lies over what.

use std::fs;

use crate::support::{adit, folder};

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
