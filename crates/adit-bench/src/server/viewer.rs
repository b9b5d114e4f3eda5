//! ffmpeg as a player: it copies the audio it receives into a file, which tells how much came. Video it
//! receives too, but will not copy: it finds no picture in it.

use std::{fs, net::SocketAddr, path::PathBuf, process::Child};

use super::{Launcher, PATIENCE, Place, process};
use crate::{
    error::{Error, Result},
    swarm::Way,
    wire::{APPLICATION, STREAM},
};

const PROGRAMS: [&str; 2] = ["/usr/bin/ffmpeg", "/usr/local/bin/ffmpeg"];

/// A running ffmpeg; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Viewer {
    child: Child,
    file: PathBuf,
}

impl Viewer {
    /// Begins to play the benchmark's stream.
    ///
    /// # Errors
    ///
    /// When there is no ffmpeg.
    pub(crate) fn start(launcher: &Launcher, address: SocketAddr, way: Way) -> Result<Self> {
        let program = PROGRAMS
            .iter()
            .map(PathBuf::from)
            .find(|path| path.is_file())
            .ok_or_else(|| Error::Setup("ffmpeg is missing: apt-get install ffmpeg".to_owned()))?;
        let place = Place {
            dir: launcher.workspace.fresh_directory()?,
            core: None,
        };
        let scheme = if way == Way::Rtmpt { "rtmpt" } else { "rtmp" };
        let url = format!("{scheme}://{address}/{APPLICATION}/{STREAM}");
        let file = place.dir.join("heard");
        let name = file.display().to_string();
        // It need not look long at a stream that nobody can decode.
        let look = ["-analyzeduration", "500000", "-probesize", "100000"];
        let input = ["-loglevel", "error", "-nostdin"];
        let output = [
            "-map",
            "0:a",
            "-c",
            "copy",
            "-flush_packets",
            "1",
            "-f",
            "data",
            &name,
        ];
        let arguments = [&input[..], &look[..], &["-i", &url], &output[..]].concat();
        let child = process::start(&program, &arguments, &place)?;
        Ok(Self { child, file })
    }

    /// Bytes in the file so far.
    pub(crate) fn received(&self) -> u64 {
        fs::metadata(&self.file).map_or(0, |data| data.len())
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        // Its file is thrown away, so how it ended does not matter.
        process::end(&mut self.child, PATIENCE).unwrap_or_default();
    }
}
