//! One message, from its delivery until it is settled. Each step is durable before the next begins.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use reweave_chassis::service::chain;
use reweave_core::{OutcomeEvent, Refusal, Sha256, Spec, SpecId};
use reweave_proto::document;
use tokio::{sync::SemaphorePermit, time::sleep};

use super::{
    CrashPoint, Error, Inner, refusals, retry,
    work::{self, End, Failure},
    write::is_too_large,
};
use crate::{
    bus::{Delivery, Settler},
    config::millis,
    dlq::{DeadLetter, Stage},
    event::{self, Event, Key, Kind},
    ledger::{Attempt, Claim, Claimed, Lane, Lease, MessageKey, NewOutcome, Renewed, StoredOutcome},
    metrics,
};

/// Sees `delivery` through its steps and settles it.
pub(super) async fn handle(inner: Arc<Inner>, settler: Settler, delivery: Delivery) -> Result<(), Error> {
    let (key, retries) = retry::identity(&delivery);
    let mut message =
        Message { inner: &inner, delivery: &delivery, key, retries, attempt: 0, lease: None, _lane: None };
    match inner.abandon.run_until_cancelled(message.take_up()).await {
        Some(ended) => ended?,
        None => return message.put_back().await,
    }
    if let Err(error) = settler.settle(&delivery.id).await {
        tracing::debug!(message = %delivery.id, error = chain(&error), "settled too late; the message comes again");
    }
    inner.faults.pass(CrashPoint::Settle).await;
    Ok(())
}

struct Message<'a> {
    inner: &'a Inner,
    delivery: &'a Delivery,
    key: MessageKey,
    retries: u32,
    /// The number of this attempt; 0 when none is counted.
    attempt: u32,
    /// What is held, and as whom.
    lease: Option<(SpecId, String)>,
    /// Keeps other suspects waiting.
    _lane: Option<SemaphorePermit<'a>>,
}

/// A spec event, read as far as it could be.
struct Request {
    key: Key,
    body: Sha256,
    traceparent: Option<String>,
    expiry: Option<SystemTime>,
    spec: Result<Spec, (Stage, Refusal)>,
}

/// How the work on a claimed spec ended.
enum Ended {
    Outcome(Box<OutcomeEvent>),
    Refused(Refusal),
    Failed(Failure),
    /// Somebody else stored an outcome.
    Settled,
    /// Somebody else has the lease.
    Lost,
}

