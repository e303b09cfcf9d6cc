//! `reweave apply`, `undo` and `patch`: what they say, how they exit, and what they leave in the workspace.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use expect_test::expect;
use reweave_core::{
    Edit, Edits, FileChange, Outcome, OutcomeEvent, Patch, Provenance, Risk, RunFacts, Sha256, Span, SpecId,
    Validation, limits,
};
use reweave_proto::document;
use reweave_tests::{
    command::{Bench, Ran},
    process::binary,
};
use serde_json::Value;

const MODULE: &str = "def old(value):\n    return value + 1\n\n\nprint(old(1))\n";
const RENAMED: &str = "def new(value):\n    return value + 1\n\n\nprint(new(1))\n";

fn rename(file: &str) -> String {
    format!(
        "refactor:\n  file_path: {file}\n  edit_targets: [old]\n  intent: Say what it is.\n  \
         operator: {{name: rename, parameters: {{to: new}}}}\n"
    )
}

/// A rename in each of `files`, as one batch.
fn renames(files: &[&str]) -> String {
    let item = |file: &&str| format!("    - {}", rename(file).trim_end().replace('\n', "\n      "));
    format!("batch:\n  items:\n{}\n", files.iter().map(item).collect::<Vec<_>>().join("\n"))
}

/// A bench with `files`, and the path of a patch that renames `old` in all of them.
fn bench_with_patch(files: &[(&str, &str)]) -> Result<(Bench, String)> {
    let bytes: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let bench = Bench::new(&bytes)?;
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let spec = if let [only] = names.as_slice() { rename(only) } else { renames(&names) };
    let (code, event) = bench.run_json(spec.as_bytes(), &[])?;
    ensure!(code == Some(0), "{event}");
    let patch = keep(&bench, "patch.json", &event.to_string())?;
    Ok((bench, patch))
}

fn keep(bench: &Bench, name: &str, text: &str) -> Result<String> {
    let path = bench.outside().join(name);
    fs::write(&path, text)?;
    Ok(path.display().to_string())
}

/// `reweave COMMAND ARGUMENTS --workspace …`.
fn on(bench: &Bench, arguments: &[&str]) -> Result<Ran> {
    let workspace = bench.workspace().display().to_string();
    bench.reweave(&[arguments, &["--workspace", &workspace]].concat(), b"")
}

fn text(bench: &Bench, file: &str) -> Result<String> {
    Ok(String::from_utf8(bench.read(file)?)?)
}

fn write(bench: &Bench, file: &str, text: &str) -> Result<()> {
    Ok(fs::write(bench.workspace().join(file), text)?)
}

#[test]
fn a_patch_is_applied_once_and_undone_to_the_byte() -> Result<()> {
    let module = MODULE.replace('\n', "\r\n");
    let (bench, patch) = bench_with_patch(&[("module.py", &module)])?;
    let ran = on(&bench, &["apply", &patch])?;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "wrote module.py; `reweave undo` restores it\n"), "{ran:?}");
    assert_eq!(text(&bench, "module.py")?, RENAMED.replace('\n', "\r\n"));
    let ran = on(&bench, &["apply", &patch])?;
    assert_eq!((ran.code, ran.stdout.contains("nothing to do")), (Some(0), true), "{ran:?}");
    let ran = on(&bench, &["undo", &patch])?;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "restored module.py\n"), "{ran:?}");
    assert_eq!(text(&bench, "module.py")?, module);
    assert_eq!(on(&bench, &["undo"])?.code, Some(2), "its record was retired");
    let ran = on(&bench, &["undo", &patch])?;
    assert_eq!((ran.code, ran.stdout.contains("nothing to do")), (Some(0), true), "{ran:?}");
    Ok(())
}

#[test]
fn a_patch_may_come_on_standard_input_and_its_outcome_go_out_as_json() -> Result<()> {
    let (bench, patch) = bench_with_patch(&[("module.py", MODULE)])?;
    let workspace = bench.workspace().display().to_string();
    let ran = bench.reweave(&["apply", "-", "--json", "--workspace", &workspace], &fs::read(&patch)?)?;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let (given, printed): (Value, Value) =
        (serde_json::from_slice(&fs::read(&patch)?)?, serde_json::from_str(&ran.stdout)?);
    assert_eq!(given["patch"], printed["patch"]);
    assert_eq!(text(&bench, "module.py")?, RENAMED);
    Ok(())
}

