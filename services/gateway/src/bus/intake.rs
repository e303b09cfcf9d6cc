//! Handing deliveries out and taking them back: what both buses share.
//!
//! Each partition has a *pump*, a task that polls an [`Inlet`] (implemented by `pulsar::consumer` and `memory`), hands
//! messages out while the window has room, and passes acknowledgements on. The list of what is in
//! hand ([`entries`]) keeps two rules: a batch entry is acknowledged only when all its members are settled, and
//! a message in hand is not handed out twice.

mod entries;
mod pump;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{Delivery, DeliveryId, Error, Topic};
use entries::{Entries, Settled};

pub(crate) use entries::EntryId;
pub(crate) use pump::run as pump;

/// One partition of a subscription, as the broker offers it.
#[async_trait]
pub(crate) trait Inlet: Send {
    /// The next message; waits through reconnects and ends only when the subscription can never work again.
    /// Must lose nothing when the future is dropped before it is ready.
    async fn next(&mut self) -> Option<Delivery>;

    /// Passes an acknowledgement on. It need not have reached the broker when this returns.
    async fn acknowledge(&mut self, entry: EntryId);

    /// Returns when every acknowledgement passed on before has reached the broker, dropping messages meanwhile, and
    /// gives the subscription up.
    async fn flush(&mut self) -> Result<(), Error>;

    /// Messages that may lie between the broker and [`Inlet::next`] and hold acknowledgements up.
    fn queue_len_max(&self) -> usize;
}

/// What is delivered, in the order of delivery. Ends after [`Settler::stop`] or [`Settler::close`].
#[derive(Debug)]
pub struct Deliveries {
    receiver: mpsc::Receiver<Delivery>,
    intake: Arc<Intake>,
    _open: Arc<Open>,
}

/// Takes settled deliveries back.
#[derive(Clone, Debug)]
pub struct Settler {
    intake: Arc<Intake>,
    _open: Arc<Open>,
}

/// The subscription ends, unflushed, when the last of its handles goes.
#[derive(Debug)]
struct Open(CancellationToken);

/// The state of one subscription.
#[derive(Debug)]
pub(crate) struct Intake {
    entries: Mutex<Entries>,
    /// One permit per delivery that may still be handed out.
    window: Semaphore,
    window_len: usize,
    sender: mpsc::Sender<Delivery>,
    sources: Mutex<BTreeMap<SourceId, mpsc::Sender<Command>>>,
    stopped: CancellationToken,
    ended: CancellationToken,
}

/// A partition of a topic, where entries come from and acknowledgements go to.
pub(crate) type SourceId = (Topic, i32);

/// What a pump is told.
#[derive(Debug)]
pub(crate) enum Command {
    Acknowledge(EntryId),
    Flush(oneshot::Sender<Result<(), Error>>),
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Deliveries {
    /// The next delivery, or nothing once the subscription was stopped.
    pub async fn next(&mut self) -> Option<Delivery> {
        tokio::select! {
            biased;
            () = self.intake.stopped.cancelled() => None,
            delivery = self.receiver.recv() => delivery,
        }
    }
}

impl Settler {
    /// Declares `id` done: its outcome, retry copy or dead letter has its receipt. Settling twice changes nothing.
    ///
    /// # Errors
    /// [`Error::Closed`] when the subscription is closed; the message will come again.
    pub async fn settle(&self, id: &DeliveryId) -> Result<(), Error> {
        let Settled { freed, complete } = self.intake.lock_entries().settle(id);
        if freed {
            self.intake.window.add_permits(1);
        }
        let Some(entry) = complete else { return Ok(()) };
        let source = self.intake.command_sender((entry.topic, entry.partition)).ok_or(Error::Closed)?;
        source.send(Command::Acknowledge(entry)).await.map_err(|_| Error::Closed)
    }

    /// Stops handing out. What is in hand can still be settled.
    pub fn stop(&self) {
        self.intake.stopped.cancel();
    }

    /// Deliveries handed out and not settled.
    #[must_use]
    pub fn unsettled(&self) -> usize {
        self.intake.lock_entries().in_hand()
    }

    /// Stops, sees to it that the broker has every acknowledgement, and ends the subscription. What is still in hand
    /// comes again, to another subscriber or after the next start.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the broker did not confirm within `timeout`; settled messages may then come again.
    pub async fn close(&self, timeout: Duration) -> Result<(), Error> {
        self.stop();
        let flushed = tokio::time::timeout(timeout, self.intake.flush()).await;
        self.intake.ended.cancel();
        flushed.unwrap_or_else(|elapsed| {
            let operation = "confirm the acknowledgements in time".to_owned();
            Err(Error::Unavailable { operation, source: Some(elapsed.into()) })
        })
    }
}

impl Intake {
    /// A subscription that hands out at most `unsettled_max` deliveries at a time.
    pub(crate) fn open(unsettled_max: NonZeroUsize) -> (Arc<Self>, Deliveries, Settler) {
        let window_len = unsettled_max.get().min(Semaphore::MAX_PERMITS);
        let (sender, receiver) = mpsc::channel(window_len);
        let intake = Arc::new(Self {
            entries: Mutex::default(),
            window: Semaphore::new(window_len),
            window_len,
            sender,
            sources: Mutex::default(),
            stopped: CancellationToken::new(),
            ended: CancellationToken::new(),
        });
        let open = Arc::new(Open(intake.ended.clone()));
        let deliveries = Deliveries { receiver, intake: intake.clone(), _open: open.clone() };
        let settler = Settler { intake: intake.clone(), _open: open };
        (intake, deliveries, settler)
    }

    /// Registers a partition; the receiver is its pump's.
    pub(crate) fn attach(&self, source: SourceId) -> mpsc::Receiver<Command> {
        // A source has at most a window of entries in hand, so its acknowledgements fit.
        let (sender, receiver) = mpsc::channel(self.window_len + 1);
        self.lock_sources().insert(source, sender);
        receiver
    }

    /// Completes when the subscription is over.
    pub(crate) fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    async fn flush(&self) -> Result<(), Error> {
        let sources: Vec<_> = self.lock_sources().values().cloned().collect();
        let mut replies = Vec::with_capacity(sources.len());
        for source in sources {
            let (reply, flushed) = oneshot::channel();
            // A pump that ended has nothing left to flush.
            if source.send(Command::Flush(reply)).await.is_ok() {
                replies.push(flushed);
            }
        }
        for flushed in replies {
            flushed.await.unwrap_or(Ok(()))?;
        }
        Ok(())
    }

    fn command_sender(&self, source: SourceId) -> Option<mpsc::Sender<Command>> {
        self.lock_sources().get(&source).cloned()
    }

    fn lock_entries(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_sources(&self) -> std::sync::MutexGuard<'_, BTreeMap<SourceId, mpsc::Sender<Command>>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
