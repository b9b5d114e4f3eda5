//! Short clips made by ffmpeg: the same pictures and tones every time, a key frame each second.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::peers::{Peer, Peers};
use crate::process::Process;

/// Picture codecs that FLV carries, all but the first in enhanced form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VideoCodec {
    /// H.264 with B-frames.
    H264,
    /// HEVC, type `hvc1`.
    Hevc,
    /// AV1, type `av01`.
    Av1,
    /// VP9, type `vp09`.
    Vp9,
}

/// Sound codecs that FLV carries, the last four in enhanced form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AudioCodec {
    /// AAC-LC.
    Aac,
    /// MP3.
    Mp3,
    /// Opus, type `Opus`.
    Opus,
    /// FLAC, type `fLaC`.
    Flac,
    /// AC-3 with six channels, type `ac-3`.
    Ac3,
    /// E-AC-3 with six channels, type `ec-3`.
    Eac3,
}

/// What a clip holds.
#[derive(Clone, Copy, Debug)]
pub struct Clip {
    video: Option<VideoCodec>,
    audio: Option<AudioCodec>,
    seconds: u32,
}

impl Clip {
    /// A clip of `seconds` seconds with these tracks.
    pub fn new(video: Option<VideoCodec>, audio: Option<AudioCodec>, seconds: u32) -> Self {
        assert!(video.is_some() || audio.is_some(), "a clip has a track");
        Self {
            video,
            audio,
            seconds,
        }
    }

    /// Whether it has pictures.
    pub fn has_video(self) -> bool {
        self.video.is_some()
    }

    /// The encoders of the newer ffmpeg that it takes.
    pub fn encoders(self) -> Vec<&'static str> {
        let video = self.video.map(|codec| match codec {
            VideoCodec::H264 => "libx264",
            VideoCodec::Hevc => "libx265",
            VideoCodec::Av1 => "libsvtav1",
            VideoCodec::Vp9 => "libvpx-vp9",
        });
        let audio = self.audio.map(|codec| match codec {
            AudioCodec::Aac => "aac",
            AudioCodec::Mp3 => "libmp3lame",
            AudioCodec::Opus => "libopus",
            AudioCodec::Flac => "flac",
            AudioCodec::Ac3 => "ac3",
            AudioCodec::Eac3 => "eac3",
        });
        video.into_iter().chain(audio).collect()
    }

    /// Makes it as an FLV file in `folder`, with the newer ffmpeg: only that one writes the enhanced forms.
    pub fn make(self, peers: Peers, folder: &Path) -> PathBuf {
        for encoder in self.encoders() {
            assert!(
                peers.has_encoder(encoder),
                "{} lacks {encoder}",
                Peer::Ffmpeg9
            );
        }
        let file = folder.join("clip.flv");
        let mut command = peers.ffmpeg(Peer::Ffmpeg9);
        command.args(["-fflags", "+bitexact"]);
        if self.video.is_some() {
            command.args(["-f", "lavfi", "-i", "testsrc=size=320x180:rate=15"]);
        }
        if self.audio.is_some() {
            command.args(["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"]);
        }
        command.args([
            "-t",
            &self.seconds.to_string(),
            "-flags",
            "+bitexact",
            "-threads",
            "1",
        ]);
        if let Some(video) = self.video {
            command.args(video_flags(video));
        }
        if let Some(audio) = self.audio {
            command.args(audio_flags(audio));
        }
        command
            .args(["-f", "flv", "-flvflags", "no_duration_filesize"])
            .arg(&file);
        Process::run("ffmpeg making a clip", &mut command, Duration::from_mins(2));
        file
    }
}

fn video_flags(codec: VideoCodec) -> &'static [&'static str] {
    match codec {
        VideoCodec::H264 => &[
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-b:v",
            "150k",
            "-pix_fmt",
            "yuv420p",
            "-bf",
            "2",
            "-g",
            "15",
            "-keyint_min",
            "15",
            "-sc_threshold",
            "0",
        ],
        VideoCodec::Hevc => &[
            "-c:v",
            "libx265",
            "-preset",
            "ultrafast",
            "-b:v",
            "150k",
            "-pix_fmt",
            "yuv420p",
            "-x265-params",
            "keyint=15:min-keyint=15:scenecut=0:bframes=2:pools=none:frame-threads=1:log-level=none",
        ],
        VideoCodec::Vp9 => &[
            "-c:v",
            "libvpx-vp9",
            "-cpu-used",
            "8",
            "-pix_fmt",
            "yuv420p",
            "-g",
            "15",
        ],
        VideoCodec::Av1 => &[
            "-c:v",
            "libsvtav1",
            "-preset",
            "12",
            "-crf",
            "50",
            "-pix_fmt",
            "yuv420p",
            "-g",
            "15",
            "-svtav1-params",
            "lp=1",
        ],
    }
}

fn audio_flags(codec: AudioCodec) -> &'static [&'static str] {
    match codec {
        AudioCodec::Aac => &["-c:a", "aac", "-b:a", "48k"],
        AudioCodec::Mp3 => &["-c:a", "libmp3lame", "-b:a", "48k", "-ar", "44100"],
        AudioCodec::Opus => &["-c:a", "libopus", "-b:a", "48k"],
        AudioCodec::Flac => &["-c:a", "flac"],
        AudioCodec::Ac3 => &["-c:a", "ac3", "-b:a", "384k", "-ac", "6"],
        AudioCodec::Eac3 => &["-c:a", "eac3", "-b:a", "192k", "-ac", "6"],
    }
}