#[test]
fn a_changed_file_is_refused_with_exit_code_4_and_stays() -> Result<()> {
    let (bench, patch) = bench_with_patch(&[("module.py", MODULE)])?;
    let changed = format!("import os\n\n\n{MODULE}");
    write(&bench, "module.py", &changed)?;
    let ran = on(&bench, &["apply", &patch])?;
    assert_eq!(ran.code, Some(4), "{ran:?}");
    for part in
        ["[source.stale_base]", "`module.py` changed since", "--re-anchor", &Sha256::of(changed.as_bytes()).to_string()]
    {
        assert!(ran.stdout.contains(part), "{part}: {ran:?}");
    }
    let ran = on(&bench, &["apply", &patch, "--json"])?;
    let event: Value = serde_json::from_str(&ran.stdout)?;
    assert_eq!((ran.code, event["refusal"]["code"].as_str()), (Some(4), Some("source.stale_base")), "{event}");
    fs::remove_file(bench.workspace().join("module.py"))?;
    assert_eq!(on(&bench, &["apply", &patch, "--re-anchor"])?.code, Some(4));
    write(&bench, "module.py", &changed)?;
    assert_eq!(text(&bench, "module.py")?, changed);
    assert!(!bench.workspace().join(".reweave").exists(), "nothing was written");
    Ok(())
}

#[test]
fn a_link_out_of_the_workspace_is_not_followed() -> Result<()> {
    let (bench, patch) = bench_with_patch(&[("module.py", MODULE)])?;
    let outside = bench.outside().join("secret.py");
    fs::write(&outside, MODULE)?;
    fs::remove_file(bench.workspace().join("module.py"))?;
    std::os::unix::fs::symlink(&outside, bench.workspace().join("module.py"))?;
    let ran = on(&bench, &["apply", "--re-anchor", &patch])?;
    assert_eq!((ran.code, ran.stdout.contains("[source.path_outside]")), (Some(1), true), "{ran:?}");
    assert_eq!(fs::read_to_string(outside)?, MODULE);
    Ok(())
}

