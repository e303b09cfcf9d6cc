//! What a caller can tell apart: a service that is gone, one that is slow, one that refuses.

use reweave_chassis::{
    client::{ClientConfig, lazy_channel},
    model::{Error, Model as Client, Timeouts},
};
use reweave_decode::{protocol::FaultCode, scripted::Scripted};
use reweave_inference::{Config, Loaded};

use super::pod::{Gate, Gated, ask, canvas, code, open, serving, step, with_bytes};

#[tokio::test]
async fn a_service_that_is_not_there_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:{}", folder.path().join("nobody").display());
    let client = Client::new(lazy_channel(&address, &ClientConfig::default()).unwrap(), Timeouts::default());
    assert!(client.describe().await.unwrap_err().is_unavailable());
    assert!(client.session().await.unwrap_err().is_unavailable());
}

#[tokio::test]
async fn a_refusal_is_not_taken_for_a_service_that_is_gone() {
    let (_inference, client) = serving(Config::default(), Loaded::nothing("no weights are mounted")).await;
    let refused = client.session().await.unwrap_err();
    assert!(!refused.is_unavailable());
    assert_eq!(code(Err::<(), _>(refused)), FaultCode::NoModel);
}

#[tokio::test]
async fn a_step_that_takes_too_long_is_given_up_and_its_late_reply_is_nobody_elses() {
    let gate = Gate::default();
    let (inference, _) = serving(Config::default(), with_bytes(Gated(Scripted::new(1), gate.clone()))).await;
    let client = Client::new(inference.channel(), Timeouts { call_ms: 30_000, step_ms: 1_500 });
    let mut session = client.session().await.unwrap();
    session.step(step(1, vec![open(0, canvas("ab", 2, ";"))], vec![])).await.unwrap();
    let late = session.step(step(2, vec![], vec![ask(0, &[2])])).await.unwrap_err();
    assert!(matches!(late, Error::TimedOut { .. }) && late.is_unavailable(), "{late:?}");
    gate.open();
    let reply = session.step(step(3, vec![], vec![ask(0, &[3])])).await.unwrap();
    assert_eq!((reply.step, reply.answers[0].predictions.as_ref().unwrap()[0].position), (3, 3));
}
