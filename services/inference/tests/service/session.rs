//! What a caller gets who asks for something that can be had.

use reweave_decode::{
    ngram::{Limits, Ngram},
    protocol::{Ask, Attention, Delta, Estimator, Guidance, Options, Prediction, Scoring, Step},
    scripted::Scripted,
};
use reweave_inference::{Config, Loaded};

use super::pod::{ask, canvas, client, open, serving, step, tokens};

fn drawn(predictions: &[Prediction]) -> Vec<u32> {
    predictions.iter().map(|prediction| prediction.drawn.token).collect()
}

#[tokio::test]
async fn a_hole_is_filled_step_by_step_and_its_canvas_is_kept_between_steps() {
    let client = client(Scripted::new(1).saying(&["a + b"])).await;
    let mut session = client.session().await.unwrap();
    let opened = vec![open(7, canvas("return ", 5, "\n"))];
    let reply = session.step(step(1, opened, vec![ask(7, &[7, 8, 9, 10, 11])])).await.unwrap();
    assert_eq!((reply.step, reply.forwards, reply.answers[0].canvas), (1, 1, 7));
    let predictions = reply.answers[0].predictions.as_ref().unwrap();
    assert_eq!(drawn(predictions), tokens("a + b"));
    assert!(predictions.iter().all(|one| one.top.len() == 2 && one.top[0].log_prob >= one.top[1].log_prob));
    let set = Delta::Set { canvas: 7, position: 7, token: u32::from(b'a') };
    let reply = session.step(step(2, vec![set], vec![ask(7, &[8])])).await.unwrap();
    assert_eq!(drawn(reply.answers[0].predictions.as_ref().unwrap()).len(), 1);
}

#[tokio::test]
async fn a_client_learns_what_the_model_is_and_what_its_tokens_spell() {
    let client = client(Scripted::new(1)).await;
    let model = client.describe().await.unwrap().model.unwrap();
    assert_eq!((model.name.as_str(), model.vocabulary, model.bounds.top_k_max), ("scripted", 262, 64));
    assert_eq!(client.vocabulary(&model).await.unwrap(), Scripted::vocabulary());
    let encoded = client.encode(vec!["h\u{e4}".into(), String::new()]).await.unwrap();
    assert_eq!(encoded[0].tokens, [0x68, 0xc3, 0xa4]);
    assert_eq!(encoded[0].ends, [1, 2, 3]);
    assert!(encoded[1].tokens.is_empty());
    assert_eq!(client.decode(vec![0x68, 256, 0xc3]).await.unwrap(), b"h\xc3");
}

#[tokio::test]
async fn scores_are_those_of_the_tokens_with_none_of_them_visible() {
    let client = client(Scripted::new(1).saying(&["ab"])).await;
    let scoring = |text: &str| Scoring {
        canvas: canvas(text, 0, ";"),
        positions: vec![0, 1],
        estimator: Estimator::Masked,
        guidance: Guidance::off(),
    };
    let said = client.score(scoring("ab")).await.unwrap();
    let other = client.score(scoring("zz")).await.unwrap();
    assert!(said.log_probs.iter().zip(&other.log_probs).all(|(said, other)| *said > -0.1 && *other < -1.0));
    assert_eq!((said.log_probs.len(), said.forwards), (2, 1));
}

#[tokio::test]
async fn the_ngram_model_is_served_with_its_own_pieces() {
    let source = b"def add(left, right):\n    return left + right\n".repeat(3);
    let model = Ngram::fit(&[&source], Limits::default()).unwrap();
    let (_inference, client) = serving(Config::default(), Loaded::ngram(model)).await;
    let text = "    return left + \u{1f980}\n";
    let encoded = client.encode(vec![text.into()]).await.unwrap().remove(0);
    assert_eq!(encoded.ends.last(), Some(&u32::try_from(text.len()).unwrap()));
    assert_eq!(client.decode(encoded.tokens).await.unwrap(), text.as_bytes());
    assert_eq!(client.describe().await.unwrap().model.unwrap().name, "ngram");
}

#[tokio::test]
async fn a_causal_score_is_what_each_token_gets_from_those_before_it() {
    let client = client(Scripted::new(1).autoregressive()).await;
    let scoring = Scoring {
        canvas: canvas("abcd", 0, ""),
        positions: vec![1, 3],
        estimator: Estimator::Causal,
        guidance: Guidance::off(),
    };
    let scores = client.score(scoring).await.unwrap();
    let mut session = client.session().await.unwrap();
    for (canvas_id, (before, token)) in [("a", b'b'), ("abc", b'd')].into_iter().enumerate() {
        let (id, next) = (u32::try_from(canvas_id).unwrap(), u32::try_from(before.len()).unwrap());
        let ask = Ask { allow: vec![(next, vec![token.into()])], ..ask(id, &[next]) };
        let opened = step(u64::from(id) + 1, vec![open(id, canvas(before, 0, ""))], vec![ask]);
        let reply = session.step(Step { options: Options::greedy(Attention::Causal, 1), ..opened }).await.unwrap();
        let alone = reply.answers[0].predictions.as_ref().unwrap()[0].allowed.clone().unwrap().log_probs[0];
        assert!((alone - scores.log_probs[canvas_id]).abs() < 1e-6, "{alone} beside {:?}", scores.log_probs);
    }
}
