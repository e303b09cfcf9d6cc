//! Finds the compilers whose own parsers the tests ask; they are the distribution's matter.

use super::Artefact;
use crate::environment::{Missing, program};
use crate::layout::Layout;

/// Looked for as the checks service looks for them.
pub(super) const COMPILERS: Artefact =
    Artefact { name: "Go and Java compilers", missing, ready: |_| lacking().is_empty(), make: |_, _| Ok(()) };

/// Each program with the command that gets it.
const PROGRAMS: [(&str, &str); 2] =
    [("go", "sudo apt-get install golang-go"), ("javac", "sudo apt-get install openjdk-17-jdk-headless")];

fn missing(_: &Layout) -> Vec<Missing> {
    let one = |(name, command): (&str, &str)| Missing {
        what: format!("the program `{name}`"),
        needed_for: "the tests of the compilers' own parsers",
        command: command.to_owned(),
    };
    lacking().into_iter().map(one).collect()
}

fn lacking() -> Vec<(&'static str, &'static str)> {
    PROGRAMS.into_iter().filter(|(name, _)| program(name).is_none()).collect()
}
