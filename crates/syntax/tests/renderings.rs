//! Renderings of a patch, applied as those who read them would: each gives the text that the edits give.

use proptest::prelude::*;
use reweave_core::{
    Edit, Edits, FileChange, HunkProvenance, Patch, Proposer, Provenance, RelativePath, Risk, Sha256, Span, Validation,
};
use reweave_syntax::patch::lsp::{Document, workspace_edit};
use reweave_syntax::patch::{Change, dsl, sarif};
use serde_json::{Value, json};

const MARK: &str = "\u{feff}";

/// A patch of one file, its edits replacing bytes `start..end`.
fn patch(path: &str, before: &str, edits: &[(usize, usize, &str)]) -> Patch {
    let path: RelativePath = path.parse().expect("a relative path");
    let edits = edits.iter().map(|(start, end, new)| Edit::of(before, Span::new(*start, *end), *new, "lines", ""));
    let edits = Edits::new(before, edits.collect()).expect("edits that fit");
    let hunks = edits.as_slice().iter().map(|edit| HunkProvenance {
        path: path.clone(),
        span: edit.span,
        proposer: Proposer::Refactor,
        operator: "rename".into(),
        description: "rename `a` to `b`".into(),
        scores: vec![],
    });
    Patch {
        unified_diff: String::new(),
        masked_spans: vec![],
        validation: Validation { syntax_valid: true, errors: vec![], gates: vec![], bytes_changed_outside: 0 },
        checks: vec![],
        not_checked: vec![],
        risk: Risk { score: 0.25, parts: vec![] },
        provenance: Provenance {
            version: "1.2.3".into(),
            hunks: hunks.collect(),
            candidates: 1,
            ..Provenance::default()
        },
        files: vec![FileChange::edited(path, before.to_owned(), edits)],
    }
}

fn lsp(patch: &Patch) -> Value {
    let documents = [Document { change: Change::from(&patch.files[0]), version: Some(7) }];
    serde_json::to_value(workspace_edit("file:///work%20space/", &documents, patch).expect("no edit of the mark"))
        .expect("it is JSON")
}

fn sarif_of(patch: &Patch) -> Value {
    serde_json::to_value(
        sarif::log("file:///w/", &[Change::from(&patch.files[0])], patch).expect("no edit of the mark"),
    )
    .expect("it is JSON")
}

/// A byte of `text` by line and column from 0, as an editor finds it: it knows UTF-16 only.
fn byte_at(text: &str, line: u64, column: u64, returns: bool) -> usize {
    let units: Vec<u16> = text.encode_utf16().collect();
    let (return_, newline) = (u16::from(b'\r'), u16::from(b'\n'));
    let (mut at, mut seen) = (0, 0);
    while seen < line {
        let ended = units[at] == newline || (returns && units[at] == return_ && units.get(at + 1) != Some(&newline));
        seen += u64::from(ended);
        at += 1;
    }
    let end = at + column as usize;
    assert!(!units[at..end].contains(&newline), "a column lies beyond its line");
    String::from_utf16(&units[..end]).expect("a column cuts no character in two").len()
}

