//! What `load` accepts, and how it says no.

use expect_test::{Expect, expect};
use serde::Deserialize;

use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Root {
    checks: Checks,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Checks {
    memory_mib: u32,
    verbose: bool,
    names: Vec<String>,
    limits: Limits,
    token: Secret,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    processes: u32,
}

const DEFAULTS: &str = r#"
[checks]
memory_mib = 512
verbose = false
names = ["ruff"]
token = ""
limits.processes = 64
"#;

fn layers() -> Layers {
    Layers { defaults: vec![DEFAULTS], ..Layers::default() }
}

fn variables(pairs: &[(&str, &str)]) -> Layers {
    let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Layers { environment, ..layers() }
}

fn file(text: &str) -> (tempfile::TempDir, Layers) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reweave.toml");
    std::fs::write(&path, text).unwrap();
    (folder, Layers { file: Some(path), ..layers() })
}

fn refused(layers: Layers, expected: Expect) {
    let folder = layers.file.as_ref().and_then(|path| path.parent()).map(|path| format!("{}/", path.display()));
    let error = load::<Root>(layers).unwrap_err();
    let text = crate::service::chain(&error);
    expected.assert_eq(&folder.map_or(text.clone(), |folder| text.replace(&folder, "")));
}

#[test]
fn each_layer_wins_over_the_one_below() {
    let (_folder, mut layers) = file("[checks]\nmemory_mib = 1\nverbose = true\nlimits.processes = 1");
    layers.environment = vec![
        ("REWEAVE_CHECKS__MEMORY_MIB".into(), "2".into()),
        ("REWEAVE_CHECKS__LIMITS__PROCESSES".into(), "2".into()),
    ];
    layers.overrides = vec!["checks.memory_mib=3".into()];
    let checks = load::<Root>(layers).unwrap().checks;
    assert_eq!((checks.memory_mib, checks.limits.processes, checks.verbose), (3, 2, true));
    assert_eq!(checks.names, ["ruff"]);
}

