//! `cargo xtask ci`: what a change must pass, the cheap gates first.

use std::process::Command;

use anyhow::Context;

use crate::environment::{Lacking, Missing, program};
use crate::layout::Layout;
use crate::setup::{self, Purpose};
use crate::test;

/// Runs every gate, also after one failed. True when all passed.
///
/// # Errors
/// When the machine lacks something or cargo cannot be started.
pub(crate) fn run(layout: &Layout) -> anyhow::Result<bool> {
    components(layout)?;
    // Before clippy, whose build of the pulsar crate wants protoc too.
    setup::run(layout, Purpose::Test)?;
    let mut gates = vec![
        ("fmt", gate(layout, &["fmt", "--all", "--check"])?),
        ("clippy", gate(layout, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?),
    ];
    if program("cargo-deny").is_some() {
        gates.push(("deny", gate(layout, &["deny", "--offline", "check", "licenses", "bans", "sources"])?));
    } else {
        println!("deny: not run, cargo-deny is not installed (cargo install cargo-deny --locked)");
    }
    gates.push(("test", test::run(layout, &[])?));
    for (name, passed) in &gates {
        println!("{name}: {}", if *passed { "passed" } else { "FAILED" });
    }
    Ok(gates.iter().all(|(_, passed)| *passed))
}

fn gate(layout: &Layout, arguments: &[&str]) -> anyhow::Result<bool> {
    println!("cargo {}", arguments.join(" "));
    let status = Command::new("cargo").args(arguments).current_dir(&layout.root).status().context("starting cargo")?;
    Ok(status.success())
}

fn components(layout: &Layout) -> anyhow::Result<()> {
    let missing: Vec<Missing> = [("fmt", "rustfmt"), ("clippy", "clippy")]
        .into_iter()
        .filter(|(subcommand, _)| {
            let asked = Command::new("cargo").args([subcommand, "--version"]).current_dir(&layout.root).output();
            !asked.is_ok_and(|output| output.status.success())
        })
        .map(|(_, component)| Missing {
            what: component.to_owned(),
            needed_for: "the lint gates",
            command: format!("rustup component add {component}"),
        })
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(Lacking::new(missing).into()) }
}
