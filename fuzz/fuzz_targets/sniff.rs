//! Fuzzes [`adit_fuzz::sniff::sniff`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| adit_fuzz::sniff::sniff(data));
