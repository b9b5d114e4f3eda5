//! What is packaged of a stream, handed over to the server that takes over: its viewers go on there as if nothing had happened.
//!
//! ```text
//! new ─▶ packaged ═ Link ═▶ old    a name
//! new ◀══════════════════ old      where numbers begin, what is announced, and the segments of the playlist, whole
//!
//! answer   there u8 (0 not live, 1 live) │ next u64 │ discontinuities u64 │ target u32, s │ part target u32, ms │ peak u64 │ segments u16
//! segment  number u64 │ discontinuity u8 │ date u64, ms │ list u64, ms │ init │ parts u16
//! init     run │ id u32 │ codecs │ width u16 │ height u16 │ step u32, ms │ bytes
//! part     length u32, ms │ independent u8 │ bytes
//! ```
//!
//! Texts and bytes begin with their length, u32; 0 stands for what is not known. The old server packages the stream no more
//! from then on, so that no two segments have one number.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use adit_media::fmp4::Fragment;
use adit_net::http::Link;
use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader, BufWriter};

use super::numbers::First;
use super::window::{Init, Part, Segment};
use crate::limits::outputs::HLS_BYTES;
use crate::mirror::read_name;
use crate::outputs::Inner;

/// What one server leaves to the next of a stream.
#[derive(Debug, Default)]
pub(super) struct Heritage {
    /// Somebody publishes it there.
    pub(super) is_live: bool,
    pub(super) next: First,
    /// What is announced of the length of segments, in seconds.
    pub(super) target: Option<i64>,
    /// And of parts, in milliseconds.
    pub(super) part_target: Option<i64>,
    pub(super) peak: u64,
    pub(super) segments: Vec<Segment>,
}

/// Leaves what is packaged of a stream to the server that takes over, which asks for it on `link`.
///
/// # Errors
/// That server has gone.
pub(in crate::outputs) async fn hand_over(outputs: &Inner, mut link: impl Link) -> io::Result<()> {
    let key = read_name(&mut link).await?;
    let heritage = outputs.hls.give(outputs, &key).await;
    heritage.write(&mut link).await
}

impl Heritage {
    pub(super) async fn write(&self, link: &mut impl Link) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(WRITE_BYTES, link);
        out.write_u8(self.is_live.into()).await?;
        out.write_u64(self.next.segment).await?;
        out.write_u64(self.next.discontinuities).await?;
        for target in [self.target, self.part_target] {
            out.write_u32(narrow(target.unwrap_or_default())).await?;
        }
        out.write_u64(self.peak).await?;
        out.write_u16(count(self.segments.len())?).await?;
        for segment in &self.segments {
            write_segment(&mut out, segment).await?;
        }
        out.flush().await
    }

    pub(super) async fn read(link: &mut impl Link) -> io::Result<Self> {
        let mut input = Input {
            link: BufReader::new(link),
            left: HLS_BYTES.saturating_mul(2),
        };
        let is_live = input.flag().await?;
        let next = First {
            segment: input.link.read_u64().await?,
            discontinuities: input.link.read_u64().await?,
        };
        let target = input.target().await?;
        let part_target = input.target().await?;
        let peak = input.link.read_u64().await?;
        let mut segments = Vec::new();
        for _ in 0..input.link.read_u16().await? {
            segments.push(input.segment().await?);
        }
        Ok(Self {
            is_live,
            next,
            target,
            part_target,
            peak,
            segments,
        })
    }
}

type Out<'a, L> = BufWriter<&'a mut L>;

