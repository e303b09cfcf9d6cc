//! Which package may depend on which, and who owns each foreign system.

use std::collections::{BTreeMap, BTreeSet};

use super::metadata::Metadata;
use super::repository::assert_none;

/// The layer table: a package and the packages of the workspace it may name. Lower layers stand first; gateway,
/// synthesis and checks know each other only by their protos.
const MAY_USE: &[(&str, &[&str])] = &[
    ("reweave-core", &[]),
    ("reweave-syntax", &["reweave-core"]),
    ("reweave-rewrite", &["reweave-core", "reweave-syntax"]),
    ("reweave-search", &["reweave-core", "reweave-syntax"]),
    ("reweave-decode", &["reweave-core"]),
    ("reweave-proto", &["reweave-core", "reweave-decode"]),
    ("reweave-chassis", &["reweave-core", "reweave-decode", "reweave-proto"]),
    ("reweave-gateway", &["reweave-core", "reweave-proto", "reweave-chassis"]),
    ("reweave-checks", &["reweave-core", "reweave-proto", "reweave-chassis"]),
    ("reweave-inference", &["reweave-core", "reweave-decode", "reweave-proto", "reweave-chassis"]),
    ("reweave-network", &["reweave-core", "reweave-decode", "reweave-proto", "reweave-chassis", "reweave-inference"]),
    (
        "reweave-synthesis",
        &[
            "reweave-core",
            "reweave-syntax",
            "reweave-rewrite",
            "reweave-search",
            "reweave-decode",
            "reweave-proto",
            "reweave-chassis",
        ],
    ),
    (
        "reweave-cli",
        &[
            "reweave-core",
            "reweave-syntax",
            "reweave-decode",
            "reweave-proto",
            "reweave-chassis",
            "reweave-gateway",
            "reweave-checks",
            "reweave-inference",
            "reweave-synthesis",
        ],
    ),
    (
        "reweave-tests",
        &[
            "reweave-core",
            "reweave-syntax",
            "reweave-rewrite",
            "reweave-search",
            "reweave-decode",
            "reweave-proto",
            "reweave-chassis",
            "reweave-gateway",
            "reweave-checks",
            "reweave-inference",
            "reweave-synthesis",
            "reweave-cli",
        ],
    ),
    ("xtask", &[]),
];

/// A library through which a foreign system is reached, and the only packages that may name it.
const OWNERS: &[(&str, &[&str])] = &[
    ("pulsar", &["reweave-gateway"]),
    ("sqlx", &["reweave-gateway"]),
    ("landlock", &["reweave-checks"]),
    ("seccompiler", &["reweave-checks"]),
    ("nix", &["reweave-checks"]),
    ("tch", &["reweave-network"]),
    ("tokenizers", &["reweave-inference"]),
    ("safetensors", &["reweave-inference"]),
    ("tree-sitter-python", &["reweave-syntax"]),
    ("ruff_python_parser", &["reweave-syntax"]),
    ("metrics-exporter-prometheus", &["reweave-chassis"]),
    ("config", &["reweave-chassis"]),
    ("utoipa", &["reweave-gateway"]),
];

type Graph = BTreeMap<String, BTreeSet<String>>;

fn layer_findings(direct: &Graph, table: &[(&str, &[&str])]) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = table.iter().copied().collect();
    let mut findings = Vec::new();
    for (package, dependencies) in direct {
        let Some(allowed) = allowed.get(&**package) else {
            findings.push(format!("{package} is not in the layer table"));
            continue;
        };
        let inner = dependencies.iter().filter(|dependency| direct.contains_key(*dependency));
        let wrong = inner.filter(|dependency| !allowed.contains(&&***dependency));
        findings.extend(wrong.map(|dependency| format!("{package} may not depend on {dependency}")));
    }
    findings
}

fn owner_findings(direct: &Graph, owners: &[(&str, &[&str])]) -> Vec<String> {
    let mut findings = Vec::new();
    for (library, owners) in owners {
        let users = direct.iter().filter(|(_, dependencies)| dependencies.contains(*library)).map(|(user, _)| user);
        let wrong = users.filter(|user| !owners.contains(&&***user));
        findings.extend(wrong.map(|user| format!("{user} may not depend on {library}, which {owners:?} owns")));
    }
    findings
}

#[test]
fn every_dependency_between_packages_is_in_the_layer_table() {
    assert_none(&layer_findings(&Metadata::get().direct, MAY_USE));
}

#[test]
fn the_layer_table_names_only_packages_that_exist() {
    let direct = &Metadata::get().direct;
    let stale = MAY_USE.iter().filter(|(package, _)| !direct.contains_key(*package));
    assert_none(&stale.map(|(package, _)| format!("{package} does not exist")).collect::<Vec<_>>());
}

#[test]
fn each_foreign_system_is_named_by_its_owner_only() {
    assert_none(&owner_findings(&Metadata::get().direct, OWNERS));
}

#[test]
fn every_owner_really_uses_what_it_owns() {
    let direct = &Metadata::get().direct;
    let idle = OWNERS.iter().filter(|(library, owners)| !owners.iter().any(|owner| direct[*owner].contains(*library)));
    assert_none(&idle.map(|(library, _)| format!("nobody uses {library}")).collect::<Vec<_>>());
}

fn graph(edges: &[(&str, &[&str])]) -> Graph {
    edges.iter().map(|(from, to)| ((*from).to_owned(), to.iter().map(|name| (*name).to_owned()).collect())).collect()
}

#[test]
fn a_lower_layer_that_names_a_higher_one_is_found() {
    let table: &[(&str, &[&str])] = &[("core", &[]), ("syntax", &["core"])];
    assert_eq!(layer_findings(&graph(&[("core", &["serde"]), ("syntax", &["core"])]), table), Vec::<String>::new());
    let wrong = graph(&[("core", &["syntax"]), ("syntax", &["core"]), ("new", &[])]);
    assert_eq!(layer_findings(&wrong, table), ["core may not depend on syntax", "new is not in the layer table"]);
}

#[test]
fn a_second_user_of_a_foreign_system_is_found() {
    let owners: &[(&str, &[&str])] = &[("pulsar", &["gateway"])];
    let findings = owner_findings(&graph(&[("gateway", &["pulsar"]), ("cli", &["pulsar"])]), owners);
    assert_eq!(findings, [r#"cli may not depend on pulsar, which ["gateway"] owns"#]);
}
