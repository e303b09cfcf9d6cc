//! What documents are accepted, and where a refusal points.

use expect_test::{Expect, expect};
use reweave_core::{RefusalCode, Source, Spec, SpecKind, limits};

use super::*;

const RENAME: &str = "\
refactor:
  file_path: src/a.py
  edit_targets: [old]
  operator:
    name: rename
    parameters: { new_name: new }
  target_checks: [tests]
";

fn local(text: impl AsRef<[u8]>) -> Result<Spec, Refusal> {
    read_spec(text, Door::Local)
}

fn refused(text: impl AsRef<[u8]>, expected: Expect) {
    expected.assert_eq(&told(&local(text).unwrap_err()));
}

/// A refusal as a person sees it.
fn told(refusal: &Refusal) -> String {
    let mut told = format!("{}: {}\n", refusal.code, refusal.reason);
    for evidence in &refusal.evidence {
        told += &format!("  {}: {}\n", evidence.kind.as_str(), evidence.detail);
    }
    if !refusal.next_command.is_empty() {
        told += &format!("  next: {}\n", refusal.next_command);
    }
    told
}

#[test]
fn yaml_json_and_binary_of_one_spec_are_one_spec() {
    let inline = "source: { workspace: { name: shop } }\n";
    let yaml = format!("{inline}{RENAME}seed: 7\ndeadline: 2026-01-02T03:04:05.006Z\n");
    let spec = read_spec(&yaml, Door::Remote).unwrap();
    let SpecKind::Refactor(plan) = &spec.kind else { panic!("{spec:?}") };
    assert_eq!(plan.operator.as_ref().unwrap().parameter("new_name"), Some("new"));
    assert_eq!(spec.deadline_unix_ms, Some(1_767_323_045_006));
    let json = r#"{"source":{"workspace":{"name":"shop"}},"refactor":{"filePath":"src/a.py","edit_targets":["old"],
        "operator":{"name":"rename","parameters":{"new_name":"new"}},"targetChecks":["tests"]},"seed":"7",
        "deadline":"2026-01-02T03:04:05.006Z"}"#;
    assert_eq!(decode_spec(Some("application/json; charset=utf-8"), json.as_bytes()).unwrap(), spec);
    assert_eq!(read_spec(json, Door::Remote).unwrap(), spec);
    let binary = crate::wire::spec::Spec::from(spec.clone()).encode_to_vec();
    assert_eq!(decode_spec(Some("application/protobuf"), &binary).unwrap(), spec);
}

