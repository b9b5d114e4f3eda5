//! Encoders that log in to `adit serve`: which of them know how, and what the others are told.
#![cfg(test)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use adit_testkit::clip::{Clip, VideoCodec};
use adit_testkit::peers::{Peer, Peers};
use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport};
use rustix::process::Signal;
use tempfile::TempDir;

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long a step may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server that one encoder may publish to, and a clip of two seconds.
struct Studio {
    server: AditServer,
    folder: TempDir,
    clip: PathBuf,
}

impl Studio {
    fn open(peers: Peers, way: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let users = folder.path().join("users");
        fs::write(&users, "# the studio\ncam:s3cret\n").unwrap();
        fs::set_permissions(&users, fs::Permissions::from_mode(0o600)).unwrap();
        let server = AditServer::start_with(ADIT, |command| {
            command.arg("--encoder-users").arg(&users);
            command.args(["--encoder-auth", way]);
        });
        let clip = Clip::new(Some(VideoCodec::H264), None, 2).make(peers, folder.path());
        Self {
            server,
            folder,
            clip,
        }
    }

    fn url(&self, login: &str, path: &str) -> String {
        let url = self.server.url(Transport::Rtmp, path);
        url.replace("://", &format!("://{login}"))
    }

    /// How a command ended, and what it said.
    fn outcome(&self, name: &str, command: &mut Command) -> (bool, String) {
        let mut process = Process::start(name, command.current_dir(self.folder.path()));
        let status = process.wait(PATIENCE);
        (status.success(), process.stdout() + &process.stderr())
    }

    /// The right password publishes, a wrong one does not and is told so.
    fn check(&self, name: &str, told: &str, command: impl Fn(&str) -> Command) {
        let logged_in = || self.server.log().matches("logged in").count();
        let before = logged_in();
        let (published, said) = self.outcome(name, &mut command("s3cret"));
        assert!(published, "{name}: {said}\n{}", self.server.log());
        assert_eq!(logged_in(), before + 1, "{name}: {}", self.server.log());
        let (published, said) = self.outcome(name, &mut command("wrong"));
        assert!(!published && said.contains(told), "{name}: {said}");
        assert_eq!(logged_in(), before + 1, "{name}: {}", self.server.log());
    }
}

fn ffmpeg(peers: Peers, peer: Peer, clip: &Path, url: &str) -> Command {
    let mut command = peers.ffmpeg(peer);
    command.arg("-re").arg("-i").arg(clip);
    command.args(["-c", "copy", "-f", "flv", url]);
    command
}

fn gstreamer(peers: Peers, clip: &Path, sink: &[&str]) -> Command {
    let mut command = Command::new(peers.path(Peer::GStreamer));
    let source = format!("location={}", clip.display());
    command.args(["-q", "filesrc", &source, "!", "flvdemux", "name=d"]);
    command.args([
        "d.video",
        "!",
        "queue",
        "!",
        "flvmux",
        "streamable=true",
        "!",
    ]);
    command.args(sink);
    command
}

#[test]
fn ffmpeg_and_our_own_publisher_log_in_either_way() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    for way in ["adobe", "llnw"] {
        let studio = Studio::open(peers, way);
        for peer in [Peer::Ffmpeg5, Peer::Ffmpeg9] {
            // With an instance and without one, which makes a difference to Limelight's way.
            for path in ["live/name", "live/room/name"] {
                studio.check(
                    &format!("{peer}, {way}"),
                    "Incorrect username/password",
                    |password| {
                        let url = studio.url(&format!("cam:{password}@"), path);
                        ffmpeg(peers, peer, &studio.clip, &url)
                    },
                );
            }
        }
        studio.check(&format!("adit, {way}"), "wrong password", |password| {
            let url = studio.url(&format!("cam:{password}@"), "live/name");
            let mut command = Command::new(ADIT);
            command.arg("publish").arg(&studio.clip).arg(url);
            command
        });
        studio.server.assert_sound();
    }
}

