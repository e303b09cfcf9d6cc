//! A whole pod on a real broker, as a pipeline in another language sees it: every form an event may have, everything
//! that may be wrong with one, and what comes out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use prost::Message as _;
use reweave_gateway::dlq::property as letter;
use reweave_proto::{convert::Door, document, wire::spec::Spec as WireSpec};
use reweave_tests::{
    cases::{self, Case},
    events::{self, Event},
    outcomes::{self, Outcomes},
    pod::Pod,
    pulsar::PulsarServer,
    python::{self, Follower, Message},
};
use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(120);
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_answers_an_independent_client_in_every_form() -> Result<()> {
    let server = PulsarServer::start().await?;
    let url = server.url();
    let shop = shop()?;
    let mut pod = Pod::start(&server, &[("shop", shop.path())], &[])?;
    let mut follower = Follower::start(&url, "reweave-patches")?;

    let (mut cases, batched) = (first_wave()?, batched());
    publish(&url, 0, &cases)?;
    publish(&url, 20, &batched)?;
    python::publish(&url, "reweave-specs", 0, &[cancel("called-off")])?;
    cases.extend(batched);
    cases.push(Case::spec("called-off".into(), &events::rename(90), &["spec.cancelled"]));
    let mut seen = Vec::new();
    receive(&mut follower, &mut seen, |seen| distinct(seen) == cases.len())?;

    python::publish(&url, "reweave-specs", 0, &second_wave())?;
    receive(&mut follower, &mut seen, |seen| distinct(seen) == cases.len() + 1 && seen.len() == cases.len() + 3)?;

    let outcomes = Outcomes::new(python::collect(&url, "reweave-patches")?)?;
    let (chunks, letters): (Vec<_>, Vec<_>) = python::collect(&url, "reweave-specs-dlq")?
        .into_iter()
        .partition(|message| message.properties[letter::SPEC_ID] == events::spec_id("huge"));
    let wrong = cases::wrong(&cases, &outcomes, &letters);
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), pod.log()?);
    assert_eq!(outcomes.tally().get("event.id_reused"), Some(&1));
    assert_eq!(outcomes.conflicting(), Vec::<&str>::new());
    outcome_events_say_what_they_are(&outcomes);
    malformed_messages_are_kept_whole(&cases, &letters);
    assert!(chunks.len() > 1, "each piece of the large one is kept, or its digest: {}", chunks.len());
    progress_was_told(&python::collect(&url, "reweave-progress")?)?;
    the_http_door_tells_the_same(&pod, &outcomes).await?;

    assert_eq!(pod.terminate(Duration::from_secs(10))?, None, "a part did not stop in order\n{}", pod.log()?);
    let log = pod.log()?;
    // The client library may find its connection closed already when it drops a producer at the very end.
    let expected = |line: &&str| line.contains("pulsar::producer: could not close producer");
    let errors: Vec<&str> = log.lines().filter(|line| line.contains(" ERROR ") && !expected(line)).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    Ok(())
}

