use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Component;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn root() -> (TempDir, MediaRoot) {
    let directory = tempfile::tempdir().unwrap();
    let root = MediaRoot::open(&directory.path().join("media")).unwrap();
    (directory, root)
}

fn file(application: &str, instance: &str, name: &str) -> Result<String, BadName> {
    let (_kept, root) = root();
    let path = root.file("", application, instance, name, MediaFormat::Flv)?;
    let path = path.strip_prefix(root.directory()).unwrap();
    Ok(path.to_str().unwrap().to_owned())
}

#[track_caller]
fn named(name: &str, expected: Result<&str, BadName>) {
    let expected = expected.map(|path| format!("live/{path}"));
    assert_eq!(file("live", "_definst_", name), expected, "{name:?}");
}

#[test]
fn a_name_is_a_file_in_the_directory_of_its_application() {
    named("cam", Ok("cam.flv"));
    named("cam.flv", Ok("cam.flv"));
    named("cam.mp4", Ok("cam.mp4.flv"));
    named("eu/cam-1_a~b", Ok("eu/cam-1_a~b.flv"));
    named("Küche 2 (neu)", Ok("Küche 2 (neu).flv"));
    assert_eq!(
        file("vod", "movies", "film"),
        Ok("vod/movies/film.flv".to_owned())
    );
    assert_eq!(
        file("vod", "a/b", "film"),
        Ok("vod/a/b/film.flv".to_owned())
    );
}

#[test]
fn a_virtual_host_has_files_of_its_own_that_no_application_of_another_reaches() {
    let (_kept, root) = root();
    let file = |host: &str, application: &str| {
        let path = root.file(host, application, "_definst_", "cam", MediaFormat::Flv)?;
        Ok(path.strip_prefix(root.directory()).unwrap().to_owned())
    };
    assert_eq!(
        file("own.example", "live"),
        Ok("@own.example/live/cam.flv".into())
    );
    assert_eq!(file("", "live"), Ok("live/cam.flv".into()));
    let (part, character) = (NamePart::Application, '@');
    let refused = Err(BadName::Character { part, character });
    assert_eq!(file("", "@own.example"), refused);
    assert_eq!(file("", "@own.example/live"), refused);
    assert_eq!(file("other.example", "@own.example"), refused);
    assert_eq!(file("..", "live"), Err(BadName::Hidden(NamePart::Host)));
}

#[test]
fn names_that_mean_something_to_file_systems_are_refused() {
    let stream = NamePart::Stream;
    let character = |character| {
        let part = stream;
        Err(BadName::Character { part, character })
    };
    named("", Err(BadName::Missing));
    named("/etc/passwd", Err(BadName::Empty(stream)));
    named("a//b", Err(BadName::Empty(stream)));
    named("a/", Err(BadName::Empty(stream)));
    named("..", Err(BadName::Hidden(stream)));
    named("../../etc/passwd", Err(BadName::Hidden(stream)));
    named("a/../b", Err(BadName::Hidden(stream)));
    named(".", Err(BadName::Hidden(stream)));
    named(".cam.flv.open", Err(BadName::Hidden(stream)));
    named("a.", Err(BadName::Edge(stream)));
    named(" a", Err(BadName::Edge(stream)));
    named("a\\b", character('\\'));
    named("c:a", character(':'));
    named("a\0b", character('\0'));
    named("a\nb", character('\n'));
    named("%2e%2e%2fa", character('%'));
    named("a\u{202e}b", character('\u{202e}'));
    named("a*", character('*'));
    assert_eq!(file("", "_definst_", "a"), Err(BadName::Missing));
    assert_eq!(
        file("..", "_definst_", "a"),
        Err(BadName::Hidden(NamePart::Application))
    );
    assert_eq!(
        file("live", "..", "a"),
        Err(BadName::Hidden(NamePart::Instance))
    );
}

