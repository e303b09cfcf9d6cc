//! The sentence encoder makes the vectors that stock `transformers` makes with the same weights.
//!
//! `tests/fixtures/make_vectors.py` makes what is expected.

use std::path::{Path, PathBuf};

use reweave_inference::Encoder;
use reweave_inference::folder::open_sentence;
use reweave_inference::wordpieces::Wordpieces;
use reweave_network::sentence::SentenceEncoder;
use serde_json::Value;
use tch::Device;

const DIFFERENCE_MAX: f64 = 1e-4;
const CONTROL_MIN: f64 = 1e-2;

/// Where set-up puts the weights; `cargo xtask test` says so, and a plain `cargo test` finds them there too.
fn weights() -> PathBuf {
    let set_up = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.reweave/models/all-MiniLM-L6-v2");
    let folder = std::env::var_os("REWEAVE_TEST_ENCODER").map_or(set_up, PathBuf::from);
    assert!(folder.is_dir(), "no weights in {}: fetch them with `cargo xtask setup --models`", folder.display());
    folder
}

fn encoder(positions_max: usize) -> SentenceEncoder {
    let folder = open_sentence(&weights()).unwrap();
    let wordpieces = Wordpieces::open(&folder).unwrap();
    SentenceEncoder::load(&folder, wordpieces, Device::Cpu, positions_max).unwrap()
}

fn expected() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vectors.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn difference(found: &[f32], expected: &Value) -> f64 {
    let expected = expected.as_array().unwrap().iter().map(|value| value.as_f64().unwrap());
    found.iter().zip(expected).map(|(found, expected)| (f64::from(*found) - expected).abs()).fold(0.0, f64::max)
}

#[test]
fn vectors_are_those_of_transformers_alone_and_together() {
    let expected = expected();
    let texts: Vec<String> = expected.iter().map(|row| row["text"].as_str().unwrap().to_owned()).collect();
    for positions_max in [1, 1 << 20] {
        let mut encoder = encoder(positions_max);
        let vectors = encoder.embed(&texts).unwrap();
        assert_eq!(encoder.embedder().dimensions, 384);
        for (row, vector) in expected.iter().zip(&vectors) {
            assert_eq!(vector.len(), 384);
            let off = difference(vector, &row["vector"]);
            assert!(off <= DIFFERENCE_MAX, "{:.30}: {off}", row["text"]);
        }
    }
}

#[test]
fn another_pooling_or_another_text_is_far_off() {
    let expected = expected();
    let vector = encoder(4096).embed(&[expected[2]["text"].as_str().unwrap().to_owned()]).unwrap().remove(0);
    assert!(difference(&vector[..8], &expected[2]["first"]) > CONTROL_MIN);
    assert!(difference(&vector, &expected[3]["vector"]) > CONTROL_MIN);
}

#[test]
fn a_text_that_spells_a_mark_stays_a_text() {
    let folder = open_sentence(&weights()).unwrap();
    let wordpieces = Wordpieces::open(&folder).unwrap();
    let plain = wordpieces.ids("a").unwrap();
    let (first, last) = (plain[0], plain[plain.len() - 1]);
    let spelled = wordpieces.ids("a [SEP] [CLS]").unwrap();
    assert!(spelled[1..spelled.len() - 1].iter().all(|id| *id != first && *id != last), "{spelled:?}");
}