/// Every form of a good event, and everything that may be wrong with one.
fn first_wave() -> Result<Vec<Case>> {
    let good = |id: &str, event: Event| Case { event, id: Some(id.to_owned()), verdicts: &["patch"] };
    let yaml = "application/yaml";
    let in_shop = json!({
        "source": {"workspace": {"name": "shop"}},
        "edit": {"language": "python", "file_path": "price.py", "checks": ["pytest"]},
    });
    let mut cases = vec![
        good("json", Event::spec("json", &events::rename(1)).with("traceparent", TRACE)),
        good("protobuf", Event::binary("protobuf", "application/protobuf", protobuf(&events::rename(2))?)),
        good("yaml", Event::binary("yaml", yaml, YAML.as_bytes().to_vec())),
        good("structured", Event::structured("structured", &events::rename(3))),
        good("workspace", Event::spec("workspace", &in_shop)),
    ];
    cases.extend(cases::malformed(0));
    let old = Event::spec("old", &events::rename(4)).with("ce_expirytime", "2020-01-01T00:00:00Z");
    let version = Event::spec("version", &events::rename(5)).with("ce_specversion", "0.3");
    let empty = Event::binary("empty", "application/json", Vec::new());
    let huge = Event::binary("huge", "application/json", vec![b' '; (5 << 20) + (1 << 19)]);
    let elsewhere = json!({"source": {"workspace": {"name": "nowhere"}}, "refactor": events::rename(6)["refactor"]});
    let issue = json!({"source": events::inline(&[("a.py", "x = 1\n")]), "issue": {"text": "make it better"}});
    let refused = |id: &str, event: Event, verdicts| Case { event, id: Some(id.to_owned()), verdicts };
    cases.extend([
        refused("old", old, &["event.expired"]),
        refused("version", version, &["event.invalid"]),
        refused("empty", empty, &["spec.invalid"]),
        refused("huge", huge, &["spec.too_large"]),
        refused("elsewhere", Event::spec("elsewhere", &elsewhere), &["workspace.unknown"]),
        refused("issue", Event::spec("issue", &issue), &["issue.planning_unavailable"]),
        refused("taken", Event::spec("taken", &events::collision(1)), &["refactor.name_collision"]),
    ]);
    Ok(cases)
}

const YAML: &str = "\
source:
  inline:
    files:
      - path: module.py
        content: |
          def old():
              return 1
        sha256: 9b62d31fe29fa6e37312e27895d7b7a83b716fa1b6c77f7133d8df66f1f9b13a
refactor:
  file_path: module.py
  edit_targets: [old]
  intent: Say what it is.
  operator: {name: rename, parameters: {to: new}}
";

/// What the client packs into one entry of the broker.
fn batched() -> Vec<Case> {
    (0..20).map(|n| Case::spec(format!("batched-{n}"), &events::rename(100 + n), &["patch"])).collect()
}

/// What only makes sense after the first wave: an id with another body, one with the same, and one that was called off.
fn second_wave() -> [Event; 3] {
    [
        Event::spec("json", &events::rename(50)),
        Event::spec("json", &events::rename(1)).with("traceparent", TRACE),
        Event::spec("called-off", &events::rename(90)),
    ]
}

fn cancel(id: &str) -> Event {
    Event::binary("cancel", "application/json", json!({"source": events::SOURCE, "id": id}).to_string().into())
        .with("ce_type", "dev.reweave.cancel.v1")
}

fn protobuf(body: &Value) -> Result<Vec<u8>> {
    match document::read_spec(body.to_string(), Door::Remote) {
        Ok(spec) => Ok(WireSpec::from(spec).encode_to_vec()),
        Err(refusal) => bail!("{refusal:?}"),
    }
}

/// A workspace of the operator's with a failing test.
fn shop() -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    fs::write(
        folder.path().join("price.py"),
        "def total(prices):\n    return sum(prices) - 1 * 0\n\n\ndef over(a, b):\n    return a < b\n",
    )?;
    fs::write(
        folder.path().join("test_price.py"),
        "from price import over\n\n\ndef test_over():\n    assert over(2, 1)\n    assert not over(1, 2)\n    assert not over(1, 1)\n",
    )?;
    Ok(folder)
}

fn publish(url: &str, batch: usize, cases: &[Case]) -> Result<()> {
    let events: Vec<Event> = cases.iter().map(|case| case.event.clone()).collect();
    python::publish(url, "reweave-specs", batch, &events)
}

fn receive(follower: &mut Follower, seen: &mut Vec<Message>, enough: impl Fn(&[Message]) -> bool) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !enough(seen) {
        match follower.next(deadline.saturating_duration_since(Instant::now()))? {
            Some(message) => seen.push(message),
            None => bail!("only {} outcomes on {} keys came", seen.len(), distinct(seen)),
        }
    }
    Ok(())
}

