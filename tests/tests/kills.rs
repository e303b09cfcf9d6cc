//! Over a thousand events of mixed kinds on a real broker, while everything is killed: the gateway at each step of the
//! ledger's order, every service at random, and the broker. Each key ends with one distinct outcome.

#![expect(clippy::print_stdout, reason = "the figures are what this test is for")]

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use reweave_gateway::dlq::property as letter;
use reweave_tests::{
    cases::{self, Case},
    events::{self, Event},
    outcomes::Outcomes,
    pod::{Part, Pod},
    pulsar::PulsarServer,
    python::{self, Follower, Message},
};

const SEED: u64 = 20_260_321;
const PATIENCE: Duration = Duration::from_secs(280);
const TICK: Duration = Duration::from_millis(50);
/// Ends the synthesis process that works on it.
const POISON: &str = "end the process";
const STEPS: [&str; 7] = ["record_attempt", "claim", "work", "store_outcome", "publish", "mark_settled", "settle"];
/// Times the gateway is ended at each step.
const ROUNDS: usize = 2;

/// What is killed without regard to what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Blow {
    Service(Part),
    Broker,
}

/// The pod, what is still to be done to it, and what was done.
struct Siege {
    server: PulsarServer,
    pod: Pod,
    /// Where each next life of the gateway ends.
    steps: VecDeque<(&'static str, u32)>,
    /// After so many outcomes.
    blows: Vec<(usize, Blow)>,
    /// The step at which the gateway that runs now will end.
    fuse: Option<&'static str>,
    ended: BTreeMap<String, usize>,
    deliveries: u64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_key_has_one_outcome_though_everything_is_killed() -> Result<()> {
    let cases = mixed();
    let server = PulsarServer::start().await?;
    let started = Instant::now();
    let url = server.url();
    let mut siege = Siege::begin(server, cases.len())?;
    let mut follower = Follower::start(&url, "reweave-patches")?;
    let all: Vec<Event> = cases.iter().map(|case| case.event.clone()).collect();
    python::publish(&url, "reweave-specs", 0, &all)?;
    siege.hold(&mut follower, cases.len()).await?;
    let seconds = started.elapsed().as_secs();
    let stuck = siege.pod.terminate(Duration::from_secs(30))?;
    ensure!(stuck.is_none(), "{stuck:?} did not stop:\n{}", siege.pod.log()?);

    let outcomes = Outcomes::new(python::collect(&url, "reweave-patches")?)?;
    let letters = python::collect(&url, "reweave-specs-dlq")?;
    siege.report(&cases, &outcomes, &letters, seconds);
    assert_eq!(outcomes.keys(), cases.len(), "a key has no outcome, or something without a key has one");
    assert_eq!(outcomes.conflicting(), Vec::<&str>::new(), "keys with two outcomes");
    let wrong = cases::wrong(&cases, &outcomes, &letters);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(siege.steps.is_empty() && siege.blows.is_empty(), "not every kill happened: {:?}", siege.ended);
    Ok(())
}

impl Siege {
    fn begin(server: PulsarServer, events: usize) -> Result<Self> {
        let mut random = StdRng::seed_from_u64(SEED);
        let overrides = [
            (Part::Gateway, "gateway.lease_ms=2000"),
            (Part::Gateway, "gateway.in_flight_max=32"),
            // Attempts and retries far above the kills: a sound spec may be in hand at each, and is not what does it.
            (Part::Gateway, "gateway.attempts_max=16"),
            (Part::Gateway, "gateway.retries_max=40"),
            (Part::Synthesis, &format!("synthesis.crash_on={POISON}")),
        ];
        let steps = (0..ROUNDS).flat_map(|_| STEPS).map(|step| (step, random.random_range(5..30))).collect();
        let services = [Part::Gateway, Part::Synthesis, Part::Synthesis, Part::Synthesis, Part::Checks, Part::Checks];
        let mut blows: Vec<(usize, Blow)> =
            services.map(|part| (random.random_range(0..events), Blow::Service(part))).into();
        blows.push((events / 2, Blow::Broker));
        blows.sort_unstable();
        let pod = Pod::start(&server, &[], &overrides)?;
        Ok(Self { server, pod, steps, blows, fuse: None, ended: BTreeMap::new(), deliveries: 0 })
    }

    /// Kills and revives until every key has an outcome.
    async fn hold(&mut self, follower: &mut Follower, keys: usize) -> Result<()> {
        let started = Instant::now();
        let mut seen = BTreeSet::new();
        // The first life has no fuse; the first of the steps begins with its end.
        self.kill(Part::Gateway)?;
        while seen.len() < keys {
            ensure!(started.elapsed() < PATIENCE, "{} of {keys} keys have an outcome\n{}", seen.len(), self.pod.log()?);
            if let Some(message) = follower.next(TICK)? {
                seen.insert(message.properties.get("ce_subject").cloned());
            }
            while let Some((_, blow)) = self.blows.first().copied().filter(|(after, _)| seen.len() >= *after) {
                self.blows.remove(0);
                self.strike(blow).await?;
            }
            self.revive()?;
        }
        self.deliveries += self.delivered().await?;
        Ok(())
    }

    async fn strike(&mut self, blow: Blow) -> Result<()> {
        match blow {
            Blow::Service(part) => self.kill(part),
            Blow::Broker => {
                // The broker counts in memory.
                self.deliveries += self.delivered().await?;
                self.server.kill9()?;
                *self.ended.entry("broker, SIGKILL".to_owned()).or_default() += 1;
                self.server.restart().await
            }
        }
    }

    fn kill(&mut self, part: Part) -> Result<()> {
        if self.pod.alive(part)? {
            self.pod.kill(part)?;
            *self.ended.entry(format!("{part:?}, SIGKILL")).or_default() += 1;
            if part == Part::Gateway {
                // It did not come to its step; the next life shall.
                let unspent = self.fuse.take().map(|step| (step, 5));
                self.steps.extend(unspent);
                self.start_gateway()?;
            }
        }
        Ok(())
    }

    fn revive(&mut self) -> Result<()> {
        for part in [Part::Checks, Part::Synthesis] {
            if !self.pod.alive(part)? {
                *self.ended.entry(format!("{part:?}, started again")).or_default() += 1;
                self.pod.revive(part, &[])?;
            }
        }
        if !self.pod.alive(Part::Gateway)? {
            let step = self.fuse.take().unwrap_or("by itself");
            *self.ended.entry(format!("Gateway, after {step}")).or_default() += 1;
            self.start_gateway()?;
        }
        Ok(())
    }

    fn start_gateway(&mut self) -> Result<()> {
        let next = self.steps.pop_front();
        self.fuse = next.map(|(step, _)| step);
        let overrides =
            next.map(|(step, nth)| vec![format!("gateway.crash_after={step}"), format!("gateway.crash_nth={nth}")]);
        self.pod.revive(Part::Gateway, &overrides.unwrap_or_default())
    }

    /// Messages that the broker handed to the gateways since it started.
    async fn delivered(&self) -> Result<u64> {
        let path = "/admin/v2/persistent/public/default/reweave-specs/partitioned-stats";
        let stats: serde_json::Value = reqwest::get(format!("{}{path}", self.server.admin_url())).await?.json().await?;
        Ok(stats["subscriptions"]["reweave-gateway"]["msgOutCounter"].as_u64().unwrap_or_default())
    }

    fn report(&self, cases: &[Case], outcomes: &Outcomes, letters: &[Message], seconds: u64) {
        let buried: BTreeSet<&str> =
            letters.iter().map(|message| message.properties[letter::ORIGIN].as_str()).collect();
        println!("events published            {}", cases.len());
        println!("keys with an outcome        {}", outcomes.keys());
        println!("outcomes published          {}", outcomes.keys() + outcomes.republished());
        println!("  again, identical          {}", outcomes.republished() - outcomes.conflicting().len());
        println!("  again, different          {}", outcomes.conflicting().len());
        println!("deliveries from the broker  {}", self.deliveries);
        println!("messages buried             {} ({} letters)", buried.len(), letters.len());
        for (what, count) in &self.ended {
            println!("ended: {what:28} {count}");
        }
        for (verdict, count) in outcomes.tally() {
            println!("verdict: {verdict:28} {count}");
        }
        println!("seconds                     {seconds}");
    }
}

fn mixed() -> Vec<Case> {
    let mut cases: Vec<Case> =
        (0..900).map(|n| Case::spec(format!("rename-{n}"), &events::rename(n), &["patch"])).collect();
    cases.extend(
        (0..60).map(|n| Case::spec(format!("collision-{n}"), &events::collision(n), &["refactor.name_collision"])),
    );
    cases.extend((0..40).map(|n| Case::spec(format!("absent-{n}"), &events::absent(n), &["target.missing"])));
    cases.extend((0..10).map(|n| Case::spec(format!("repair-{n}"), &events::repair(n), &["patch"])));
    cases.push(Case::spec(
        "poison".into(),
        &events::intent(POISON),
        &["service.internal", "service.unavailable", "event.attempts_exhausted"],
    ));
    cases.extend((0..10).flat_map(cases::malformed));
    cases.shuffle(&mut StdRng::seed_from_u64(SEED));
    cases
}
