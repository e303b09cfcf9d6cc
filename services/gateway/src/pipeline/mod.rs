//! From a spec event to its one outcome, in an order that survives a kill at every arrow:
//!
//! record attempt → (over the limit: dead letter, unread) → read → look up → work → store outcome → publish → await the
//! receipt → mark settled → settle.
//!
//! [`Pipeline::run`] takes messages up; [`message`] holds the order; [`Pipeline::cancel`] and [`Pipeline::enqueue`] are
//! what the HTTP door does.

mod board;
mod faults;
mod intake;
mod message;
mod refusals;
mod retry;
mod slots;
mod upkeep;
mod work;
mod write;

use std::{fmt, sync::Arc, time::SystemTime};

use reweave_core::{Progress, SpecId};
use reweave_proto::document;
use reweave_proto::wire::synthesis::synthesis_service_client::SynthesisServiceClient;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::{
    bus::{self, Bus},
    config::GatewayConfig,
    event::{self, Attributes, Key},
    ledger::{self, Accepted, Ledger, StoredOutcome},
};
pub(crate) use board::{Board, Signal, Watch};
pub use faults::{CrashPoint, Faults};
use refusals::Author;
use slots::Slots;

/// What a pipeline is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    pub bus: Arc<dyn Bus>,
    pub ledger: Arc<dyn Ledger>,
    pub synthesis: SynthesisServiceClient<Channel>,
    pub config: Arc<GatewayConfig>,
    pub faults: Faults,
}

/// A handle to the pipeline; cheap to clone.
#[derive(Clone, Debug)]
pub struct Pipeline(Arc<Inner>);

struct Inner {
    bus: Arc<dyn Bus>,
    ledger: Arc<dyn Ledger>,
    synthesis: SynthesisServiceClient<Channel>,
    config: Arc<GatewayConfig>,
    faults: Faults,
    board: Board,
    slots: Slots,
    /// One message that was taken up before at a time; see [`ledger::Lane`].
    suspects: Semaphore,
    author: Author,
    /// Ends what is in flight when the grace is over.
    abandon: CancellationToken,
}

/// Why the pipeline stopped by itself. Its messages come again, here after a restart or elsewhere.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the subscription cannot be opened")]
    Subscribe { source: bus::Error },
    #[error("the subscription ended")]
    SubscriptionEnded,
    #[error("gave up after {attempts} tries")]
    Ledger { attempts: u32, source: ledger::Error },
    #[error("gave up after {attempts} tries")]
    Bus { attempts: u32, source: bus::Error },
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("bus", &self.bus).field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

impl Pipeline {
    /// A pipeline that does nothing yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            slots: Slots::new(parts.config.workers_max.get()),
            bus: parts.bus,
            ledger: parts.ledger,
            synthesis: parts.synthesis,
            config: parts.config,
            faults: parts.faults,
            board: Board::default(),
            suspects: Semaphore::new(1),
            author: Author::of_this_process(),
            abandon: CancellationToken::new(),
        }))
    }

    /// Takes messages up until `shutdown`, then drains: what is in flight has the grace to finish, the rest comes again.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), Error> {
        let upkeep = CancellationToken::new();
        let _stop_upkeep = upkeep.clone().drop_guard();
        tokio::spawn(upkeep::run(self.0.clone(), upkeep));
        intake::run(&self.0, shutdown).await
    }

    /// Settles `spec` as cancelled unless it is settled, stops the work on it, and publishes the outcome it has now.
    pub(crate) async fn cancel(&self, spec: SpecId) -> Result<StoredOutcome, Error> {
        self.0.cancel(spec, None).await
    }

    /// Puts an accepted spec on the bus; it is there when this returns.
    pub(crate) async fn enqueue(&self, accepted: Accepted) -> Result<(), EnqueueError> {
        self.0.enqueue(accepted).await
    }

    /// Specs that wait for a worker.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.slots.waiting()
    }

    /// What runs here.
    pub(crate) fn board(&self) -> &Board {
        &self.0.board
    }
}

/// Why an accepted spec is not on the bus; it stays in the ledger and is put there later.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnqueueError {
    #[error("the bus did not take the spec")]
    Bus { source: bus::Error },
    #[error("the ledger did not note that the spec is on the bus")]
    Ledger { source: ledger::Error },
}

impl Inner {
    async fn cancel(&self, spec: SpecId, traceparent: Option<String>) -> Result<StoredOutcome, Error> {
        let outcome = self.author.refuse(spec, refusals::cancelled(), traceparent);
        let stored = self.store(spec, outcome).await?;
        self.board.cancel(spec);
        self.publish_outcome(spec, &stored).await?;
        self.mark_settled(spec, None).await?;
        Ok(stored)
    }

    /// Shows one step forward: to those who watch here, and on the bus, where it may be lost.
    fn step(&self, spec: SpecId, running: &board::Running, progress: Progress) {
        let attributes = Attributes {
            id: format!("{spec}/progress/{:016x}", rand::random::<u64>()),
            source: self.config.source.clone(),
            kind: event::PROGRESS_TYPE,
            subject: spec.to_string(),
            time: SystemTime::now(),
            traceparent: None,
        };
        let body = document::progress_json(spec, &progress).to_string().into_bytes();
        self.bus.offer(bus::Topic::Progress, attributes.outgoing(body));
        running.progress(progress);
    }

    async fn enqueue(&self, accepted: Accepted) -> Result<(), EnqueueError> {
        let spec = accepted.spec_id();
        let key = Key { source: accepted.source, id: accepted.event_id };
        let message = event::spec(&key, &accepted.content_type, accepted.traceparent.as_deref(), accepted.body);
        self.bus.publish(bus::Topic::Specs, message).await.map_err(|source| EnqueueError::Bus { source })?;
        self.ledger.mark_enqueued(spec, SystemTime::now()).await.map_err(|source| EnqueueError::Ledger { source })
    }
}
