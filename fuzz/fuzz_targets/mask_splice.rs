//! libFuzzer's way into `mask_splice`.
#![no_main]

#[path = "../../crates/syntax/tests/fuzz/targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::mask_splice::run(data));
