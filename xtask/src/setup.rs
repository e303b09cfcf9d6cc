//! Fetches what the demo or the tests need, one artefact after the other.
//!
//! An artefact that is there whole is not touched, so a second run works offline and a run that was killed is continued
//! by the next one. Each is made under a name of its own and renamed, or stamped, when it is whole.

mod compilers;
mod encoder;
mod libtorch;
pub(crate) mod postgres;
mod protoc;
mod pulsar;
mod reference;
mod venv;
mod wheel;

use std::fs::{self, File};

use anyhow::Context;

use crate::environment::{Lacking, Missing};
use crate::layout::Layout;
use crate::progress;

/// What is set up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The demo: no Java, no broker, no database, no libtorch.
    Demo,
    /// The inference service on libtorch, and the weights of its encoder.
    Models,
    /// The inference service beside the Python reference.
    Bench,
    /// The tests, a real Pulsar and Postgres among them.
    Test,
}

/// One thing that set-up makes, or finds.
pub(crate) struct Artefact {
    /// As shown to the user.
    name: &'static str,
    /// What this machine lacks to make or to use it.
    missing: fn(&Layout) -> Vec<Missing>,
    /// Whether it is there whole.
    ready: fn(&Layout) -> bool,
    /// Makes it.
    make: fn(&Layout, &'static str) -> anyhow::Result<()>,
}

const FOR_DEMO: &[Artefact] = &[protoc::PROTOC, venv::TOOLS];
const FOR_MODELS: &[Artefact] = &[protoc::PROTOC, venv::TOOLS, libtorch::LIBTORCH, encoder::ENCODER];
const FOR_BENCH: &[Artefact] = &[protoc::PROTOC, venv::TOOLS, libtorch::LIBTORCH, reference::REFERENCE];
const FOR_TEST: &[Artefact] = &[
    protoc::PROTOC,
    venv::TOOLS,
    venv::CLIENT,
    pulsar::SERVER,
    postgres::POSTGRES,
    compilers::COMPILERS,
    libtorch::LIBTORCH,
    encoder::ENCODER,
];

/// Sets up, showing a line per artefact.
///
/// # Errors
/// [`Lacking`] before anything is made, when the machine lacks something that cannot be fetched.
pub(crate) fn run(layout: &Layout, purpose: Purpose) -> anyhow::Result<()> {
    let artefacts = match purpose {
        Purpose::Demo => FOR_DEMO,
        Purpose::Models => FOR_MODELS,
        Purpose::Bench => FOR_BENCH,
        Purpose::Test => FOR_TEST,
    };
    let missing = missing(layout, artefacts);
    if !missing.is_empty() {
        return Err(Lacking::new(missing).into());
    }
    let _only_one = lock(layout)?;
    eprintln!("Set-up for {} in {}", purpose.words(), layout.made.display());
    for artefact in artefacts {
        if (artefact.ready)(layout) {
            progress::there(artefact.name);
        } else {
            (artefact.make)(layout, artefact.name).with_context(|| Lacking::new(vec![not_made(artefact.name)]))?;
        }
    }
    Ok(())
}

impl Purpose {
    fn words(self) -> &'static str {
        match self {
            Self::Demo => "the demo",
            Self::Models => "models",
            Self::Bench => "the benches of inference",
            Self::Test => "the tests",
        }
    }
}

/// What could not be made for want of a network, space or rights; the next run continues there.
fn not_made(name: &str) -> Missing {
    let command = "cargo xtask setup, once what follows is put right".to_owned();
    Missing { what: name.to_owned(), needed_for: "what was asked for", command }
}

fn missing(layout: &Layout, artefacts: &[Artefact]) -> Vec<Missing> {
    let mut all = Vec::new();
    for missing in artefacts.iter().flat_map(|artefact| (artefact.missing)(layout)) {
        if !all.contains(&missing) {
            all.push(missing);
        }
    }
    all
}

/// Held to the end of set-up, so that two of them do not work in one folder; dies with the process.
fn lock(layout: &Layout) -> anyhow::Result<File> {
    fs::create_dir_all(&layout.made).with_context(|| format!("creating {}", layout.made.display()))?;
    let file = File::create(layout.made.join("setup.lock"))?;
    if file.try_lock().is_err() {
        eprintln!("Waiting for another set-up to end");
        file.lock()?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacks(_: &Layout) -> Vec<Missing> {
        vec![Missing { what: "a broker".into(), needed_for: "tests", command: "get broker".into() }]
    }

    #[test]
    fn a_thing_that_cannot_be_fetched_is_told_from_a_failing_test() {
        let error = anyhow::anyhow!("no network").context(Lacking::new(vec![not_made("Pulsar 4.0.8 server")]));
        assert!(error.is::<Lacking>());
        let text = format!("{error:#}");
        assert!(text.contains("Pulsar 4.0.8 server") && text.ends_with("no network"), "{text}");
    }

    #[test]
    fn a_thing_that_two_artefacts_lack_is_named_once() {
        let layout = Layout::at(std::path::Path::new("anywhere"));
        let artefact = || Artefact { name: "it", missing: lacks, ready: |_| false, make: |_, _| Ok(()) };
        assert_eq!(missing(&layout, &[artefact(), artefact()]), lacks(&layout));
    }
}
