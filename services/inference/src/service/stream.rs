//! One session's stream: steps in, replies out, in order and one at a time.
//!
//! The session dies with its stream, whichever end goes first: its canvases are freed, and its step in the device's line
//! is dropped.

use std::sync::{Arc, atomic::Ordering};

use reweave_decode::protocol::{Answer, CanvasId, Fault, FaultCode, Query, Reply, Step};
use reweave_proto::{
    convert::{Malformed, inference::failed_step},
    wire::inference as wire,
};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::{Inference, served};
use crate::{
    batch::Cost,
    device::{Outcome, Ready},
    metrics,
    session::{Planned, Session},
};

/// Replies of a session that may wait for their reader.
const REPLIES: usize = 1;

type Replies = mpsc::Sender<Result<wire::StepResponse, Status>>;

/// Begins to answer `requests`.
pub(super) fn open(
    inference: Inference,
    ready: Arc<Ready>,
    requests: Streaming<wire::StepRequest>,
) -> Result<ReceiverStream<Result<wire::StepResponse, Status>>, Fault> {
    let sessions = Arc::clone(&inference.shared.sessions);
    let permit = sessions.try_acquire_owned().map_err(|_| {
        let max = inference.shared.config.sessions_max.get();
        Fault::new(FaultCode::Overloaded, format!("{max} sessions are open, and no more may; try again later"))
    })?;
    let (replies, stream) = mpsc::channel(REPLIES);
    tokio::spawn(async move {
        inference.gauge_sessions();
        let gone = replies.clone();
        let held = Held { inference: &inference, positions: 0 };
        let conversation = Conversation { inference: &inference, ready, session: Session::default(), held, permit };
        tokio::select! {
            () = conversation.hold(requests, replies) => {}
            // Whoever stopped reading wants nothing more, a step that waits for the device included.
            () = gone.closed() => {}
        }
        inference.gauge_sessions();
    });
    Ok(ReceiverStream::new(stream))
}

/// A message that says nothing this version understands.
pub(super) fn unreadable(error: &Malformed) -> Fault {
    Fault::new(FaultCode::Parameter, error.to_string())
}

struct Conversation<'a> {
    inference: &'a Inference,
    ready: Arc<Ready>,
    session: Session,
    held: Held<'a>,
    /// Held as long as the canvases.
    #[expect(dead_code, reason = "dropping it is its use")]
    permit: OwnedSemaphorePermit,
}

impl Conversation<'_> {
    async fn hold(mut self, mut requests: Streaming<wire::StepRequest>, replies: Replies) {
        while let Some(next) = self.next(&mut requests).await {
            let response = match next {
                Ok(request) => Ok(self.answer(request).await),
                Err(status) => Err(status),
            };
            let over = response.is_err();
            if replies.send(response).await.is_err() || over {
                return;
            }
        }
    }

    /// The next step; a status is the last thing to be said, and `None` ends the session without a word.
    async fn next(&self, requests: &mut Streaming<wire::StepRequest>) -> Option<Result<wire::StepRequest, Status>> {
        let idle = self.inference.shared.config.session_idle();
        let received = tokio::select! {
            received = tokio::time::timeout(idle, requests.message()) => received,
            () = self.inference.shared.closing.cancelled() => {
                return Some(Err(Status::unavailable("the service is shutting down")));
            }
        };
        // A message that is too large, say, leaves nothing readable behind it.
        received.map_or_else(
            |_| {
                let message = format!("the session asked for nothing in {} ms and is closed", idle.as_millis());
                Some(Err(Status::unavailable(message)))
            },
            Result::transpose,
        )
    }

    async fn answer(&mut self, request: wire::StepRequest) -> wire::StepResponse {
        let id = request.id;
        let step = Step::try_from(request).map_err(|error| unreadable(&error));
        let reply = match step {
            Ok(step) => self.step(step).await,
            Err(fault) => Err(fault),
        };
        metrics::count_step();
        match reply {
            Ok(reply) => {
                let faults = reply.answers.iter().filter_map(|answer| answer.predictions.as_ref().err());
                faults.for_each(metrics::count_fault);
                reply.into()
            }
            Err(fault) => {
                metrics::count_fault(&fault);
                failed_step(id, fault)
            }
        }
    }

    async fn step(&mut self, step: Step) -> Result<Reply, Fault> {
        let id = step.id;
        let planned = self.session.step(step, &served(&self.ready)?.rules)?;
        self.held.set(self.session.positions());
        let (asked, queries) = part(planned);
        let forwards = queries.iter().map(|query| Cost::of(query).rows).sum::<usize>();
        let outcomes = self.inference.shared.device.predict(queries).await?;
        let answers = answers(asked, outcomes);
        Ok(Reply { step: id, answers, forwards: u32::try_from(forwards).unwrap_or(u32::MAX) })
    }
}

/// A canvas that was asked for, and the fault that kept it from the device.
type Asked = (CanvasId, Option<Fault>);

/// What was asked, and the queries of those without a fault, both in order.
fn part(planned: Vec<Planned>) -> (Vec<Asked>, Vec<Query>) {
    let mut queries = Vec::with_capacity(planned.len());
    let asked = planned.into_iter().map(|Planned { canvas, query }| match query {
        Ok(query) => {
            queries.push(query);
            (canvas, None)
        }
        Err(fault) => (canvas, Some(fault)),
    });
    (asked.collect(), queries)
}

/// Outcomes are those of what was asked without a fault, in order.
fn answers(asked: Vec<Asked>, outcomes: Vec<Outcome>) -> Vec<Answer> {
    let mut outcomes = outcomes.into_iter();
    let unanswered = || Err(Fault::new(FaultCode::Device, "the device gave no answer"));
    let answer = |(canvas, fault): Asked| {
        let predictions = fault.map_or_else(|| outcomes.next().unwrap_or_else(unanswered), Err);
        Answer { canvas, predictions }
    };
    asked.into_iter().map(answer).collect()
}

/// What a session takes, as part of what all take; given back when it ends, however it ends.
struct Held<'a> {
    inference: &'a Inference,
    positions: usize,
}

impl Held<'_> {
    fn set(&mut self, positions: usize) {
        let all = &self.inference.shared.positions;
        all.fetch_add(positions, Ordering::Relaxed);
        let before = all.fetch_sub(self.positions, Ordering::Relaxed);
        metrics::gauge_positions(before - self.positions);
        self.positions = positions;
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.set(0);
    }
}

impl Inference {
    fn gauge_sessions(&self) {
        let max = self.shared.config.sessions_max.get() as usize;
        metrics::gauge_sessions(max - self.shared.sessions.available_permits());
    }
}
