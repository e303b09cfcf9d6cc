//! [`Ledger`] over SQL: domain values in, rows out, and back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use reweave_core::{Sha256, SpecId};
use sqlx::{Row, any::AnyRow};

use super::{
    Acceptance, Accepted, Attempt, Claim, Claimed, Error, Lane, Lease, Ledger, MessageKey, NewOutcome, Record, Renewed,
    StoredOutcome, executor::Executor, statements,
};

/// The ledger on SQLite or Postgres.
#[derive(Clone, Debug)]
pub struct SqlLedger {
    executor: Executor,
}

impl SqlLedger {
    pub(super) fn new(executor: Executor) -> Self {
        Self { executor }
    }

    async fn row(&self, spec: SpecId) -> Result<Option<AnyRow>, Error> {
        self.executor.run("look a spec up", move |connection| Box::pin(statements::find(connection, spec))).await
    }
}

#[async_trait]
impl Ledger for SqlLedger {
    async fn record_attempt(&self, message: &MessageKey, lane: Lane, now: SystemTime) -> Result<Attempt, Error> {
        let (message, now_ms) = (message.clone(), millis(now));
        let counted = self
            .executor
            .run("record an attempt", move |connection| {
                Box::pin(async move { statements::record_attempt(connection, &message, lane, now_ms).await })
            })
            .await?;
        let Some((number, spec)) = counted else { return Ok(Attempt::Suspect) };
        let spec = spec.map(|text| read_spec_id(&text)).transpose()?;
        Ok(Attempt::Counted { number: u32::try_from(number).unwrap_or(u32::MAX), spec })
    }

    async fn forgive_attempt(&self, message: &MessageKey) -> Result<(), Error> {
        let message = message.clone();
        self.executor
            .run("forgive an attempt", move |connection| {
                Box::pin(async move { statements::forgive_attempt(connection, &message).await })
            })
            .await
    }

    async fn claim(&self, claim: Claim) -> Result<Claimed, Error> {
        let (spec, body) = (claim.spec_id(), claim.body);
        let (taken, row) = self
            .executor
            .run("claim a spec", move |connection| {
                Box::pin(async move {
                    let message = claim.message.clone();
                    let taken = statements::claim(&mut *connection, claim_row(claim)).await?;
                    statements::name_attempt(&mut *connection, &message, spec).await?;
                    let row = if taken { None } else { statements::find(connection, spec).await? };
                    Ok((taken, row))
                })
            })
            .await?;
        match row {
            _ if taken => Ok(Claimed::Fresh),
            Some(row) => refused_claim(&row, body),
            // The holder's row was pruned between the two statements; the next try finds the key free.
            None => Ok(Claimed::InProgress { until: UNIX_EPOCH }),
        }
    }

    async fn renew(&self, spec: SpecId, lease: Lease) -> Result<Renewed, Error> {
        let until_ms = millis(lease.until);
        let held = self
            .executor
            .run("renew a lease", move |connection| {
                Box::pin(async move { statements::renew(connection, spec, lease.holder, until_ms).await })
            })
            .await?;
        if held {
            return Ok(Renewed::Held);
        }
        let settled = self.find(spec).await?.is_some_and(|record| record.outcome.is_some());
        Ok(if settled { Renewed::Settled } else { Renewed::Lost })
    }

    async fn release(&self, spec: SpecId, holder: &str) -> Result<(), Error> {
        let holder = holder.to_owned();
        self.executor
            .run("release a lease", move |connection| Box::pin(statements::release(connection, spec, holder)))
            .await
    }

    async fn store_outcome(&self, spec: SpecId, outcome: NewOutcome) -> Result<StoredOutcome, Error> {
        let at_ms = millis(outcome.at);
        let row = self
            .executor
            .run("store an outcome", move |connection| {
                Box::pin(statements::store_outcome(connection, spec, outcome.body, outcome.traceparent, at_ms))
            })
            .await?;
        read_outcome(&row)?.ok_or_else(|| corrupt("an outcome", "nothing"))
    }

    async fn mark_settled(&self, spec: SpecId, message: Option<&MessageKey>, now: SystemTime) -> Result<(), Error> {
        let (message, now_ms) = (message.cloned(), millis(now));
        self.executor
            .run("mark a spec settled", move |connection| {
                Box::pin(async move {
                    statements::mark_published(&mut *connection, spec, now_ms).await?;
                    match message {
                        Some(message) => statements::forget_attempts(connection, &message).await,
                        None => Ok(()),
                    }
                })
            })
            .await
    }

    async fn accept(&self, accepted: Accepted, now: SystemTime) -> Result<Acceptance, Error> {
        let (spec, body, now_ms) = (accepted.spec_id(), Sha256::of(&accepted.body), millis(now));
        let row = self
            .executor
            .run("accept a spec", move |connection| {
                Box::pin(async move {
                    statements::accept(&mut *connection, accepted, now_ms).await?;
                    statements::find(connection, spec).await
                })
            })
            .await?;
        let row = row.ok_or_else(|| corrupt("an accepted spec", "nothing"))?;
        if let Some(first) = read_body_digest(&row)?.filter(|first| *first != body) {
            return Ok(Acceptance::OtherBody { first });
        }
        let kept: i64 = read(&row, ACCEPTED)?;
        let enqueued: Option<i64> = read(&row, ENQUEUED)?;
        Ok(if kept == 1 && enqueued.is_none() { Acceptance::Enqueue } else { Acceptance::Known })
    }

