//! Whatever a caller sends, it is told what is wrong with it, and its session goes on.

use reweave_chassis::model::{Error, Session};
use reweave_decode::{
    protocol::{Ask, Attention, Canvas, Delta, Estimator, FaultCode, Guidance, Options, Role, Scoring, Segment, Step},
    scripted::{END, MASK, Scripted},
};
use reweave_inference::{Loaded, folder};

use super::pod::{ask, canvas, client, client_of, code, config, open, serving, step, tokens};

type Spoil = fn(&mut Options);

/// A session with one canvas, 0: `ab`, two masked positions, `;`.
async fn session() -> Session {
    let mut session = client(Scripted::new(1)).await.session().await.unwrap();
    session.step(step(1, vec![open(0, canvas("ab", 2, ";"))], vec![])).await.unwrap();
    session
}

/// The canvas is as it was, and the session answers.
async fn goes_on(mut session: Session) {
    let reply = session.step(step(1_000, vec![], vec![ask(0, &[2, 3])])).await.unwrap();
    let fresh = self::session().await.step(step(1_000, vec![], vec![ask(0, &[2, 3])])).await.unwrap();
    assert_eq!(reply.answers[0], fresh.answers[0]);
}

#[tokio::test]
async fn a_step_that_cannot_be_taken_as_a_whole_is_a_fault_and_changes_nothing() {
    let long = |length: usize| open(1, canvas(&"x".repeat(length), 1, ""));
    let set = |position, token| Delta::Set { canvas: 0, position, token };
    let control = Canvas { segments: vec![Segment::known(Role::Control, &[MASK])] };
    let text = Canvas { segments: vec![Segment::known(Role::Instruction, &[END])] };
    let many = (0..70).map(|id| open(id + 1, canvas("a", 1, ""))).collect();
    let segments = vec![Segment::hole(0); 300];
    let cases: Vec<(FaultCode, Vec<Delta>)> = vec![
        (FaultCode::TooLong, vec![long(100_000)]),
        (FaultCode::TooLong, vec![Delta::Insert { canvas: 0, position: 2, count: u32::MAX }]),
        (FaultCode::TooMany, many),
        (FaultCode::TooMany, vec![open(1, Canvas { segments })]),
        (FaultCode::Canvas, vec![Delta::Drop { canvas: 9 }]),
        (FaultCode::Canvas, vec![Delta::Fork { canvas: 9, copy: 1 }]),
        (FaultCode::Canvas, vec![Delta::Fork { canvas: 0, copy: 0 }]),
        (FaultCode::Canvas, vec![open(0, canvas("a", 1, ""))]),
        (FaultCode::Position, vec![set(5, 65)]),
        (FaultCode::Position, vec![Delta::Unset { canvas: 0, position: u32::MAX }]),
        (FaultCode::Position, vec![Delta::Insert { canvas: 0, position: 6, count: 1 }]),
        (FaultCode::Position, vec![Delta::Delete { canvas: 0, position: 4, count: 2 }]),
        (FaultCode::Position, vec![Delta::Delete { canvas: 0, position: u32::MAX, count: u32::MAX }]),
        (FaultCode::Token, vec![set(2, 262)]),
        (FaultCode::Special, vec![set(2, END)]),
        (FaultCode::Special, vec![set(2, MASK)]),
        (FaultCode::Special, vec![open(1, control)]),
        (FaultCode::Special, vec![open(1, text)]),
    ];
    for (wanted, mut deltas) in cases {
        let mut session = session().await;
        // What stands before the delta that fails is taken back.
        deltas.insert(0, set(2, u32::from(b'!')));
        let described = format!("{deltas:?}");
        assert_eq!(code(session.step(step(2, deltas, vec![])).await), wanted, "{described:.80}");
        goes_on(session).await;
    }
}

