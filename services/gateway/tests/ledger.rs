//! The contract of `Ledger`, run on embedded SQLite always and on Postgres where a server is installed.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[expect(unreachable_pub, reason = "the scenarios of the pod include the same file as a public module")]
#[path = "support/postgres.rs"]
mod postgres;

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use postgres::Postgres;
use reweave_core::{Sha256, SpecId};
use reweave_gateway::ledger::{
    Acceptance, Accepted, Attempt, Claim, Claimed, Lane, Lease, Ledger, MessageKey, NewOutcome, OpenError,
    PostgresOptions, Renewed, SqliteOptions,
};

/// Seconds after some beginning.
fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

fn claim(id: &str, body: &str, holder: &str, now: u64) -> Claim {
    Claim {
        message: MessageKey::new(format!("message of {id}")),
        source: "test".into(),
        event_id: id.into(),
        body: Sha256::of(body.as_bytes()),
        lease: Lease { holder: holder.into(), until: at(now + 30) },
        now: at(now),
    }
}

fn outcome(body: &str, seconds: u64) -> NewOutcome {
    NewOutcome { body: body.into(), traceparent: Some("00-trace".into()), at: at(seconds) }
}

fn accepted(id: &str, body: &str) -> Accepted {
    Accepted {
        source: "test".into(),
        event_id: id.into(),
        content_type: "application/json".into(),
        body: body.into(),
        traceparent: None,
    }
}

fn spec(id: &str) -> SpecId {
    SpecId::of("test", id)
}

async fn attempts_are_counted_and_a_second_one_is_a_suspect(ledger: &dyn Ledger) {
    let message = MessageKey::new("m");
    let counted = |number, spec| Attempt::Counted { number, spec };
    assert_eq!(ledger.record_attempt(&message, Lane::Fresh, at(0)).await.unwrap(), counted(1, None));
    assert_eq!(ledger.record_attempt(&message, Lane::Fresh, at(1)).await.unwrap(), Attempt::Suspect);
    assert_eq!(ledger.record_attempt(&message, Lane::Suspect, at(2)).await.unwrap(), counted(2, None));
    let named = Claim { message: message.clone(), ..claim("attempts", "b", "a", 2) };
    ledger.claim(named).await.unwrap();
    assert_eq!(
        ledger.record_attempt(&message, Lane::Suspect, at(3)).await.unwrap(),
        counted(3, Some(spec("attempts")))
    );
}

async fn a_forgiven_attempt_does_not_count(ledger: &dyn Ledger) {
    let message = MessageKey::new("forgiven");
    ledger.record_attempt(&message, Lane::Fresh, at(0)).await.unwrap();
    ledger.forgive_attempt(&message).await.unwrap();
    ledger.forgive_attempt(&message).await.unwrap();
    let again = ledger.record_attempt(&message, Lane::Fresh, at(1)).await.unwrap();
    assert_eq!(again, Attempt::Counted { number: 1, spec: None });
}

async fn a_key_is_claimed_once_until_the_lease_ends(ledger: &dyn Ledger) {
    assert_eq!(ledger.claim(claim("lease", "b", "one", 0)).await.unwrap(), Claimed::Fresh);
    let held = Claimed::InProgress { until: at(30) };
    assert_eq!(ledger.claim(claim("lease", "b", "two", 29)).await.unwrap(), held);
    assert_eq!(ledger.claim(claim("lease", "b", "two", 30)).await.unwrap(), Claimed::Fresh);
    let lease = |holder: &str| Lease { holder: holder.into(), until: at(99) };
    assert_eq!(ledger.renew(spec("lease"), lease("one")).await.unwrap(), Renewed::Lost);
    assert_eq!(ledger.renew(spec("lease"), lease("two")).await.unwrap(), Renewed::Held);
    assert_eq!(ledger.claim(claim("lease", "b", "one", 98)).await.unwrap(), Claimed::InProgress { until: at(99) });
    ledger.release(spec("lease"), "one").await.unwrap();
    assert_eq!(ledger.find(spec("lease")).await.unwrap().unwrap().lease, Some(lease("two")));
    ledger.release(spec("lease"), "two").await.unwrap();
    assert_eq!(ledger.claim(claim("lease", "b", "one", 98)).await.unwrap(), Claimed::Fresh);
}

async fn another_body_is_told_apart_before_and_after_the_outcome(ledger: &dyn Ledger) {
    ledger.claim(claim("body", "first", "one", 0)).await.unwrap();
    let other = Claimed::OtherBody { first: Sha256::of(b"first") };
    assert_eq!(ledger.claim(claim("body", "second", "two", 99)).await.unwrap(), other);
    ledger.store_outcome(spec("body"), outcome("o", 1)).await.unwrap();
    assert_eq!(ledger.claim(claim("body", "second", "two", 99)).await.unwrap(), other);
}

