//! Fuzzes [`adit_fuzz::chunk::chunk_reader`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| adit_fuzz::chunk::chunk_reader(data));
