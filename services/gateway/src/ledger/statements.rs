//! The SQL, the same text for SQLite and Postgres. Each function is one durable step.

use reweave_core::{Sha256, SpecId};
use sqlx::{AnyConnection, Row, any::AnyRow};

use super::{Lane, MessageKey};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// Leases of a process that no longer lives; only the lock file can know that.
pub(super) async fn end_all_leases(connection: &mut AnyConnection) -> Result<()> {
    sqlx::query("UPDATE specs SET lease_holder = NULL, lease_until_ms = NULL WHERE lease_holder IS NOT NULL")
        .execute(connection)
        .await?;
    Ok(())
}

/// The number of this attempt and the spec, or nothing when a fresh one was asked for and there was one before.
pub(super) async fn record_attempt(
    connection: &mut AnyConnection,
    message: &MessageKey,
    lane: Lane,
    now_ms: i64,
) -> Result<Option<(i64, Option<String>)>> {
    let statement = match lane {
        Lane::Fresh => {
            "INSERT INTO attempts (message, attempts, last_ms) VALUES ($1, 1, $2)
             ON CONFLICT (message) DO UPDATE SET attempts = 1, last_ms = excluded.last_ms WHERE attempts.attempts < 1
             RETURNING attempts, spec_id"
        }
        Lane::Suspect => {
            "INSERT INTO attempts (message, attempts, last_ms) VALUES ($1, 1, $2)
             ON CONFLICT (message) DO UPDATE SET attempts = attempts.attempts + 1, last_ms = excluded.last_ms
             RETURNING attempts, spec_id"
        }
    };
    let row = sqlx::query(statement).bind(message.as_str().to_owned()).bind(now_ms).fetch_optional(connection).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
}