#[test]
fn a_patch_is_re_anchored_on_request_gated_again_and_says_so() -> Result<()> {
    let (bench, patch) = bench_with_patch(&[("module.py", MODULE)])?;
    let changed = format!("import os\n\n\n{}\nprint(os.name)\n", MODULE.replace("value + 1", "value + 2"));
    write(&bench, "module.py", &changed)?;
    let ran = on(&bench, &["apply", &patch, "--re-anchor"])?;
    expect![[r#"
        wrote module.py; `reweave undo` restores it
          re-anchored: line 1 is line 4 now, in `old`
          re-anchored: line 5 is line 8 now, in the file
        the gates passed on the files as they are now; the checks were not run again
    "#]]
    .assert_eq(&ran.stdout);
    assert_eq!(text(&bench, "module.py")?, changed.replace("old", "new"));
    assert_eq!(on(&bench, &["undo"])?.code, Some(0));
    assert_eq!(text(&bench, "module.py")?, changed);

    let ran = on(&bench, &["apply", &patch, "--re-anchor", "--json"])?;
    let event: Value = serde_json::from_str(&ran.stdout)?;
    assert_eq!(event["patch"]["files"][0]["base_sha256"], Sha256::of(changed.as_bytes()).to_string());
    let not_checked = event["patch"]["not_checked"].to_string();
    assert!(not_checked.contains("re-anchored: module.py was made for"), "{not_checked}");
    assert_eq!(event["patch"]["validation"]["bytes_changed_outside"], "0");
    let ran = on(&bench, &["undo", &patch])?;
    assert_eq!(ran.code, Some(0), "the patch that was given is known by its edits: {ran:?}");
    assert_eq!(text(&bench, "module.py")?, changed);
    Ok(())
}

#[test]
fn a_patch_whose_place_is_gone_is_refused_with_the_edit_and_the_place() -> Result<()> {
    let (bench, patch) = bench_with_patch(&[("module.py", MODULE)])?;
    let changed = MODULE.replace("old", "other");
    write(&bench, "module.py", &changed)?;
    let ran = on(&bench, &["apply", &patch, "--re-anchor"])?;
    assert_eq!(ran.code, Some(4), "{ran:?}");
    expect![[r#"
        refused: `module.py` was changed since, and 2 edits have no place there any more [source.stale_base]
          symbol: module.py: the edit of line 1 of the base: there is no `old` any more
          symbol: the edit of line 5 of the base: the text to be replaced in the file was changed (module.py:1)
          next: run the spec again on the files as they are now
    "#]]
    .assert_eq(&ran.stdout);
    // The place is there, but what the patch leaves would not stand: `old` is still used.
    let changed = format!("{MODULE}again = old(2)\n");
    write(&bench, "module.py", &changed)?;
    let ran = on(&bench, &["apply", &patch, "--re-anchor"])?;
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.stdout.contains("gate: names: `old` on line 6 is not bound"), "{ran:?}");
    assert_eq!(text(&bench, "module.py")?, changed);
    Ok(())
}

#[test]
fn undo_takes_a_patch_out_after_other_commits_and_leaves_those_in() -> Result<()> {
    let (bench, patch) = bench_with_patch(&[("module.py", MODULE)])?;
    assert_eq!(on(&bench, &["apply", &patch])?.code, Some(0));
    let later = format!("import os\n\n\n{}\nprint(os.name)\n", RENAMED.replace("value + 1", "value + 2"));
    write(&bench, "module.py", &later)?;
    let ran = on(&bench, &["undo"])?;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    expect![[r#"
        took the patch out of module.py, which has changed since; the gates passed
          re-anchored: line 1 is line 4 now, in `new`
          re-anchored: line 5 is line 8 now, in the file
    "#]]
    .assert_eq(&ran.stdout);
    assert_eq!(text(&bench, "module.py")?, later.replace("new", "old"));
    Ok(())
}

#[test]
fn undo_explains_a_conflict_and_leaves_everything_as_it_is() -> Result<()> {
    let (bench, patch) = bench_with_patch(&[("module.py", MODULE)])?;
    assert_eq!(on(&bench, &["apply", &patch])?.code, Some(0));
    // Somebody has come to rely on the new name: without it their line would not resolve.
    let later = format!("{RENAMED}again = new(2)\n");
    write(&bench, "module.py", &later)?;
    let ran = on(&bench, &["undo"])?;
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.stdout.contains("gate: names: `new` on line 6 is not bound"), "{ran:?}");
    write(&bench, "module.py", "mine = 1\n")?;
    let ran = on(&bench, &["undo"])?;
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.stdout.contains("there is no `new` any more"), "{ran:?}");
    assert_eq!(text(&bench, "module.py")?, "mine = 1\n");
    write(&bench, "module.py", RENAMED)?;
    assert_eq!(on(&bench, &["undo"])?.code, Some(0), "the record is still there");
    assert_eq!(text(&bench, "module.py")?, MODULE);
    Ok(())
}

#[test]
fn several_files_are_written_together_or_not_at_all() -> Result<()> {
    let (bench, patch) = bench_with_patch(&[("a.py", MODULE), ("b.py", MODULE)])?;
    // A file that is a mount of its own can be read and written, and no other can take its place.
    let script = r#"mount --bind "$0" "$0" && exec "$@""#;
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script]).arg(bench.workspace().join("b.py"));
    command.arg(binary("reweave")?).args(["apply", &patch, "--workspace"]).arg(bench.workspace());
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("replace b.py") && said.contains("nothing was changed"), "{said}");
    assert_eq!((text(&bench, "a.py")?.as_str(), text(&bench, "b.py")?.as_str()), (MODULE, MODULE));
    assert_eq!(leftovers(&bench)?, [] as [PathBuf; 0]);

    assert_eq!(on(&bench, &["apply", &patch])?.code, Some(0));
    assert_eq!((text(&bench, "a.py")?.as_str(), text(&bench, "b.py")?.as_str()), (RENAMED, RENAMED));
    let ran = on(&bench, &["undo"])?;
    assert_eq!(ran.stdout, "restored a.py\nrestored b.py\n");
    assert_eq!((text(&bench, "a.py")?.as_str(), text(&bench, "b.py")?.as_str()), (MODULE, MODULE));
    Ok(())
}

#[test]
fn one_stale_file_of_two_refuses_both_and_re_anchoring_takes_both() -> Result<()> {
    let (bench, patch) = bench_with_patch(&[("a.py", MODULE), ("b.py", MODULE)])?;
    let changed = format!("# Mine.\n{MODULE}");
    write(&bench, "b.py", &changed)?;
    assert_eq!(on(&bench, &["apply", &patch])?.code, Some(4));
    assert_eq!(text(&bench, "a.py")?, MODULE);
    let ran = on(&bench, &["apply", &patch, "--re-anchor"])?;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!((text(&bench, "a.py")?, text(&bench, "b.py")?), (RENAMED.to_owned(), changed.replace("old", "new")));
    Ok(())
}

