//! The fuzz targets without a fuzzer: the committed corpus, and mutations of it that are the same at every run.

mod targets;

use std::path::Path;

use targets::{gates_apply_undo, mask_splice};

/// Mutations of each corpus.
const MUTATIONS: usize = 2_000;
/// Longest input, as cargo-fuzz is told too.
const BYTES_MAX: usize = 4_096;

/// Numbers that are the same at every run (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// The committed inputs of a target, in the order of their names.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let entries = std::fs::read_dir(&folder).expect("the corpus is committed");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!(paths.len() >= 20, "the corpus of {target} is missing");
    paths.iter().map(|path| std::fs::read(path).expect("a readable input")).collect()
}

/// One input with a few bytes changed, taken out, doubled, or replaced by a part of another.
fn mutated(inputs: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut input = inputs[numbers.below(inputs.len())].clone();
    for _ in 0..=numbers.below(3) {
        let start = numbers.below(input.len());
        let end = (start + numbers.below(16)).min(input.len());
        match numbers.below(5) {
            0 => input.iter_mut().skip(start).take(1).for_each(|byte| *byte = numbers.below(256) as u8),
            1 => drop(input.drain(start..end)),
            2 => input.extend_from_within(start..end),
            3 => input.truncate(start),
            _ => {
                let other = &inputs[numbers.below(inputs.len())];
                let from = numbers.below(other.len());
                let part = other[from..].iter().take(numbers.below(64)).copied();
                input.splice(start..end, part);
            }
        }
    }
    input.truncate(BYTES_MAX);
    input
}

fn run(target: &str, body: fn(&[u8])) {
    let inputs = corpus(target);
    inputs.iter().for_each(|input| body(input));
    let mut numbers = Numbers(1);
    for _ in 0..MUTATIONS {
        let input = mutated(&inputs, &mut numbers);
        let outcome = std::panic::catch_unwind(|| body(&input));
        assert!(outcome.is_ok(), "{target} fails on {}", input.escape_ascii());
    }
}

#[test]
fn what_is_masked_in_any_bytes_comes_back_to_the_byte() {
    run("mask_splice", mask_splice::run);
}

#[test]
fn what_the_gates_accept_of_any_edits_is_applied_written_down_and_undone() {
    run("gates_apply_undo", gates_apply_undo::run);
}
