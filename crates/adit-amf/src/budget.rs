//! What one message has used of its limits.

use crate::{
    DecodeError, LimitKind, Limits,
    limits::{DEPTH_MAX, EXPANSION, EXPANSION_FREE},
};

/// One budget for one message, across AMF0 and AMF3.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    limits: Limits,
    depth: usize,
    nodes: usize,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new(limits: &Limits, message: usize) -> Self {
        let mut limits = limits.clone();
        limits.depth = limits.depth.min(DEPTH_MAX);
        let expanded = message.saturating_mul(EXPANSION).max(EXPANSION_FREE);
        limits.bytes = limits.bytes.min(expanded);
        Self {
            limits,
            depth: 0,
            nodes: 0,
            bytes: 0,
        }
    }

    /// Goes into a container. After an error the decoder has failed for good, so only success is
    /// paired with [`Budget::leave`].
    pub(crate) fn enter(&mut self) -> Result<(), DecodeError> {
        self.depth = spend(self.depth, 1, self.limits.depth, LimitKind::Depth)?;
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Pays for values. The elements of a counted container are paid before they are read, so that
    /// all reservations together stay within the limit.
    pub(crate) fn nodes(&mut self, count: usize) -> Result<(), DecodeError> {
        self.nodes = spend(self.nodes, count, self.limits.nodes, LimitKind::Nodes)?;
        Ok(())
    }

    /// Pays for content bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Result<(), DecodeError> {
        self.bytes = spend(self.bytes, count, self.limits.bytes, LimitKind::Bytes)?;
        Ok(())
    }

    /// Pays for the bytes of a text that `kind` limits.
    pub(crate) fn text(&mut self, len: usize, kind: TextKind) -> Result<(), DecodeError> {
        let (max, limit) = match kind {
            TextKind::Short => (self.limits.string, LimitKind::String),
            TextKind::Long => (self.limits.long_string, LimitKind::LongString),
        };
        spend(0, len, max, limit)?;
        self.bytes(len)
    }

    /// Checks the number of elements of one container.
    pub(crate) fn elements(&self, count: usize) -> Result<(), DecodeError> {
        spend(0, count, self.limits.elements, LimitKind::Elements).map(drop)
    }

    /// Checks the number of entries of one reference table.
    pub(crate) fn references(&self, count: usize) -> Result<(), DecodeError> {
        spend(0, count, self.limits.references, LimitKind::References).map(drop)
    }
}

/// Which limit holds for a text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TextKind {
    /// Names, class names, AMF0 strings: `amf.string`.
    Short,
    /// Long strings, AMF3 string values, XML: `amf.long_string`.
    Long,
}

fn spend(used: usize, count: usize, max: usize, limit: LimitKind) -> Result<usize, DecodeError> {
    used.checked_add(count)
        .filter(|sum| *sum <= max)
        .ok_or(DecodeError::Limit { limit, max })
}

/// Appends without aborting the process when memory is short.
pub(crate) fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), DecodeError> {
    list.try_reserve(1).map_err(|_| DecodeError::OutOfMemory)?;
    list.push(item);
    Ok(())
}

/// An empty list with room for `count` items that are already paid for.
pub(crate) fn list<T>(count: usize) -> Result<Vec<T>, DecodeError> {
    let mut list = Vec::new();
    list.try_reserve_exact(count)
        .map_err(|_| DecodeError::OutOfMemory)?;
    Ok(list)
}