/// Files of ours beside the sources.
fn leftovers(bench: &Bench) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(bench.workspace())?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let ours = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".reweave-"));
    Ok(entries.into_iter().filter(ours).collect())
}

/// A patch of `count` large files, whose copies were cut as a published event's would be.
fn large(bench: &Bench, count: usize) -> Result<(String, String, String)> {
    let before =
        format!("x = 1\n{}", "# a line that makes the file large enough to be caught in the act\n".repeat(30_000));
    let edits = Edits::new(&before, vec![Edit::of(&before, Span::new(4, 5), "2", "integer", "")])?;
    let after = edits.apply(&before);
    let whole = FileChange::edited("f.py".parse()?, before.clone(), edits);
    let cut = FileChange { original_code: String::new(), generated_code: String::new(), ..whole };
    let file = |at: usize| FileChange { path: format!("f{at:02}.py").parse().expect("a relative path"), ..cut.clone() };
    let patch = Patch {
        files: (0..count).map(file).collect(),
        unified_diff: String::new(),
        masked_spans: vec![],
        validation: Validation { syntax_valid: true, errors: vec![], gates: vec![], bytes_changed_outside: 0 },
        checks: vec![],
        not_checked: vec![],
        risk: Risk { score: 0.0, parts: vec![] },
        provenance: Provenance { version: "0".into(), candidates: 1, ..Provenance::default() },
    };
    for file in &patch.files {
        fs::write(bench.workspace().join(file.path.as_str()), &before)?;
    }
    let event = OutcomeEvent {
        spec_id: SpecId::of("tests", "large"),
        outcome: Outcome::Patch(patch),
        run: RunFacts::default(),
    };
    Ok((keep(bench, "large.json", &document::outcome_json(&event).to_string())?, before, after))
}

#[test]
fn a_kill_between_two_files_is_put_back_by_the_next_command() -> Result<()> {
    const FILES: usize = 12;
    const ATTEMPTS_MAX: usize = 50;
    let bench = Bench::new(&[])?;
    let (patch, before, after) = large(&bench, FILES)?;
    let path = |at: usize| bench.workspace().join(format!("f{at:02}.py"));
    let state = || -> Result<Vec<bool>> { (0..FILES).map(|at| Ok(fs::read_to_string(path(at))? == after)).collect() };
    for _ in 0..ATTEMPTS_MAX {
        let inode = fs::metadata(path(0))?.ino();
        let mut child = Command::new(binary("reweave")?)
            .args(["apply", &patch, "--workspace"])
            .arg(bench.workspace())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        while fs::metadata(path(0))?.ino() == inode && child.try_wait()?.is_none() {
            std::hint::spin_loop();
        }
        child.kill()?;
        child.wait()?;
        let written = state()?.into_iter().filter(|written| *written).count();
        let caught = 0 < written && written < FILES;
        let ran = on(&bench, &["undo"])?;
        for at in 0..FILES {
            assert!(fs::read_to_string(path(at))? == before, "f{at:02}.py after {written} of {FILES} and {ran:?}");
        }
        assert_eq!(leftovers(&bench)?, [] as [PathBuf; 0]);
        if caught {
            assert_eq!(ran.code, Some(2), "nothing was written, so that nothing can be undone: {ran:?}");
            assert_eq!(ran.stderr.matches("reweave: put f").count(), written, "{ran:?}");
            assert_eq!(on(&bench, &["apply", &patch])?.code, Some(0));
            assert_eq!(state()?, [true; FILES]);
            assert_eq!(on(&bench, &["undo"])?.code, Some(0), "with the texts that the event did not carry");
            assert_eq!(state()?, [false; FILES]);
            return Ok(());
        }
    }
    anyhow::bail!("in {ATTEMPTS_MAX} attempts no kill came between two files")
}

#[test]
fn a_kill_while_the_second_file_is_written_leaves_nothing_to_the_next_command() -> Result<()> {
    let bench = Bench::new(&[])?;
    let (patch, before, _) = large(&bench, 2)?;
    // The kernel kills a process that writes a file beyond this limit, whatever it is doing: 1 MiB of 2.
    let script = r#"ulimit -f 2048; exec "$@""#;
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(binary("reweave")?).args(["apply", &patch, "--workspace"]);
    let status = command.arg(bench.workspace()).stderr(Stdio::null()).status()?;
    assert_eq!(status.code(), None, "it was killed");
    assert_ne!(leftovers(&bench)?, [] as [PathBuf; 0], "it had begun");
    // Any command that reads the workspace cleans up first.
    fs::write(bench.workspace().join("module.py"), MODULE)?;
    assert_eq!(bench.run(rename("module.py").as_bytes(), &[])?.code, Some(0));
    assert_eq!(leftovers(&bench)?, [] as [PathBuf; 0]);
    assert!(text(&bench, "f00.py")? == before && text(&bench, "f01.py")? == before);
    Ok(())
}