async fn write_segment(out: &mut Out<'_, impl Link>, segment: &Segment) -> io::Result<()> {
    out.write_u64(segment.number).await?;
    out.write_u8(segment.discontinuity.into()).await?;
    let date = segment.date;
    let date = date.and_then(|date| date.duration_since(SystemTime::UNIX_EPOCH).ok());
    let date = date.unwrap_or_default().as_millis();
    out.write_u64(u64::try_from(date).unwrap_or_default())
        .await?;
    out.write_u64(segment.list.unsigned_abs()).await?;
    let init = &segment.init;
    write_bytes(out, init.run.as_bytes()).await?;
    out.write_u32(init.id).await?;
    write_bytes(out, init.codecs.as_bytes()).await?;
    let (width, height) = init.size.unwrap_or_default();
    out.write_u16(width).await?;
    out.write_u16(height).await?;
    out.write_u32(narrow(init.step.unwrap_or_default())).await?;
    write_bytes(out, &init.bytes).await?;
    out.write_u16(count(segment.parts.len())?).await?;
    for part in &segment.parts {
        out.write_u32(narrow(part.milliseconds)).await?;
        out.write_u8(part.independent.into()).await?;
        let length = u32::try_from(part.fragment.len()).map_err(|_| garbled())?;
        out.write_u32(length).await?;
        for piece in part.fragment.pieces() {
            out.write_all(piece).await?;
        }
    }
    Ok(())
}

async fn write_bytes(out: &mut Out<'_, impl Link>, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(|_| garbled())?;
    out.write_u32(length).await?;
    out.write_all(bytes).await
}

/// What comes in, of which there may be so many bytes more.
struct Input<'a, L> {
    link: BufReader<&'a mut L>,
    left: usize,
}

impl<L: Link> Input<'_, L> {
    async fn flag(&mut self) -> io::Result<bool> {
        Ok(self.link.read_u8().await? != 0)
    }

    async fn target(&mut self) -> io::Result<Option<i64>> {
        let target = i64::from(self.link.read_u32().await?);
        Ok(Some(target).filter(|target| *target > 0))
    }

    async fn bytes(&mut self) -> io::Result<Bytes> {
        let length = usize::try_from(self.link.read_u32().await?).map_err(|_| garbled())?;
        self.left = self.left.checked_sub(length).ok_or_else(garbled)?;
        let mut bytes = vec![0; length];
        self.link.read_exact(&mut bytes).await?;
        Ok(bytes.into())
    }

    async fn text(&mut self) -> io::Result<String> {
        String::from_utf8(self.bytes().await?.into()).map_err(|_| garbled())
    }

    async fn segment(&mut self) -> io::Result<Segment> {
        let number = self.link.read_u64().await?;
        let discontinuity = self.flag().await?;
        let date = Some(Duration::from_millis(self.link.read_u64().await?));
        let date = date.filter(|date| !date.is_zero());
        let list = i64::try_from(self.link.read_u64().await?).map_err(|_| garbled())?;
        let init = self.init().await?;
        let mut parts = Vec::new();
        for _ in 0..self.link.read_u16().await? {
            parts.push(Part {
                milliseconds: self.link.read_u32().await?.into(),
                independent: self.flag().await?,
                fragment: Arc::new(Fragment::of(self.bytes().await?)),
                ended: None,
            });
        }
        Ok(Segment {
            number,
            init: Arc::new(init),
            discontinuity,
            date: date.and_then(|date| SystemTime::UNIX_EPOCH.checked_add(date)),
            parts,
            whole: true,
            list,
        })
    }

    async fn init(&mut self) -> io::Result<Init> {
        let run = self.text().await?.into();
        let id = self.link.read_u32().await?;
        let codecs = self.text().await?;
        let size = (self.link.read_u16().await?, self.link.read_u16().await?);
        let step = i64::from(self.link.read_u32().await?);
        Ok(Init {
            run,
            id,
            bytes: self.bytes().await?,
            codecs,
            size: Some(size).filter(|size| *size != (0, 0)),
            step: Some(step).filter(|step| *step > 0),
        })
    }
}

fn narrow(number: i64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

fn count(length: usize) -> io::Result<u16> {
    u16::try_from(length).map_err(|_| garbled())
}

fn garbled() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "no segments of a stream")
}

/// What is gathered for one write.
const WRITE_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests;
