//! Boxes of a file, found by their headers.

use std::io::{Read, Seek};

use shiguredo_mp4::{BoxHeader, BoxType, Decode};

use crate::FourCc;
use crate::limits::{MP4_BOXES, MP4_TABLE_BYTES};
use crate::read::Reader;
use crate::source::Source;
use crate::vod::VodError;

/// What a file may begin with.
const FIRST: [[u8; 4]; 7] = [
    *b"ftyp", *b"moov", *b"mdat", *b"free", *b"skip", *b"wide", *b"pnot",
];

pub(crate) fn is_first_box(name: &[u8]) -> bool {
    FIRST.iter().any(|first| first == name)
}

/// Where a box is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) name: FourCc,
    pub(super) offset: u64,
    /// Where what it contains begins.
    pub(super) inside: u64,
    pub(super) end: u64,
}

/// What may still be read of a file.
#[derive(Debug)]
pub(super) struct Boxes<'a, S> {
    source: &'a mut Source<S>,
    left: usize,
    bytes: u64,
}

impl Place {
    /// What is wrong with it.
    pub(super) fn problem(&self, problem: impl Into<String>) -> VodError {
        VodError::Mp4 {
            name: self.name,
            offset: self.offset,
            problem: problem.into(),
        }
    }
}

impl<'a, S: Read + Seek> Boxes<'a, S> {
    pub(super) const fn new(source: &'a mut Source<S>) -> Self {
        Self {
            source,
            left: MP4_BOXES,
            bytes: MP4_TABLE_BYTES,
        }
    }

    /// The boxes of the file. What is cut off at its end is left out.
    pub(super) fn all(&mut self) -> Result<Vec<Place>, VodError> {
        let len = self.source.len();
        self.within(0, len)
    }

    /// The boxes in a box.
    pub(super) fn children(&mut self, place: &Place) -> Result<Vec<Place>, VodError> {
        self.within(place.inside, place.end)
    }

    /// The boxes between two places. One that is larger than what is left ends there.
    pub(super) fn within(&mut self, mut offset: u64, end: u64) -> Result<Vec<Place>, VodError> {
        let mut places = Vec::new();
        while let Some(place) = self.place(offset, end)? {
            offset = place.end;
            self.left = self
                .left
                .checked_sub(1)
                .ok_or_else(|| place.problem(format!("is one of more than {MP4_BOXES}")))?;
            places.push(place);
        }
        Ok(places)
    }

    fn place(&mut self, offset: u64, end: u64) -> Result<Option<Place>, VodError> {
        let left = end.saturating_sub(offset);
        let bytes = self.source.peek(offset, BoxHeader::MAX_SIZE)?;
        // What is no header, as the four zeros behind some lists, ends the list.
        let Ok((header, size)) = BoxHeader::decode(bytes) else {
            return Ok(None);
        };
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        let name = match header.box_type {
            BoxType::Normal(name) => FourCc(name),
            BoxType::Uuid(_) => FourCc(*b"uuid"),
        };
        let total = match header.box_size.get() {
            0 => left,
            total => total.min(left),
        };
        Ok((size <= total).then_some(Place {
            name,
            offset,
            inside: offset.saturating_add(size),
            end: offset.saturating_add(total),
        }))
    }

    /// Takes so much of the memory for tables, for what is in a box.
    pub(super) fn take(&mut self, place: &Place, bytes: u64) -> Result<(), VodError> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(|| {
            place.problem(format!(
                "is too large: {MP4_TABLE_BYTES} bytes of tables are allowed"
            ))
        })?;
        Ok(())
    }

    /// A whole box in memory.
    pub(super) fn bytes(&mut self, place: &Place) -> Result<Vec<u8>, VodError> {
        let size = place.end.saturating_sub(place.offset);
        self.take(place, size)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let bytes = self.source.read(place.offset, size)?;
        bytes.ok_or_else(|| place.problem("is cut off"))
    }

    /// A whole box, understood.
    pub(super) fn read<T: Decode>(&mut self, place: &Place) -> Result<T, VodError> {
        let bytes = self.bytes(place)?;
        match T::decode(&bytes) {
            Ok((value, _)) => Ok(value),
            Err(error) if error.reason.is_empty() => Err(place.problem("is shorter than it says")),
            Err(error) => Err(place.problem(format!("cannot be read: {}", error.reason))),
        }
    }

    /// Two numbers of 16 bits; 0 where the file ends.
    pub(super) fn numbers(&mut self, offset: u64) -> Result<(u32, u32), VodError> {
        let bytes = self.source.peek(offset, 4)?;
        let mut reader = Reader::new(bytes);
        let first = reader.u16().unwrap_or(0);
        Ok((first.into(), reader.u16().unwrap_or(0).into()))
    }

    /// What is in a box.
    pub(super) fn inside(&mut self, place: &Place) -> Result<Vec<u8>, VodError> {
        let header = usize::try_from(place.inside.saturating_sub(place.offset));
        let mut bytes = self.bytes(place)?;
        Ok(bytes.split_off(header.unwrap_or(usize::MAX).min(bytes.len())))
    }
}

/// The box of this name.
pub(super) fn one(places: &[Place], name: [u8; 4]) -> Option<&Place> {
    places.iter().find(|place| place.name.0 == name)
}
