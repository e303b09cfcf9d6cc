//! That the model learns what it is shown, is normalised, round-trips, and refuses broken bytes.

use proptest::prelude::*;

use super::*;
use crate::protocol::{Cell, Options};

const TEXT: &str =
    "def add(first, second):\n    return first + second\n\n\ndef sub(first, second):\n    return first - second\n";

fn model() -> Ngram {
    Ngram::fit(&[TEXT.as_bytes()], Limits::default()).unwrap()
}

/// Encodes what stands around each `?`, which is one masked position.
fn cells(model: &Ngram, text: &str) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (index, part) in text.split('?').enumerate() {
        cells.extend((index > 0).then_some(None));
        cells.extend(model.encode(part.as_bytes()).into_iter().map(Some));
    }
    cells
}

fn query(cells: Vec<Cell>, wanted: Vec<usize>, options: Options) -> Query {
    Query {
        positions: wanted.iter().map(|position| *position as u32).collect(),
        allow: vec![None; wanted.len()],
        conditional: Branch { cells, wanted },
        unconditional: None,
        options,
    }
}

fn masked(model: &mut Ngram, text: &str, top_k: u32) -> Vec<Prediction> {
    let cells = cells(model, text);
    let wanted = cells.iter().enumerate().filter(|(_, cell)| cell.is_none()).map(|(at, _)| at).collect();
    model.predict(&[query(cells, wanted, Options::greedy(Attention::AllVisible, top_k))]).remove(0).unwrap()
}

fn best(model: &mut Ngram, text: &str) -> Vec<String> {
    let predictions = masked(model, text, 1);
    let spelt = |prediction: &Prediction| model.vocabulary.bytes(prediction.drawn.token).to_vec();
    predictions.iter().map(|prediction| String::from_utf8(spelt(prediction)).unwrap()).collect()
}

#[test]
fn a_masked_token_is_read_off_both_sides() {
    let mut model = model();
    assert_eq!(best(&mut model, "def add(?, second)"), ["first"]);
    assert_eq!(best(&mut model, "    return ? + second"), ["first"]);
    assert_eq!(best(&mut model, "    return first ? second\n\n"), ["+"]);
    assert_eq!(best(&mut model, "    return first? +"), [" "], "a token between known neighbours");
}

#[test]
fn a_masked_neighbour_is_skipped() {
    let mut model = model();
    assert_eq!(best(&mut model, "def add(first??second):"), [",", " "]);
}

#[test]
fn what_stands_on_the_canvas_counts_more_than_what_was_learnt() {
    let mut model = model();
    let canvas = "x = widget.size\ny = widget.size\nreturn first + widget.size\nz = widget.? \n";
    let text = masked(&mut model, canvas, 1)[0].drawn.token;
    assert_eq!(model.encode(b"size")[0], text, "a word that the model was never shown");
}

#[test]
fn the_next_token_is_read_off_the_left_alone() {
    let mut model = model();
    let next = |model: &mut Ngram, text: &str| {
        let cells = cells(model, text);
        let wanted = vec![cells.len()];
        let options = Options { end_allowed: true, ..Options::greedy(Attention::Causal, 1) };
        model.predict(&[query(cells, wanted, options)]).remove(0).unwrap()[0].drawn.token
    };
    let add = next(&mut model, "def add(");
    assert_eq!(model.vocabulary.bytes(add), b"first");
    assert_eq!(next(&mut model, "    return first - second\n"), END);
    let cut = cells(&model, "def add(first, second)");
    let causal = |wanted, cells: &[Cell]| query(cells.to_vec(), vec![wanted], Options::greedy(Attention::Causal, 4));
    assert_eq!(model.predict(&[causal(2, &cut)]), model.predict(&[causal(2, &cut[..2])]), "later cells are not seen");
    assert_eq!(model.predict(&[causal(99, &cut)])[0].as_ref().unwrap_err().code, FaultCode::Position);
}

#[test]
fn a_visible_token_does_not_predict_itself() {
    let mut model = model();
    let options = || Options::greedy(Attention::AllVisible, 4);
    let (hidden, shown) = (cells(&model, "def add(?, second)"), cells(&model, "def add(zz, second)"));
    let at = hidden.iter().position(Option::is_none).unwrap();
    let shown: Vec<Cell> = shown[..=at].iter().chain(&hidden[at + 1..]).copied().collect();
    let results = model.predict(&[query(hidden, vec![at], options()), query(shown, vec![at], options())]);
    assert_eq!(results[0], results[1]);
}

#[test]
fn the_same_texts_make_the_same_bytes_and_the_bytes_the_same_model() {
    let first = model();
    let bytes = first.to_bytes();
    assert_eq!(bytes, model().to_bytes());
    let mut second = Ngram::from_bytes(&bytes).unwrap();
    assert_eq!(first.description(), second.description());
    assert_eq!(masked(&mut model(), "return ? +", 5), masked(&mut second, "return ? +", 5));
}

#[test]
fn broken_bytes_are_refused_wherever_they_are_cut() {
    let bytes = Ngram::fit(&[b"a b a b"], Limits::default()).unwrap().to_bytes();
    for end in 0..bytes.len() {
        assert!(Ngram::from_bytes(&bytes[..end]).is_err(), "cut at {end}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(Ngram::from_bytes(&longer).unwrap_err().what, "something follows the model");
    let mut huge = bytes;
    huge[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_eq!(Ngram::from_bytes(&huge).unwrap_err().what, "a list is longer than memory");
}

#[test]
fn more_tokens_than_the_limit_are_refused() {
    let limits = Limits { tokens_max: 5, ..Limits::default() };
    assert!(Ngram::fit(&[b"a b"], limits).is_ok());
    assert!(Ngram::fit(&[b"a b", b""], limits).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_distribution_is_finite_and_sums_to_1(text in "[a-c(), \n?]{1,40}", other in "[a-d(), \n]{0,60}") {
        let mut model = Ngram::fit(&[TEXT.as_bytes(), other.as_bytes()], Limits::default()).unwrap();
        let all = model.description.vocabulary;
        for prediction in masked(&mut model, &format!("{text}?"), all) {
            let sum: f64 = prediction.top.iter().map(|scored| f64::from(scored.log_prob).exp()).sum();
            prop_assert!((sum - 1.0).abs() < 1e-4, "{}", sum);
            prop_assert_eq!(prediction.top.len() as u32, all - 3);
        }
    }

    #[test]
    fn damaged_bytes_never_make_a_model_that_fails(at in 0_usize..4_000, bits in 1_u8..) {
        let mut bytes = model().to_bytes();
        let at = at % bytes.len();
        bytes[at] ^= bits;
        if let Ok(mut model) = Ngram::from_bytes(&bytes) {
            masked(&mut model, "return ? + ??second", 3);
        }
    }
}