#[test]
fn a_list_can_be_given_as_toml_in_a_variable() {
    let layers = variables(&[("REWEAVE_CHECKS__NAMES", r#"["ruff", "pytest"]"#)]);
    assert_eq!(load::<Root>(layers).unwrap().checks.names, ["ruff", "pytest"]);
}

#[test]
fn text_may_be_quoted_as_toml_quotes_it() {
    for given in ["a b", "'a b'", "\"a b\""] {
        let layers = Layers { overrides: vec![format!("checks.token={given}")], ..layers() };
        assert_eq!(load::<Root>(layers).unwrap().checks.token.reveal(), "a b", "{given}");
    }
}

#[test]
fn an_unknown_field_of_a_file_is_refused_by_name_and_place() {
    let (_folder, layers) = file("[checks]\nmemry_mib = 1");
    refused(
        layers,
        expect![
            "reweave.toml: `checks.memry_mib`: unknown field `memry_mib`, expected one of `memory_mib`, `verbose`, `names`, `limits`, `token`"
        ],
    );
}

#[test]
fn a_file_that_is_missing_is_refused() {
    refused(
        Layers { file: Some("nowhere/reweave.toml".into()), ..layers() },
        expect!["reading the configuration file reweave.toml: No such file or directory (os error 2)"],
    );
}

#[test]
fn an_unknown_nested_field_of_a_variable_is_refused_by_name_and_place() {
    refused(
        variables(&[("REWEAVE_CHECKS__LIMITS__PROCESES", "1")]),
        expect![
            "environment variable REWEAVE_CHECKS__LIMITS__PROCESES: `checks.limits.proceses`: unknown field `proceses`, expected `processes`"
        ],
    );
}

#[test]
fn an_unknown_section_is_refused_and_that_of_another_service_is_skipped() {
    let (_folder, layers) = file("[gateway]\nanything = 1");
    assert!(load::<Root>(layers).is_ok());
    let (_folder, layers) = file("[gatway]\nanything = 1");
    refused(
        layers,
        expect![
            "reweave.toml: there is no section `gatway`; sections are telemetry, server, gateway, synthesis, checks, \
             inference, network"
        ],
    );
    refused(
        variables(&[("REWEAVE_CHEKS__MEMORY_MIB", "1")]),
        expect![
            "environment variable REWEAVE_CHEKS__MEMORY_MIB: there is no section `cheks`; sections are telemetry, server, gateway, synthesis, checks, \
             inference, network"
        ],
    );
}

#[test]
fn a_wrong_type_is_refused_by_name_and_place() {
    refused(
        variables(&[("REWEAVE_CHECKS__MEMORY_MIB", "lots")]),
        expect![[
            r#"environment variable REWEAVE_CHECKS__MEMORY_MIB: `checks.memory_mib`: expected an integer, found string "lots""#
        ]],
    );
    let (_folder, layers) = file("[checks]\nlimits = 3");
    refused(layers, expect!["reweave.toml: `checks.limits`: invalid type: integer `3`, expected struct Limits"]);
}

#[test]
fn what_is_no_assignment_is_refused() {
    for wrong in ["checks.memory_mib", "checks=1", ".memory_mib=1", "checks.=1"] {
        let layers = Layers { overrides: vec![wrong.into()], ..layers() };
        assert!(matches!(load::<Root>(layers), Err(Error::Syntax { .. })), "{wrong}");
    }
}

#[test]
fn a_file_that_is_not_toml_is_refused_with_the_line() {
    let (_folder, layers) = file("[checks]\nmemory_mib = ");
    let Err(Error::Syntax { reason, .. }) = load::<Root>(layers) else { panic!("it was accepted") };
    assert!(reason.contains("line 2"), "{reason}");
}

#[test]
fn variables_of_others_are_skipped() {
    let layers = variables(&[("REWEAVE_GATEWAY_PORT", "tcp://10.0.0.1:80"), ("PATH", "/bin"), ("CHECKS__X", "1")]);
    assert!(load::<Root>(layers).is_ok());
}

#[test]
fn a_secret_comes_from_its_file_and_is_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "hunter2\n").unwrap();
    let root = load::<Root>(variables(&[("REWEAVE_CHECKS__TOKEN__FILE", path.to_str().unwrap())])).unwrap();
    assert_eq!(root.checks.token.reveal(), "hunter2");
    assert!(!format!("{root:?}").contains("hunter2"));
    let dumped = dump(&root).unwrap();
    assert!(!dumped.contains("hunter2") && dumped.contains("[redacted]"), "{dumped}");
}

#[test]
fn a_secret_file_that_is_missing_is_refused() {
    refused(
        variables(&[("REWEAVE_CHECKS__TOKEN__FILE", "nowhere")]),
        expect![
            "environment variable REWEAVE_CHECKS__TOKEN__FILE: `checks.token`: the secret file nowhere cannot be read: No such file or directory (os error 2)"
        ],
    );
}

#[test]
fn a_dump_reads_back_as_the_same_configuration() {
    let root = load::<Root>(layers()).unwrap();
    let (_folder, layers) = file(&dump(&root).unwrap());
    assert_eq!(load::<Root>(layers).unwrap(), root);
}

#[test]
fn the_defaults_of_the_chassis_are_complete_and_valid() {
    #[derive(Deserialize)]
    struct Chassis {
        telemetry: crate::telemetry::Telemetry,
        server: crate::server::ServerConfig,
    }
    let root: Chassis = load(Layers { defaults: vec![crate::DEFAULTS], ..Layers::default() }).unwrap();
    assert_eq!(root.telemetry, crate::telemetry::Telemetry::default());
    assert_eq!(root.server.requests_max.get(), 256);
    for wrong in ["server.requests_max=0", "server.drain_ms=600001", "server.listen=nowhere", "telemetry.filter=a=b=c"]
    {
        let layers = Layers { defaults: vec![crate::DEFAULTS], overrides: vec![wrong.into()], ..Layers::default() };
        assert!(matches!(load::<Chassis>(layers), Err(Error::Field { .. })), "{wrong}");
    }
}
