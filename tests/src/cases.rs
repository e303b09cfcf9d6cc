//! Events with what must become of them.

use std::collections::BTreeMap;

use reweave_gateway::dlq::property as letter;
use serde_json::Value;

use crate::{
    events::{self, Event},
    outcomes::Outcomes,
    python::Message,
};

/// An event, and the verdicts ([`Outcomes::verdict`]) it may have.
#[derive(Clone, Debug)]
pub struct Case {
    pub event: Event,
    /// Absent where only the broker's message id names it.
    pub id: Option<String>,
    pub verdicts: &'static [&'static str],
}

impl Case {
    /// A spec event in binary mode with a JSON body.
    #[must_use]
    pub fn spec(id: String, body: &Value, verdicts: &'static [&'static str]) -> Self {
        Self { event: Event::spec(&id, body), id: Some(id), verdicts }
    }
}

/// Five messages that no gateway can use, two of them without a key.
#[must_use]
pub fn malformed(n: usize) -> [Case; 5] {
    let json = "application/json";
    let cut = format!("{{\"refactor\": {n}");
    let unknown = format!("{{\"wish\": {n}}}");
    let mut garbage = vec![0xff, 0xfe, 0x00, 0x80];
    garbage.extend(n.to_le_bytes());
    let other_type = Event::spec(&format!("type-{n}"), &events::rename(n)).with("ce_type", "dev.reweave.wish.v1");
    let named = |id: String, event: Event, verdicts| Case { event, id: Some(id), verdicts };
    let nameless = |event, verdicts| Case { event, id: None, verdicts };
    let no_id = Event::binary("", json, format!("{cut}, without an id").into()).without("ce_id");
    let (cut_id, unknown_id) = (format!("cut-{n}"), format!("unknown-{n}"));
    [
        named(cut_id.clone(), Event::binary(&cut_id, json, cut.into()), &["spec.invalid"]),
        named(unknown_id.clone(), Event::binary(&unknown_id, json, unknown.into()), &["spec.invalid"]),
        named(format!("type-{n}"), other_type, &["event.invalid"]),
        nameless(no_id, &["spec.invalid"]),
        nameless(Event { properties: BTreeMap::new(), payload: garbage }, &["event.invalid"]),
    ]
}

/// A line for each case whose verdict is not one it may have. A message without a key is found by its dead letter.
#[must_use]
pub fn wrong(cases: &[Case], outcomes: &Outcomes, letters: &[Message]) -> Vec<String> {
    let spec_id = |case: &Case| match &case.id {
        Some(id) => events::spec_id(id),
        None => letter_of(case, letters).map_or_else(String::new, |found| found.properties[letter::SPEC_ID].clone()),
    };
    let judged = cases.iter().map(|case| (case, outcomes.verdict(&spec_id(case))));
    judged
        .filter(|(case, verdict)| !case.verdicts.contains(&verdict.as_str()))
        .map(|(case, verdict)| format!("{:?} {:?}: {verdict}, not {:?}", case.id, case.event.properties, case.verdicts))
        .collect()
}

/// The dead letter with the bytes of `case`.
#[must_use]
pub fn letter_of<'a>(case: &Case, letters: &'a [Message]) -> Option<&'a Message> {
    letters.iter().find(|message| message.payload == case.event.payload)
}
