//! Judging outcomes: every key one distinct outcome, however often it was published.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use reweave_core::{Outcome, OutcomeEvent};
use reweave_proto::document;

use crate::python::Message;

/// Everything on the topic of patches, by spec id.
#[derive(Debug, Default)]
pub struct Outcomes(BTreeMap<String, Vec<Message>>);

impl Outcomes {
    /// Sorts `messages` by the spec they are about.
    ///
    /// # Errors
    /// When one does not say which.
    pub fn new(messages: Vec<Message>) -> Result<Self> {
        let mut by_spec: BTreeMap<String, Vec<Message>> = BTreeMap::new();
        for message in messages {
            let subject = message.properties.get("ce_subject").context("an outcome without a subject")?.clone();
            ensure!(event(&message)?.spec_id.to_string() == subject, "subject and body name different specs");
            by_spec.entry(subject).or_default().push(message);
        }
        Ok(Self(by_spec))
    }

    /// Spec ids that have an outcome.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.0.len()
    }

    /// Messages beyond the first of each key.
    #[must_use]
    pub fn republished(&self) -> usize {
        self.0.values().map(|copies| copies.len() - 1).sum()
    }

    /// Keys with two outcomes that differ in id or bytes or any property.
    #[must_use]
    pub fn conflicting(&self) -> Vec<&str> {
        let conflict = |copies: &[Message]| copies.iter().any(|copy| *copy != copies[0]);
        self.0.iter().filter(|(_, copies)| conflict(copies)).map(|(spec, _)| spec.as_str()).collect()
    }

    /// The first copy of the outcome of `spec`.
    #[must_use]
    pub fn message(&self, spec: &str) -> Option<&Message> {
        self.0.get(spec).map(|copies| &copies[0])
    }

    /// What became of `spec`: `patch`, `unchanged`, `batch`, a refusal's code, or `lost`.
    #[must_use]
    pub fn verdict(&self, spec: &str) -> String {
        self.message(spec).map_or_else(|| "lost".to_owned(), verdict)
    }

    /// How many keys have each verdict.
    #[must_use]
    pub fn tally(&self) -> BTreeMap<String, usize> {
        let mut tally = BTreeMap::new();
        for copies in self.0.values() {
            *tally.entry(verdict(&copies[0])).or_default() += 1;
        }
        tally
    }
}

/// The body of an outcome.
///
/// # Errors
/// When it is not one.
pub fn event(message: &Message) -> Result<OutcomeEvent> {
    document::read_outcome(&message.payload).context("read an outcome")
}

fn verdict(message: &Message) -> String {
    match event(message).map(|event| event.outcome) {
        Ok(Outcome::Patch(_)) => "patch".to_owned(),
        Ok(Outcome::Unchanged(_)) => "unchanged".to_owned(),
        Ok(Outcome::Batch(_)) => "batch".to_owned(),
        Ok(Outcome::Refusal(refusal)) => refusal.code.to_string(),
        Err(error) => format!("unreadable: {error:#}"),
    }
}
