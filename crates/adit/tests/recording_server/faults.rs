//! Real disks that fill up, stall, fail and lose their power. They take the rights of root; without them, or without loop devices, these
//! tests say so and end, or fail where everything is required that tests take.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use adit_testkit::peers::{lacks, say};
use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport};

use crate::stage::{ADIT, PATIENCE, Stage, coded, wait_until};

/// A file system of its own; dropping it takes it away.
struct Mount {
    at: PathBuf,
    image: Option<PathBuf>,
}

fn run(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

impl Mount {
    /// A small one in memory.
    fn in_memory(at: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir(&at).unwrap();
        let options = format!("size={size}");
        let arguments = ["-t", "tmpfs", "-o", &options, "adit-test", text(&at)];
        Self::mounted(run("mount", &arguments), at, None)
    }

    /// One on a disk, of which `image` is all there is.
    fn of(image: PathBuf, at: PathBuf) -> Option<Self> {
        fs::create_dir_all(&at).unwrap();
        let arguments = ["-o", "loop", text(&image), text(&at)];
        Self::mounted(run("mount", &arguments), at, Some(image))
    }

    /// A new one on a disk of 64 MiB.
    fn on_disk(at: PathBuf) -> Option<Self> {
        let image = at.with_extension("image");
        fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
        if !run("mkfs.ext4", &["-q", "-F", text(&image)]) {
            lacks("mkfs.ext4");
            return None;
        }
        Self::of(image, at)
    }

    fn mounted(works: bool, at: PathBuf, image: Option<PathBuf>) -> Option<Self> {
        if !works {
            lacks("rights to mount a file system (as root, on a machine that has loop devices)");
        }
        works.then_some(Self { at, image })
    }

    /// What would be left if the power went now.
    fn without_power(&self, at: PathBuf) -> Self {
        let image = at.with_extension("image");
        fs::copy(self.image.as_ref().unwrap(), &image).unwrap();
        Self::of(image, at).unwrap()
    }

    fn freeze(&self) -> Frozen<'_> {
        assert!(run("fsfreeze", &["--freeze", text(&self.at)]));
        Frozen(self)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        run("umount", &["-l", text(&self.at)]);
    }
}

/// Whoever writes waits until it is dropped.
struct Frozen<'a>(&'a Mount);

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        run("fsfreeze", &["--unfreeze", text(&self.0.at)]);
    }
}

/// A viewer that keeps all it gets.
fn viewer(stage: &Stage, server: &AditServer, name: &str) -> (Process, PathBuf) {
    let file = stage.folder.path().join(format!("{name}-seen.flv"));
    let mut command = Command::new(ADIT);
    command
        .env("NO_COLOR", "1")
        .args(["record", "--retry", "none"]);
    command.arg(server.url(Transport::Rtmp, &format!("live/{name}")));
    let process = Process::start("adit record", command.arg("--output").arg(&file));
    (process, file)
}

/// The viewer got everything that was published, whatever the disk did.
fn assert_seen(stage: &Stage, (mut viewer, file): (Process, PathBuf)) {
    viewer.wait(PATIENCE);
    let (seen, source) = (coded(&file), coded(&stage.source));
    assert!(
        seen.len() + 2 >= source.len(),
        "{} of {}",
        seen.len(),
        source.len()
    );
    assert!(
        seen.iter()
            .all(|packet| source.iter().any(|sent| sent.body == packet.body))
    );
}

/// All files of a directory.
fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

fn size(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |file| file.len())
}

