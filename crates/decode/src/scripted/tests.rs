//! That the scripted backend keeps the contract of a model, and its script.

use super::*;
use crate::protocol::Options;

fn cells(text: &str) -> Vec<Cell> {
    text.bytes().map(|byte| (byte != b'_').then_some(TokenId::from(byte))).collect()
}

fn query(text: &str, wanted: &[usize], attention: Attention) -> Query {
    Query {
        conditional: Branch { cells: cells(text), wanted: wanted.to_vec() },
        unconditional: None,
        positions: wanted.iter().map(|position| *position as u32).collect(),
        allow: vec![None; wanted.len()],
        options: Options { end_allowed: attention == Attention::Causal, ..Options::greedy(attention, 4) },
    }
}

fn ask(backend: &mut Scripted, query: Query) -> Vec<Prediction> {
    backend.predict(&[query]).remove(0).unwrap()
}

/// Fills every mask with the best id, all at once.
fn filled(backend: &mut Scripted, text: &str) -> String {
    let masks: Vec<usize> = text.bytes().enumerate().filter(|(_, byte)| *byte == b'_').map(|(at, _)| at).collect();
    let drawn =
        ask(backend, query(text, &masks, Attention::AllVisible)).into_iter().map(|p| p.drawn.token as u8 as char);
    drawn.collect()
}

#[test]
fn a_prediction_depends_on_every_visible_cell_and_on_nothing_else() {
    let mut backend = Scripted::new(3);
    let base = ask(&mut backend, query("ab__cd", &[2, 3], Attention::AllVisible));
    assert_eq!(base, ask(&mut backend, query("ab__cd", &[2, 3], Attention::AllVisible)));
    for other in ["xb__cd", "ab__cx", "ab_bcd"] {
        assert_ne!(base[0], ask(&mut backend, query(other, &[2], Attention::AllVisible))[0], "{other}");
    }
    assert_ne!(base[0], ask(&mut Scripted::new(4), query("ab__cd", &[2], Attention::AllVisible))[0]);
    assert_ne!(base[0].top, base[1].top);
}

#[test]
fn causal_attention_sees_earlier_cells_only() {
    let mut backend = Scripted::new(3).autoregressive();
    let base = ask(&mut backend, query("abc", &[2, 3], Attention::Causal));
    assert_eq!(base[0], ask(&mut backend, query("abx", &[2], Attention::Causal))[0]);
    assert_ne!(base[1], ask(&mut backend, query("abx", &[3], Attention::Causal))[0]);
    let fault =
        |text, wanted, attention| Scripted::new(0).autoregressive().predict(&[query(text, &[wanted], attention)]);
    assert_eq!(fault("a_c", 2, Attention::Causal)[0].as_ref().unwrap_err().code, FaultCode::Unsupported);
    assert_eq!(fault("abc", 1, Attention::AllVisible)[0].as_ref().unwrap_err().code, FaultCode::Unsupported);
    assert_eq!(fault("abc", 4, Attention::Causal)[0].as_ref().unwrap_err().code, FaultCode::Position);
}

#[test]
fn a_script_fills_a_run_of_its_length_in_any_order() {
    let mut backend = Scripted::new(1).saying(&["sum", "total"]);
    assert_eq!(filled(&mut backend, "return ___;"), "sum");
    assert_eq!(filled(&mut backend, "return _____;"), "total");
    assert_eq!(filled(&mut backend, "return _u_;"), "sm");
    assert_ne!(filled(&mut backend, "return ____;"), "sum", "no text has four tokens");
}

#[test]
fn a_script_is_continued_and_then_ended() {
    let mut backend = Scripted::new(1).autoregressive().saying(&["ab", "xyz"]);
    let mut next = |text: &str| ask(&mut backend, query(text, &[text.len()], Attention::Causal))[0].drawn.token;
    assert_eq!((next("f("), next("f(a"), next("f(ab")), (97, 98, END));
    assert_eq!((next("f(xy"), next("f(xyz")), (u32::from(b'z'), END));
}

#[test]
fn a_broken_query_leaves_its_neighbours_undisturbed() {
    let mut backend = Scripted::new(1).broken_by(u32::from(b'!'));
    let good = query("a_c", &[1], Attention::AllVisible);
    let results = backend.predict(&[good.clone(), query("a_!", &[1], Attention::AllVisible), good.clone()]);
    assert_eq!(results[1].as_ref().unwrap_err().code, FaultCode::NotFinite);
    assert_eq!(results[0], results[2]);
    assert_eq!(results[0], Scripted::new(1).predict(&[good])[0]);
}

#[test]
fn branches_are_counted() {
    let mut backend = Scripted::new(1);
    let mut guided = query("a_c", &[1], Attention::AllVisible);
    guided.unconditional = Some(Branch { cells: cells("_c"), wanted: vec![0] });
    guided.options.guidance.scale = 2.0;
    ask(&mut backend, guided);
    assert_eq!(backend.forwards(), 2);
}

#[test]
fn every_byte_is_a_token_and_the_rest_is_special() {
    let vocabulary = Scripted::vocabulary();
    assert_eq!(vocabulary.len() as u32, Scripted::new(0).description().vocabulary);
    assert_eq!(vocabulary.decode(&[104, MASK, 105, END]), b"hi");
    assert_eq!(vocabulary.specials(), Scripted::new(0).description().specials);
}
