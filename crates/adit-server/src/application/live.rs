//! The application that every name is unless something else was said.

use super::{Application, Web};

/// Whoever wants to may publish and play live streams and recordings. There are no methods to call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Live;

impl Application for Live {
    fn web(&self) -> Web {
        Web::Open
    }
}