#[tokio::test]
async fn options_out_of_range_are_faults_of_the_step() {
    let cases: [(FaultCode, Spoil); 12] = [
        (FaultCode::TopK, |options| options.top_k = 0),
        (FaultCode::TopK, |options| options.top_k = 65),
        (FaultCode::Parameter, |options| options.temperature = f32::NAN),
        (FaultCode::Parameter, |options| options.temperature = -1.0),
        (FaultCode::Parameter, |options| options.temperature = f32::INFINITY),
        (FaultCode::Parameter, |options| options.top_p = 0.0),
        (FaultCode::Parameter, |options| options.top_p = f32::NAN),
        (FaultCode::Parameter, |options| options.guidance.scale = f32::INFINITY),
        (FaultCode::Parameter, |options| options.guidance.scale = f32::NEG_INFINITY),
        (FaultCode::Parameter, |options| options.guidance.scale = f32::NAN),
        (FaultCode::Token, |options| options.suppressed = vec![262]),
        (FaultCode::Token, |options| options.suppressed = vec![u32::MAX]),
    ];
    for (wanted, spoil) in cases {
        let mut session = session().await;
        let mut step = step(2, vec![Delta::Set { canvas: 0, position: 2, token: 65 }], vec![ask(0, &[2])]);
        spoil(&mut step.options);
        assert_eq!(code(session.step(step).await), wanted);
        goes_on(session).await;
    }
}

#[tokio::test]
async fn an_ask_that_cannot_be_answered_is_a_fault_of_its_canvas_alone() {
    let allow = |position, tokens: &[u32]| Ask { allow: vec![(position, tokens.to_vec())], ..ask(0, &[2]) };
    let cases = [
        (FaultCode::Position, ask(0, &[5])),
        (FaultCode::Position, ask(0, &[u32::MAX])),
        (FaultCode::Position, ask(0, &[3, 2])),
        (FaultCode::Position, ask(0, &[2, 2])),
        (FaultCode::Position, ask(0, &[])),
        (FaultCode::Canvas, ask(7, &[0])),
        (FaultCode::NothingAllowed, allow(2, &[])),
        (FaultCode::Token, allow(2, &[262])),
        (FaultCode::Special, allow(2, &[MASK])),
        (FaultCode::Special, allow(2, &[END])),
        (FaultCode::Position, allow(3, &[65])),
        (FaultCode::Position, Ask { allow: vec![(2, vec![65]), (2, vec![66])], ..ask(0, &[2]) }),
    ];
    for (wanted, wrong) in cases {
        let mut session = session().await;
        let described = format!("{wrong:?}");
        let reply = session.step(step(2, vec![], vec![ask(0, &[3]), wrong])).await.unwrap();
        assert_eq!(reply.answers[0].predictions.as_ref().unwrap().len(), 1);
        assert_eq!(reply.answers[1].predictions.as_ref().unwrap_err().code, wanted, "{described}");
        assert_eq!(reply.forwards, 1);
        goes_on(session).await;
    }
}

#[tokio::test]
async fn a_wanted_position_in_a_segment_that_guidance_drops_is_refused() {
    let mut session = session().await;
    let content = Canvas { segments: vec![Segment::hole(1), Segment::known(Role::After, &tokens("x"))] };
    let options = Options {
        guidance: Guidance { scale: 2.0, dropped: vec![Role::Hole] },
        ..Options::greedy(Attention::AllVisible, 1)
    };
    let step = Step { options, ..step(2, vec![open(1, content)], vec![ask(1, &[0])]) };
    let reply = session.step(step).await.unwrap();
    assert_eq!(reply.answers[0].predictions.as_ref().unwrap_err().code, FaultCode::Position);
}

#[tokio::test]
async fn step_ids_that_do_not_ascend_are_refused() {
    let mut session = session().await;
    assert_eq!(code(session.step(step(1, vec![], vec![])).await), FaultCode::Parameter);
    session.step(step(2, vec![], vec![])).await.unwrap();
    goes_on(session).await;
}

