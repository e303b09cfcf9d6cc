//! The way there and back loses nothing, and what cannot be is refused by its field.

use proptest::prelude::*;
use reweave_core::Sha256;
use reweave_decode::protocol::{
    Allowed, Answer, Ask, Attention, Bounds, Canvas, Delta, Description, Embedder, FillInMiddle, Guidance, Load,
    Objective, Options, Prediction, Reply, Role, Scored, Segment, Served, Shaped, Step,
};

use super::*;

fn one_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [(T, &'static str)]) -> impl Strategy<Value = T> {
    proptest::sample::select(all).prop_map(|(value, _)| value)
}

fn few<T: std::fmt::Debug>(one: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    proptest::collection::vec(one, 0..4)
}

fn canvas() -> impl Strategy<Value = Canvas> {
    let segment = (one_of(&Role::ALL), few(any::<Option<u32>>())).prop_map(|(role, cells)| Segment { role, cells });
    few(segment).prop_map(|segments| Canvas { segments })
}

fn guidance() -> impl Strategy<Value = Guidance> {
    (-9.0..9.0_f32, few(one_of(&Role::ALL))).prop_map(|(scale, dropped)| Guidance { scale, dropped })
}

fn delta() -> impl Strategy<Value = Delta> {
    (0..8_u8, any::<[u32; 3]>(), canvas()).prop_map(|(kind, [canvas, position, other], content)| match kind {
        0 => Delta::Open { canvas, content },
        1 => Delta::Set { canvas, position, token: other },
        2 => Delta::Unset { canvas, position },
        3 => Delta::Insert { canvas, position, count: other },
        4 => Delta::Delete { canvas, position, count: other },
        5 => Delta::Fork { canvas, copy: other },
        6 => Delta::Truncate { canvas, length: other },
        _ => Delta::Drop { canvas },
    })
}

fn ask() -> impl Strategy<Value = Ask> {
    (any::<u32>(), few(any::<u32>()), few((any::<u32>(), few(any::<u32>()))), any::<Option<u64>>())
        .prop_map(|(canvas, positions, allow, seed)| Ask { canvas, positions, allow, seed })
}

fn options() -> impl Strategy<Value = Options> {
    let numbers = (any::<u32>(), 0.0..100.0_f32, 0.0..1.0_f32, any::<u64>());
    (numbers, few(any::<u32>()), any::<bool>(), guidance(), one_of(&Attention::ALL)).prop_map(
        |((top_k, temperature, top_p, seed), suppressed, end_allowed, guidance, attention)| Options {
            top_k,
            temperature,
            top_p,
            seed,
            suppressed,
            end_allowed,
            guidance,
            attention,
        },
    )
}

fn fault() -> impl Strategy<Value = Fault> {
    (one_of(&FaultCode::ALL), "[a-z ]{0,9}").prop_map(|(code, message)| Fault { code, message })
}

fn scored(guided: bool) -> impl Strategy<Value = Scored> {
    (any::<u32>(), [-9.0..0.0_f32, -9.0..0.0, -9.0..0.0]).prop_map(move |(token, [log_prob, conditional, without])| {
        if guided {
            Scored { token, log_prob, conditional, unconditional: without }
        } else {
            Scored { token, log_prob, conditional: log_prob, unconditional: log_prob }
        }
    })
}

fn answer(guided: bool) -> impl Strategy<Value = Answer> {
    let shaped = [0.0..1.0_f32, 0.0..1.0, 0.0..9.0];
    let allowed = proptest::option::of((few(-9.0..0.0_f32), 0.0..1.0_f32));
    let prediction = (few(scored(guided)), scored(guided), shaped, 0.0..9.0_f32, allowed);
    let predictions = proptest::result::maybe_err(few(prediction), fault());
    (any::<u32>(), predictions).prop_map(|(canvas, predictions)| Answer {
        canvas,
        predictions: predictions.map(|all| (10..).step_by(3).zip(all).map(prediction_at).collect()),
    })
}

type Parts = (Vec<Scored>, Scored, [f32; 3], f32, Option<(Vec<f32>, f32)>);

fn prediction_at((position, (top, drawn, [probability, margin, entropy], raw, allowed)): (u32, Parts)) -> Prediction {
    Prediction {
        position,
        top,
        drawn,
        shaped: Shaped { probability, margin, entropy },
        entropy: raw,
        allowed: allowed.map(|(log_probs, mass)| Allowed { log_probs, mass }),
    }
}

proptest! {
    #[test]
    fn a_step_comes_back_as_it_was(id: u64, deltas in few(delta()), asks in few(ask()), options in options()) {
        let step = Step { id, deltas, asks, options };
        prop_assert_eq!(Step::try_from(wire::StepRequest::from(step.clone())).unwrap(), step);
    }

    #[test]
    fn a_reply_comes_back_as_it_was(step: u64, answers in any::<bool>().prop_flat_map(|guided| few(answer(guided)))) {
        let reply = Reply { step, answers, forwards: 7 };
        prop_assert_eq!(read_step_response(reply.clone().into()).unwrap(), (step, Ok(reply)));
    }

    #[test]
    fn a_failed_step_comes_back_as_its_fault(step: u64, fault in fault()) {
        prop_assert_eq!(read_step_response(failed_step(step, fault.clone())).unwrap(), (step, Err(fault)));
    }

    #[test]
    fn a_scoring_comes_back_as_it_was(canvas in canvas(), positions in few(any::<u32>()), guidance in guidance()) {
        for (estimator, _) in Estimator::ALL {
            let guidance = guidance.clone();
            let scoring = Scoring { canvas: canvas.clone(), positions: positions.clone(), estimator, guidance };
            prop_assert_eq!(Scoring::try_from(wire::ScoreRequest::from(scoring.clone())).unwrap(), scoring);
        }
    }

    #[test]
    fn a_vocabulary_comes_back_whole_from_pieces_of_any_size(
        tokens in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..9), 0..40),
        bytes_max in 1..60_usize,
    ) {
        let specials = if tokens.is_empty() { vec![] } else { vec![0] };
        let sent = Vocabulary::new(tokens.iter().map(Vec::as_slice), &specials).unwrap();
        let pieces = vocabulary_pieces(&sent, bytes_max);
        let mut whole = wire::VocabularyResponse::default();
        for piece in &pieces {
            prop_assert!(piece.lengths.len() == 1 || piece.text.len() + 5 * piece.lengths.len() <= bytes_max);
            whole.text.extend(&piece.text);
            whole.lengths.extend(&piece.lengths);
        }
        prop_assert_eq!(read_vocabulary(&whole, &specials).unwrap(), sent);
    }
}

