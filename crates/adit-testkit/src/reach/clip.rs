//! What is published in the lab: pictures and tones, made by ffmpeg, a key frame each second.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::peers::QUIET;
use crate::process::Process;

/// A clip.
#[derive(Clone, Copy, Debug)]
pub struct Clip {
    name: &'static str,
    pictures: &'static str,
    preset: &'static str,
    bits: &'static str,
    seconds: &'static str,
}

/// What is played: little enough for a proxy that keeps everything for a second.
pub const SMALL: Clip = Clip {
    name: "clip.flv",
    pictures: "testsrc=size=320x180:rate=15",
    preset: "veryfast",
    bits: "150k",
    seconds: "20",
};

/// What is published: frames so large that ten of them are no body for a proxy with a limit.
pub const LARGE: Clip = Clip {
    name: "large.flv",
    pictures: "testsrc2=size=640x360:rate=15,noise=alls=30:allf=t",
    preset: "ultrafast",
    bits: "4M",
    seconds: "8",
};

impl Clip {
    /// Where it is in the folder of a run.
    pub fn file(self, folder: &Path) -> PathBuf {
        folder.join(self.name)
    }

    /// Makes it in the folder of a run, and gives its file.
    pub fn make(self, ffmpeg: &Path, folder: &Path) -> PathBuf {
        let file = self.file(folder);
        let sound = "sine=frequency=440:sample_rate=48000";
        let mut command = Command::new(ffmpeg);
        command.args(QUIET).arg("-y");
        command.args(["-f", "lavfi", "-i", self.pictures]);
        command.args(["-f", "lavfi", "-i", sound, "-t", self.seconds]);
        command.args(["-c:v", "libx264", "-preset", self.preset, "-b:v", self.bits]);
        command.args(["-pix_fmt", "yuv420p", "-g", "15", "-bf", "0"]);
        command.args(["-c:a", "aac", "-b:a", "48k", "-f", "flv"]);
        command.arg(&file);
        Process::run("ffmpeg making a clip", &mut command, Duration::from_mins(1));
        file
    }
}
