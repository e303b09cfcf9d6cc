//! Two gateways on one Postgres ledger and one broker: one of them is killed, and nothing is lost or told twice.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use anyhow::{Context, Result, ensure};
use reweave_tests::{
    cases::{self, Case},
    events::{self, Event},
    outcomes::Outcomes,
    pod::{Part, Pod},
    pulsar::PulsarServer,
    python::{self, Follower},
};

#[expect(dead_code, unreachable_pub, reason = "the starter is shared with the gateway's own tests")]
#[path = "../../services/gateway/tests/support/postgres.rs"]
mod postgres;

use postgres::Postgres;

const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_finishes_what_a_killed_one_had_begun() -> Result<()> {
    let (server, postgres) = (PulsarServer::start().await?, Postgres::start()?);
    let ledger = format!("gateway.ledger.url={}", postgres.database("ledger")?);
    let mut pod = Pod::start(&server, &[], &[(Part::Gateway, &ledger), (Part::Gateway, "gateway.lease_ms=2000")])?;
    let (mut replica, address) = pod.start_replica()?;
    let mut follower = Follower::start(&server.url(), "reweave-patches")?;
    let cases = cases();
    let all: Vec<Event> = cases.iter().map(|case| case.event.clone()).collect();
    python::publish(&server.url(), "reweave-specs", 0, &all)?;

    let mut seen = BTreeSet::new();
    receive(&mut follower, &mut seen, cases.len() / 3)?;
    ensure!(published(&pod.http("/metrics")).await? > 0, "the first gateway took part");
    pod.kill(Part::Gateway)?;
    receive(&mut follower, &mut seen, cases.len())?;
    ensure!(published(&metrics(address)).await? > 0, "the second gateway took part");
    assert!(replica.terminate(Duration::from_secs(10))?, "{}", pod.log()?);

    let outcomes = Outcomes::new(python::collect(&server.url(), "reweave-patches")?)?;
    let wrong = cases::wrong(&cases, &outcomes, &python::collect(&server.url(), "reweave-specs-dlq")?);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(outcomes.keys(), cases.len());
    assert_eq!(outcomes.conflicting(), Vec::<&str>::new());
    Ok(())
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = (0..4).flat_map(cases::malformed).collect();
    cases.extend((0..280).map(|n| Case::spec(format!("rename-{n}"), &events::rename(n), &["patch"])));
    cases
}

fn receive(follower: &mut Follower, seen: &mut BTreeSet<String>, keys: usize) -> Result<()> {
    while seen.len() < keys {
        let next = follower.next(PATIENCE)?;
        let message = next.with_context(|| format!("only {} of {keys} outcomes came", seen.len()))?;
        seen.insert(message.properties["ce_subject"].clone());
    }
    Ok(())
}

fn metrics(address: SocketAddr) -> String {
    format!("http://{address}/metrics")
}

/// Outcomes that a gateway says it published.
async fn published(url: &str) -> Result<u64> {
    let text = reqwest::Client::builder().no_proxy().build()?.get(url).send().await?.text().await?;
    let samples = text.lines().filter(|line| line.starts_with("reweave_gateway_outcomes_published_total"));
    Ok(samples.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum())
}