fn described() -> Served {
    let model = Description {
        name: "tiny".into(),
        architecture: "Qwen2ForCausalLM".into(),
        objective: Objective::MaskedDiffusion,
        digest: Sha256::of(b"weights"),
        vocabulary: 300,
        mask: Some(299),
        shifted: true,
        specials: vec![297, 299],
        begin: None,
        end: Some(297),
        fill_in_middle: Some(FillInMiddle { prefix: 1, suffix: 2, middle: 3 }),
        device: "cpu".into(),
        dtype: "f32".into(),
        bounds: Bounds { positions_max: 64, canvases_max: 4, wanted_max: 32, top_k_max: 8 },
        embedding: Some(384),
    };
    Served {
        model: Ok(model),
        embedder: Some(Embedder { name: "MiniLM".into(), dimensions: 384, tokens_max: 256 }),
        load: Load { sessions: 1, waiting: 2, waiting_max: 3 },
    }
}

#[test]
fn a_description_comes_back_as_it_was_with_and_without_a_model() {
    let without = Served { model: Err("no weights are mounted".into()), embedder: None, load: Load::default() };
    for served in [described(), without] {
        assert_eq!(Served::try_from(wire::DescribeResponse::from(served.clone())).unwrap(), served);
    }
}

fn field_of<T: std::fmt::Debug>(read: Result<T, Malformed>) -> String {
    read.unwrap_err().to_string()
}

