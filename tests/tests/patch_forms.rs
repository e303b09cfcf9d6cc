//! The forms for editors and scanners have the shape that their specifications ask for.

use anyhow::{Context, Result, ensure};
use reweave_tests::command::Bench;
use serde_json::{Value, json};

const LSP: &str = include_str!("../schemas/lsp_workspace_edit.json");
const SARIF: &str = include_str!("../schemas/sarif_fix.json");
/// Astral characters before the place of each edit, on its line and on lines before; a mark, and line ends of two bytes.
const ASTRAL: &str = "\u{feff}def old(value):\r\n\treturn '𝄞', value\r\n\r\n\r\nprint('𝄞ä', old('𝄞'), old(1))\r\n";

/// The document that `--to form` prints of a rename in a file with a name that a URI must encode.
fn printed(form: &str) -> Result<Value> {
    let file = "päckage/my 𝄞.py";
    let bench = Bench::new(&[])?;
    std::fs::create_dir(bench.workspace().join("päckage"))?;
    std::fs::write(bench.workspace().join(file), ASTRAL)?;
    let spec = format!(
        "refactor:\n  file_path: {file}\n  edit_targets: [old]\n  intent: Say what it is.\n  \
         operator: {{name: rename, parameters: {{to: new}}}}\n"
    );
    let (code, event) = bench.run_json(spec.as_bytes(), &[])?;
    ensure!(code == Some(0), "{event}");
    let patch = bench.outside().join("patch.json");
    std::fs::write(&patch, event.to_string())?;
    let (patch, workspace) = (patch.display().to_string(), bench.workspace().display().to_string());
    let ran = bench.reweave(&["patch", "--to", form, &patch, "--workspace", &workspace], b"")?;
    ensure!(ran.code == Some(0), "{ran:?}");
    Ok(serde_json::from_str(&ran.stdout)?)
}

/// What `schema` has against `document`.
fn faults(schema: &str, document: &Value) -> Result<Vec<String>> {
    let validator = jsonschema::validator_for(&serde_json::from_str(schema)?)?;
    Ok(validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect())
}

/// Asserts that `document` has the shape, and that it would not without each of `members`, or with another value there.
fn assert_shape(schema: &str, document: &Value, members: &[(&str, &str)]) -> Result<()> {
    assert_eq!(faults(schema, document)?, [] as [String; 0]);
    for (place, member) in members {
        let mut broken = document.clone();
        let object = broken.pointer_mut(place).and_then(Value::as_object_mut).context((*place).to_owned())?;
        object.remove(*member).context((*member).to_owned())?;
        assert_ne!(faults(schema, &broken)?, [] as [String; 0], "{place} without {member}");
        let object = broken.pointer_mut(place).and_then(Value::as_object_mut).context((*place).to_owned())?;
        object.insert((*member).to_owned(), json!([true]));
        assert_ne!(faults(schema, &broken)?, [] as [String; 0], "{place} with another {member}");
    }
    Ok(())
}

#[test]
fn what_an_editor_is_given_is_a_workspace_edit() -> Result<()> {
    let edit = printed("lsp")?;
    let members = [
        ("", "documentChanges"),
        ("", "changeAnnotations"),
        ("/documentChanges/0/textDocument", "uri"),
        ("/documentChanges/0/textDocument", "version"),
        ("/documentChanges/0", "edits"),
        ("/documentChanges/0/edits/0", "range"),
        ("/documentChanges/0/edits/0", "newText"),
        ("/documentChanges/0/edits/0/range/start", "line"),
        ("/documentChanges/0/edits/0/range/end", "character"),
        ("/changeAnnotations/reweave-1", "label"),
    ];
    assert_shape(LSP, &edit, &members)?;
    let uri = edit["documentChanges"][0]["textDocument"]["uri"].as_str().context("a text")?;
    assert!(uri.ends_with("/p%C3%A4ckage/my%20%F0%9D%84%9E.py"), "{uri}");
    let starts =
        edit["documentChanges"][0]["edits"].as_array().context("edits")?.iter().map(|one| &one["range"]["start"]);
    let expected = [(0, 4), (4, 13), (4, 24)].map(|(line, character)| json!({"line": line, "character": character}));
    assert_eq!(starts.cloned().collect::<Vec<_>>(), expected, "an astral character counts twice, a mark not at all");
    Ok(())
}

#[test]
fn what_a_scanner_is_given_is_a_sarif_log_with_a_fix() -> Result<()> {
    let log = printed("sarif")?;
    let change = "/runs/0/results/0/fixes/0/artifactChanges/0";
    let members = [
        ("", "$schema"),
        ("", "version"),
        ("", "runs"),
        ("/runs/0", "tool"),
        ("/runs/0/tool/driver", "name"),
        ("/runs/0/results/0", "message"),
        ("/runs/0/results/0", "fixes"),
        ("/runs/0/results/0/fixes/0", "artifactChanges"),
        (change, "artifactLocation"),
        (change, "replacements"),
        (&format!("{change}/replacements/0"), "deletedRegion"),
        (&format!("{change}/replacements/0/insertedContent"), "text"),
        (&format!("{change}/replacements/0/deletedRegion"), "startLine"),
        ("/runs/0/artifacts/0/hashes", "sha-256"),
    ];
    assert_shape(SARIF, &log, &members)?;
    let regions = log.pointer(&format!("{change}/replacements")).and_then(Value::as_array).context("replacements")?;
    let places: Vec<(u64, u64, u64)> = regions
        .iter()
        .filter_map(|one| {
            let region = &one["deletedRegion"];
            Some((region["startLine"].as_u64()?, region["startColumn"].as_u64()?, region["byteOffset"].as_u64()?))
        })
        .collect();
    let bytes: Vec<u64> = ASTRAL.match_indices("old").map(|(at, _)| at as u64).collect();
    assert_eq!(places, [(1, 5, bytes[0]), (5, 14, bytes[1]), (5, 25, bytes[2])]);
    Ok(())
}
