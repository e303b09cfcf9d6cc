//! libFuzzer's way into `gates_apply_undo`.
#![no_main]

#[path = "../../crates/syntax/tests/fuzz/targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::gates_apply_undo::run(data));
