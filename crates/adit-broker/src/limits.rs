//! Limits of this crate.

/// How many encoded forms a frame keeps (`stream.forms`).
pub(crate) const FORMS_PER_FRAME: usize = 4;
