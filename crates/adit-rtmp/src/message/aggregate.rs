//! Aggregate messages taken apart.
