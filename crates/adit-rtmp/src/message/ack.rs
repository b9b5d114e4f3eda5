//! Acknowledgement accounts, both directions.
