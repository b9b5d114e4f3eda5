//! Fuzzes [`adit_fuzz::path::tunnel_path`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| adit_fuzz::path::tunnel_path(data));