fn distinct(messages: &[Message]) -> usize {
    messages.iter().map(|message| &message.properties["ce_subject"]).collect::<BTreeSet<_>>().len()
}

fn outcome_events_say_what_they_are(outcomes: &Outcomes) {
    let spec = events::spec_id("json");
    let message = outcomes.message(&spec).expect("it has an outcome");
    let property = |name: &str| message.properties.get(name).map(String::as_str);
    assert_eq!(property("ce_id"), Some(format!("{spec}/outcome").as_str()));
    assert_eq!(property("ce_source"), Some("urn:reweave:gateway"));
    assert_eq!(property("ce_type"), Some("dev.reweave.outcome.v1"));
    assert_eq!(property("ce_specversion"), Some("1.0"));
    assert_eq!(property("ce_subject"), Some(spec.as_str()));
    assert_eq!(property("content-type"), Some("application/json"));
    assert_eq!(property("traceparent"), Some(TRACE));
    assert_eq!(message.key.as_deref(), Some(spec.as_str()));
    let workspace = outcomes.message(&events::spec_id("workspace")).expect("it has an outcome");
    let event = outcomes::event(workspace).expect("it is one");
    let patch = event.outcome.patch().expect("it was repaired");
    assert!(patch.checks.iter().any(|check| check.name.to_string() == "pytest"), "{:?}", patch.checks);
}

fn malformed_messages_are_kept_whole(cases: &[Case], letters: &[Message]) {
    let malformed = ["spec.invalid", "event.invalid"];
    let cases: Vec<&Case> = cases.iter().filter(|case| malformed.contains(&case.verdicts[0])).collect();
    assert_eq!(letters.len(), cases.len(), "a letter for each and nothing else");
    for case in cases {
        let found = cases::letter_of(case, letters).unwrap_or_else(|| panic!("no letter for {case:?}"));
        assert_eq!(found.properties[letter::CODE], case.verdicts[0]);
        assert!(!found.properties[letter::REASON].is_empty() && found.properties[letter::ATTEMPTS] == "1");
        let kept: BTreeMap<_, _> =
            found.properties.clone().into_iter().filter(|(name, _)| !name.starts_with("reweave-")).collect();
        assert_eq!(kept, case.event.properties);
    }
}

fn progress_was_told(messages: &[Message]) -> Result<()> {
    let mut stages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for message in messages {
        let (spec, progress) = document::read_progress(&message.payload)?;
        assert_eq!(message.properties["ce_subject"], spec.to_string());
        stages.entry(spec.to_string()).or_default().insert(progress.stage.as_str().to_owned());
    }
    let workspace = stages.get(&events::spec_id("workspace"));
    ensure!(workspace.is_some_and(|stages| stages.contains("check")), "{workspace:?} of {} specs", stages.len());
    Ok(())
}

async fn the_http_door_tells_the_same(pod: &Pod, outcomes: &Outcomes) -> Result<()> {
    let spec = events::spec_id("json");
    let client = reqwest::Client::builder().no_proxy().build()?;
    let status: Value = client.get(pod.http(&format!("/v1/specs/{spec}"))).send().await?.json().await?;
    assert_eq!((&status["state"], &status["id"]), (&json!("settled"), &json!("json")));
    let patch = pod.http(&format!("/v1/patches/{spec}"));
    let body = client.get(&patch).send().await?.bytes().await?;
    assert_eq!(body, outcomes.message(&spec).expect("it has an outcome").payload, "the bytes of the event");
    let diff = client.get(&patch).header("accept", "text/x-diff").send().await?.text().await?;
    assert!(diff.contains("-def old_1(value):\n+def new_1(value):\n"), "{diff}");
    let refused = client.get(pod.http(&format!("/v1/patches/{}", events::spec_id("taken")))).send().await?;
    assert_eq!(refused.status().as_u16(), 409);
    Ok(())
}