#[test]
fn a_step_of_unknown_names_or_impossible_shape_is_refused_by_its_field() {
    let segment =
        |role: &str, masked: &[u32]| wire::Segment { role: role.into(), tokens: vec![1, 2], masked: masked.into() };
    let step = |segment| wire::StepRequest {
        deltas: vec![wire::Delta {
            canvas: 1,
            change: Some(wire::delta::Change::Open(wire::Canvas { segments: vec![segment] })),
        }],
        ..Default::default()
    };
    let read = |request| field_of(Step::try_from(request));
    expect_test::expect!["deltas[0].open.segments[0].role: `hall` is not one of the known values"]
        .assert_eq(&read(step(segment("hall", &[]))));
    expect_test::expect!["deltas[0].open.segments[0].masked: 2 lies outside the segment"]
        .assert_eq(&read(step(segment("hole", &[0, 2]))));
    expect_test::expect!["deltas[0].open.segments[0].masked: is not ascending"]
        .assert_eq(&read(step(segment("hole", &[1, 1]))));
    let no_change = wire::StepRequest { deltas: vec![wire::Delta::default()], ..Default::default() };
    expect_test::expect!["deltas[0]: says no change"].assert_eq(&read(no_change));
    let no_options = wire::StepRequest { asks: vec![wire::Ask::default()], ..Default::default() };
    expect_test::expect!["options: there are none"].assert_eq(&read(no_options));
    let options = wire::Options { attention: "sideways".into(), ..Default::default() };
    let attention = wire::StepRequest { options: Some(options), ..Default::default() };
    expect_test::expect!["options.attention: `sideways` is not one of the known values"].assert_eq(&read(attention));
}

#[test]
fn a_reply_whose_arrays_do_not_fit_together_is_refused() {
    let whole = || wire::Answer {
        positions: vec![4],
        top_counts: vec![1],
        top_tokens: vec![9],
        top_log_probs: vec![-0.5],
        drawn_tokens: vec![9],
        drawn: vec![-0.5, -0.5, -0.5, 0.1],
        shaped: vec![0.6, 0.2, 0.1],
        ..Default::default()
    };
    let read = |answer| read_step_response(wire::StepResponse { answers: vec![answer], ..Default::default() });
    assert_eq!(read(whole()).unwrap().1.unwrap().answers.len(), 1);
    let refused = |answer| field_of(read(answer));
    expect_test::expect!["answers[0].top_tokens: holds 1 entries where 2 belong"]
        .assert_eq(&refused(wire::Answer { top_counts: vec![2], ..whole() }));
    expect_test::expect!["answers[0].drawn: holds 0 entries where 4 belong"]
        .assert_eq(&refused(wire::Answer { drawn: vec![], ..whole() }));
    expect_test::expect!["answers[0].top_unconditional: holds 0 entries where 1 belong"]
        .assert_eq(&refused(wire::Answer { top_conditional: vec![0.0], ..whole() }));
    let elsewhere = wire::Allowed { position: 5, ..Default::default() };
    expect_test::expect!["answers[0].allowed: 5 is out of order or not a position"]
        .assert_eq(&refused(wire::Answer { allowed: vec![elsewhere], ..whole() }));
    let unknown = wire::Fault { code: "bored".into(), message: String::new() };
    expect_test::expect!["answers[0].fault.code: `bored` is not a fault code"]
        .assert_eq(&refused(wire::Answer { fault: Some(unknown), ..whole() }));
}

#[test]
fn vectors_that_do_not_fit_their_texts_are_refused() {
    let sent = vec![vec![0.6, 0.8], vec![1.0, 0.0]];
    assert_eq!(read_vectors(vectors(2, &sent), 2).unwrap(), sent);
    read_vectors(vectors(2, &sent), 3).unwrap_err();
    read_vectors(wire::EmbedResponse::default(), 0).unwrap_err();
}

#[test]
fn vocabulary_lengths_that_do_not_fit_the_text_are_refused() {
    let piece = |lengths: &[u32]| wire::VocabularyResponse { text: b"abc".to_vec(), lengths: lengths.into() };
    let read = |lengths| read_vocabulary(&piece(lengths), &[1]);
    assert_eq!(read(&[1, 0, 2]).unwrap().decode(&[0, 1, 2]), b"abc");
    read(&[1, 3]).unwrap_err();
    read(&[1]).unwrap_err();
    read(&[3]).unwrap_err();
    Encoded::try_from(wire::Encoded { tokens: vec![1], ends: vec![] }).unwrap_err();
}
