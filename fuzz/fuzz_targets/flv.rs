//! Fuzzes [`adit_fuzz::flv::flv`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| adit_fuzz::flv::flv(data));