async fn the_first_outcome_wins_and_keeps_its_bytes(ledger: &dyn Ledger) {
    ledger.claim(claim("outcome", "b", "one", 0)).await.unwrap();
    let bytes = "first \u{0} é".to_owned();
    let first = ledger.store_outcome(spec("outcome"), outcome(&bytes, 1)).await.unwrap();
    let second = NewOutcome { traceparent: None, ..outcome("second", 2) };
    assert_eq!(ledger.store_outcome(spec("outcome"), second).await.unwrap(), first);
    assert_eq!((first.body.as_slice(), first.at, first.published), (bytes.as_bytes(), at(1), None));
    let lease = Lease { holder: "one".into(), until: at(9) };
    assert_eq!(ledger.renew(spec("outcome"), lease).await.unwrap(), Renewed::Settled);
    let Claimed::Settled(found) = ledger.claim(claim("outcome", "b", "two", 99)).await.unwrap() else {
        panic!("not settled");
    };
    assert_eq!(found, first);
}

async fn settling_notes_the_first_receipt_and_forgets_the_attempts(ledger: &dyn Ledger) {
    let message = MessageKey::new("settled");
    ledger.record_attempt(&message, Lane::Fresh, at(0)).await.unwrap();
    ledger.store_outcome(spec("settled"), outcome("o", 1)).await.unwrap();
    ledger.mark_settled(spec("settled"), Some(&message), at(2)).await.unwrap();
    ledger.mark_settled(spec("settled"), None, at(3)).await.unwrap();
    let record = ledger.find(spec("settled")).await.unwrap().unwrap();
    assert_eq!(record.outcome.unwrap().published, Some(at(2)));
    let again = ledger.record_attempt(&message, Lane::Fresh, at(4)).await.unwrap();
    assert_eq!(again, Attempt::Counted { number: 1, spec: None });
}

async fn an_outcome_stored_before_the_spec_came_answers_any_body(ledger: &dyn Ledger) {
    ledger.store_outcome(spec("early"), outcome("cancelled", 1)).await.unwrap();
    let claimed = ledger.claim(claim("early", "b", "one", 2)).await.unwrap();
    assert!(matches!(claimed, Claimed::Settled(stored) if stored.body == b"cancelled"));
}

async fn an_accepted_spec_is_listed_until_it_is_settled(ledger: &dyn Ledger) {
    let ids = ["a1", "a2", "a3"];
    for id in ids {
        assert_eq!(ledger.accept(accepted(id, "b"), at(0)).await.unwrap(), Acceptance::Enqueue);
    }
    assert_eq!(ledger.accept(accepted("a1", "b"), at(1)).await.unwrap(), Acceptance::Enqueue);
    ledger.mark_enqueued(spec("a1"), at(2)).await.unwrap();
    assert_eq!(ledger.accept(accepted("a1", "b"), at(3)).await.unwrap(), Acceptance::Known);
    let other = Acceptance::OtherBody { first: Sha256::of(b"b") };
    assert_eq!(ledger.accept(accepted("a1", "c"), at(4)).await.unwrap(), other);
    ledger.store_outcome(spec("a2"), outcome("o", 5)).await.unwrap();
    let mut expected: Vec<Accepted> = ["a1", "a3"].iter().map(|id| accepted(id, "b")).collect();
    expected.sort_by_key(|accepted| accepted.spec_id().to_string());
    let first = ledger.accepted_unsettled(None, 1).await.unwrap();
    let rest = ledger.accepted_unsettled(Some(first[0].spec_id()), 9).await.unwrap();
    assert_eq!([first, rest].concat(), expected);
}

async fn pruning_takes_only_what_is_old_and_published_and_stops_at_its_limit(ledger: &dyn Ledger) {
    for id in ["p1", "p2", "p3", "unpublished"] {
        ledger.store_outcome(spec(id), outcome("o", 10)).await.unwrap();
    }
    ledger.store_outcome(spec("young"), outcome("o", 9_000)).await.unwrap();
    for id in ["p1", "p2", "p3", "young"] {
        ledger.mark_settled(spec(id), None, at(11)).await.unwrap();
    }
    let mut rounds = Vec::new();
    loop {
        let pruned = ledger.prune(at(8_000), 2).await.unwrap();
        rounds.push(pruned);
        if pruned == 0 {
            break;
        }
    }
    assert!(rounds.iter().all(|pruned| *pruned <= 4) && rounds.len() >= 3, "{rounds:?}");
    assert!(ledger.find(spec("p1")).await.unwrap().is_none());
    assert!(ledger.find(spec("young")).await.unwrap().is_some());
    assert!(ledger.find(spec("unpublished")).await.unwrap().is_some());
}

