//! A spec's progress as server-sent events: `progress` as often as there is some, then one `outcome`, then the end.

use std::convert::Infallible;

use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use reweave_chassis::service::chain;
use reweave_core::{Progress, SpecId};
use reweave_proto::document;
use tokio::{sync::mpsc, time::interval};
use tokio_stream::wrappers::ReceiverStream;

use super::{Door, problem::Problem};
use crate::{
    config::millis,
    pipeline::{Signal, Watch},
};

/// Events that wait for a slow reader; more of them wait in the board, where the oldest are dropped.
const BUFFER: usize = 16;

type Sender = mpsc::Sender<Result<Event, Infallible>>;

/// Follows `spec_id` until its outcome, the reader's leave, or the drain.
pub(super) fn follow(door: Door, spec_id: SpecId) -> Result<Response, Problem> {
    let permit = door.0.streams.clone().try_acquire_owned().map_err(|_| Problem::overloaded())?;
    let watch = door.pipeline().board().watch(spec_id);
    let (sender, receiver) = mpsc::channel(BUFFER);
    tokio::spawn(async move {
        tokio::select! {
            () = sender.closed() => {}
            () = door.draining().cancelled() => {}
            () = tell(&door, spec_id, watch, &sender) => {}
        }
        drop(permit);
    });
    Ok(Sse::new(ReceiverStream::new(receiver)).keep_alive(KeepAlive::default()).into_response())
}

async fn tell(door: &Door, spec_id: SpecId, mut watch: Watch, sender: &Sender) {
    if let Some(progress) = door.pipeline().board().latest(spec_id) {
        send(sender, step(spec_id, &progress)).await;
    }
    // Another replica's work shows only in the ledger.
    let mut look = interval(millis(door.config().stream_poll_ms));
    loop {
        let look_up = tokio::select! {
            signal = watch.signals.recv() => match signal {
                Ok(Signal::Progress(progress)) => {
                    send(sender, step(spec_id, &progress)).await;
                    false
                }
                // A reader that fell behind may have missed the end.
                Ok(Signal::Settled) | Err(_) => true,
            },
            _ = look.tick() => true,
        };
        if look_up && let Some(outcome) = settled(door, spec_id).await {
            return send(sender, outcome).await;
        }
    }
}

async fn settled(door: &Door, spec_id: SpecId) -> Option<Event> {
    match door.ledger().find(spec_id).await {
        Ok(record) => {
            let body = record?.outcome?.body;
            Some(Event::default().event("outcome").data(String::from_utf8_lossy(&body)))
        }
        Err(error) => {
            tracing::warn!(%spec_id, error = chain(&error), "the ledger was not read");
            None
        }
    }
}

fn step(spec_id: SpecId, progress: &Progress) -> Event {
    Event::default().event("progress").data(document::progress_json(spec_id, progress).to_string())
}

async fn send(sender: &Sender, event: Event) {
    // The reader may have left; the caller sees that on its own.
    _ = sender.send(Ok(event)).await;
}