impl Message<'_> {
    async fn take_up(&mut self) -> Result<(), Error> {
        let known = self.record_attempt().await?;
        self.inner.faults.pass(CrashPoint::RecordAttempt).await;
        if self.attempt > self.inner.config.attempts_max.get() {
            return self.give_up_unread(known).await;
        }
        if self.delivery.chunk.as_ref().is_some_and(|chunk| chunk.index > 0) {
            return self.bury_chunk().await;
        }
        match event::read(self.delivery) {
            Ok(Event { kind: Kind::Cancel(spec), traceparent, .. }) => {
                self.inner.cancel(spec, traceparent).await?;
                self.inner.mark_settled(spec, Some(&self.key)).await
            }
            Ok(event) => {
                let request = self.request(event);
                self.answer(request).await
            }
            Err(unreadable) => {
                let request = Request {
                    key: unreadable.key.unwrap_or_else(|| Key::of_message(self.key.as_str())),
                    body: Sha256::of(&self.delivery.payload),
                    traceparent: unreadable.traceparent,
                    expiry: None,
                    spec: Err((Stage::Event, *unreadable.refusal)),
                };
                self.answer(request).await
            }
        }
    }

    /// Counts this attempt; one that is not the first waits until no other such is at work.
    async fn record_attempt(&mut self) -> Result<Option<SpecId>, Error> {
        let inner = self.inner;
        let record =
            async |lane| inner.insist(|| inner.ledger.record_attempt(&self.key, lane, SystemTime::now())).await;
        let mut attempt = record(Lane::Fresh).await?;
        if attempt == Attempt::Suspect {
            self._lane = Some(inner.suspects.acquire().await.expect("the semaphore is never closed"));
            attempt = record(Lane::Suspect).await?;
        }
        match attempt {
            Attempt::Counted { number, spec } => {
                self.attempt = number;
                metrics::observe_attempt(number);
                Ok(spec)
            }
            Attempt::Suspect => unreachable!("a suspect is counted in its lane"),
        }
    }

    fn request(&self, event: Event) -> Request {
        Request {
            key: event.key.unwrap_or_else(|| Key::of_message(self.key.as_str())),
            body: Sha256::of(&event.body),
            traceparent: event.traceparent,
            expiry: event.expiry,
            spec: document::decode_spec(Some(&event.content_type), &event.body)
                .map_err(|refusal| (Stage::Spec, refusal)),
        }
    }

    /// Looks the key up, and does what is left to do.
    async fn answer(&mut self, request: Request) -> Result<(), Error> {
        let spec_id = request.key.spec_id();
        loop {
            match self.claim(&request).await? {
                Claimed::Fresh => break,
                Claimed::Settled(stored) => return self.publish_again(spec_id, &stored).await,
                Claimed::OtherBody { first } => return self.refuse_reuse(&request, first).await,
                Claimed::InProgress { until } => {
                    let wait = retry::lease_wait(until, SystemTime::now());
                    match self.postpone(wait).await {
                        Err(error) if is_too_large(&error) => sleep(wait).await,
                        postponed => return postponed,
                    }
                }
            }
        }
        self.inner.faults.pass(CrashPoint::Claim).await;
        match request.spec {
            Ok(spec) => self.work(spec_id, spec, request.expiry, request.traceparent).await,
            Err((stage, refusal)) => self.give_up(spec_id, stage, refusal, request.traceparent).await,
        }
    }

    async fn claim(&mut self, request: &Request) -> Result<Claimed, Error> {
        let inner = self.inner;
        let holder = inner.author.new_holder();
        let claim = || {
            let now = SystemTime::now();
            inner.ledger.claim(Claim {
                message: self.key.clone(),
                source: request.key.source.clone(),
                event_id: request.key.id.clone(),
                body: request.body,
                lease: Lease { holder: holder.clone(), until: now + millis(inner.config.lease_ms) },
                now,
            })
        };
        let claimed = inner.insist(claim).await?;
        if claimed == Claimed::Fresh {
            self.lease = Some((request.key.spec_id(), holder));
        }
        Ok(claimed)
    }

    /// Works on the claimed spec and settles what came of it.
    async fn work(
        &mut self,
        spec_id: SpecId,
        spec: Spec,
        expiry: Option<SystemTime>,
        traceparent: Option<String>,
    ) -> Result<(), Error> {
        let ended = self.race(spec_id, spec, expiry).await;
        match ended {
            Ended::Outcome(event) => {
                self.inner.faults.pass(CrashPoint::Work).await;
                self.settle_with(spec_id, refusals::write(*event, traceparent)).await
            }
            Ended::Refused(refusal) => {
                let outcome = self.inner.author.refuse(spec_id, refusal, traceparent);
                self.settle_with(spec_id, outcome).await
            }
            // What is stored already wins over the refusal offered here.
            Ended::Settled => {
                let outcome = self.inner.author.refuse(spec_id, refusals::cancelled(), traceparent);
                self.settle_with(spec_id, outcome).await
            }
            Ended::Lost => self.postpone(millis(self.inner.config.lease_ms)).await,
            Ended::Failed(failure) => self.try_again(spec_id, failure, traceparent).await,
        }
    }

    /// The work against everything that ends it early.
    async fn race(&self, spec_id: SpecId, spec: Spec, expiry: Option<SystemTime>) -> Ended {
        let running = self.inner.board.start(spec_id);
        let deadline = spec.deadline_unix_ms;
        tokio::select! {
            biased;
            () = running.cancel.cancelled() => Ended::Refused(refusals::cancelled()),
            which = self.deadline(deadline) => Ended::Refused(refusals::deadline(which)),
            ended = self.keep_lease() => ended,
            ended = self.synthesize(spec_id, spec, expiry, &running) => ended,
        }
    }

    async fn synthesize(
        &self,
        spec_id: SpecId,
        spec: Spec,
        expiry: Option<SystemTime>,
        running: &super::board::Running,
    ) -> Ended {
        let inner = self.inner;
        let waited = metrics::time_queue();
        let _slot = inner.slots.acquire(work::priority(&spec)).await;
        waited.stop();
        if expiry.is_some_and(|expiry| expiry <= SystemTime::now()) {
            return Ended::Refused(refusals::expired());
        }
        let _working = metrics::time_work();
        let step = |progress| inner.step(spec_id, running, progress);
        match work::synthesize(&inner.synthesis, spec_id, spec, step).await {
            End::Outcome(event) => Ended::Outcome(event),
            End::Refused(refusal) => Ended::Refused(refusal),
            End::Failed(failure) => Ended::Failed(failure),
        }
    }

    /// Returns when the spec's deadline, or the gateway's bound on work, has passed; says which.
    async fn deadline(&self, deadline_unix_ms: Option<u64>) -> &'static str {
        let longest = millis(self.inner.config.work_ms_max);
        let left = deadline_unix_ms.map(|at| at.saturating_sub(refusals::unix_ms(SystemTime::now())));
        match left.map(Duration::from_millis).filter(|left| *left < longest) {
            Some(left) => {
                sleep(left).await;
                "the spec's deadline"
            }
            None => {
                sleep(longest).await;
                "gateway.work_ms_max"
            }
        }
    }

    /// Shows a sign of life until the lease is gone.
    async fn keep_lease(&self) -> Ended {
        let Some((spec_id, holder)) = &self.lease else { return Ended::Lost };
        let length = millis(self.inner.config.lease_ms);
        loop {
            sleep(length / 3).await;
            let lease = Lease { holder: holder.clone(), until: SystemTime::now() + length };
            match self.inner.ledger.renew(*spec_id, lease).await {
                Ok(Renewed::Held) => {}
                Ok(Renewed::Settled) => return Ended::Settled,
                Ok(Renewed::Lost) => return Ended::Lost,
                Err(error) => tracing::warn!(%spec_id, error = chain(&error), "the lease was not renewed"),
            }
        }
    }

    /// Stores the outcome, publishes the one that is stored, and marks it. Skips the publishing if the bus has it.
    async fn settle_with(&mut self, spec_id: SpecId, outcome: NewOutcome) -> Result<(), Error> {
        let stored = self.inner.store(spec_id, outcome).await?;
        self.lease = None;
        if stored.published.is_none() {
            self.inner.publish_outcome(spec_id, &stored).await?;
        }
        self.inner.mark_settled(spec_id, Some(&self.key)).await
    }

    /// The key is settled: whoever sent the event again gets the same bytes again.
    async fn publish_again(&self, spec_id: SpecId, stored: &StoredOutcome) -> Result<(), Error> {
        self.inner.publish_outcome(spec_id, stored).await?;
        self.inner.mark_settled(spec_id, Some(&self.key)).await
    }

    /// The key has another body: this message is refused under a key of its own.
    async fn refuse_reuse(&mut self, request: &Request, first: Sha256) -> Result<(), Error> {
        let spec_id = Key::of_message(self.key.as_str()).spec_id();
        let refusal = refusals::id_reused(first, request.body);
        let outcome = self.inner.author.refuse(spec_id, refusal, request.traceparent.clone());
        self.settle_with(spec_id, outcome).await
    }

    /// Somebody else has the spec: look again when their lease ends. No fault of this message, so nothing is counted.
    async fn postpone(&mut self, wait: Duration) -> Result<(), Error> {
        self.lease = None;
        self.inner.try_later(self.delivery, &self.key, self.retries, wait).await?;
        self.inner.insist(|| self.inner.ledger.forgive_attempt(&self.key)).await
    }

    async fn try_again(&mut self, spec_id: SpecId, failure: Failure, traceparent: Option<String>) -> Result<(), Error> {
        let config = &self.inner.config;
        let last_attempt = failure.reached && self.attempt >= config.attempts_max.get();
        tracing::info!(%spec_id, retries = self.retries, reason = failure.refusal.reason, "the work failed");
        if last_attempt || self.retries >= config.retries_max.get() {
            let refusal = refusals::retries_exhausted(failure.refusal, self.retries + 1);
            return self.give_up(spec_id, Stage::Work, refusal, traceparent).await;
        }
        self.release().await?;
        let retry = self.retries + 1;
        let copied = self.inner.try_later(self.delivery, &self.key, retry, retry::back_off(&config.bus.retry, retry));
        match copied.await {
            Err(error) if is_too_large(&error) => {
                self.give_up(spec_id, Stage::Work, failure.refusal, traceparent).await
            }
            Ok(()) if !failure.reached => self.inner.insist(|| self.inner.ledger.forgive_attempt(&self.key)).await,
            copied => copied,
        }
    }

    /// Buries the message and refuses its spec.
    async fn give_up(
        &mut self,
        spec_id: SpecId,
        stage: Stage,
        refusal: Refusal,
        traceparent: Option<String>,
    ) -> Result<(), Error> {
        let letter = DeadLetter {
            refusal: &refusal,
            stage,
            attempts: self.attempt,
            origin: self.key.as_str(),
            spec_id,
            at: SystemTime::now(),
        };
        self.inner.bury(&letter, self.delivery).await?;
        let outcome = self.inner.author.refuse(spec_id, refusal, traceparent);
        self.settle_with(spec_id, outcome).await
    }

    /// Keeps a later piece of a message that is too large; the outcome is its first piece's.
    async fn bury_chunk(&mut self) -> Result<(), Error> {
        let own = Key::of_message(self.key.as_str());
        if let Err(unreadable) = event::read(self.delivery) {
            let letter = DeadLetter {
                refusal: &unreadable.refusal,
                stage: Stage::Event,
                attempts: self.attempt,
                origin: self.key.as_str(),
                spec_id: unreadable.key.unwrap_or(own).spec_id(),
                at: SystemTime::now(),
            };
            self.inner.bury(&letter, self.delivery).await?;
        }
        self.inner.insist(|| self.inner.ledger.forgive_attempt(&self.key)).await
    }

    /// The message was taken up too often. Its body is not looked at: reading it may be what kills.
    async fn give_up_unread(&mut self, known: Option<SpecId>) -> Result<(), Error> {
        let max = self.inner.config.attempts_max.get();
        let refusal = refusals::attempts_exhausted(self.attempt - 1, max);
        let spec_id = match known {
            Some(spec_id) => spec_id,
            None => self.unread_spec_id().await?,
        };
        self.attempt -= 1;
        self.give_up(spec_id, Stage::Attempts, refusal, None).await
    }

    /// The key in the properties, unless it belongs to another body; else the message's own.
    async fn unread_spec_id(&mut self) -> Result<SpecId, Error> {
        let own = Key::of_message(self.key.as_str());
        let Some(key) = event::key_in_properties(self.delivery) else { return Ok(own.spec_id()) };
        let request = Request {
            body: Sha256::of(&self.delivery.payload),
            traceparent: None,
            expiry: None,
            spec: Err((Stage::Attempts, refusals::expired())),
            key,
        };
        match self.claim(&request).await? {
            Claimed::OtherBody { .. } => Ok(own.spec_id()),
            Claimed::Fresh | Claimed::InProgress { .. } | Claimed::Settled(_) => Ok(request.key.spec_id()),
        }
    }

    async fn release(&mut self) -> Result<(), Error> {
        if let Some((spec_id, holder)) = self.lease.take() {
            self.inner.insist(|| self.inner.ledger.release(spec_id, &holder)).await?;
        }
        Ok(())
    }

    /// Leaves no trace of an attempt that was cut short by the drain; the message is not settled and comes again.
    async fn put_back(&mut self) -> Result<(), Error> {
        self.release().await?;
        if self.attempt > 0 {
            self.inner.insist(|| self.inner.ledger.forgive_attempt(&self.key)).await?;
        }
        Ok(())
    }
}