async fn of_many_claims_at_once_one_is_fresh(ledger: Arc<dyn Ledger>) {
    let claims = (0..16).map(|holder| {
        let ledger = ledger.clone();
        tokio::spawn(async move { ledger.claim(claim("race", "b", &holder.to_string(), 0)).await.unwrap() })
    });
    let mut fresh = 0;
    for task in claims.collect::<Vec<_>>() {
        fresh += usize::from(task.await.unwrap() == Claimed::Fresh);
    }
    assert_eq!(fresh, 1);
}

async fn of_many_outcomes_at_once_one_is_stored(ledger: Arc<dyn Ledger>) {
    let stores = (0..16).map(|body| {
        let ledger = ledger.clone();
        tokio::spawn(async move { ledger.store_outcome(spec("race 2"), outcome(&body.to_string(), 0)).await.unwrap() })
    });
    let mut stored = Vec::new();
    for task in stores.collect::<Vec<_>>() {
        stored.push(task.await.unwrap().body);
    }
    stored.dedup();
    assert_eq!(stored.len(), 1);
}

async fn contract(ledger: Arc<dyn Ledger>) {
    ledger.ping().await.unwrap();
    attempts_are_counted_and_a_second_one_is_a_suspect(&*ledger).await;
    a_forgiven_attempt_does_not_count(&*ledger).await;
    a_key_is_claimed_once_until_the_lease_ends(&*ledger).await;
    another_body_is_told_apart_before_and_after_the_outcome(&*ledger).await;
    the_first_outcome_wins_and_keeps_its_bytes(&*ledger).await;
    settling_notes_the_first_receipt_and_forgets_the_attempts(&*ledger).await;
    an_outcome_stored_before_the_spec_came_answers_any_body(&*ledger).await;
    an_accepted_spec_is_listed_until_it_is_settled(&*ledger).await;
    of_many_claims_at_once_one_is_fresh(ledger.clone()).await;
    of_many_outcomes_at_once_one_is_stored(ledger.clone()).await;
    pruning_takes_only_what_is_old_and_published_and_stops_at_its_limit(&*ledger).await;
}

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a folder/ledger %3F?.db");
    contract(Arc::new(SqliteOptions { path }.open().await.unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_the_contract() {
    if !Postgres::installed() {
        let error = Postgres::start().expect_err("nothing is installed");
        assert!(error.to_string().contains(postgres::PACKAGE));
        return;
    }
    let server = Postgres::start().unwrap();
    let url = server.database("ledger").unwrap();
    let open = || async { PostgresOptions { url: url.clone(), connections_max: 4 }.open().await.unwrap() };
    let (one, two) = tokio::join!(open(), open());
    contract(Arc::new(one)).await;
    let record = two.find(spec("race")).await.unwrap();
    assert!(record.is_some(), "a second replica sees the same rows");
}

#[tokio::test]
async fn a_second_opener_of_the_embedded_ledger_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions { path: folder.path().join("ledger.db") };
    let _first = options.open().await.unwrap();
    let second = options.open().await.unwrap_err();
    assert!(matches!(second, OpenError::Held { .. }), "{second}");
}

#[test]
fn a_crash_keeps_what_was_answered_and_ends_the_leases() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions { path: folder.path().join("ledger.db") };
    let message = MessageKey::new("crash");
    let first_life = tokio::runtime::Runtime::new().unwrap();
    let ledger = first_life.block_on(options.open()).unwrap();
    first_life.block_on(async {
        ledger.record_attempt(&message, Lane::Fresh, at(0)).await.unwrap();
        ledger.claim(claim("crash", "b", "one", 0)).await.unwrap();
        ledger.store_outcome(spec("done"), outcome("o", 1)).await.unwrap();
    });
    // Everything of this life ends at once, as in a crash; nothing is closed in order.
    first_life.shutdown_background();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let ledger = reopen(&options).await;
        assert_eq!(ledger.record_attempt(&message, Lane::Fresh, at(1)).await.unwrap(), Attempt::Suspect);
        assert_eq!(ledger.claim(claim("crash", "b", "two", 1)).await.unwrap(), Claimed::Fresh);
        assert_eq!(ledger.find(spec("done")).await.unwrap().unwrap().outcome.unwrap().body, b"o");
    });
}

/// The background shutdown lets go of the lock a moment later.
async fn reopen(options: &SqliteOptions) -> impl Ledger + use<> {
    loop {
        match options.open().await {
            Ok(ledger) => return ledger,
            Err(OpenError::Held { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}