    async fn mark_enqueued(&self, spec: SpecId, now: SystemTime) -> Result<(), Error> {
        let now_ms = millis(now);
        self.executor
            .run("mark a spec enqueued", move |connection| {
                Box::pin(statements::mark_enqueued(connection, spec, now_ms))
            })
            .await
    }

    async fn accepted_unsettled(&self, after: Option<SpecId>, limit: u32) -> Result<Vec<Accepted>, Error> {
        let rows = self
            .executor
            .run("list accepted specs", move |connection| {
                Box::pin(statements::accepted_unsettled(connection, after, limit))
            })
            .await?;
        rows.iter().map(read_accepted).collect()
    }

    async fn find(&self, spec: SpecId) -> Result<Option<Record>, Error> {
        self.row(spec).await?.map(|row| read_record(&row)).transpose()
    }

    async fn prune(&self, before: SystemTime, limit: u32) -> Result<u64, Error> {
        let before_ms = millis(before);
        self.executor.run("prune", move |connection| Box::pin(statements::prune(connection, before_ms, limit))).await
    }

    async fn ping(&self) -> Result<(), Error> {
        self.executor
            .run("answer", |connection| {
                Box::pin(async move { sqlx::query("SELECT 1").execute(connection).await.map(|_| ()) })
            })
            .await
    }
}

// Positions of the columns of `statements::find`; the first four are those of `statements::store_outcome` as well.
const OUTCOME: usize = 0;
const TRACEPARENT: usize = 1;
const OUTCOME_AT: usize = 2;
const PUBLISHED: usize = 3;
const SPEC_ID: usize = 4;
const SOURCE: usize = 5;
const EVENT_ID: usize = 6;
const BODY_SHA256: usize = 7;
const CREATED: usize = 8;
const ENQUEUED: usize = 9;
const LEASE_HOLDER: usize = 10;
const LEASE_UNTIL: usize = 11;
const ACCEPTED: usize = 12;

fn claim_row(claim: Claim) -> statements::ClaimRow {
    statements::ClaimRow {
        spec: claim.spec_id(),
        body: claim.body,
        until_ms: millis(claim.lease.until),
        now_ms: millis(claim.now),
        holder: claim.lease.holder,
        source: claim.source,
        event_id: claim.event_id,
    }
}

fn refused_claim(row: &AnyRow, body: Sha256) -> Result<Claimed, Error> {
    if let Some(first) = read_body_digest(row)?.filter(|first| *first != body) {
        return Ok(Claimed::OtherBody { first });
    }
    if let Some(outcome) = read_outcome(row)? {
        return Ok(Claimed::Settled(outcome));
    }
    let until: Option<i64> = read(row, LEASE_UNTIL)?;
    Ok(Claimed::InProgress { until: until.map_or(UNIX_EPOCH, time) })
}

fn read_record(row: &AnyRow) -> Result<Record, Error> {
    let holder: Option<String> = read(row, LEASE_HOLDER)?;
    let until: Option<i64> = read(row, LEASE_UNTIL)?;
    Ok(Record {
        spec_id: read_spec_id(&read::<String>(row, SPEC_ID)?)?,
        source: read(row, SOURCE)?,
        event_id: read(row, EVENT_ID)?,
        created: time(read(row, CREATED)?),
        enqueued: read::<Option<i64>>(row, ENQUEUED)?.map(time),
        lease: holder.zip(until).map(|(holder, until)| Lease { holder, until: time(until) }),
        outcome: read_outcome(row)?,
    })
}

fn read_outcome(row: &AnyRow) -> Result<Option<StoredOutcome>, Error> {
    let body: Option<Vec<u8>> = read(row, OUTCOME)?;
    let at: Option<i64> = read(row, OUTCOME_AT)?;
    let Some((body, at)) = body.zip(at) else { return Ok(None) };
    Ok(Some(StoredOutcome {
        body,
        traceparent: read(row, TRACEPARENT)?,
        at: time(at),
        published: read::<Option<i64>>(row, PUBLISHED)?.map(time),
    }))
}

fn read_body_digest(row: &AnyRow) -> Result<Option<Sha256>, Error> {
    let text: Option<String> = read(row, BODY_SHA256)?;
    text.map(|text| text.parse().map_err(|_| corrupt("a digest", &text))).transpose()
}

fn read_accepted(row: &AnyRow) -> Result<Accepted, Error> {
    Ok(Accepted {
        source: read(row, 0)?,
        event_id: read(row, 1)?,
        content_type: read(row, 2)?,
        body: read(row, 3)?,
        traceparent: read(row, 4)?,
    })
}

fn read<'r, T>(row: &'r AnyRow, column: usize) -> Result<T, Error>
where
    T: sqlx::Decode<'r, sqlx::Any> + sqlx::Type<sqlx::Any>,
{
    row.try_get(column).map_err(|source| Error::Database { action: "read a row", source })
}

fn read_spec_id(text: &str) -> Result<SpecId, Error> {
    text.parse().map_err(|_| corrupt("a spec id", text))
}

fn corrupt(expected: &'static str, value: &str) -> Error {
    Error::Corrupt { expected, value: value.to_owned() }
}

/// Milliseconds since the epoch; times before it count as the epoch.
fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn time(millis: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
