//! What cargo knows about the workspace's packages.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// The dependency graph.
#[derive(Debug)]
pub(crate) struct Metadata {
    /// Direct dependencies of each package of the workspace, of every kind.
    pub(crate) direct: BTreeMap<String, BTreeSet<String>>,
    /// Direct dependencies of every package that the program itself is built from, build scripts left out.
    linked: BTreeMap<String, BTreeSet<String>>,
}

impl Metadata {
    /// Of this workspace.
    pub(crate) fn get() -> &'static Self {
        static METADATA: OnceLock<Metadata> = OnceLock::new();
        METADATA.get_or_init(read)
    }

    /// Everything a package is linked with, itself left out.
    pub(crate) fn linked_with(&self, package: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut open = vec![package.to_owned()];
        while let Some(next) = open.pop() {
            for dependency in self.linked.get(&next).into_iter().flatten() {
                if seen.insert(dependency.clone()) {
                    open.push(dependency.clone());
                }
            }
        }
        seen
    }
}

fn read() -> Metadata {
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--format-version", "1", "--offline", "--locked"]);
    // What only other platforms need was never fetched here.
    command.args(["--filter-platform", &format!("{}-unknown-linux-gnu", std::env::consts::ARCH)]);
    let output = command.current_dir(super::repository::root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    Metadata { direct: direct(&metadata), linked: linked(&metadata) }
}

fn direct(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let members: BTreeSet<&str> = list(metadata, "workspace_members").map(|id| id.as_str().unwrap()).collect();
    list(metadata, "packages")
        .filter(|package| members.contains(text(package, "id")))
        .map(|package| {
            let names = list(package, "dependencies").map(|dependency| text(dependency, "name").to_owned());
            (text(package, "name").to_owned(), names.collect())
        })
        .collect()
}

fn linked(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let names: BTreeMap<&str, &str> =
        list(metadata, "packages").map(|package| (text(package, "id"), text(package, "name"))).collect();
    let mut linked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in list(&metadata["resolve"], "nodes") {
        // Procedural macros run in the compiler; what they link is not in the program.
        let normal = list(node, "deps").filter(|edge| list(edge, "dep_kinds").any(|kind| kind["kind"].is_null()));
        let dependencies = normal.map(|edge| names[text(edge, "pkg")].to_owned());
        linked.entry(names[text(node, "id")].to_owned()).or_default().extend(dependencies);
    }
    linked
}

fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value[field].as_array().unwrap().iter()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

#[test]
fn the_graph_reaches_through_other_packages() {
    let linked = Metadata::get().linked_with("reweave-gateway");
    assert!(linked.contains("reweave-core") && linked.contains("mio"), "{linked:?}");
}