#[test]
fn a_full_disk_stops_the_recording_at_a_whole_tag_and_nothing_else_and_with_room_it_goes_on() {
    let Some(mut stage) = Stage::set(2_000) else {
        return;
    };
    stage.media = stage.folder.path().join("full");
    let Some(disk) = Mount::in_memory(stage.media.clone(), "4m") else {
        return;
    };
    // Nothing is kept free, so the system is what says that nothing is left.
    let server = AditServer::start_with(ADIT, |command| {
        command.env("ADIT_LIMITS__RECORDING__RESERVE", "0B");
        command.arg("--record").arg("--media").arg(&stage.media);
    });
    let watching = viewer(&stage, &server, "cam");
    let mut publisher = stage.publish(&server, Transport::Rtmp, "cam", "live");
    wait_until("the beginning", || size(&stage.file("cam")) > 100_000);
    let filled = Instant::now();
    let filler = disk.at.join("filler");
    let mut rest = 4 << 20;
    while rest > 0 && fs::write(&filler, vec![0; rest]).is_err() {
        rest -= 4096;
    }
    let line = server.log_line("the stream is not recorded", PATIENCE);
    let told = filled.elapsed();
    assert!(line.contains("the disk is full"), "{line}");
    assert!(told < Duration::from_secs(3), "{told:?}");
    let first = disk.at.join("live").join("cam.flv");
    wait_until("the file", || {
        adit_client::media::verify::verify(fs::File::open(&first).unwrap())
            .unwrap()
            .is_whole()
    });
    stage.assert_opens(&first);
    sleep(Duration::from_secs(2));
    assert!(publisher.wait_until(Instant::now()).is_err(), "{publisher}");
    fs::remove_file(&filler).unwrap();
    wait_until("the second file", || {
        stage.file("cam~1").exists() && size(&stage.file("cam")) > 50_000
    });
    assert!(publisher.wait(3 * PATIENCE).success(), "{publisher}");
    stage.wait_for_the_end("cam");
    for name in ["cam~1", "cam"] {
        stage.assert_whole(&stage.file(name));
        assert!(
            stage.file(name).with_extension("flv.json").exists(),
            "{name}"
        );
    }
    assert_seen(&stage, watching);
    say(&format!("a full disk was told after {told:?}"));
    server.assert_sound();
}

/// What a server says about whether it may be given more to do.
fn ready(api: &str) -> String {
    let mut peer = TcpStream::connect(api).unwrap();
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\n\r\n");
    peer.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    peer.read_to_string(&mut answer).unwrap();
    answer
}

/// Publishes much for so many seconds.
fn publish_much(server: &AditServer, seconds: &str) -> Process {
    let mut publisher = Command::new(ADIT);
    publisher.args(["publish", "pattern:1280x720@30,20M,key=1"]);
    publisher.args(["--duration", seconds]);
    publisher.arg(server.url(Transport::Rtmp, "live/cam"));
    Process::start("adit publish", &mut publisher)
}

#[test]
fn the_reserve_of_a_small_disk_stays_free_and_nothing_more_is_recorded_there() {
    let Some(mut stage) = Stage::set(2_000) else {
        return;
    };
    stage.media = stage.folder.path().join("small");
    let Some(disk) = Mount::in_memory(stage.media.clone(), "12m") else {
        return;
    };
    let server = stage.serve(&["--record", "--api", "127.0.0.1:0"]);
    let api = server.printed("api on http://");
    assert!(ready(&api).starts_with("HTTP/1.1 200"));
    let publisher = publish_much(&server, "20s");
    let line = server.log_line("the stream is not recorded", PATIENCE);
    let reserve = (12 << 20) / 4;
    assert!(line.contains("3072 KiB of it stay free"), "{line}");
    wait_until("the end", || !disk.at.join("live/.cam.flv.open").exists());
    let written = size(&stage.file("cam"));
    let room = (12 << 20) - reserve;
    // Up to the last quarter of a second.
    assert!((room - 1_500_000..=room).contains(&written), "{written}");
    stage.assert_whole(&stage.file("cam"));
    drop(publisher);
    // Whoever comes now is not recorded, and what is there stays as it is.
    let answer = ready(&api);
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("nearly full"), "{answer}");
    let live = disk.at.join("live");
    let before = contents(&live);
    let failed = |server: &AditServer| server.log().matches("the stream is not recorded").count();
    let told = failed(&server);
    let mut again = publish_much(&server, "2s");
    assert!(again.wait(PATIENCE).success(), "{again}");
    wait_until("the next line", || failed(&server) > told);
    wait_until("the end", || !live.join(".cam.flv.open").exists());
    assert!(contents(&live) == before);
    server.assert_sound();
}