/// Applies replacements from the last to the first, as the protocol allows.
fn spliced(text: &str, replacements: impl DoubleEndedIterator<Item = (usize, usize, String)>) -> String {
    let mut text = text.to_owned();
    for (start, end, new) in replacements.rev() {
        text.replace_range(start..end, &new);
    }
    text
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn applied_lsp(edit: &Value, before: &str) -> String {
    let text = before.strip_prefix(MARK).unwrap_or(before);
    let edits = edit["documentChanges"].as_array().expect("document changes");
    let edits = edits.iter().flat_map(|document| document["edits"].as_array().expect("edits").clone());
    let edits: Vec<Value> = edits.collect();
    let at = |position: &Value| byte_at(text, number(&position["line"]), number(&position["character"]), true);
    let replacements = edits.iter().map(|edit| {
        let new = edit["newText"].as_str().expect("a text").to_owned();
        (at(&edit["range"]["start"]), at(&edit["range"]["end"]), new)
    });
    let marked = if before.starts_with(MARK) { MARK } else { "" };
    format!("{marked}{}", spliced(text, replacements))
}

fn replacements_of(log: &Value) -> Vec<Value> {
    let changes = log["runs"][0]["results"][0]["fixes"][0]["artifactChanges"].as_array().expect("changes").clone();
    changes.iter().flat_map(|change| change["replacements"].as_array().expect("replacements").clone()).collect()
}

fn applied_sarif_bytes(log: &Value, before: &str) -> String {
    let replacements = replacements_of(log);
    let replacements = replacements.iter().map(|one| {
        let start = number(&one["deletedRegion"]["byteOffset"]) as usize;
        let end = start + number(&one["deletedRegion"]["byteLength"]) as usize;
        (start, end, one["insertedContent"]["text"].as_str().expect("a text").to_owned())
    });
    spliced(before, replacements)
}

fn applied_sarif_lines(log: &Value, before: &str) -> String {
    let text = before.strip_prefix(MARK).unwrap_or(before);
    let replacements = replacements_of(log);
    let at = |line: &Value, column: &Value| byte_at(text, number(line) - 1, number(column) - 1, false);
    let replacements = replacements.iter().map(|one| {
        let region = &one["deletedRegion"];
        let (start, end) =
            (at(&region["startLine"], &region["startColumn"]), at(&region["endLine"], &region["endColumn"]));
        (start, end, one["insertedContent"]["text"].as_str().expect("a text").to_owned())
    });
    let marked = if before.starts_with(MARK) { MARK } else { "" };
    format!("{marked}{}", spliced(text, replacements))
}

#[test]
fn an_editor_is_told_version_range_and_reason() {
    let before = "a = '𝄞'\r\nb = a\r\n";
    let edit = lsp(&patch("pkg/my mod.py", before, &[(0, 1, "b"), (before.len() - 3, before.len() - 2, "b")]));
    assert_eq!(
        edit,
        json!({
            "documentChanges": [{
                "textDocument": {"uri": "file:///work%20space/pkg/my%20mod.py", "version": 7},
                "edits": [
                    {
                        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}},
                        "newText": "b", "annotationId": "reweave-1",
                    },
                    {
                        "range": {"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 5}},
                        "newText": "b", "annotationId": "reweave-1",
                    },
                ],
            }],
            "changeAnnotations": {
                "reweave-1": {
                    "label": "rename `a` to `b`", "needsConfirmation": false,
                    "description": "refactor/rename, risk 0.25",
                },
            },
        })
    );
}

#[test]
fn a_patch_that_may_not_be_applied_asks_before_an_editor_does() {
    let mut unproven = patch("a.py", "a\n", &[(0, 1, "b")]);
    unproven.validation.syntax_valid = false;
    assert_eq!(lsp(&unproven)["changeAnnotations"]["reweave-1"]["needsConfirmation"], true);
}

#[test]
fn a_report_holds_one_fix_with_regions_by_lines_and_by_bytes() {
    let before = "\u{feff}ä = '𝄞'; a\n";
    let log = sarif_of(&patch("ü.py", before, &[(16, 17, "b")]));
    let region = json!({
        "startLine": 1, "startColumn": 11, "endLine": 1, "endColumn": 12, "byteOffset": 16, "byteLength": 1,
    });
    let location = json!({"uri": "%C3%BC.py", "uriBaseId": "SRCROOT"});
    let run = &log["runs"][0];
    assert_eq!((&log["version"], &run["columnKind"]), (&json!("2.1.0"), &json!("utf16CodeUnits")));
    assert_eq!(run["tool"]["driver"], json!({"name": "reweave", "version": "1.2.3"}));
    assert_eq!(run["originalUriBaseIds"], json!({"SRCROOT": {"uri": "file:///w/"}}));
    assert_eq!(run["artifacts"][0]["hashes"]["sha-256"], json!(Sha256::of(before.as_bytes()).to_string()));
    let text = json!({"text": "rename `a` to `b`"});
    assert_eq!(
        run["results"],
        json!([{
            "ruleId": "refactor/rename", "level": "note", "message": text,
            "locations": [{"physicalLocation": {"artifactLocation": location, "region": region}}],
            "fixes": [{
                "description": text,
                "artifactChanges": [{
                    "artifactLocation": location,
                    "replacements": [{"deletedRegion": region, "insertedContent": {"text": "b"}}],
                }],
            }],
        }])
    );
}

