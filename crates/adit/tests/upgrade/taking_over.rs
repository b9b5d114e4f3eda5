//! A new server takes the ports over, and nobody who is connected notices.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use adit_testkit::honest::Honest;
use adit_testkit::peers::say;
use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport};
use adit_testkit::service_manager::ServiceManager;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::support::{ADIT, PATIENCE, Player, ask, ended, serve_at, until};

/// How many of what.
struct Size {
    upgrades: usize,
    publishers: usize,
    players: usize,
}

impl Size {
    /// All of it with `ADIT_SOAK`.
    fn asked() -> Self {
        if env::var_os("ADIT_SOAK").is_some() {
            Self {
                upgrades: 10,
                publishers: 20,
                players: 200,
            }
        } else {
            Self {
                upgrades: 3,
                publishers: 4,
                players: 20,
            }
        }
    }
}

/// Somebody who comes and goes all the time.
struct Newcomers {
    is_over: Arc<AtomicBool>,
    came: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Newcomers {
    fn start(server: SocketAddr) -> Self {
        let (is_over, came) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let (over, count) = (Arc::clone(&is_over), Arc::clone(&came));
        let task = tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let number = count.load(Ordering::Relaxed);
                let newcomer = Honest::start(server, &format!("newcomer{number}")).await;
                newcomer.vanish().await;
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self {
            is_over,
            came,
            task,
        }
    }

    fn came(&self) -> u64 {
        self.came.load(Ordering::Relaxed)
    }

    async fn stop(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        self.task.await.expect("nobody is turned away");
        self.came.load(Ordering::Relaxed)
    }
}

pub(crate) fn take_over(from: &AditServer, state: &TempDir, more: &[&str]) -> AditServer {
    let flags = [&["--takeover", "--drain-timeout", "1h"], more].concat();
    let next = serve_at(from.address(), state.path(), &flags);
    next.log_line("took over", PATIENCE);
    from.log_line("another server has taken over", PATIENCE);
    next
}

#[tokio::test(flavor = "multi_thread")]
async fn publishers_and_players_stay_connected_and_newcomers_find_the_new_server() {
    let size = Size::asked();
    let state = TempDir::new().unwrap();
    let at_first = "127.0.0.1:0".parse().unwrap();
    let first = serve_at(at_first, state.path(), &["--drain-timeout", "1h"]);
    let address = first.address();
    let mut publishers = Vec::new();
    for number in 0..size.publishers {
        publishers.push(Honest::start(address, &format!("cam{number}")).await);
    }
    let mut players = Vec::new();
    for number in 0..size.players {
        let stream = format!("live/cam{}", number % size.publishers);
        players.push(Player::start(&first.url(Transport::Rtmp, &stream)).await);
    }
    let newcomers = Newcomers::start(address);
    let mut servers = vec![first];
    for round in 0..size.upgrades {
        let next = take_over(servers.last().unwrap(), &state, &[]);
        servers.push(next);
        for publisher in &mut publishers {
            let outcome = publisher.check(PATIENCE).await;
            assert_eq!(outcome, Ok(()), "after upgrade {round}");
        }
        for player in &mut players {
            player.goes_on().await;
        }
        let before = newcomers.came();
        until("somebody comes", || async { newcomers.came() > before }).await;
        // What is still published there is played from here, and each round brings one who stays.
        for stream in ["live/cam0", "live/late0"].iter().take(round + 1) {
            let mut player = Player::start(&servers[0].url(Transport::Rtmp, stream)).await;
            player.goes_on().await;
            players.push(player);
        }
        publishers.push(Honest::start(address, &format!("late{round}")).await);
    }
    let came = newcomers.stop().await;
    say(&format!(
        "{} upgrades under {} publishers and {} players: nobody reset, {came} came meanwhile",
        size.upgrades, size.publishers, size.players,
    ));
    drop((players, publishers));
    let last = servers.pop().unwrap();
    // All but the last have nobody left.
    for server in servers {
        let log = ended(server).await;
        assert!(!log.contains("panicked"), "{log}");
    }
    last.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_server_that_cannot_start_leaves_the_old_one_as_it_is() {
    let state = TempDir::new().unwrap();
    let at_first = "127.0.0.1:0".parse().unwrap();
    let server = serve_at(at_first, state.path(), &[]);
    let mut publisher = Honest::start(server.address(), "stays").await;
    let mut command = Command::new(ADIT);
    command.args(["serve", "--takeover", "--state-dir"]);
    command.arg(state.path());
    command.args(["--cert", "/no/cert", "--key", "/no/key"]);
    let mut next = Process::start("adit serve", &mut command);
    assert_eq!(next.wait(PATIENCE).code(), Some(1), "{next}");
    server.log_line("this one goes on", PATIENCE);
    assert!(!server.log().contains("draining"), "{}", server.log());
    publisher.check(PATIENCE).await.unwrap();
    // And the one after that can.
    let _next = take_over(&server, &state, &[]);
    publisher.check(PATIENCE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_its_port_and_the_shared_objects_go_over_too() {
    let state = TempDir::new().unwrap();
    let at_first = "127.0.0.1:0".parse().unwrap();
    let flags = ["--api", "127.0.0.1:0"];
    let server = serve_at(at_first, state.path(), &flags);
    let api = server.printed("api on http://");
    let place = state.path().join("upgrade.sock");
    let mode = fs::metadata(&place).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "for its user alone");
    let publisher = Honest::start(server.address(), "stays").await;
    let next = take_over(&server, &state, &["--api", &api]);
    assert_eq!(next.printed("api on http://"), api);
    let ready = ask(api.parse().unwrap(), "GET /readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(
        !next.log().contains("no persistent shared objects"),
        "{}",
        next.log()
    );
    assert!(place.exists());
    publisher.vanish().await;
    ended(server).await;
    // What the old one leaves behind is not what the new one has put there.
    assert!(place.exists());
    let next = tokio::task::spawn_blocking(move || next.stop())
        .await
        .unwrap();
    assert!(next.0.success(), "{}", next.1);
    assert!(!place.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_to_take_over_it_is_a_start_like_any_other() {
    let state = TempDir::new().unwrap();
    let at_first = "127.0.0.1:0".parse().unwrap();
    let server = serve_at(at_first, state.path(), &["--takeover"]);
    server.log_line("no server runs with this state directory", PATIENCE);
    Honest::start(server.address(), "comes").await;
}

/// A process that the server has started; dropping it ends it.
struct Started(Pid);

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended.
        kill_process(self.0, Signal::KILL).ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigusr2_starts_the_next_server_and_the_manager_hears_which_process_it_is() {
    let state = TempDir::new().unwrap();
    let manager = ServiceManager::listen(state.path(), PATIENCE);
    let server = AditServer::start_with(ADIT, |command| {
        manager.supervise(command, Duration::from_mins(1));
        command.args(["--drain-timeout", "1h"]);
    });
    assert_eq!(manager.told(), "READY=1");
    let mut publisher = Honest::start(server.address(), "stays").await;
    server.signal(Signal::USR2);
    let main = manager.told_news();
    let process = main
        .strip_prefix("MAINPID=")
        .unwrap_or_else(|| panic!("{main}"));
    let next = Started(Pid::from_raw(process.parse().unwrap()).unwrap());
    assert_eq!(manager.told_news(), "READY=1");
    publisher.check(PATIENCE).await.unwrap();
    let mut newcomer = Honest::start(server.address(), "comes").await;
    publisher.vanish().await;
    until("the old one has ended", || async { !server.is_running() }).await;
    newcomer.check(PATIENCE).await.unwrap();
    // It ends as any server does.
    kill_process(next.0, Signal::INT).unwrap();
    assert_eq!(manager.told_news(), "STOPPING=1");
    let log = ended(server).await;
    assert!(log.contains("another server has taken over"), "{log}");
}