pub(super) async fn forgive_attempt(connection: &mut AnyConnection, message: &MessageKey) -> Result<()> {
    sqlx::query("UPDATE attempts SET attempts = attempts - 1 WHERE message = $1 AND attempts > 0")
        .bind(message.as_str().to_owned())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn name_attempt(connection: &mut AnyConnection, message: &MessageKey, spec: SpecId) -> Result<()> {
    sqlx::query("UPDATE attempts SET spec_id = $1 WHERE message = $2")
        .bind(spec.to_string())
        .bind(message.as_str().to_owned())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn forget_attempts(connection: &mut AnyConnection, message: &MessageKey) -> Result<()> {
    sqlx::query("DELETE FROM attempts WHERE message = $1")
        .bind(message.as_str().to_owned())
        .execute(connection)
        .await?;
    Ok(())
}

/// The parts of a claim as columns.
pub(super) struct ClaimRow {
    pub(super) spec: SpecId,
    pub(super) source: String,
    pub(super) event_id: String,
    pub(super) body: Sha256,
    pub(super) holder: String,
    pub(super) until_ms: i64,
    pub(super) now_ms: i64,
}

/// Whether the lease was taken.
pub(super) async fn claim(connection: &mut AnyConnection, claim: ClaimRow) -> Result<bool> {
    let row = sqlx::query(
        "INSERT INTO specs (spec_id, source, event_id, body_sha256, created_ms, lease_holder, lease_until_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (spec_id) DO UPDATE
         SET body_sha256 = excluded.body_sha256, source = excluded.source, event_id = excluded.event_id,
             lease_holder = excluded.lease_holder, lease_until_ms = excluded.lease_until_ms
         WHERE specs.outcome IS NULL
           AND (specs.body_sha256 IS NULL OR specs.body_sha256 = excluded.body_sha256)
           AND (specs.lease_until_ms IS NULL OR specs.lease_until_ms <= $5 OR specs.lease_holder = excluded.lease_holder)
         RETURNING spec_id",
    )
    .bind(claim.spec.to_string())
    .bind(claim.source)
    .bind(claim.event_id)
    .bind(claim.body.to_string())
    .bind(claim.now_ms)
    .bind(claim.holder)
    .bind(claim.until_ms)
    .fetch_optional(connection)
    .await?;
    Ok(row.is_some())
}

/// Whether the lease is still the holder's and was extended.
pub(super) async fn renew(connection: &mut AnyConnection, spec: SpecId, holder: String, until_ms: i64) -> Result<bool> {
    let row = sqlx::query(
        "UPDATE specs SET lease_until_ms = $1 WHERE spec_id = $2 AND lease_holder = $3 AND outcome IS NULL
         RETURNING spec_id",
    )
    .bind(until_ms)
    .bind(spec.to_string())
    .bind(holder)
    .fetch_optional(connection)
    .await?;
    Ok(row.is_some())
}

pub(super) async fn release(connection: &mut AnyConnection, spec: SpecId, holder: String) -> Result<()> {
    sqlx::query("UPDATE specs SET lease_holder = NULL, lease_until_ms = NULL WHERE spec_id = $1 AND lease_holder = $2")
        .bind(spec.to_string())
        .bind(holder)
        .execute(connection)
        .await?;
    Ok(())
}

/// Put if absent, in one statement; the row that is there now.
pub(super) async fn store_outcome(
    connection: &mut AnyConnection,
    spec: SpecId,
    body: Vec<u8>,
    traceparent: Option<String>,
    at_ms: i64,
) -> Result<AnyRow> {
    sqlx::query(
        "INSERT INTO specs (spec_id, created_ms, outcome, traceparent, outcome_ms) VALUES ($1, $4, $2, $3, $4)
         ON CONFLICT (spec_id) DO UPDATE
         SET traceparent = CASE WHEN specs.outcome IS NULL THEN excluded.traceparent ELSE specs.traceparent END,
             outcome_ms = CASE WHEN specs.outcome IS NULL THEN excluded.outcome_ms ELSE specs.outcome_ms END,
             outcome = COALESCE(specs.outcome, excluded.outcome),
             lease_holder = NULL, lease_until_ms = NULL, accepted_body = NULL
         RETURNING outcome, traceparent, outcome_ms, published_ms",
    )
    .bind(spec.to_string())
    .bind(body)
    .bind(traceparent)
    .bind(at_ms)
    .fetch_one(connection)
    .await
}

pub(super) async fn mark_published(connection: &mut AnyConnection, spec: SpecId, now_ms: i64) -> Result<()> {
    sqlx::query("UPDATE specs SET published_ms = $1 WHERE spec_id = $2 AND published_ms IS NULL")
        .bind(now_ms)
        .bind(spec.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Keeps the accepted body where the key is new.
pub(super) async fn accept(connection: &mut AnyConnection, accepted: super::Accepted, now_ms: i64) -> Result<()> {
    sqlx::query(
        "INSERT INTO specs
             (spec_id, source, event_id, body_sha256, created_ms, accepted_body, accepted_type, traceparent)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (spec_id) DO NOTHING",
    )
    .bind(accepted.spec_id().to_string())
    .bind(accepted.source)
    .bind(accepted.event_id)
    .bind(Sha256::of(&accepted.body).to_string())
    .bind(now_ms)
    .bind(accepted.body)
    .bind(accepted.content_type)
    .bind(accepted.traceparent)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn mark_enqueued(connection: &mut AnyConnection, spec: SpecId, now_ms: i64) -> Result<()> {
    sqlx::query("UPDATE specs SET enqueued_ms = $1 WHERE spec_id = $2")
        .bind(now_ms)
        .bind(spec.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn accepted_unsettled(
    connection: &mut AnyConnection,
    after: Option<SpecId>,
    limit: u32,
) -> Result<Vec<AnyRow>> {
    sqlx::query(
        "SELECT source, event_id, accepted_type, accepted_body, traceparent FROM specs
         WHERE accepted_body IS NOT NULL AND outcome IS NULL AND spec_id > $1 ORDER BY spec_id LIMIT $2",
    )
    .bind(after.map(|spec| spec.to_string()).unwrap_or_default())
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
}

/// Every column that [`super::sql`] reads a record from.
pub(super) async fn find(connection: &mut AnyConnection, spec: SpecId) -> Result<Option<AnyRow>> {
    sqlx::query(
        "SELECT outcome, traceparent, outcome_ms, published_ms, spec_id, source, event_id, body_sha256, created_ms,
                enqueued_ms, lease_holder, lease_until_ms, CASE WHEN accepted_body IS NULL THEN 0 ELSE 1 END
         FROM specs WHERE spec_id = $1",
    )
    .bind(spec.to_string())
    .fetch_optional(connection)
    .await
}

pub(super) async fn prune(connection: &mut AnyConnection, before_ms: i64, limit: u32) -> Result<u64> {
    let mut pruned = 0;
    for statement in [
        "DELETE FROM specs WHERE spec_id IN
             (SELECT spec_id FROM specs WHERE outcome_ms < $1 AND published_ms IS NOT NULL LIMIT $2)",
        "DELETE FROM attempts WHERE message IN (SELECT message FROM attempts WHERE last_ms < $1 LIMIT $2)",
    ] {
        let done = sqlx::query(statement).bind(before_ms).bind(i64::from(limit)).execute(&mut *connection).await?;
        pruned += done.rows_affected();
    }
    Ok(pruned)
}
