//! A gateway that dies at each arrow of the settle order, and one that dies of a message.
//!
//! A life is a runtime of its own: dropping it ends every task at once, as a kill does. The broker and the ledger's file
//! live on.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[expect(dead_code, unreachable_pub, reason = "shared by the test binaries, each of which uses a part")]
mod support;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reweave_core::SpecId;
use reweave_gateway::{
    bus::Topic,
    dlq::property,
    ledger::Ledger,
    pipeline::{CrashPoint, Faults},
};
use support::{ConnectAndRead as _, PATIENCE, World, read, spec, spec_event, spec_id, until};
use tokio::runtime::Runtime;

/// One life of a gateway: what `live` does before the process is killed.
fn life<T>(live: impl AsyncFnOnce() -> T) -> T {
    let runtime = Runtime::new().unwrap();
    let result = runtime.block_on(live());
    runtime.shutdown_timeout(Duration::from_secs(5));
    result
}

/// A life that ends at the `nth` passing of `point`.
fn killed_at(world: &World, point: CrashPoint, overrides: &[&str], publish: Option<(&str, &str)>) {
    life(async || {
        let (faults, parked) = Faults::park(point, 1);
        let pod = world.start_with(overrides, faults).await;
        if let Some((id, intent)) = publish {
            pod.publish(id, intent).await;
        }
        tokio::time::timeout(PATIENCE, parked.notified()).await.expect("the step is passed");
    });
}

/// The distinct outcomes of every key, and how many were published.
async fn outcomes(world: &World) -> (BTreeMap<SpecId, Vec<(String, Vec<u8>)>>, usize) {
    let all = world.broker.connect_and_read(Topic::Patches).await;
    let mut by_key: BTreeMap<SpecId, Vec<(String, Vec<u8>)>> = BTreeMap::new();
    for outcome in &all {
        let (spec, kind) = read(outcome);
        let distinct = by_key.entry(spec).or_default();
        let entry = (kind, outcome.payload.clone());
        if !distinct.contains(&entry) {
            distinct.push(entry);
        }
    }
    (by_key, all.len())
}

#[test]
fn a_kill_at_any_step_leaves_one_outcome() {
    for point in CrashPoint::ALL {
        let world = World::new();
        killed_at(&world, point, &[], Some(("1", "answer")));
        life(async || {
            let pod = world.start(&[]).await;
            let marker = pod.publish("marker", "answer").await;
            until(async || {
                let (by_key, _) = outcomes(&world).await;
                (by_key.contains_key(&spec_id("1")) && by_key.contains_key(&marker)).then_some(())
            })
            .await;
            pod.stop().await.unwrap();
            let (by_key, published) = outcomes(&world).await;
            assert_eq!(by_key[&spec_id("1")].len(), 1, "{point:?}");
            assert!((2..=3).contains(&published), "{point:?}: {published} published");
        });
    }
}

#[test]
fn an_outcome_that_was_stored_is_published_and_never_computed_again() {
    let world = World::new();
    killed_at(&world, CrashPoint::StoreOutcome, &[], Some(("1", "answer")));
    life(async || {
        let mut pod = world.start(&[]).await;
        assert_eq!(pod.answered().await, (spec_id("1"), "unchanged".into()));
        assert_eq!(world.synthesis.started().len(), 1);
    });
}

#[test]
fn a_message_that_kills_is_given_up_unread_after_the_limit() {
    for point in [CrashPoint::RecordAttempt, CrashPoint::Claim, CrashPoint::Work] {
        let world = World::new();
        killed_at(&world, point, &["gateway.attempts_max=2"], Some(("1", "answer")));
        killed_at(&world, point, &["gateway.attempts_max=2"], None);
        life(async || {
            let mut pod = world.start(&["gateway.attempts_max=2"]).await;
            assert_eq!(pod.answered().await, (spec_id("1"), "event.attempts_exhausted".into()), "{point:?}");
            let letter = pod.eventually(Topic::DeadLetters, 1).await.remove(0);
            assert_eq!(letter.payload, spec("1", "answer", 0).as_bytes());
            assert_eq!(letter.properties[property::STAGE], "attempts");
            assert_eq!(letter.properties[property::ATTEMPTS], "2");
        });
    }
}