#[test]
fn names_are_as_long_and_as_deep_as_allowed_and_not_more() {
    let longest = "x".repeat(MEDIA_NAME_BYTES);
    named(&longest, Ok(&format!("{longest}.flv")));
    named(
        &format!("{longest}x"),
        Err(BadName::TooLong(NamePart::Stream)),
    );
    // The application is one more.
    let deepest = ["x"; MEDIA_NAME_PARTS - 1].join("/");
    named(&deepest, Ok(&format!("{deepest}.flv")));
    named(&format!("{deepest}/x"), Err(BadName::TooDeep));
}

#[test]
fn a_link_that_leads_out_is_not_followed_and_one_that_stays_in_is() {
    let (kept, root) = root();
    let outside = kept.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret.flv"), "secret").unwrap();
    fs::create_dir(root.directory().join("live")).unwrap();
    fs::write(root.directory().join("live/mine.flv"), "mine").unwrap();
    let link = |to: &Path, name: &str| symlink(to, root.directory().join(name)).unwrap();
    link(&outside, "live/out");
    link(&outside.join("secret.flv"), "live/leak.flv");
    link(&outside.join("absent"), "live/dangling");
    link(&root.directory().join("live"), "vod");
    let path = |application: &str, name: &str| {
        root.file("", application, "_definst_", name, MediaFormat::Flv)
            .unwrap()
    };
    let refused = |error: io::Error| assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    refused(root.read(&path("live", "out/secret")).unwrap_err());
    refused(root.read(&path("live", "leak")).unwrap_err());
    refused(root.prepare(&path("live", "out/new")).unwrap_err());
    refused(root.prepare(&outside.join("new.flv")).unwrap_err());
    assert!(root.prepare(&path("live", "dangling/new")).is_err());
    assert!(!outside.join("absent").exists());
    root.read(&path("vod", "mine")).unwrap();
    assert_eq!(
        root.prepare(&path("vod", "new")).unwrap(),
        path("live", "new")
    );
}

#[test]
fn directories_and_pipes_are_no_files_to_read() {
    let (_kept, root) = root();
    let path = root
        .file("", "live", "_definst_", "cam", MediaFormat::Flv)
        .unwrap();
    fs::create_dir_all(&path).unwrap();
    assert_eq!(
        root.read(&path).unwrap_err().kind(),
        io::ErrorKind::InvalidInput
    );
}

proptest! {
    /// Whatever is asked for, what it means lies below the application's directory and is named by plain parts.
    #[test]
    fn no_name_leaves_the_root(
        application in hostile(),
        instance in hostile(),
        name in hostile(),
    ) {
        let (kept, root) = root();
        symlink(kept.path(), root.directory().join("out")).unwrap();
        if let Ok(path) = root.file("", &application, &instance, &name, MediaFormat::Mp4) {
            let relative = path.strip_prefix(root.directory()).unwrap();
            prop_assert!(relative.components().all(|part| matches!(part, Component::Normal(_))));
            let parts: Vec<_> = relative.iter().map(|part| part.to_str().unwrap()).collect();
            prop_assert!(parts.len() >= 2);
            prop_assert_eq!(parts[0], application.split('/').next().unwrap());
            prop_assert!(parts.iter().all(|part| !part.starts_with('.') && part.len() <= 204));
            if let Ok(written) = root.prepare(&path) {
                prop_assert!(written.starts_with(root.directory()));
                fs::write(written, "").unwrap();
                root.read(&path).unwrap();
            }
        }
        // Nothing was made beside the root.
        prop_assert_eq!(fs::read_dir(kept.path()).unwrap().count(), 1);
    }
}

/// Texts that are more likely than others to be names, or to lead somewhere.
fn hostile() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => "[a-z]{1,3}",
        1 => Just("..".to_owned()),
        1 => Just(".".to_owned()),
        2 => Just("out".to_owned()),
        1 => Just("_definst_".to_owned()),
        1 => Just("%2e%2e".to_owned()),
        1 => any::<String>(),
    ];
    prop::collection::vec((word, "[/\\\\:]?"), 0..5)
        .prop_map(|words| words.into_iter().map(|(word, mark)| word + &mark).collect())
}
