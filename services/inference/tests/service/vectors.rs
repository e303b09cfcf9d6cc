//! Vectors of texts, which need no model.

use reweave_decode::{
    protocol::{Embedder, Fault, FaultCode},
    scripted::Scripted,
};
use reweave_inference::{Config, Encoder, Loaded};

use super::pod::{code, config, serving};

/// Points along the axis that a text's length names; panics over one text, and fails over another.
struct Lengths(Embedder);

impl Lengths {
    fn boxed() -> Box<dyn Encoder> {
        Box::new(Self(Embedder { name: "lengths".into(), dimensions: 4, tokens_max: 8 }))
    }
}

impl Encoder for Lengths {
    fn embedder(&self) -> &Embedder {
        &self.0
    }

    fn embed(&mut self, texts: &[String]) -> Result<Vec<Vec<f32>>, Fault> {
        assert!(!texts.iter().any(|text| text == "panic"), "out of memory");
        if texts.iter().any(|text| text == "fail") {
            return Err(Fault::new(FaultCode::Device, "the encoder failed"));
        }
        let axis = |text: &String| (0..4).map(|at| f32::from(u8::from(at == text.len() % 4))).collect();
        Ok(texts.iter().map(axis).collect())
    }
}

#[tokio::test]
async fn texts_become_vectors_without_a_model() {
    let loaded = Loaded { encoder: Some(Lengths::boxed()), ..Loaded::nothing("no weights are mounted") };
    let (_inference, client) = serving(Config::default(), loaded).await;
    let vectors = client.embed(vec!["a".into(), String::new(), "abc".into()]).await.unwrap();
    assert_eq!(vectors, [[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]);
    let served = client.describe().await.unwrap();
    assert!(served.model.is_err());
    assert_eq!(served.embedder, Some(Embedder { name: "lengths".into(), dimensions: 4, tokens_max: 8 }));
}

#[tokio::test]
async fn a_model_beside_an_encoder_says_how_long_vectors_are() {
    let loaded = Loaded { encoder: Some(Lengths::boxed()), ..Loaded::scripted(Scripted::new(1)) };
    let (_inference, client) = serving(Config::default(), loaded).await;
    assert_eq!(client.describe().await.unwrap().model.unwrap().embedding, Some(4));
}

#[tokio::test]
async fn an_encoder_that_fails_faults_its_texts_and_lives_on() {
    let loaded = Loaded { encoder: Some(Lengths::boxed()), ..Loaded::nothing("no weights are mounted") };
    let (_inference, client) = serving(Config::default(), loaded).await;
    assert_eq!(code(client.embed(vec!["fail".into()]).await), FaultCode::Device);
    assert_eq!(code(client.embed(vec!["a".into(), "panic".into()]).await), FaultCode::Device);
    assert_eq!(client.embed(vec!["a".into()]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn no_text_too_many_and_too_long_ones_are_refused() {
    let loaded = Loaded { encoder: Some(Lengths::boxed()), ..Loaded::nothing("no weights are mounted") };
    let (_inference, client) = serving(config("texts_bytes_max", 10), loaded).await;
    assert_eq!(code(client.embed(vec![]).await), FaultCode::Parameter);
    assert_eq!(code(client.embed(vec![String::new(); 257]).await), FaultCode::TooMany);
    assert_eq!(code(client.embed(vec!["abcdef".into(), "ghijk".into()]).await), FaultCode::TooMany);
    assert_eq!(client.embed(vec!["abcdef".into(), "ghij".into()]).await.unwrap().len(), 2);
}