#[test]
fn a_disk_that_stalls_for_ten_seconds_delays_no_viewer_and_costs_nothing() {
    let Some(mut stage) = Stage::set(1_500) else {
        return;
    };
    stage.media = stage.folder.path().join("stalls");
    let Some(disk) = Mount::on_disk(stage.media.clone()) else {
        return;
    };
    let server = stage.serve(&["--record"]);
    let watching = viewer(&stage, &server, "cam");
    let mut publisher = stage.publish(&server, Transport::Rtmp, "cam", "live");
    wait_until("the beginning", || size(&stage.file("cam")) > 100_000);
    let frozen = disk.freeze();
    for _ in 0..5 {
        let before = size(&watching.1);
        sleep(Duration::from_secs(2));
        let after = size(&watching.1);
        assert!(after > before, "the viewer waits for the disk");
    }
    drop(frozen);
    assert!(publisher.wait(PATIENCE).success(), "{publisher}");
    stage.wait_for_the_end("cam");
    stage.assert_whole(&stage.file("cam"));
    assert_eq!(coded(&stage.file("cam")), coded(&stage.source));
    assert_seen(&stage, watching);
    server.assert_sound();
}

#[test]
fn a_disk_that_fails_for_good_costs_the_recording_and_no_viewer_and_is_whole_where_it_was_written()
{
    let Some(mut stage) = Stage::set(1_000) else {
        return;
    };
    stage.media = stage.folder.path().join("fails");
    let Some(disk) = Mount::on_disk(stage.media.clone()) else {
        return;
    };
    let server = stage.serve(&["--record", "--record-sync", "1s"]);
    let watching = viewer(&stage, &server, "cam");
    let mut publisher = stage.publish(&server, Transport::Rtmp, "cam", "live");
    wait_until("the beginning", || size(&stage.file("cam")) > 100_000);
    sleep(Duration::from_secs(2));
    let held = coded(&stage.file("cam"));
    // The file system takes itself for broken, and nothing can be written to it any more.
    if !run("mount", &["-o", "remount,abort", text(&disk.at)]) {
        lacks("a system that breaks a file system when asked to");
        return;
    }
    let failed = Instant::now();
    server.log_line("the stream is not recorded", PATIENCE);
    assert!(
        failed.elapsed() < Duration::from_secs(3),
        "{:?}",
        failed.elapsed()
    );
    assert!(publisher.wait(PATIENCE).success(), "{publisher}");
    assert_seen(&stage, watching);
    server.assert_sound();
    drop(server);
    let image = disk.image.clone().unwrap();
    drop(disk);
    stage.media = stage.folder.path().join("again");
    let _disk = Mount::of(image, stage.media.clone()).unwrap();
    let _server = stage.serve(&["--record"]);
    stage.wait_for_the_end("cam");
    stage.assert_whole(&stage.file("cam"));
    let left = coded(&stage.file("cam"));
    let lost = held
        .last()
        .unwrap()
        .at_ms
        .saturating_sub(left.last().unwrap().at_ms);
    assert!(lost <= 2_000, "{lost} ms");
    say(&format!(
        "a failing disk cost {lost} ms of what had been written"
    ));
}

#[test]
fn the_loss_of_power_costs_what_was_not_made_lasting_and_files_are_whole_after_the_next_start() {
    let Some(mut stage) = Stage::set(1_000) else {
        return;
    };
    stage.media = stage.folder.path().join("power");
    let Some(disk) = Mount::on_disk(stage.media.clone()) else {
        return;
    };
    let source = coded(&stage.source);
    let server = stage.serve(&["--record", "--record-sync", "1s"]);
    let mut publisher = stage.publish(&server, Transport::Rtmp, "cam", "live");
    wait_until("the beginning", || size(&stage.file("cam")) > 100_000);
    let (live, mut worst) = (stage.media.clone(), 0);
    for round in 0..4 {
        sleep(Duration::from_millis(1_700));
        stage.media.clone_from(&live);
        let written = coded(&stage.file("cam")).last().unwrap().at_ms;
        stage.media = stage.folder.path().join(format!("power{round}"));
        let _left = disk.without_power(stage.media.clone());
        let next = stage.serve(&["--record"]);
        stage.wait_for_the_end("cam");
        stage.assert_whole(&stage.file("cam"));
        let left = coded(&stage.file("cam"));
        assert_eq!(left, source[..left.len()]);
        let lost = written.saturating_sub(left.last().unwrap().at_ms);
        assert!(lost <= 2_000, "{lost} ms");
        worst = worst.max(lost);
        next.assert_sound();
    }
    say(&format!(
        "the loss of power cost {worst} ms at most of what had been written, at a sync each second"
    ));
    assert!(publisher.wait(PATIENCE).success(), "{publisher}");
    server.assert_sound();
}