#[test]
fn every_form_of_a_patch_is_printed() -> Result<()> {
    let (bench, patch) = bench_with_patch(&[("module.py", MODULE)])?;
    let printed = |form: &str| -> Result<String> {
        let ran = on(&bench, &["patch", "--to", form, &patch])?;
        ensure!(ran.code == Some(0), "{ran:?}");
        Ok(ran.stdout)
    };
    let event: Value = serde_json::from_slice(&fs::read(&patch)?)?;
    assert_eq!(event["patch"]["unified_diff"], printed("diff")?.as_str());
    bench.git_takes(&printed("diff")?)?;
    expect![[r#"
        *** module.py
        @@ 1-1
        - def old(value):
        + def new(value):
        @@ 5-5
        - print(old(1))
        + print(new(1))
    "#]]
    .assert_eq(&printed("dsl")?);
    let lsp: Value = serde_json::from_str(&printed("lsp")?)?;
    let document = &lsp["documentChanges"][0];
    let uri = format!("file://{}/module.py", bench.workspace().canonicalize()?.display());
    assert_eq!(document["textDocument"], serde_json::json!({"uri": uri, "version": null}));
    let edit = &document["edits"][1];
    assert_eq!(edit["range"]["start"], serde_json::json!({"line": 4, "character": 6}));
    assert!(lsp["changeAnnotations"][edit["annotationId"].as_str().context("an id")?]["label"].is_string(), "{lsp}");
    let sarif: Value = serde_json::from_str(&printed("sarif")?)?;
    let change = &sarif["runs"][0]["results"][0]["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], "module.py");
    assert_eq!(change["replacements"][1]["deletedRegion"]["byteOffset"], MODULE.rfind("old").context("it is there")?);
    assert_eq!(text(&bench, "module.py")?, MODULE, "nothing was written");
    Ok(())
}

#[test]
fn what_is_no_patch_is_refused_and_nothing_is_written() -> Result<()> {
    let (bench, patch) = bench_with_patch(&[("module.py", MODULE)])?;
    let good = fs::read_to_string(&patch)?;
    let (_, refusal) = bench.run_json(rename("absent.py").as_bytes(), &[])?;
    for (what, text, expected) in [
        ("empty", String::new(), 2),
        ("binary", "\u{7f}ELF\0".to_owned(), 2),
        ("cut short", good[..good.len() / 2].to_owned(), 2),
        ("a text changed on the way", good.replace("\"new\"", "\"newer\""), 2),
        ("a path that leaves the workspace", good.replace("\"module.py\"", "\"../module.py\""), 2),
        ("a refusal", refusal.to_string(), 1),
    ] {
        let path = keep(&bench, "other.json", &text)?;
        for command in [
            &["apply", &path][..],
            &["apply", "--re-anchor", &path],
            &["undo", &path],
            &["patch", "--to", "dsl", &path],
        ] {
            let ran = on(&bench, command)?;
            assert_eq!(ran.code, Some(expected), "{what}, {command:?}: {ran:?}");
            assert!(ran.stderr.len() + ran.stdout.len() < 1_000, "{what}, {command:?}: {ran:?}");
        }
    }
    fs::File::create(bench.outside().join("huge.json"))?.set_len(limits::PATCH_BYTES_MAX as u64 + 1)?;
    let ran = on(&bench, &["apply", &bench.outside().join("huge.json").display().to_string()])?;
    assert_eq!((ran.code, ran.stderr.contains("larger than")), (Some(2), true), "{ran:?}");
    assert_eq!(on(&bench, &["apply", "absent.json"])?.code, Some(2));
    assert_eq!(on(&bench, &["patch", &patch])?.code, Some(2), "--to is missing");
    assert_eq!(text(&bench, "module.py")?, MODULE);
    assert!(!bench.workspace().join(".reweave").exists(), "nothing was written");
    Ok(())
}

#[test]
fn completions_know_the_doors_of_a_patch() -> Result<()> {
    let bench = Bench::new(&[])?;
    let script = bench.reweave(&["completions", "bash"], b"")?.stdout;
    for word in ["apply", "undo", "--re-anchor", "diff dsl lsp sarif"] {
        assert!(script.contains(word), "{word}");
    }
    Ok(())
}
