//! Fuzzes [`adit_fuzz::tunnel::tunnel_server`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| adit_fuzz::tunnel::tunnel_server(data));
