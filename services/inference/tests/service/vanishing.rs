//! Callers come and go, and the device fails; whoever stays notices nothing.

use reweave_decode::{
    protocol::{Backend, Description, Fault, FaultCode, Prediction, Query, Reply},
    scripted::Scripted,
};
use reweave_inference::{Config, Inference, Loaded};

use super::pod::{Gate, Gated, ask, canvas, client_of, code, config, open, serving, step, with_bytes};

/// Awaits a state of the service without a clock.
async fn until(inference: &Inference, what: &str, holds: impl Fn(&reweave_decode::protocol::Load) -> bool) {
    let client = client_of(inference);
    for _ in 0..100_000 {
        if holds(&client.describe().await.unwrap().load) {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("never came: {what}");
}

async fn first_step(client: &reweave_chassis::model::Model) -> Reply {
    let mut session = client.session().await.unwrap();
    session.step(step(1, vec![open(0, canvas("def f", 4, ":"))], vec![ask(0, &[5, 6, 7, 8])])).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_sessions_whose_clients_vanish_leave_their_memory_and_nobody_is_disturbed() {
    let gate = Gate::default();
    let config = Config { waiting_max: 1_100_u64.try_into().unwrap(), ..config("sessions_max", 1_100) };
    let (inference, survivor) = serving(config, with_bytes(Gated(Scripted::new(1), gate.clone()))).await;
    let mut vanishing = Vec::new();
    for _ in 0..20 {
        let client = client_of(&inference);
        for _ in 0..50 {
            let mut session = client.session().await.unwrap();
            session.step(step(1, vec![open(0, canvas(&"x".repeat(100), 28, ""))], vec![])).await.unwrap();
            vanishing.push(session);
        }
    }
    assert_eq!(inference.positions(), 128_000);
    // Half of them wait for the device when they go.
    let waiting: Vec<_> = vanishing.drain(..500).collect();
    let waiting = waiting.into_iter().map(|mut session| {
        tokio::spawn(async move { session.step(step(2, vec![], vec![ask(0, &[100])])).await.map(drop) })
    });
    let waiting: Vec<_> = waiting.collect();
    let kept = tokio::spawn({
        let survivor = survivor.clone();
        async move { first_step(&survivor).await }
    });
    // As many as go into one batch are at the device already.
    until(&inference, "501 jobs", |load| load.sessions == 1_001 && load.waiting >= 501 - 64).await;
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
    drop(vanishing);
    until(&inference, "all but one are gone", |load| load.sessions == 1).await;
    gate.open();
    let reply = kept.await.unwrap();
    until(&inference, "nobody is left", |load| load.sessions == 0 && load.waiting == 0).await;
    assert_eq!(inference.positions(), 0);
    let alone = first_step(&serving(Config::default(), Loaded::scripted(Scripted::new(1))).await.1).await;
    assert_eq!(reply.answers, alone.answers);
}

#[tokio::test]
async fn a_full_line_is_a_fault_and_not_a_wait() {
    let gate = Gate::default();
    let (inference, client) =
        serving(config("waiting_max", 2), with_bytes(Gated(Scripted::new(1), gate.clone()))).await;
    let busy = |client: reweave_chassis::model::Model| tokio::spawn(async move { first_step(&client).await });
    let first = busy(client.clone());
    until(&inference, "the first is at the device", |_| gate.arrived() == 1).await;
    let mut session = client.session().await.unwrap();
    session.step(step(1, vec![open(0, canvas("a", 1, ""))], vec![])).await.unwrap();
    let second = busy(client.clone());
    until(&inference, "the second waits", |load| load.waiting == 1).await;
    assert_eq!(code(session.step(step(2, vec![], vec![ask(0, &[1])])).await), FaultCode::Overloaded);
    gate.open();
    assert_eq!(first.await.unwrap(), second.await.unwrap());
    session.step(step(3, vec![], vec![ask(0, &[1])])).await.unwrap();
}

#[tokio::test]
async fn more_sessions_than_may_be_are_refused_until_one_goes() {
    let (inference, client) = serving(config("sessions_max", 1), Loaded::scripted(Scripted::new(1))).await;
    let mut session = client.session().await.unwrap();
    session.step(step(1, vec![], vec![])).await.unwrap();
    assert_eq!(code(client.session().await), FaultCode::Overloaded);
    drop(session);
    until(&inference, "the first is gone", |load| load.sessions == 0).await;
    client.session().await.unwrap();
}

#[tokio::test]
async fn a_session_that_asks_for_nothing_is_closed() {
    let (inference, client) = serving(config("session_idle_ms", 1), Loaded::scripted(Scripted::new(1))).await;
    let mut session = client.session().await.unwrap();
    until(&inference, "the session is closed", |load| load.sessions == 0).await;
    let lost = session.step(step(1, vec![], vec![])).await.unwrap_err();
    assert!(lost.is_unavailable(), "{lost:?}");
}

/// Panics over one token, answers too little over another.
struct Failing(Scripted);

impl Backend for Failing {
    fn description(&self) -> &Description {
        self.0.description()
    }

    fn predict(&mut self, batch: &[Query]) -> Vec<Result<Vec<Prediction>, Fault>> {
        let shows = |byte: u8| batch.iter().any(|query| query.conditional.cells.contains(&Some(byte.into())));
        assert!(!shows(b'!'), "out of memory");
        let mut outcomes = self.0.predict(batch);
        if shows(b'?') {
            outcomes.pop();
        }
        outcomes
    }
}

#[tokio::test]
async fn a_device_that_fails_faults_its_queries_and_lives_on() {
    let (_inference, client) = serving(Config::default(), with_bytes(Failing(Scripted::new(1)))).await;
    let mut session = client.session().await.unwrap();
    for (id, text, message) in
        [(1, "!", "the device failed: out of memory"), (2, "?", "the device answered 0 of 1 queries")]
    {
        let canvas_id = u32::try_from(id).unwrap();
        let opened = vec![open(canvas_id, canvas(text, 1, ""))];
        let reply = session.step(step(id, opened, vec![ask(canvas_id, &[1])])).await.unwrap();
        let fault = reply.answers[0].predictions.as_ref().unwrap_err();
        assert_eq!((fault.code, fault.message.as_str()), (FaultCode::Device, message));
    }
    assert!(first_step(&client).await.answers[0].predictions.is_ok());
}

#[tokio::test]
async fn a_service_that_closes_ends_its_sessions() {
    let (inference, client) = serving(Config::default(), Loaded::scripted(Scripted::new(1))).await;
    let mut session = client.session().await.unwrap();
    session.step(step(1, vec![], vec![])).await.unwrap();
    inference.close().await;
    let lost = session.step(step(2, vec![], vec![])).await.unwrap_err();
    assert!(lost.is_unavailable(), "{lost:?}");
}
