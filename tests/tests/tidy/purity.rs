//! `crates/` computes: no files, network, environment, processes, threads or clock, neither its own nor a dependency's.

use super::metadata::Metadata;
use super::paths::std_paths;
use super::repository::{TextFile, assert_none, rust_files};
use super::source::{code, is_for_tests, test_modules, without_tests};

/// Modules of the standard library through which the outside world is reached.
const OUTSIDE: &[&str] = &["fs", "env", "net", "process", "thread", "os"];
/// Single items of that kind; `*` would bring them in.
const OUTSIDE_ITEMS: &[&str] = &[
    "std::time::Instant",
    "std::time::SystemTime",
    "std::time::*",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::*",
];
/// Runtimes, sockets, clocks and pools of threads, however deep in the graph.
const OUTSIDE_LIBRARIES: &[&str] =
    &["tokio", "async-std", "smol", "mio", "socket2", "hyper", "reqwest", "rayon", "chrono", "time", "tempfile"];

fn impurities(code: &str) -> Vec<(usize, String)> {
    let outside = |path: &str| {
        let module = path.split("::").nth(1).unwrap_or_default();
        OUTSIDE.contains(&module)
            || OUTSIDE_ITEMS.iter().any(|item| path == *item || path.starts_with(&format!("{item}::")))
    };
    std_paths(code).into_iter().filter(|(_, path)| outside(path)).collect()
}

/// The files that end up in the libraries of `crates/`.
fn sources_of_crates() -> Vec<TextFile> {
    let mut files = rust_files();
    files.retain(|file| file.path.starts_with("crates/"));
    let for_tests: Vec<String> = files.iter().flat_map(declared_for_tests).collect();
    files.retain(|file| !is_for_tests(&file.path) && !for_tests.iter().any(|module| lies_in(&file.path, module)));
    files
}

/// Where the modules lie that a file declares for tests only, without the extension.
fn declared_for_tests(file: &TextFile) -> Vec<String> {
    let (folder, name) = file.path.rsplit_once('/').unwrap();
    let inner = match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        _ => format!("{folder}/{}", name.trim_end_matches(".rs")),
    };
    test_modules(&code(&file.text)).into_iter().map(|module| format!("{inner}/{module}")).collect()
}

fn lies_in(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

#[test]
fn the_crates_never_reach_for_the_outside_world() {
    let files = sources_of_crates();
    assert!(files.len() > 10, "the walk missed the crates");
    let findings = files.iter().flat_map(|file| {
        let found = impurities(&without_tests(&code(&file.text)));
        found.into_iter().map(|(line, path)| format!("{}:{line}: {path} in a crate that only computes", file.path))
    });
    assert_none(&findings.collect::<Vec<_>>());
}

#[test]
fn the_crates_are_linked_with_no_runtime_no_sockets_and_no_clock() {
    let mut findings = Vec::new();
    for package in ["reweave-core", "reweave-syntax", "reweave-rewrite", "reweave-search", "reweave-decode"] {
        let linked = Metadata::get().linked_with(package);
        let wrong = OUTSIDE_LIBRARIES.iter().filter(|library| linked.contains(**library));
        findings.extend(wrong.map(|library| format!("{package} is linked with {library}")));
    }
    assert_none(&findings);
    let gateway = Metadata::get().linked_with("reweave-gateway");
    assert!(gateway.contains("tokio"), "the graph of the gateway must show what the crates must not have");
}

#[test]
fn an_impurity_is_found_in_any_spelling() {
    for impure in [
        "use std::fs;",
        "let text = std::fs::read_to_string(path)?;",
        "use std::{collections::BTreeMap, time::{Duration, Instant}};",
        "let now = std::time::SystemTime::now();",
        "std::thread::spawn(work);",
        "use std::io::{self, stdout};",
        "use std::time::*;",
    ] {
        assert_eq!(impurities(&code(impure)).len(), 1, "{impure}");
    }
    for pure in ["use std::time::Duration;", "use std::{fmt, io::Read};", "// std::fs", "let a = \"std::env\";"] {
        assert_eq!(impurities(&code(pure)), [], "{pure}");
    }
}

#[test]
fn a_module_declared_for_tests_is_known_by_its_file() {
    let file = TextFile { path: "crates/a/src/pool.rs".into(), text: "#[cfg(test)]\nmod model;".into() };
    assert_eq!(declared_for_tests(&file), ["crates/a/src/pool/model"]);
    assert!(lies_in("crates/a/src/pool/model.rs", "crates/a/src/pool/model"));
    assert!(!lies_in("crates/a/src/pool/models.rs", "crates/a/src/pool/model"));
}
