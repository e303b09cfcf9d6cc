//! `reweave gate` and `reweave eval syntax`: what they say, and how they exit.

use anyhow::{Context, Result};
use reweave_tests::command::Bench;
use serde_json::{Value, json};

const RUST: &str = "fn f(a: u8, b: u8) -> u8 {\n    a * b\n}\n";

/// The verdicts on one edit of the file `name`, by the real binary, with its exit code.
fn gate(name: &str, text: &str, old: &str, new: &str) -> Result<(Option<i32>, Value)> {
    let bench = Bench::new(&[(name, text.as_bytes())])?;
    let start = text.find(old).context("the old text is in the file")?;
    let edits = json!([{"start": start, "end": start + old.len(), "new_text": new}]).to_string();
    let file = bench.workspace().join(name).display().to_string();
    let ran = bench.reweave(&["gate", &file, "--edits", "-", "--json"], edits.as_bytes())?;
    let document = serde_json::from_str(&ran.stdout).with_context(|| format!("{ran:?}"))?;
    Ok((ran.code, document))
}

#[test]
fn edits_are_gated_in_the_language_of_the_file() -> Result<()> {
    let (code, verdict) = gate("lib.rs", RUST, "b\n", "a\n")?;
    assert_eq!((code, &verdict["passed"], &verdict["strict_parser"]), (Some(0), &json!(true), &json!("syn")));
    assert_eq!(verdict["result"], json!(RUST.replace("* b", "* a")));

    let (code, verdict) = gate("lib.rs", RUST, "* b", "* b +")?;
    assert_eq!((code, &verdict["passed"]), (Some(1), &json!(false)));

    let (code, verdict) = gate("a.py", "x = 1\n", "1", "nowhere")?;
    assert_eq!(code, Some(1));
    let last = verdict["gates"].as_array().and_then(|gates| gates.last()).context("a gate was asked")?.clone();
    assert_eq!((&last["gate"], &last["passed"]), (&json!("names"), &json!(false)), "{last}");
    Ok(())
}

#[test]
fn edits_that_do_not_fit_are_refused_with_their_place() -> Result<()> {
    let bench = Bench::new(&[("a.py", "x = 'ä'\n".as_bytes()), ("b.zig", b"x"), ("c.py", b"\xff\xfe")])?;
    let ask = |file: &str, edits: &str| {
        let file = bench.workspace().join(file).display().to_string();
        bench.reweave(&["gate", &file, "--edits", "-", "--json"], edits.as_bytes())
    };
    let one = |start: usize, end: usize| json!([{"start": start, "end": end, "new_text": "y"}]).to_string();
    for edits in [one(0, 99), one(6, 6), json!([{"start": 3, "end": 1, "new_text": ""}]).to_string()] {
        let ran = ask("a.py", &edits)?;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stdout.contains("spec.invalid"), "{ran:?}");
    }
    assert_eq!(ask("a.py", "[{}]")?.code, Some(2), "a document of another shape is a mistake of usage");
    assert!(ask("b.zig", &one(0, 1))?.stdout.contains("language.unsupported"));
    assert!(ask("c.py", &one(0, 1))?.stdout.contains("source.not_text"));
    assert_eq!(ask("absent.py", &one(0, 1))?.code, Some(3));
    Ok(())
}

#[test]
fn every_file_below_a_folder_is_measured_and_the_same_seed_gives_the_same_figures() -> Result<()> {
    let python = "def f(a, b):\n    if a < b:\n        return [a, b]\n    return {a: b}\n";
    let go = "package p\n\nfunc f(a, b int) int {\n\tif a < b {\n\t\treturn a\n\t}\n\treturn b\n}\n";
    let files = [("a.py", python), ("b.go", go), ("lib.rs", RUST), ("notes.txt", "no source")];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let bench = Bench::new(&files)?;
    let folder = bench.workspace().display().to_string();
    let measure = || -> Result<Value> {
        let ran = bench.reweave(&["eval", "syntax", &folder, "--trials", "30", "--json", "-"], b"")?;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        Ok(serde_json::from_str(&ran.stdout)?)
    };
    let report = measure()?;
    assert_eq!((&report["bench"], &report["summary"]["files"]), (&json!("syntax"), &json!(3)));
    assert_eq!(report["summary"]["promises_broken"], json!(0));
    let rows = report["rows"].as_array().context("rows")?;
    let languages: Vec<&str> = rows.iter().filter_map(|row| row["language"].as_str()).collect();
    assert_eq!(languages, ["go", "python", "rust"]);
    for row in rows {
        assert!(row["nodes_masked_and_put_back"].as_u64() > Some(10), "{row}");
        assert!(row["predicted_valid"].as_u64() > Some(0), "{row}");
        assert_eq!(row["predicted_valid"], row["predicted_valid_for_tree_sitter"], "{row}");
    }
    let counts = |report: &Value| {
        let rows = report["rows"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| (row["substitutions"].clone(), row["accepted_by_gates"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(counts(&report), counts(&measure()?));
    Ok(())
}
