//! What packages bring along is true: the configuration, the unit, the scripts. That packages themselves work is shown by
//! `tools/package check`, which takes too long for each run.
#![cfg(test)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use adit_server::tls::{CertificateSource, Tls};
use adit_testkit::peers::workspace;
use adit_testkit::process::Process;
use tempfile::TempDir;

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long anything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

fn packaged(file: &str) -> String {
    let path = workspace().join("packaging").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The configuration with those examples switched on whose key is wanted.
fn configuration(folder: &TempDir, wanted: impl Fn(&str) -> bool) -> PathBuf {
    let mut examples = 0;
    let mut text = String::new();
    for line in packaged("debian/adit.toml").lines() {
        // Words stand behind `# `, examples behind `#`.
        let example = line
            .strip_prefix('#')
            .filter(|rest| !rest.starts_with([' ', '#']) && !rest.is_empty());
        let key = example.map(|example| example.split([' ', '=']).next().unwrap());
        match example {
            Some(example) if wanted(key.unwrap()) => {
                text.push_str(example);
                examples += 1;
            }
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    // The files that it names are here.
    let here = format!("{}/", folder.path().display());
    let text = text.replace("/etc/adit/", &here);
    let path = folder.path().join(format!("adit-{examples}.toml"));
    fs::write(&path, text).unwrap();
    path
}

fn assert_no_mistakes(file: &PathBuf) {
    let mut command = Command::new(ADIT);
    command
        .env("NO_COLOR", "1")
        .args(["config", "check"])
        .arg(file);
    let mut check = Process::start("adit config check", &mut command);
    assert!(
        check.wait(PATIENCE).success(),
        "{check}\n{}",
        fs::read_to_string(file).unwrap()
    );
}

#[test]
fn the_packaged_configuration_and_every_example_in_it_have_no_mistakes() {
    let folder = TempDir::new().unwrap();
    let own = CertificateSource::SelfSigned {
        state_directory: folder.path().into(),
        names: Vec::new(),
    };
    Tls::load(own).unwrap();
    for (made, named) in [
        ("self-signed.crt", "fullchain.pem"),
        ("self-signed.key", "privkey.pem"),
    ] {
        fs::rename(folder.path().join(made), folder.path().join(named)).unwrap();
    }
    fs::write(folder.path().join("stream-keys"), "key-of-somebody *\n").unwrap();
    assert_no_mistakes(&configuration(&folder, |_| false));
    // There are two ways to have a certificate, and each excludes the other.
    let all_but = |other: &'static [&str]| move |key: &str| !other.contains(&key);
    let with_files = configuration(&folder, all_but(&["acme.names", "acme.contact"]));
    assert_no_mistakes(&with_files);
    assert_no_mistakes(&configuration(&folder, all_but(&["cert", "key"])));
    let text = fs::read_to_string(with_files).unwrap();
    assert!(
        text.contains("\nkeys = ") && text.contains("\n[apps.films]"),
        "{text}"
    );
}

#[test]
fn the_unit_starts_a_command_that_there_is_with_the_packaged_configuration() {
    let unit = packaged("systemd/adit.service");
    let command = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="))
        .unwrap();
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(
        words,
        ["/usr/bin/adit", "serve", "--config", "/etc/adit/adit.toml"]
    );
    let script = fs::read_to_string(workspace().join("tools/package")).unwrap();
    for place in [
        "/usr/bin/adit",
        "/etc/adit/adit.toml",
        "system/adit.service",
    ] {
        assert!(
            script.contains(place),
            "tools/package does not put anything at {place}"
        );
    }
    // What the server keeps lies where the unit lets it write.
    assert!(unit.contains("StateDirectory=adit\n"));
    assert!(packaged("debian/adit.toml").contains("\nstate_dir = \"/var/lib/adit\"\n"));
}

#[test]
fn an_upgrade_of_the_package_has_the_new_version_take_over() {
    let script = packaged("debian/postinst");
    let asked = script.find("[ -S /var/lib/adit/upgrade.sock ]").unwrap();
    let told = script
        .find("systemctl kill --kill-who=main --signal=USR2 adit.service")
        .unwrap();
    let else_restarts = script.find("deb-systemd-invoke restart").unwrap();
    assert!(asked < told && told < else_restarts, "{script}");
    // The script that runs before does not stop what goes on, and the manager hears from the old process which one is the next.
    let before = packaged("debian/prerm");
    assert!(before.contains("[ \"$1\" = remove ]") && before.matches("stop").count() == 1);
    let unit = packaged("systemd/adit.service");
    assert!(unit.contains("\nType=notify\n") && unit.contains("\nNotifyAccess=main\n"));
}

#[test]
fn the_scripts_can_be_read_by_their_shells() {
    let root = workspace();
    let scripts = [
        ("sh", "packaging/debian/postinst"),
        ("sh", "packaging/debian/prerm"),
        ("sh", "packaging/debian/postrm"),
        ("bash", "tools/package"),
        ("bash", "tools/check-packages"),
    ];
    for (shell, script) in scripts {
        let mut command = Command::new(shell);
        command.arg("-n").arg(root.join(script));
        let mut check = Process::start(script, &mut command);
        assert!(check.wait(PATIENCE).success(), "{check}");
        assert!(check.stderr().is_empty(), "{check}");
    }
}
