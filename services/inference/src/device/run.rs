//! What the device's thread does.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};

use reweave_decode::protocol::{Backend, Description, Embedder, Fault, FaultCode, Query};

use super::{
    Loaded, Model, Outcome, Progress, Ready, Served, State,
    line::{Embed, Line, Next, Predict},
};
use crate::{
    Encoder,
    batch::{Budget, Cost},
    config::Config,
    metrics,
    session::{Limits, Rules},
};

/// Loads, then serves the line until it is closed.
pub(super) fn run(
    config: &Config,
    load: impl FnOnce(&Progress) -> Loaded,
    progress: &Progress,
    line: &Line,
    budget: Budget,
) {
    let loaded = catch_unwind(AssertUnwindSafe(|| load(progress))).unwrap_or_else(|panic| Loaded {
        model: Err(format!("loading the model failed: {}", said(&*panic))),
        encoder: None,
    });
    let embedder = loaded.encoder.as_ref().map(|encoder| encoder.embedder().clone());
    let (mut backend, model) = match loaded.model.and_then(|model| share(model, embedder.as_ref(), config)) {
        Ok((backend, served)) => (Some(backend), Ok(served)),
        Err(reason) => (None, Err(reason)),
    };
    let mut encoder = loaded.encoder;
    match &model {
        Ok(served) => {
            tracing::info!(model = served.rules.model.name, device = served.rules.model.device, "model loaded")
        }
        Err(reason) => tracing::info!(reason, "no model is served"),
    }
    progress.0.send_replace(State::Ready(Arc::new(Ready { model, embedder })));
    while let Some(next) = line.take(budget) {
        let unfinished = match next {
            Next::Predict(jobs) => predict(backend.as_deref_mut(), jobs),
            Next::Embed(job) => {
                embed(encoder.as_deref_mut(), job);
                Vec::new()
            }
        };
        line.served(unfinished);
    }
}

/// Parts a model into what the thread keeps and what callers see.
fn share(model: Model, embedder: Option<&Embedder>, config: &Config) -> Result<(Box<dyn Backend>, Served), String> {
    let Model { backend, tokenizer } = model;
    let given = backend.description();
    tokenizer.agrees_with(given).map_err(|error| format!("the model is not served: {error}"))?;
    let described = Description {
        bounds: config.bounds(given),
        embedding: embedder.map(|embedder| embedder.dimensions),
        ..given.clone()
    };
    let limits = Limits {
        session_positions_max: config.session_positions_max.get() as usize,
        segments_max: config.segments_max.get() as usize,
        deltas_max: config.deltas_max.get() as usize,
        asks_max: config.asks_max.get() as usize,
        step_positions_max: config.step_positions_max.get() as usize,
        allowed_max: config.allowed_max.get() as usize,
    };
    Ok((backend, Served { rules: Rules { model: described, limits }, tokenizer }))
}

/// Runs the picked queries in one call; gives back the jobs that have more.
fn predict(backend: Option<&mut (dyn Backend + 'static)>, mut jobs: Vec<(Predict, usize)>) -> Vec<Predict> {
    let batch: Vec<Query> = jobs.iter_mut().flat_map(|(job, queries)| job.next(*queries)).collect();
    let started = Instant::now();
    let outcomes = match backend {
        Some(backend) => call(backend, &batch),
        None => all(&batch, &Fault::new(FaultCode::NoModel, "no model is loaded")),
    };
    let forwards = batch.iter().map(|query| Cost::of(query).rows).sum();
    metrics::record_batch(forwards, read(&batch), wanted(&batch), started.elapsed());
    let mut outcomes = outcomes.into_iter();
    let take = |(job, queries): (Predict, usize)| job.take(outcomes.by_ref().take(queries));
    jobs.into_iter().filter_map(take).collect()
}

/// One outcome for each query, whatever the backend does.
fn call(backend: &mut dyn Backend, batch: &[Query]) -> Vec<Outcome> {
    match catch_unwind(AssertUnwindSafe(|| backend.predict(batch))) {
        Ok(outcomes) if outcomes.len() == batch.len() => outcomes,
        Ok(outcomes) => {
            let message = format!("the device answered {} of {} queries", outcomes.len(), batch.len());
            tracing::error!(message, "a call of the device failed");
            all(batch, &Fault::new(FaultCode::Device, message))
        }
        Err(panic) => {
            let message = format!("the device failed: {}", said(&*panic));
            tracing::error!(message, queries = batch.len(), "a call of the device panicked");
            all(batch, &Fault::new(FaultCode::Device, message))
        }
    }
}

fn embed(encoder: Option<&mut (dyn Encoder + 'static)>, job: Embed) {
    let started = Instant::now();
    let Embed { texts, reply } = job;
    let vectors = match encoder {
        Some(encoder) => catch_unwind(AssertUnwindSafe(|| encoder.embed(&texts))).unwrap_or_else(|panic| {
            Err(Fault::new(FaultCode::Device, format!("the device failed: {}", said(&*panic))))
        }),
        None => Err(Fault::new(FaultCode::NoModel, "no encoder is loaded")),
    };
    metrics::record_vectors(texts.len(), started.elapsed());
    // A caller that has gone wants no answer.
    _ = reply.send(vectors);
}

fn all(batch: &[Query], fault: &Fault) -> Vec<Outcome> {
    batch.iter().map(|_| Err(fault.clone())).collect()
}

fn read(batch: &[Query]) -> usize {
    let other = |query: &Query| query.unconditional.as_ref().map_or(0, |branch| branch.cells.len());
    batch.iter().map(|query| query.conditional.cells.len() + other(query)).sum()
}

fn wanted(batch: &[Query]) -> usize {
    batch.iter().map(|query| query.positions.len()).sum()
}

/// What a panic says.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked without words")
}