#[test]
fn an_unknown_field_is_refused_with_its_place_and_the_name_that_was_meant() {
    refused(
        RENAME.replace("name: rename", "nam: rename"),
        expect![[r#"
            spec.invalid: `nam` is not a field
              field: line 5, column 5, field refactor.operator.nam
              suggestion: name
              next: write `name` instead of `nam`
        "#]],
    );
    refused(
        r#"{"refactor": {"file_path": "a.py",
 "colour": 1}}"#,
        expect![[r#"
     spec.invalid: `colour` is not a field
       field: line 2, column 2, field refactor.colour
       suggestion: fields here are file_path, edit_targets, intent, condition, context, language, priority, operator, checks, target_checks
 "#]],
    );
    refused(
        "batch:\n  items:\n  - edit: {file_path: a.py}\n  - edit: {file_path: a.py, diagnostics: [{lin: 1}]}",
        expect![[r#"
        spec.invalid: `lin` is not a field
          field: line 4, column 44, field batch.items[1].edit.diagnostics[0].lin
          suggestion: line
          next: write `line` instead of `lin`
    "#]],
    );
}

#[test]
fn a_wrong_type_is_refused_with_its_place() {
    refused(
        "refactor:\n  file_path: a.py\n  priority: high\n",
        expect![[r#"
        spec.invalid: `refactor.priority` is not a whole number of 32 bits
          field: line 3, column 3, field refactor.priority
          error: invalid digit found in string
    "#]],
    );
    refused(
        "refactor:\n  file_path: a.py\n  edit_targets: old\n",
        expect![[r#"
        spec.invalid: `refactor.edit_targets` is not a list
          field: line 3, column 3, field refactor.edit_targets
          error: invalid type: string "old", expected a list
    "#]],
    );
    refused(
        "refactor: rename\n",
        expect![[r#"
        spec.invalid: `refactor` is not a group of fields
          field: line 1, column 1, field refactor
          error: expected mapping start
    "#]],
    );
    refused(
        r#"{"edit": {"file_path": "a.py", "lines": {"start_line": -1}}}"#,
        expect![[r#"
        spec.invalid: `edit.lines.start_line` is not a whole number from 0 to 4294967295
          field: line 1, column 42, field edit.lines.start_line
          error: out of range integral type conversion attempted
    "#]],
    );
}

#[test]
fn a_rule_that_is_broken_is_refused_with_its_place() {
    refused(
        "edit:\n  file_path: ../a.py\n",
        expect![[r#"
        source.path_outside: `edit.file_path` is not usable: `../a.py` leaves the workspace
          field: line 2, column 3, field edit.file_path
    "#]],
    );
    refused(
        "edit:\n  file_path: a.py\n  checks:\n  - ok\n  - not ok\n",
        expect![[r#"
        spec.invalid: `edit.checks[1]` is not usable: a check name is 1 to 256 letters, digits, `.`, `_` or `-`, not `not ok`
          field: line 5, column 5, field edit.checks[1]
    "#]],
    );
    refused(
        r#"{"edit": {"filePath": "a.py",
  "lines": {"startLine": 3, "endLine": 2}}}"#,
        expect![[r#"
      spec.invalid: `edit.lines.end_line` is 2, before `start_line` 3
        field: line 2, column 29, field edit.lines.end_line
  "#]],
    );
    refused(
        "edit:\n  file_path: a.rb\n",
        expect![[r#"
        language.unsupported: `a.rb` has an extension of no supported language
          field: line 2, column 3, field edit.file_path
          suggestion: supported: python, javascript, typescript, tsx, rust, go, java, c, cpp
          next: set `edit.language` to one of them
    "#]],
    );
    refused(
        "seed: 1\n",
        expect![[r#"
        spec.invalid: the spec asks for nothing
          next: give exactly one of `refactor`, `edit`, `batch` and `issue`
    "#]],
    );
}

#[test]
fn what_is_no_document_is_refused_clearly() {
    refused(
        "",
        expect![[r#"
        spec.invalid: the document is empty
          next: give one of `refactor`, `edit` and `batch`
    "#]],
    );
    refused(
        " \n\t\n",
        expect![[r#"
        spec.invalid: the document is empty
          next: give one of `refactor`, `edit` and `batch`
    "#]],
    );
    refused(
        "# only a comment\n",
        expect![[r#"
        spec.invalid: the spec asks for nothing
          next: give exactly one of `refactor`, `edit`, `batch` and `issue`
    "#]],
    );
    refused(
        "just words",
        expect![[r#"
        spec.invalid: the document is not a spec: fields were expected, such as `refactor:`
          field: line 1, column 1
          error: expected mapping start
    "#]],
    );
    refused(
        [0x7f, b'E', b'L', b'F', 0xff, 0],
        expect![[r#"
        spec.invalid: the document is not UTF-8 text
          error: byte 4 is not valid
          next: save the document as UTF-8
    "#]],
    );
    refused(
        "refactor\0",
        expect![[r#"
        spec.invalid: the document is not text
          error: byte 8 is 0
    "#]],
    );
    let utf16: Vec<u8> = "refactor:".encode_utf16().flat_map(u16::to_le_bytes).collect();
    refused(
        &utf16,
        expect![[r#"
        spec.invalid: the document is UTF-16, and must be UTF-8
          next: save the document as UTF-8
    "#]],
    );
    refused(
        [&[0xff, 0xfe], utf16.as_slice()].concat(),
        expect![[r#"
        spec.invalid: the document is UTF-16, and must be UTF-8
          next: save the document as UTF-8
    "#]],
    );
    refused(
        vec![b'#'; limits::SPEC_BYTES_MAX + 1],
        expect![[r#"
        spec.too_large: the document is 5242881 bytes long, and may be 5242880
          limit: 5242881 of at most 5242880 bytes
          next: name a workspace instead of carrying its files, or split the batch
    "#]],
    );
    refused(
        "refactor: {file_path: a.py\n",
        expect![[r#"
        spec.invalid: the document is not a spec: unclosed bracket '{'
          field: line 1, column 11
    "#]],
    );
    refused(
        "{\"refactor\": {\"file_path\": \"a.py\"",
        expect![[r#"
        spec.invalid: the document is not a spec: EOF while parsing an object
          field: line 1, column 33
    "#]],
    );
    refused(
        format!("{RENAME}---\n{RENAME}"),
        expect![[r#"
        spec.invalid: the document is not a spec: it holds several YAML documents, and one spec is one
          field: line 9, column 1
    "#]],
    );
}

#[test]
fn a_byte_order_mark_and_carriage_returns_are_no_obstacle() {
    let plain = local(RENAME).unwrap();
    assert_eq!(local(format!("\u{feff}{RENAME}")).unwrap(), plain);
    assert_eq!(local(RENAME.replace('\n', "\r\n")).unwrap(), plain);
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    refused(
        "seed: 1\nseed: 2\nissue: {text: x}\n",
        expect![[r#"
        spec.invalid: the document is not a spec: the key `seed` stands twice
          field: line 2, column 1
    "#]],
    );
    refused(
        "{\"seed\": 1,\n\"seed\": 2, \"issue\": {\"text\": \"x\"}}",
        expect![[r#"
        spec.invalid: the document is not a spec: the key `seed` stands twice
          field: line 2, column 9
    "#]],
    );
    refused(
        "edit: {file_path: a.py}\nissue: {text: x}\n",
        expect![[r#"
        spec.invalid: the document is not one request: `refactor`, `edit`, `batch` or `issue`
          error: multiple fields provided for oneof 'kind'
    "#]],
    );
}

#[test]
fn bombs_are_refused_and_end_quickly() {
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        laughs += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    refused(
        &laughs,
        expect![[r#"
            spec.invalid: `a0` is not a field
              field: field a0
              suggestion: fields here are source, refactor, edit, batch, issue, seed, budget, deadline, generation
        "#]],
    );
    let inside = laughs.replace('\n', "\n  ");
    refused(
        format!("refactor:\n  {inside}\n"),
        expect![[r#"
        spec.invalid: `a0` is not a field
          field: line 2, column 3, field refactor.a0
          suggestion: fields here are file_path, edit_targets, intent, condition, context, language, priority, operator, checks, target_checks
    "#]],
    );
    refused(
        format!("edit:\n  file_path: a.py\n  checks: [&c c, {}]\n", vec!["*c"; 20_000].join(", ")),
        expect![[r#"
        spec.invalid: the document is not a spec: alias replay limit exceeded: total_replayed_events=10001 > 10000
          field: line 3, column 15
    "#]],
    );
    refused(
        "[".repeat(1 << 20),
        expect![[r#"
        spec.invalid: the document is not a spec: recursion limit exceeded
          field: line 1, column 33
    "#]],
    );
    refused(
        "{\"a\":".repeat(1 << 20),
        expect![[r#"
        spec.invalid: the document is not a spec: recursion limit exceeded
          field: line 1, column 636
    "#]],
    );
    refused(
        "- ".repeat(1 << 20),
        expect![[r#"
        spec.invalid: the document is not a spec: fields were expected, such as `refactor:`
          field: line 1, column 1
          error: expected mapping start
    "#]],
    );
    refused(
        "{a: ".repeat(100_000),
        expect![[r#"
        spec.invalid: the document is not a spec: recursion limit exceeded
          field: line 1, column 129
    "#]],
    );
}

#[test]
fn an_event_is_refused_in_each_form_for_an_unknown_field() {
    use prost::Message as _;
    let spec = crate::wire::spec::Spec::from(
        read_spec(format!("source: {{workspace: {{name: a}}}}\n{RENAME}"), Door::Remote).unwrap(),
    );
    let mut unknown = spec.encode_to_vec();
    // Field 100, varint 1, at the root.
    unknown.extend([0xa0, 0x06, 0x01]);
    let refusal = decode_spec(Some("application/protobuf"), &unknown).unwrap_err();
    expect![[r#"
        spec.invalid: the body is not a binary spec: no such field
          field: field #100
    "#]]
    .assert_eq(&told(&refusal));
    // The same inside `issue` (field 5, length 3).
    let refusal = decode_spec(Some("application/protobuf"), &[0x2a, 0x03, 0xa0, 0x06, 0x01]).unwrap_err();
    expect![[r#"
        spec.invalid: the body is not a binary spec: no such field
          field: field issue.#100
    "#]]
    .assert_eq(&told(&refusal));
    let refusal = decode_spec(Some("application/protobuf"), b"not protobuf").unwrap_err();
    expect![[r#"
        spec.invalid: the body is not a binary spec: failed to decode Protobuf message: invalid wire type value: 6
          field: field message
    "#]]
    .assert_eq(&told(&refusal));
    let refusal = decode_spec(None, br#"{"sauce": {}}"#).unwrap_err();
    expect![[r#"
        spec.invalid: `sauce` is not a field
          field: line 1, column 2, field sauce
          suggestion: source
          next: write `source` instead of `sauce`
    "#]]
    .assert_eq(&told(&refusal));
    let refusal = decode_spec(Some("text/html"), b"").unwrap_err();
    expect![[r#"
        spec.invalid: the content type is none that a spec has
          field: content-type `text/html`
          next: send application/json, application/protobuf or application/yaml
    "#]]
    .assert_eq(&told(&refusal));
    let refusal = decode_spec(Some("application/json"), RENAME.as_bytes()).unwrap_err();
    expect![[r#"
        spec.invalid: the document is not a spec: expected value
          field: line 1, column 1
    "#]]
    .assert_eq(&told(&refusal));
    let refusal = decode_spec(Some("application/protobuf"), &vec![0; limits::SPEC_BYTES_MAX + 1]).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::SpecTooLarge);
}

#[test]
fn a_spec_from_outside_must_say_where_its_code_is() {
    let refusal = read_spec(RENAME, Door::Remote).unwrap_err();
    expect![[r#"
        spec.invalid: `source` is missing, and only the command line has a workspace of its own
          field: field source
          next: give `source.inline` or `source.workspace`
    "#]]
    .assert_eq(&told(&refusal));
    assert_eq!(local(RENAME).unwrap().source, Source::Local);
}