#[tokio::test]
async fn more_than_the_bounds_of_a_step_say_is_refused() {
    let asks = |count: usize| vec![ask(0, &[2]); count];
    for (field, allowed) in [("asks_max", 3), ("wanted_max", 3), ("step_positions_max", 15)] {
        let (_inference, client) = serving(config(field, allowed), Loaded::scripted(Scripted::new(1))).await;
        let mut session = client.session().await.unwrap();
        let opened = vec![open(0, canvas("ab", 2, ";"))];
        let reply = session.step(step(1, opened, asks(3))).await.unwrap();
        assert!(reply.answers.iter().all(|answer| answer.predictions.is_ok()), "{field}");
        let refused = match session.step(step(2, vec![], asks(4))).await {
            // What a step reads is known canvas by canvas, so the first three are answered.
            Ok(mut reply) => reply.answers.remove(3).predictions.map(drop).map_err(Error::Fault),
            Err(error) => Err(error),
        };
        assert_eq!(code(refused), FaultCode::TooMany, "{field}");
    }
    for (field, deltas, given) in [("deltas_max", 1, 2), ("session_positions_max", 5, 2)] {
        let (_inference, client) = serving(config(field, deltas), Loaded::scripted(Scripted::new(1))).await;
        let mut session = client.session().await.unwrap();
        let opened = |from: u32, count: u32| (from..from + count).map(|id| open(id, canvas("ab", 2, ";"))).collect();
        session.step(step(1, opened(0, 1), vec![])).await.unwrap();
        assert_eq!(code(session.step(step(2, opened(1, given), vec![])).await), FaultCode::TooMany, "{field}");
    }
    let (_inference, client) = serving(config("allowed_max", 2), Loaded::scripted(Scripted::new(1))).await;
    let mut session = client.session().await.unwrap();
    let listed = |tokens: Vec<u32>| vec![Ask { allow: vec![(2, tokens)], ..ask(0, &[2]) }];
    let opened = vec![open(0, canvas("ab", 2, ";"))];
    session.step(step(1, opened, listed(vec![65, 66]))).await.unwrap();
    assert_eq!(code(session.step(step(2, vec![], listed(vec![65, 66, 67]))).await), FaultCode::TooMany);
}

#[tokio::test]
async fn a_message_larger_than_the_bound_ends_its_session_and_no_other() {
    let client = client(Scripted::new(1)).await;
    let mut other = client.session().await.unwrap();
    other.step(step(1, vec![open(0, canvas("ab", 2, ";"))], vec![])).await.unwrap();
    let mut session = client.session().await.unwrap();
    let tokens = vec![(0, vec![65; 70 << 20])];
    let large = Ask { allow: tokens, ..ask(0, &[0]) };
    let refused = session.step(step(1, vec![], vec![large])).await.unwrap_err();
    assert!(!matches!(refused, Error::Fault(_)), "{refused:?}");
    session.step(step(2, vec![], vec![])).await.unwrap_err();
    goes_on(other).await;
}

#[tokio::test]
async fn without_a_model_the_service_answers_and_says_why() {
    let reason = "no model folder is configured: set inference.model.folder";
    let (inference, client) = serving(config("sessions_max", 4), Loaded::nothing(reason)).await;
    assert_eq!(client.describe().await.unwrap().model.unwrap_err(), reason);
    assert_eq!(code(client.session().await), FaultCode::NoModel);
    assert_eq!(code(client.encode(vec!["a".into()]).await), FaultCode::NoModel);
    assert_eq!(code(client.decode(vec![65]).await), FaultCode::NoModel);
    assert_eq!(code(client.embed(vec!["a".into()]).await), FaultCode::NoModel);
    inference.close().await;
}

#[tokio::test]
async fn while_the_model_loads_callers_are_told_how_far_it_is() {
    let (proceed, wait) = std::sync::mpsc::channel::<()>();
    let (said, heard) = tokio::sync::oneshot::channel();
    let inference = reweave_inference::Inference::start(reweave_inference::Config::default(), move |progress| {
        progress.say("12 of 24 layers");
        said.send(()).unwrap();
        wait.recv().unwrap();
        Loaded::scripted(Scripted::new(1))
    });
    let inference = inference.unwrap();
    let client = client_of(&inference);
    heard.await.unwrap();
    assert_eq!(client.describe().await.unwrap().model.unwrap_err(), "loading: 12 of 24 layers");
    assert_eq!(code(client.session().await), FaultCode::NoModel);
    proceed.send(()).unwrap();
    inference.loaded().await;
    client.session().await.unwrap();
}

#[tokio::test]
async fn a_load_that_panics_leaves_a_service_without_a_model() {
    let inference = reweave_inference::Inference::start(reweave_inference::Config::default(), |_| panic!("no device"));
    let inference = inference.unwrap();
    inference.loaded().await;
    let reason = client_of(&inference).describe().await.unwrap().model.unwrap_err();
    assert_eq!(reason, "loading the model failed: no device");
}

#[tokio::test]
async fn a_tokenizer_of_other_ids_than_the_model_is_not_served() {
    let bytes: Vec<[u8; 1]> = (0..=u8::MAX).map(|byte| [byte]).collect();
    let other = reweave_decode::vocabulary::Vocabulary::new(bytes.iter().map(|byte| &byte[..]), &[]).unwrap();
    let tokenizer = reweave_inference::Tokenizer::longest_match(other).unwrap();
    let model = reweave_inference::Model { backend: Box::new(Scripted::new(1)), tokenizer };
    let (_inference, client) = serving(config("sessions_max", 4), Loaded { model: Ok(model), encoder: None }).await;
    let reason = client.describe().await.unwrap().model.unwrap_err();
    assert_eq!(reason, "the model is not served: the tokenizer has 256 ids, the model 262");
}

