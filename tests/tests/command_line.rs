//! The `reweave` binary on bad input and good: what it says, how it exits, and what it leaves in the workspace.

use anyhow::{Context, Result};
use reweave_tests::{command::Bench, events};
use serde_json::Value;

const MODULE: &str = "def old(value):\n    return value + 1\n\n\nprint(old(1))\n";

/// A rename of `target` in `file` of the workspace.
fn rename(file: &str, target: &str) -> String {
    format!(
        "refactor:\n  file_path: {file}\n  edit_targets: [{target}]\n  intent: Say what it is.\n  \
         operator: {{name: rename, parameters: {{to: new}}}}\n"
    )
}

/// A move of `target` out of its class.
fn move_out(file: &str, target: &str) -> String {
    rename(file, target).replace("{name: rename, parameters: {to: new}}", "{name: method_to_function}")
}

fn code(event: &Value) -> &str {
    event["refusal"]["code"].as_str().unwrap_or("no refusal")
}

#[test]
fn documents_that_are_no_specs_are_refused_with_exit_code_2() -> Result<()> {
    let bench = Bench::new(&[("module.py", MODULE.as_bytes())])?;
    let utf_16: Vec<u8> = rename("module.py", "old").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let huge = vec![b'#'; 50 << 20];
    let cases: [(&str, &[u8], &str); 5] = [
        ("empty", b"", "spec.invalid"),
        ("50 MB", &huge, "spec.too_large"),
        ("binary", &[0x7f, b'E', b'L', b'F', 0, 1, 0xff], "spec.invalid"),
        ("UTF-16", &utf_16, "spec.invalid"),
        ("a list", b"- 1\n- 2\n", "spec.invalid"),
    ];
    for (what, spec, expected) in cases {
        let (exit, event) = bench.run_json(spec, &[])?;
        assert_eq!((exit, code(&event)), (Some(2), expected), "{what}: {event}");
        assert!(!event["refusal"]["reason"].as_str().unwrap_or_default().is_empty(), "{what}");
    }
    Ok(())
}

#[test]
fn an_unknown_field_is_refused_with_its_line_and_name() -> Result<()> {
    let bench = Bench::new(&[("module.py", MODULE.as_bytes())])?;
    let ran = bench.run(rename("module.py", "old").replace("intent", "intend").as_bytes(), &[])?;
    assert_eq!(ran.code, Some(2));
    assert!(ran.stdout.contains("intend") && ran.stdout.contains("line 4"), "{}", ran.stdout);
    Ok(())
}

#[test]
fn files_that_cannot_be_worked_on_are_refused_with_exit_code_1() -> Result<()> {
    let utf_16: Vec<u8> = MODULE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let class = "class Box:\n    def old(self):\n        return 1\n\n\n";
    let bench = Bench::new(&[
        ("module.py", MODULE.as_bytes()),
        ("twice.py", class.repeat(2).as_bytes()),
        ("empty.py", b""),
        ("binary.py", &[0, 1, 2, 0xff, 0xfe]),
        ("utf16.py", &utf_16),
        ("broken.py", b"def old(:\n    return 1\n\n\nold()\n"),
    ])?;
    std::fs::write(bench.outside().join("secret.py"), MODULE)?;
    std::os::unix::fs::symlink(bench.outside().join("secret.py"), bench.workspace().join("link.py"))?;
    for (file, target, expected) in [
        ("../secret.py", "old", "source.path_outside"),
        ("link.py", "old", "source.path_outside"),
        ("absent.py", "old", "source.file_missing"),
        ("module.py", "nowhere", "target.missing"),
        ("empty.py", "old", "source.file_empty"),
        ("binary.py", "old", "source.not_text"),
        ("utf16.py", "old", "source.not_text"),
        ("broken.py", "old", "source.syntax_broken"),
    ] {
        let (exit, event) = bench.run_json(rename(file, target).as_bytes(), &["--write"])?;
        assert_eq!((exit, code(&event)), (Some(1), expected), "{file}: {event}");
    }
    let (exit, event) = bench.run_json(move_out("twice.py", "Box.old").as_bytes(), &["--write"])?;
    assert_eq!((exit, code(&event)), (Some(1), "target.ambiguous"), "{event}");
    assert_eq!(std::fs::read(bench.outside().join("secret.py"))?, MODULE.as_bytes());
    assert!(!bench.workspace().join(".reweave").exists(), "nothing was written");
    Ok(())
}

#[test]
fn free_text_is_refused_until_planning_exists() -> Result<()> {
    let bench = Bench::new(&[])?;
    let (exit, event) = bench.run_json(b"issue:\n  text: make it faster\n", &[])?;
    assert_eq!((exit, code(&event)), (Some(1), "issue.planning_unavailable"));
    Ok(())
}

#[test]
fn bytes_beside_the_name_stay_whatever_ends_and_indents_the_lines() -> Result<()> {
    for (what, module) in [
        ("plain", MODULE.to_owned()),
        ("CRLF", MODULE.replace('\n', "\r\n")),
        ("tabs", MODULE.replace("    ", "\t")),
        ("CRLF and tabs", MODULE.replace("    ", "\t").replace('\n', "\r\n")),
        ("no last line end", MODULE.trim_end().to_owned()),
        ("byte order mark", format!("\u{feff}{MODULE}")),
    ] {
        let bench = Bench::new(&[("module.py", module.as_bytes())])?;
        let (exit, event) = bench.run_json(rename("module.py", "old").as_bytes(), &[])?;
        assert_eq!(exit, Some(0), "{what}: {event}");
        bench.git_takes(event["patch"]["unified_diff"].as_str().context("a diff")?).with_context(|| what.to_owned())?;
        bench.run(rename("module.py", "old").as_bytes(), &["--write"])?;
        assert_eq!(String::from_utf8(bench.read("module.py")?)?, module.replace("old", "new"), "{what}");
    }
    Ok(())
}