// Its version 1.22 knows no other way.
#[test]
fn gstreamer_logs_in_adobes_way() {
    let Some(peers) = Peers::with(&[Peer::Ffmpeg5, Peer::GStreamer]) else {
        return;
    };
    let studio = Studio::open(peers, "adobe");
    let location = format!("location={}", studio.url("", "live/name"));
    studio.check("rtmp2sink, adobe", "wrong credentials", |password| {
        let password = format!("password={password}");
        let sink = ["rtmp2sink", &location, "username=cam", &password];
        gstreamer(peers, &studio.clip, &sink)
    });
    studio.server.assert_sound();
}

// Q-242
#[test]
fn librtmp_logs_in_limelights_way_without_naming_the_instance() {
    let Some(peers) = Peers::with(&[Peer::Ffmpeg5, Peer::GStreamer]) else {
        return;
    };
    let studio = Studio::open(peers, "llnw");
    let url = studio.url("", "live/name");
    studio.check("rtmpsink, llnw", "Could not", |password| {
        let location = format!("location={url} pubUser=cam pubPasswd={password}");
        gstreamer(peers, &studio.clip, &["rtmpsink", &location])
    });
    studio.server.assert_sound();
}

#[test]
fn who_has_no_login_may_play_and_is_told_that_publishing_takes_one() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let studio = Studio::open(peers, "adobe");
    let url = studio.url("", "live/name");
    let mut publisher = ffmpeg(peers, Peer::Ffmpeg9, &studio.clip, &url);
    let (published, said) = studio.outcome("ffmpeg", &mut publisher);
    assert!(!published && said.contains("No credentials set"), "{said}");
    let nobody = studio.url("nobody:x@", "live/name");
    let mut publisher = ffmpeg(peers, Peer::Ffmpeg5, &studio.clip, &nobody);
    let (published, said) = studio.outcome("ffmpeg", &mut publisher);
    assert!(!published && said.contains("Incorrect username"), "{said}");

    let mut player = Command::new(peers.path(Peer::Rtmpdump));
    player.args(["-q", "--live", "-r", &url, "-o", "got.flv"]);
    let mut player = Process::start("rtmpdump", player.current_dir(studio.folder.path()));
    studio.server.log_line("play waits", PATIENCE);
    let own = studio.url("cam:s3cret@", "live/name");
    let mut publisher = ffmpeg(peers, Peer::Ffmpeg5, &studio.clip, &own);
    assert!(studio.outcome("ffmpeg", &mut publisher).0);
    player.signal(Signal::INT);
    player.wait(PATIENCE);
    let got = fs::metadata(studio.folder.path().join("got.flv")).unwrap();
    assert!(got.len() > 1_000, "{} bytes", got.len());
}

/// A list of encoders that is refused, and what is said.
fn check_refused(list: Option<&str>, told: &str) {
    let folder = tempfile::tempdir().unwrap();
    let users = folder.path().join("users");
    if let Some(list) = list {
        fs::write(&users, list).unwrap();
    }
    let mut command = Command::new(ADIT);
    command.args(["serve", "--listen", "127.0.0.1:0", "--state-dir"]);
    command
        .arg(folder.path())
        .arg("--encoder-users")
        .arg(&users);
    let mut process = Process::start("adit", &mut command);
    assert!(!process.wait(PATIENCE).success());
    let said = process.stderr();
    assert!(said.contains(told) && !said.contains("hush"), "{said}");
}

#[test]
fn a_list_of_encoders_that_cannot_be_read_is_told_by_its_line_and_without_its_passwords() {
    check_refused(None, "users: No such file");
    check_refused(Some("cam:hush\ncam2hush\n"), "users, line 2: no colon");
    check_refused(
        Some("cam:hush\ncam:hush\n"),
        "users, line 2: this user is in the list already",
    );
}

#[test]
fn a_list_of_encoders_that_everybody_can_read_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let users = folder.path().join("users");
    fs::write(&users, "cam:s3cret\n").unwrap();
    for (mode, warned) in [(0o644, true), (0o640, false)] {
        fs::set_permissions(&users, fs::Permissions::from_mode(mode)).unwrap();
        let server = AditServer::start_with(ADIT, |command| {
            command.arg("--encoder-users").arg(&users);
        });
        assert_eq!(server.log().contains("chmod o-r"), warned, "{mode:o}");
    }
}
