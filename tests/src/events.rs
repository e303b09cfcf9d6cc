//! Spec events as a pipeline would write them: small files carried inline, and what to do with them.

use std::collections::BTreeMap;

use reweave_core::{Sha256, SpecId};
use serde_json::{Value, json};

/// The CloudEvents `source` of every event made here.
pub const SOURCE: &str = "urn:reweave-tests:pipeline";

/// A message for the topic of specs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub properties: BTreeMap<String, String>,
    pub payload: Vec<u8>,
}

impl Event {
    /// A spec event in binary mode with a JSON body.
    #[must_use]
    pub fn spec(id: &str, body: &Value) -> Self {
        Self::binary(id, "application/json", body.to_string().into_bytes())
    }

    /// A spec event in binary mode with any body.
    #[must_use]
    pub fn binary(id: &str, content_type: &str, payload: Vec<u8>) -> Self {
        let properties = [
            ("ce_specversion", "1.0"),
            ("ce_id", id),
            ("ce_source", SOURCE),
            ("ce_type", "dev.reweave.spec.v1"),
            ("content-type", content_type),
        ];
        let properties = properties.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { properties, payload }
    }

    /// A spec event in structured mode: everything in one JSON object.
    #[must_use]
    pub fn structured(id: &str, body: &Value) -> Self {
        let envelope = json!({
            "specversion": "1.0", "id": id, "source": SOURCE, "type": "dev.reweave.spec.v1",
            "datacontenttype": "application/json", "data": body,
        });
        let content_type = ("content-type".to_owned(), "application/cloudevents+json".to_owned());
        Self { properties: BTreeMap::from([content_type]), payload: envelope.to_string().into_bytes() }
    }

    /// The same event with a property more, or changed.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.properties.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The same event without a property.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.properties.remove(name);
        self
    }
}

/// The spec id of the event that a test gave `id`.
#[must_use]
pub fn spec_id(id: &str) -> String {
    SpecId::of(SOURCE, id).to_string()
}

/// Files carried inline, with their digests.
#[must_use]
pub fn inline(files: &[(&str, &str)]) -> Value {
    let files: Vec<Value> = files
        .iter()
        .map(|(path, content)| json!({"path": path, "content": content, "sha256": Sha256::of(content.as_bytes()).to_string()}))
        .collect();
    json!({"inline": {"files": files}})
}

/// A rename that succeeds; `number` makes the file one of its own.
#[must_use]
pub fn rename(number: usize) -> Value {
    let code = format!("def old_{number}(value):\n    return value + {number}\n\n\nprint(old_{number}(1))\n");
    rename_in(&code, &format!("old_{number}"), &format!("new_{number}"))
}

/// A rename that must be refused: the new name is taken.
#[must_use]
pub fn collision(number: usize) -> Value {
    let code = format!("def first(value):\n    return value + {number}\n\n\ndef second():\n    return first(2)\n");
    rename_in(&code, "first", "second")
}

/// A rename of something that is not there.
#[must_use]
pub fn absent(number: usize) -> Value {
    rename_in(&format!("ANSWER = {number}\n"), "nowhere", "somewhere")
}

/// A repair that only a run of its tests can prove.
#[must_use]
pub fn repair(number: usize) -> Value {
    let code = format!("def add(a, b):\n    \"\"\"Add for case {number}.\"\"\"\n    return a - b\n");
    let test = "from calc import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n";
    json!({
        "source": inline(&[("calc.py", &code), ("test_calc.py", test)]),
        "edit": {"language": "python", "file_path": "calc.py", "checks": ["pytest"]},
    })
}

/// A spec whose intent says `text`.
#[must_use]
pub fn intent(text: &str) -> Value {
    let mut body = rename(0);
    body["refactor"]["intent"] = text.into();
    body
}

fn rename_in(code: &str, from: &str, to: &str) -> Value {
    json!({
        "source": inline(&[("module.py", code)]),
        "refactor": {
            "file_path": "module.py",
            "edit_targets": [from],
            "intent": "Say what it is.",
            "operator": {"name": "rename", "parameters": {"to": to}},
        },
    })
}
