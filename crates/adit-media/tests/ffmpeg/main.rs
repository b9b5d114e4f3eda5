//! What this crate writes, as ffmpeg and ffprobe see it.
#![cfg(test)]

mod pattern;
mod record;
mod tools;
mod vod;
