//! `adit generate`: man pages and completions.

use super::*;

#[test]
fn there_is_a_man_page_for_each_command_and_it_names_its_flags() {
    let directory = TempDir::new().unwrap();
    let place = directory.path().join("man");
    let output = adit(&["generate", "man", place.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    for (page, word) in [
        ("adit.1", "adit\\-serve(1)"),
        ("adit-serve.1", "\\-\\-listen"),
        ("adit-tunnel.1", "\\-\\-proxy"),
        ("adit-verify.1", "\\-\\-json"),
    ] {
        let text = fs::read_to_string(place.join(page)).unwrap();
        assert!(text.contains(word), "{page} without {word}: {text}");
    }
}

#[test]
fn bash_takes_the_completions_and_completes_a_flag() {
    let script = r#"source <("$0" generate completions bash) && COMP_WORDS=(adit serve --lat) COMP_CWORD=2 && _adit adit --lat serve && echo "${COMPREPLY[@]}""#;
    let output = undisturbed_bash(script).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "--latency\n",
        "{output:?}"
    );
}

fn undisturbed_bash(script: &str) -> Command {
    let mut command = Command::new("bash");
    undisturbed(command.args(["-c", script, ADIT]));
    command
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let output = adit(&["generate", "man", "/dev/null/man"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("/dev/null/man"), "{told}");
}
