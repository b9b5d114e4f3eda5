//! Files, and the programs that look at them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use adit_media::Frame;
use adit_media::flv::{FileTracks, encode_frame, encode_header};
use adit_media::pattern::Pattern;
use adit_testkit::peers::{Peer, Peers};
use adit_testkit::process::Process;
use bytes::BytesMut;

/// How long a program may take on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The ffmpegs.
pub(crate) const FFMPEGS: [Peer; 2] = [Peer::Ffmpeg5, Peer::Ffmpeg9];

/// The frames of the first `ms` milliseconds of a pattern.
pub(crate) fn clip(pattern: &str, ms: u32) -> Vec<Frame> {
    let pattern = Pattern::new(pattern.parse().unwrap());
    pattern.take_while(|frame| frame.at().ms() < ms).collect()
}

/// The frames as an FLV file.
pub(crate) fn flv(frames: &[Frame]) -> Vec<u8> {
    let mut out = BytesMut::new();
    encode_header(FileTracks::AudioVideo, &mut out);
    for frame in frames {
        encode_frame(frame, &mut out).unwrap();
    }
    out.to_vec()
}

#[expect(
    clippy::disallowed_methods,
    reason = "real programs are given real files"
)]
pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[expect(clippy::disallowed_methods, reason = "real programs leave real files")]
pub(crate) fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// Runs ffmpeg over `file`, and fails if it has anything to complain about. Gives its standard output.
pub(crate) fn decode(peers: Peers, peer: Peer, file: &Path, arguments: &[&str]) -> String {
    let mut command = peers.ffmpeg(peer);
    command.args(["-loglevel", "warning", "-xerror", "-i"]);
    command.arg(file).args(arguments);
    let mut process = Process::start(peer.to_string(), &mut command);
    let status = process.wait(PATIENCE);
    let complaints = process.stderr();
    assert!(
        status.success() && complaints.is_empty(),
        "{command:?}\n{process}"
    );
    process.stdout()
}

/// Runs ffprobe over `file`; fails if it cannot open it. Gives one line for each thing asked for.
pub(crate) fn probe(peers: Peers, file: &Path, arguments: &[&str]) -> Vec<String> {
    probed(peers, file, arguments).0
}

/// Runs ffprobe over `file`; fails if it has anything to complain about. Gives one line for each thing asked for.
pub(crate) fn probe_quiet(peers: Peers, file: &Path, arguments: &[&str]) -> Vec<String> {
    let (lines, complaints) = probed(peers, file, arguments);
    assert!(complaints.is_empty(), "{}: {complaints}", file.display());
    lines
}

fn probed(peers: Peers, file: &Path, arguments: &[&str]) -> (Vec<String>, String) {
    // It comes with ffmpeg.
    let program = peers.path(Peer::Ffmpeg5).with_file_name("ffprobe");
    let mut command = Command::new(program);
    command.args(["-v", "error", "-of", "csv=p=0"]);
    command.args(arguments).arg(file);
    let mut process = Process::start("ffprobe", &mut command);
    let status = process.wait(PATIENCE);
    assert!(status.success(), "{command:?}\n{process}");
    let lines = process.stdout().lines().map(str::to_owned).collect();
    (lines, process.stderr())
}