#[test]
fn an_edit_of_the_byte_order_mark_is_refused_where_there_is_no_place_for_it() {
    let before = "\u{feff}a\n";
    let patch = patch("a.py", before, &[(0, 4, "b")]);
    let documents = [Document { change: Change::from(&patch.files[0]), version: None }];
    assert!(workspace_edit("file:///", &documents, &patch).is_err());
    assert!(sarif::log("file:///", &[Change::from(&patch.files[0])], &patch).is_err());
    assert!(
        dsl::render(&[Change::from(&patch.files[0])]).is_ok_and(|document| document.contains("+ b\n")),
        "lines hold the mark as any other character"
    );
}

/// A text full of traps, and sorted edits of it.
fn edited() -> impl Strategy<Value = (String, Vec<(usize, usize, String)>)> {
    let piece = prop_oneof![
        "[ab]{1,2}",
        Just("\r\n".to_owned()),
        Just("\n".to_owned()),
        Just("\r".to_owned()),
        Just("𝄞ä".to_owned())
    ];
    let text = (any::<bool>(), proptest::collection::vec(piece, 0..16));
    let text =
        text.prop_map(|(marked, pieces)| if marked { format!("{MARK}{}", pieces.concat()) } else { pieces.concat() });
    (text, proptest::collection::vec((0usize..60, "[xy\r\n𝄞]{0,3}"), 0..8)).prop_map(|(text, cuts)| {
        let first = if text.starts_with(MARK) { MARK.len() } else { 0 };
        let mut places: Vec<usize> =
            cuts.iter().map(|cut| cut.0).filter(|at| *at >= first && text.is_char_boundary(*at)).collect();
        places.sort_unstable();
        let pairs = places.chunks_exact(2).zip(&cuts).map(|(pair, cut)| (pair[0], pair[1], cut.1.clone()));
        let mut edits: Vec<(usize, usize, String)> = Vec::new();
        for edit in pairs {
            // An insertion at the end of another edit has a place; one at the place of another insertion has none.
            if edits.last().is_none_or(|last| last.1 < edit.0 || (last.1 == edit.0 && last.0 < last.1)) {
                edits.push(edit);
            }
        }
        (text, edits)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn every_rendering_gives_the_text_that_the_edits_give((before, edits) in edited()) {
        let edits: Vec<(usize, usize, &str)> = edits.iter().map(|(start, end, new)| (*start, *end, new.as_str())).collect();
        let patch = patch("a.py", &before, &edits);
        let after = &patch.files[0].generated_code;
        prop_assert_eq!(&applied_lsp(&lsp(&patch), &before), after);
        let log = sarif_of(&patch);
        prop_assert_eq!(&applied_sarif_bytes(&log, &before), after);
        prop_assert_eq!(&applied_sarif_lines(&log, &before), after);
        let document = dsl::render(&[Change::from(&patch.files[0])]).expect("it is an edit");
        if before == *after {
            prop_assert_eq!(document, "");
        } else {
            let files = dsl::parse(&document).expect("what is rendered can be read");
            prop_assert_eq!(&files[0].edits(&before).expect("for its base").apply(&before), after);
        }
    }
}