#[test]
fn undo_restores_the_bytes_and_refuses_when_the_file_was_changed_since() -> Result<()> {
    let bench = Bench::new(&[("module.py", MODULE.as_bytes())])?;
    let workspace = bench.workspace().display().to_string();
    let undo = ["undo", "--workspace", &workspace];
    assert_eq!(bench.reweave(&undo, b"")?.code, Some(2), "nothing was written yet");
    assert_eq!(bench.run(rename("module.py", "old").as_bytes(), &["--write"])?.code, Some(0));
    assert_eq!(bench.reweave(&undo, b"")?.code, Some(0));
    assert_eq!(bench.read("module.py")?, MODULE.as_bytes());

    assert_eq!(bench.run(rename("module.py", "old").as_bytes(), &["--write"])?.code, Some(0));
    std::fs::write(bench.workspace().join("module.py"), "mine = 1\n")?;
    let refused = bench.reweave(&undo, b"")?;
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert_eq!(bench.read("module.py")?, b"mine = 1\n");
    Ok(())
}

#[test]
fn a_patch_for_another_base_is_not_written() -> Result<()> {
    let bench = Bench::new(&[("module.py", b"def old_1():\n    return 'another'\n")])?;
    let ran = bench.run(events::rename(1).to_string().as_bytes(), &["--write"])?;
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert_eq!(bench.read("module.py")?, b"def old_1():\n    return 'another'\n");
    Ok(())
}

#[test]
fn a_read_only_workspace_is_an_environment_error_and_stays_as_it_is() -> Result<()> {
    let bench = Bench::new(&[("module.py", MODULE.as_bytes())])?;
    let readable = bench.run(rename("module.py", "old").as_bytes(), &[])?;
    assert_eq!(readable.code, Some(0), "{readable:?}");
    let (spec, workspace) = (bench.spec(), bench.workspace().display().to_string());
    let ran = bench.reweave_read_only(&["run", &spec, "--workspace", &workspace, "--write"])?;
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.stderr.contains("nothing was changed"), "{}", ran.stderr);
    let left: Vec<_> =
        std::fs::read_dir(bench.workspace())?.map(|entry| Ok(entry?.file_name())).collect::<Result<_>>()?;
    assert_eq!(left, ["module.py"]);
    assert_eq!(bench.read("module.py")?, MODULE.as_bytes());
    Ok(())
}

#[test]
fn a_spec_may_come_on_standard_input() -> Result<()> {
    let bench = Bench::new(&[("module.py", MODULE.as_bytes())])?;
    let workspace = bench.workspace().display().to_string();
    let ran = bench.reweave(&["run", "-", "--workspace", &workspace], rename("module.py", "old").as_bytes())?;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("+def new(value):"), "{}", ran.stdout);
    Ok(())
}

#[test]
fn a_free_command_of_the_command_line_is_a_check() -> Result<()> {
    let bench = Bench::new(&[("module.py", MODULE.as_bytes())])?;
    let spec = rename("module.py", "old");
    let (exit, event) = bench.run_json(spec.as_bytes(), &["--check", "renamed=test -s module.py"])?;
    assert_eq!(exit, Some(0), "{event}");
    let check = &event["patch"]["checks"][0];
    assert_eq!((&check["name"], &check["judged_by"]), (&"renamed".into(), &"exit_status".into()), "{check}");

    let (exit, event) = bench.run_json(spec.as_bytes(), &["--check", "kept=grep -q old module.py"])?;
    assert_eq!((exit, code(&event)), (Some(1), "search.none_proven"), "it passed before and fails now: {event}");
    Ok(())
}

#[test]
fn usage_environment_and_configuration_have_exit_codes_of_their_own() -> Result<()> {
    let bench = Bench::new(&[])?;
    for (arguments, expected) in [
        (&["run"][..], 2),
        (&["wish"], 2),
        (&["run", "spec.yaml", "--wish"], 2),
        (&["run", "absent.yaml"], 3),
        (&["--set", "checks.wish=1", "doctor"], 64),
        (&["--set", "synthesis.in_flight_max=0", "doctor"], 64),
    ] {
        let ran = bench.reweave(arguments, b"")?;
        assert_eq!(ran.code, Some(expected), "{arguments:?}: {ran:?}");
        assert!(!ran.stderr.is_empty() && ran.stdout.is_empty(), "{arguments:?}: {ran:?}");
    }
    Ok(())
}

#[test]
fn nothing_is_coloured_in_a_pipe() -> Result<()> {
    let bench = Bench::new(&[("module.py", MODULE.as_bytes())])?;
    for target in ["old", "nowhere"] {
        let ran = bench.run(rename("module.py", target).as_bytes(), &[])?;
        assert!(!ran.stdout.is_empty() && !ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{ran:?}");
    }
    Ok(())
}

#[test]
fn outcomes_in_json_are_what_the_committed_schema_says() -> Result<()> {
    let schema = serde_json::from_str(include_str!("../../docs/schema/outcome.json"))?;
    let validator = jsonschema::validator_for(&schema)?;
    let bench = Bench::new(&[("module.py", MODULE.as_bytes())])?;
    for (target, arguments) in [("old", &["--check", "there=test -s module.py"][..]), ("nowhere", &[])] {
        let (_, event) = bench.run_json(rename("module.py", target).as_bytes(), arguments)?;
        let errors: Vec<String> = validator.iter_errors(&event).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{event}");
        let other: Value = serde_json::json!({"spec_id": 1, "wish": true});
        assert!(!validator.is_valid(&other), "the schema refuses something");
    }
    Ok(())
}
