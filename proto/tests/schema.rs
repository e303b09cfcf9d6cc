//! The committed schemas are those the protos make, and documents of ours are valid by them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use reweave_core::{Outcome, OutcomeEvent, Refusal, RefusalCode, RunFacts, SpecId};
use reweave_proto::{document, schema};
use serde_json::{Value, json};

const REGENERATE: &str = "UPDATE_SCHEMA=1 cargo test -p reweave-proto schema";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn each_committed_schema_is_the_one_its_proto_makes() {
    for (name, message) in schema::DOCUMENTS {
        let path = root().join(format!("docs/schema/{name}.json"));
        let made = format!("{}\n", serde_json::to_string_pretty(&schema::of(message)).unwrap());
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &made).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == made, "docs/schema/{name}.json is stale; write it anew with `{REGENERATE}`");
    }
}

fn problems(message: &str, document: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(&schema::of(message)).expect("a schema of ours is valid");
    validator.iter_errors(document).map(|error| error.to_string()).collect()
}

#[test]
fn every_example_spec_is_valid_by_the_schema_and_readable() {
    let mut seen = 0;
    for entry in fs::read_dir(root().join("examples/specs")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let value: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(problems("reweave.spec.v1.Spec", &value), [""; 0], "{}", path.display());
        if let Err(refusal) = document::read_spec(&text, document::Door::Local) {
            panic!("{}: {refusal:?}", path.display());
        }
        seen += 1;
    }
    assert!(seen >= 6, "only {seen} examples");
}

#[test]
fn the_schema_of_a_spec_refuses_what_the_reader_refuses() {
    for wrong in [
        json!({}),
        json!({ "edit": { "file_path": "a.py" }, "issue": { "text": "x" } }),
        json!({ "edit": { "file_path": "a.py", "colour": 1 } }),
        json!({ "edit": { "file_path": "a.py", "lines": { "start_line": -1 } } }),
        json!({ "edit": { "file_path": "a.py", "checks": "one" } }),
        json!({ "source": {}, "edit": { "file_path": "a.py" } }),
    ] {
        assert!(!problems("reweave.spec.v1.Spec", &wrong).is_empty(), "{wrong}");
        assert!(document::read_spec(wrong.to_string(), document::Door::Local).is_err(), "{wrong}");
    }
}

#[test]
fn an_outcome_is_valid_by_its_schema() {
    let refusal = Refusal::new(RefusalCode::NoCandidate, "no proposer had a candidate");
    let event =
        OutcomeEvent { spec_id: SpecId::of("a", "b"), outcome: Outcome::Refusal(refusal), run: RunFacts::default() };
    assert_eq!(problems("reweave.outcome.v1.OutcomeEvent", &document::outcome_json(&event)), [""; 0]);
}
