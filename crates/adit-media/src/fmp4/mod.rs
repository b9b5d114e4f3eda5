//! Fragmented MP4: what browsers append to a media source, piece by piece.
//!
//! ```text
//! init      ftyp · moov ( … trak with a sample entry … mvex )          once, and again when a codec changes
//! fragment  moof ( traf ( tfhd · tfdt decode time · trun samples )* ) · mdat    any number
//! ```
//!
//! A [`Track`] is made of a sequence header, an [`Access`] of each coded message; [`init`] and [`fragment`] write the boxes.
//! Payloads are shared, never copied: what is made is the head of a fragment, and its payloads follow as they are.

mod ac3;
mod access;
mod audio;
mod bits;
mod fragment;
mod init;
mod track;
mod video;

pub use access::Access;
pub use fragment::{Fragment, Run, Sample, fragment};
pub use init::init;
pub use track::{Track, Unsupported};

#[cfg(test)]
mod tests;
