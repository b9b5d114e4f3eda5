//! Takeovers of which nothing comes: somebody serves, whoever ends in the midst of it.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use adit_server::ObjectStore;
use adit_testkit::honest::Honest;
use adit_testkit::process::{Process, free_port};
use adit_testkit::server::AditServer;
use rustix::process::Signal;
use tempfile::TempDir;

use super::support::{ADIT, PATIENCE, ask, ended, serve_at, until};

/// Plays one of two servers as far as it is told to.
struct Half(UnixStream);

impl Half {
    /// One that takes over, and is ready.
    fn successor(state: &TempDir) -> Self {
        let half = Self(UnixStream::connect(state.path().join("upgrade.sock")).unwrap());
        half.0.set_read_timeout(Some(PATIENCE)).unwrap();
        half.say("takeover 2");
        half.hear("all");
        half
    }

    fn say(&self, line: &str) {
        (&self.0).write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Waits for a line; descriptors on the way are closed.
    fn hear(&self, wanted: &str) {
        let (mut line, mut byte) = (Vec::new(), [0]);
        loop {
            (&self.0).read_exact(&mut byte).unwrap();
            match byte {
                [b'\n'] if line == wanted.as_bytes() => return,
                [b'\n'] => line.clear(),
                [byte] => line.push(byte),
            }
        }
    }
}

/// A server with an API, and somebody who publishes.
struct Old {
    state: TempDir,
    server: AditServer,
    publisher: Honest,
}

impl Old {
    async fn start() -> Self {
        let state = TempDir::new().unwrap();
        let at_first = "127.0.0.1:0".parse().unwrap();
        let flags = ["--api", "127.0.0.1:0", "--drain-timeout", "1h"];
        let server = serve_at(at_first, state.path(), &flags);
        let publisher = Honest::start(server.address(), "stays").await;
        Self {
            state,
            server,
            publisher,
        }
    }

    fn objects(&self) -> PathBuf {
        self.state.path().join("objects.redb")
    }

    /// Nothing is missing of it, and it can be taken over.
    async fn stays_whole(mut self) {
        let line = "did not; this one goes on as before";
        let line = self.server.log_line(line, PATIENCE);
        assert!(line.contains("ERROR"), "{line}");
        let log = self.server.log();
        assert!(!log.contains("draining"), "{log}");
        assert!(!log.contains("has taken over"), "{log}");
        self.publisher.check(PATIENCE).await.unwrap();
        let newcomer = Honest::start(self.server.address(), "comes").await;
        newcomer.vanish().await;
        let api = self.server.printed("api on http://").parse().unwrap();
        let ready = ask(api, "GET /readyz").await;
        assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
        until("it has its file of shared objects", || async {
            ObjectStore::open(self.objects()).is_err()
        })
        .await;
        let flags = ["--takeover"];
        let next = serve_at(self.server.address(), self.state.path(), &flags);
        next.log_line("took over", PATIENCE);
        self.server
            .log_line("another server has taken over", PATIENCE);
        self.publisher.vanish().await;
        ended(self.server).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_ready_and_ends_at_once_leaves_the_old_one_whole() {
    let old = Old::start().await;
    let next = Half::successor(&old.state);
    next.say("ready");
    drop(next);
    old.stays_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_ends_while_it_has_the_files_leaves_the_old_one_whole() {
    let old = Old::start().await;
    let next = Half::successor(&old.state);
    next.say("ready");
    next.hear("files");
    // It opens the file, and dies before it serves.
    let file = ObjectStore::open(old.objects()).unwrap();
    drop(next);
    old.server.log_line("cannot be opened again yet", PATIENCE);
    drop(file);
    old.stays_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_not_understood_leaves_the_old_one_whole() {
    let old = Old::start().await;
    let next = Half::successor(&old.state);
    next.say("ready");
    next.say("and now for something else");
    next.hear("late");
    old.stays_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_never_serves_is_given_up_and_told() {
    let old = Old::start().await;
    let next = Half::successor(&old.state);
    next.say("ready");
    next.hear("files");
    let next = tokio::task::spawn_blocking(move || {
        next.hear("late");
        next
    });
    let next = next.await.unwrap();
    old.stays_whole().await;
    drop(next);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_end_while_it_hands_over_does_so_and_its_successor_is_told() {
    let old = Old::start().await;
    let next = Half::successor(&old.state);
    next.say("ready");
    next.hear("files");
    old.server.signal(Signal::TERM);
    next.hear("late");
    old.server.log_line("told to end meanwhile", PATIENCE);
    old.publisher.vanish().await;
    ended(old.server).await;
    // What it had lent is its own again, and then nobody's.
    drop(next);
    ObjectStore::open(old.state.path().join("objects.redb")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_shared_objects_that_cannot_be_opened_leaves_the_old_one_whole() {
    let old = Old::start().await;
    let mut command = Command::new(ADIT);
    command.args(["serve", "--takeover", "--state-dir"]);
    command.arg(old.state.path());
    command.args(["--objects", "/proc/none/objects.redb"]);
    let mut next = Process::start("adit serve", &mut command);
    assert_eq!(next.wait(PATIENCE).code(), Some(1), "{next}");
    assert!(next.stderr().contains("/proc/none"), "{next}");
    old.stays_whole().await;
}

/// Somebody who is asked to hand over, has no sockets, and says this once the other one serves.
fn predecessor(state: &TempDir, last: Option<&'static str>) -> thread::JoinHandle<()> {
    let listener = UnixListener::bind(state.path().join("upgrade.sock")).unwrap();
    thread::spawn(move || {
        let half = Half(listener.accept().unwrap().0);
        half.0.set_read_timeout(Some(PATIENCE)).unwrap();
        half.hear("takeover 2");
        half.say("all");
        half.hear("ready");
        half.say("files");
        half.hear("serving");
        if let Some(last) = last {
            half.say(last);
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_server_that_ends_in_the_midst_leaves_the_new_one_serving() {
    let state = TempDir::new().unwrap();
    let old = predecessor(&state, None);
    let at_first = "127.0.0.1:0".parse().unwrap();
    let next = serve_at(at_first, state.path(), &["--takeover"]);
    next.log_line("has ended; this one serves", PATIENCE);
    old.join().unwrap();
    Honest::start(next.address(), "comes").await.vanish().await;
    next.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_server_that_is_too_late_ends() {
    let state = TempDir::new().unwrap();
    let old = predecessor(&state, Some("late"));
    let mut command = Command::new(ADIT);
    let listen = format!("127.0.0.1:{}", free_port());
    command.args(["serve", "--takeover", "--listen", &listen, "--state-dir"]);
    let mut next = Process::start("adit serve", command.arg(state.path()));
    assert_eq!(next.wait(PATIENCE).code(), Some(1), "{next}");
    let told = next.stderr();
    assert!(
        told.contains("it has given up waiting and goes on"),
        "{told}"
    );
    old.join().unwrap();
}