#[tokio::test]
async fn texts_beyond_the_bounds_are_refused_and_tokens_the_model_does_not_have() {
    let client = client(Scripted::new(1)).await;
    assert_eq!(code(client.encode(vec![String::new(); 257]).await), FaultCode::TooMany);
    assert_eq!(code(client.encode(vec!["x".repeat(5 << 20)]).await), FaultCode::TooMany);
    assert_eq!(code(client.decode(vec![262]).await), FaultCode::Token);
    let encoded = client.encode(vec!["x".repeat(100_000)]).await.unwrap();
    assert_eq!(encoded[0].tokens.len(), 100_000);
}

#[tokio::test]
async fn a_score_that_cannot_be_had_is_refused() {
    let model = client(Scripted::new(1)).await;
    let scoring = |positions: &[u32], estimator| Scoring {
        canvas: canvas("ab", 1, ";"),
        positions: positions.to_vec(),
        estimator,
        guidance: Guidance::off(),
    };
    assert_eq!(code(model.score(scoring(&[2], Estimator::Masked)).await), FaultCode::Position);
    assert_eq!(code(model.score(scoring(&[9], Estimator::Masked)).await), FaultCode::Position);
    assert_eq!(code(model.score(scoring(&[], Estimator::Masked)).await), FaultCode::Position);
    assert_eq!(code(model.score(scoring(&[1], Estimator::Causal)).await), FaultCode::Unsupported);
    let infinite = Guidance { scale: f32::INFINITY, dropped: vec![] };
    let wrong = Scoring { guidance: infinite, ..scoring(&[1], Estimator::Masked) };
    assert_eq!(code(model.score(wrong).await), FaultCode::Parameter);
    let next_token = client(Scripted::new(1).autoregressive()).await;
    let known = Scoring { canvas: canvas("ab", 0, ";"), ..scoring(&[1, 2], Estimator::Causal) };
    assert_eq!(next_token.score(known).await.unwrap().log_probs.len(), 2);
    assert_eq!(code(next_token.score(scoring(&[1], Estimator::Masked)).await), FaultCode::Unsupported);
}

#[tokio::test]
async fn a_model_of_the_next_token_refuses_what_needs_a_mask() {
    let mut session = client(Scripted::new(1).autoregressive()).await.session().await.unwrap();
    let opened = vec![open(0, canvas("ab", 0, "")), open(1, canvas("a", 1, "b"))];
    let reply = session.step(step(1, opened, vec![ask(0, &[1])])).await.unwrap();
    assert_eq!(reply.answers[0].predictions.as_ref().unwrap_err().code, FaultCode::Unsupported);
    let causal = |id, asks| Step { options: Options::greedy(Attention::Causal, 1), ..step(id, vec![], asks) };
    let reply = session.step(causal(2, vec![ask(0, &[1, 2]), ask(1, &[3]), ask(1, &[1]), ask(0, &[3])])).await.unwrap();
    let codes = reply.answers.iter().map(|answer| answer.predictions.as_ref().err().map(|fault| fault.code));
    // What lies behind the last wanted position is not read, masked or not.
    let wanted = [None, Some(FaultCode::Unsupported), None, Some(FaultCode::Position)];
    assert_eq!(codes.collect::<Vec<_>>(), wanted);
}

#[tokio::test]
async fn logits_that_are_no_numbers_fault_their_canvas_alone() {
    let mut session = client(Scripted::new(1).broken_by(u32::from(b'#'))).await.session().await.unwrap();
    let opened = vec![open(0, canvas("a#", 1, "")), open(1, canvas("ab", 1, ""))];
    let reply = session.step(step(1, opened, vec![ask(0, &[2]), ask(1, &[2])])).await.unwrap();
    assert_eq!(reply.answers[0].predictions.as_ref().unwrap_err().code, FaultCode::NotFinite);
    assert!(reply.answers[1].predictions.is_ok());
}

#[test]
fn a_folder_that_is_none_is_refused_before_anything_is_loaded() {
    let empty = tempfile::tempdir().unwrap();
    folder::open(empty.path()).unwrap_err();
}