#[test]
fn over_the_limit_a_stored_outcome_is_published_instead_of_a_refusal() {
    let world = World::new();
    killed_at(&world, CrashPoint::Publish, &["gateway.attempts_max=1"], Some(("1", "answer")));
    life(async || {
        let pod = world.start(&["gateway.attempts_max=1"]).await;
        pod.eventually(Topic::Patches, 2).await;
        let (by_key, _) = outcomes(&world).await;
        assert_eq!(by_key[&spec_id("1")].len(), 1);
        assert_eq!(by_key[&spec_id("1")][0].0, "unchanged");
    });
}

#[test]
fn neighbours_of_a_message_that_kills_are_not_given_up_with_it() {
    let world = World::new();
    let overrides = ["gateway.attempts_max=2"];
    let kills = async |times: usize| {
        let begun = || world.synthesis.started().iter().filter(|path| *path == "killer.py").count();
        until(async || (begun() == times).then_some(())).await;
    };
    life(async || {
        let pod = world.start(&overrides).await;
        for (id, intent) in [("a", "hold"), ("b", "hold"), ("killer", "wait"), ("c", "hold")] {
            pod.publish(id, intent).await;
        }
        until(async || (world.synthesis.started().len() == 4).then_some(())).await;
        kills(1).await;
    });
    world.synthesis.open();
    life(async || {
        let _pod = world.start(&overrides).await;
        // Suspects go one at a time: whoever is at work when the process dies again is the one that killed it.
        kills(2).await;
    });
    life(async || {
        let pod = world.start(&overrides).await;
        world.synthesis.go(9);
        pod.eventually(Topic::Patches, 4).await;
        let (by_key, _) = outcomes(&world).await;
        let kinds: BTreeMap<_, _> = ["killer", "a", "b", "c"].map(|id| (id, by_key[&spec_id(id)][0].0.as_str())).into();
        assert_eq!(kinds["killer"], "event.attempts_exhausted");
        assert!(["a", "b", "c"].iter().all(|id| kinds[id] == "unchanged"), "{kinds:?}");
    });
}

#[test]
fn the_lease_of_a_dead_replica_ends() {
    let world = World::new();
    let keeper = Runtime::new().unwrap();
    // The ledger outlives the replica, as a database server does.
    let ledger: Arc<dyn Ledger> = Arc::new(keeper.block_on(support::open(world.folder.path())));
    let overrides = ["gateway.lease_ms=300"];
    life(async || {
        let pod = world.start_on(ledger.clone(), &overrides, Faults::default()).await;
        pod.publish("1", "wait").await;
        until(async || (world.synthesis.started().len() == 1).then_some(())).await;
    });
    life(async || {
        let mut pod = world.start_on(ledger.clone(), &overrides, Faults::default()).await;
        world.synthesis.go(9);
        assert_eq!(pod.answered().await, (spec_id("1"), "unchanged".into()));
        assert!(!pod.all(Topic::Retry).await.is_empty(), "it waited for the lease of the dead");
    });
}

#[test]
fn many_events_and_a_kill_at_every_step_lose_and_contradict_nothing() {
    let world = World::new();
    let events = 200;
    life(async || {
        let pod = world.start(&["gateway.in_flight_max=1", "gateway.workers_max=1"]).await;
        for n in 0..events {
            let body = if n % 20 == 19 { "{".to_owned() } else { spec(&n.to_string(), "answer", 0) };
            pod.send(spec_event(&n.to_string(), &body)).await;
        }
    });
    for point in CrashPoint::ALL {
        life(async || {
            let (faults, parked) = Faults::park(point, 9);
            let _pod = world.start_with(&[], faults).await;
            tokio::time::timeout(PATIENCE, parked.notified()).await.expect("the step is passed");
        });
    }
    life(async || {
        let pod = world.start(&[]).await;
        until(async || (outcomes(&world).await.0.len() == events).then_some(())).await;
        pod.stop().await.unwrap();
        let (by_key, published) = outcomes(&world).await;
        assert!(by_key.values().all(|distinct| distinct.len() == 1), "no key has two outcomes");
        assert!(published <= events + CrashPoint::ALL.len() * 64, "{published} published for {events} events");
    });
}
