//! Patches that make, remove, rename and mark files: applied as a whole, undone to the byte, and told to git and editors.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    process::{Command, Stdio},
};

use anyhow::{Result, ensure};
use expect_test::expect;
use reweave_core::{
    Edit, Edits, FileChange, FileKind, Mode, Modes, Outcome, OutcomeEvent, Patch, Provenance, Risk, RunFacts, Span,
    SpecId, Validation,
};
use reweave_proto::document;
use reweave_tests::{
    command::{Bench, Ran},
    process::binary,
};
use serde_json::{Value, json};

const FILES: [(&str, &[u8]); 4] =
    [("gone.py", b"x = 1\r\n"), ("old name.py", b"a = 1\nb = 2\n"), ("tool.py", b"t = 1\n"), ("kept.py", b"k = 1\n")];

/// The change of all of `before` into `after`.
fn change(path: &str, kind: FileKind, modes: Modes, before: &str, after: &str) -> FileChange {
    let edit = Edit::of(before, Span::new(0, before.len()), after, "lines", "");
    let edits = if before == after { Edits::default() } else { Edits::new(before, vec![edit]).expect("one edit") };
    let path = path.parse().expect("a relative path");
    FileChange { kind, modes, ..FileChange::edited(path, before.to_owned(), edits) }
}

/// One file of every kind.
fn every_kind(made: &str) -> Vec<FileChange> {
    let (none, run) = (Modes::default(), Modes { before: Some(Mode::Plain), after: Some(Mode::Executable) });
    let from = "old name.py".parse().expect("a relative path");
    vec![
        change("gone.py", FileKind::Deleted, none, "x = 1\r\n", ""),
        change("kept.py", FileKind::Edited, none, "k = 1\n", "k = 2\n"),
        change("made/new.py", FileKind::Created, Modes { before: None, after: run.after }, "", made),
        change("made/renamed.py", FileKind::Renamed { from }, none, "a = 1\nb = 2\n", "a = 1\nb = 3\n"),
        change("tool.py", FileKind::Edited, run, "t = 1\n", "t = 1\n"),
    ]
}

fn event(files: Vec<FileChange>) -> String {
    let patch = Patch {
        files,
        unified_diff: String::new(),
        masked_spans: vec![],
        validation: Validation { syntax_valid: true, errors: vec![], gates: vec![], bytes_changed_outside: 0 },
        checks: vec![],
        not_checked: vec![],
        risk: Risk { score: 0.0, parts: vec![] },
        provenance: Provenance { version: "0".into(), candidates: 1, ..Provenance::default() },
    };
    let outcome = Outcome::Patch(patch);
    let event = OutcomeEvent { spec_id: SpecId::of("tests", "files"), outcome, run: RunFacts::default() };
    document::outcome_json(&event).to_string()
}

/// A bench with [`FILES`], and the path of a patch of `files`.
fn bench(files: Vec<FileChange>) -> Result<(Bench, String)> {
    let bench = Bench::new(&FILES)?;
    let path = bench.outside().join("patch.json");
    fs::write(&path, event(files))?;
    Ok((bench, path.display().to_string()))
}

/// `reweave COMMAND ARGUMENTS --workspace …`.
fn on(bench: &Bench, arguments: &[&str]) -> Result<Ran> {
    let workspace = bench.workspace().display().to_string();
    bench.reweave(&[arguments, &["--workspace", &workspace]].concat(), b"")
}

/// Every file of the workspace but ours, with its text and whether it may be run.
fn files(bench: &Bench) -> Result<BTreeMap<String, (String, bool)>> {
    let mut found = BTreeMap::new();
    for folder in ["", "made/"] {
        for entry in fs::read_dir(bench.workspace().join(folder)).into_iter().flatten() {
            let path = entry?.path();
            if path.is_file() {
                let name = path.file_name().unwrap_or_default().display().to_string();
                let executable = fs::metadata(&path)?.permissions().mode() & 0o100 != 0;
                found.insert(format!("{folder}{name}"), (fs::read_to_string(&path)?, executable));
            }
        }
    }
    Ok(found)
}

fn expected(files: &[(&str, &str, bool)]) -> BTreeMap<String, (String, bool)> {
    files.iter().map(|(name, text, executable)| ((*name).to_owned(), ((*text).to_owned(), *executable))).collect()
}

#[test]
fn files_are_made_removed_renamed_and_marked_and_all_of_it_is_undone() -> Result<()> {
    let (bench, patch) = bench(every_kind("n = 1"))?;
    fs::set_permissions(bench.workspace().join("gone.py"), fs::Permissions::from_mode(0o755))?;
    let before = files(&bench)?;
    let ran = on(&bench, &["apply", &patch])?;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    expect![[r#"
        removed gone.py; `reweave undo` restores it
        wrote kept.py; `reweave undo` restores it
        made made/new.py; `reweave undo` removes it
        renamed old name.py to made/renamed.py; `reweave undo` renames it back
        wrote tool.py; `reweave undo` restores it
    "#]]
    .assert_eq(&ran.stdout);
    let after = expected(&[
        ("kept.py", "k = 2\n", false),
        ("made/new.py", "n = 1", true),
        ("made/renamed.py", "a = 1\nb = 3\n", false),
        ("tool.py", "t = 1\n", true),
    ]);
    assert_eq!(files(&bench)?, after);
    let ran = on(&bench, &["apply", &patch])?;
    assert_eq!((ran.code, ran.stdout.contains("nothing to do")), (Some(0), true), "{ran:?}");
    let ran = on(&bench, &["undo"])?;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("renamed made/renamed.py back to old name.py"), "{ran:?}");
    assert_eq!(files(&bench)?, before, "also that gone.py may be run, which the patch does not say");
    Ok(())
}

#[test]
fn git_takes_the_same_files() -> Result<()> {
    let (bench, patch) = bench(every_kind("n = 1"))?;
    let diff = on(&bench, &["patch", "--to", "diff", &patch])?;
    ensure!(diff.code == Some(0), "{diff:?}");
    bench.git_takes(&diff.stdout)?;
    for line in [
        "new file mode 100755",
        "deleted file mode 100644",
        "rename from old name.py",
        "rename to made/renamed.py",
        "old mode 100644\nnew mode 100755",
        "+n = 1\n\\ No newline at end of file",
    ] {
        assert!(diff.stdout.contains(line), "{line} in\n{}", diff.stdout);
    }
    Ok(())
}

#[test]
fn an_editor_is_told_what_becomes_of_files_before_what_becomes_of_texts() -> Result<()> {
    let mut files = every_kind("n = 1");
    files.retain(|file| file.modes == Modes::default());
    files.push(change("made/plain.py", FileKind::Created, Modes::default(), "", "𝄞 = 1\n"));
    let (bench, patch) = bench(files)?;
    let ran = on(&bench, &["patch", "--to", "lsp", &patch])?;
    ensure!(ran.code == Some(0), "{ran:?}");
    let mut edit: Value = serde_json::from_str(&ran.stdout)?;
    let root = format!("file://{}", bench.workspace().canonicalize()?.display());
    let changes = edit["documentChanges"].as_array_mut().expect("changes");
    let told: Vec<String> = changes
        .iter()
        .map(|change| {
            let told =
                [&change["kind"], &change["uri"], &change["oldUri"], &change["newUri"], &change["textDocument"]["uri"]];
            told.iter().filter_map(|part| part.as_str()).collect::<Vec<_>>().join(" ").replace(&root, "")
        })
        .collect();
    assert_eq!(
        told,
        [
            "delete /gone.py",
            "/kept.py",
            "rename /old%20name.py /made/renamed.py",
            "/made/renamed.py",
            "create /made/plain.py",
            "/made/plain.py",
        ]
    );
    assert_eq!(changes[5]["edits"][0]["newText"], "𝄞 = 1\n");
    let annotation = &edit["changeAnnotations"][edit["documentChanges"][0]["annotationId"].as_str().expect("an id")];
    assert_eq!(annotation["label"], "remove gone.py");
    Ok(())
}

#[test]
fn a_form_without_words_for_a_change_of_files_says_so() -> Result<()> {
    let one = |at: usize| every_kind("n = 1").remove(at);
    for (file, form, said) in [
        (one(0), "sarif", "`gone.py` is removed, which SARIF cannot say"),
        (one(2), "sarif", "`made/new.py` is made, which SARIF cannot say"),
        (one(3), "dsl", "`made/renamed.py` is renamed, which the line DSL cannot say"),
        (one(4), "sarif", "`tool.py` gets another mode, which SARIF cannot say"),
        (one(4), "lsp", "`tool.py` gets another mode, which the Language Server Protocol cannot say"),
        (one(2), "lsp", "`made/new.py` gets another mode"),
    ] {
        let (bench, patch) = bench(vec![file])?;
        let ran = on(&bench, &["patch", "--to", form, &patch])?;
        assert!(ran.code != Some(0) && ran.stderr.contains(said), "{said}: {ran:?}");
        assert_eq!(ran.stdout, "");
    }
    Ok(())
}

#[test]
fn what_stands_in_the_way_is_named_and_nothing_is_written() -> Result<()> {
    type Disturb = fn(&Bench) -> Result<()>;
    let cases: [(&str, Disturb); 6] = [
        ("made/new.py: it is there", |bench| {
            fs::create_dir(bench.workspace().join("made"))?;
            Ok(fs::write(bench.workspace().join("made/new.py"), "")?)
        }),
        ("made/renamed.py: it is there", |bench| {
            fs::create_dir(bench.workspace().join("made"))?;
            Ok(fs::write(bench.workspace().join("made/renamed.py"), "a = 1\nb = 2\n")?)
        }),
        ("gone.py: its SHA-256 is", |bench| Ok(fs::write(bench.workspace().join("gone.py"), "x = 2\r\n")?)),
        ("gone.py: it does not exist here", |bench| Ok(fs::remove_file(bench.workspace().join("gone.py"))?)),
        ("tool.py: its mode is 100755, the patch is for 100644", |bench| {
            Ok(fs::set_permissions(bench.workspace().join("tool.py"), fs::Permissions::from_mode(0o755))?)
        }),
        ("gone.py: it is a symbolic link", |bench| {
            fs::rename(bench.workspace().join("gone.py"), bench.workspace().join("far.py"))?;
            Ok(symlink("far.py", bench.workspace().join("gone.py"))?)
        }),
    ];
    for (said, disturb) in cases {
        let (bench, patch) = bench(every_kind("n = 1"))?;
        disturb(&bench)?;
        let before = files(&bench)?;
        for command in [&["apply", &patch][..], &["apply", "--re-anchor", &patch]] {
            let ran = on(&bench, command)?;
            assert!(ran.code == Some(4) && ran.stdout.contains(said), "{said}: {ran:?}");
            assert_eq!(files(&bench)?, before, "{said}");
        }
    }
    Ok(())
}

#[test]
fn a_file_that_was_worked_on_since_is_not_taken_away_by_undo() -> Result<()> {
    for (path, said) in [("made/new.py", "removing it would lose that"), ("gone.py", "is there again")] {
        let (bench, patch) = bench(every_kind("n = 1\n"))?;
        assert_eq!(on(&bench, &["apply", &patch])?.code, Some(0));
        fs::write(bench.workspace().join(path), "mine = 1\n")?;
        let before = files(&bench)?;
        let ran = on(&bench, &["undo"])?;
        assert!(ran.code == Some(4) && ran.stdout.contains(said), "{ran:?}");
        assert_eq!(files(&bench)?, before);
    }
    Ok(())
}

#[test]
fn a_renamed_file_that_was_worked_on_goes_back_with_that_work() -> Result<()> {
    let (bench, patch) = bench(every_kind("n = 1\n"))?;
    assert_eq!(on(&bench, &["apply", &patch])?.code, Some(0));
    fs::write(bench.workspace().join("made/renamed.py"), "# mine\na = 1\nb = 3\n")?;
    let ran = on(&bench, &["undo"])?;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(files(&bench)?["old name.py"].0, "# mine\na = 1\nb = 2\n");
    assert!(!bench.workspace().join("made/renamed.py").exists());
    Ok(())
}

#[test]
fn a_kill_in_the_middle_leaves_no_file_made_removed_or_renamed() -> Result<()> {
    let large = "n = 1\n".repeat(500_000);
    let (bench, patch) = bench(every_kind(&large))?;
    let before = files(&bench)?;
    // The kernel kills a process that writes a file beyond this limit, whatever it is doing: 1 MiB of 3.
    let script = r#"ulimit -f 2048; exec "$@""#;
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(binary("reweave")?).args(["apply", &patch, "--workspace"]);
    let status = command.arg(bench.workspace()).stderr(Stdio::null()).status()?;
    assert_eq!(status.code(), None, "it was killed");
    let ran = on(&bench, &["undo"])?;
    assert_eq!(ran.code, Some(2), "nothing was written, so that nothing can be undone: {ran:?}");
    assert_eq!(files(&bench)?, before);
    assert_eq!(on(&bench, &["apply", &patch])?.code, Some(0));
    assert_eq!(on(&bench, &["undo"])?.code, Some(0));
    assert_eq!(files(&bench)?, before);
    Ok(())
}

#[test]
fn a_patch_that_contradicts_itself_is_refused() -> Result<()> {
    let good: Value = serde_json::from_str(&event(every_kind("n = 1")))?;
    for (at, field, value) in [
        (0, "kind", json!("edited")),
        (0, "kind", json!("removed")),
        (1, "renamed_from", json!("other.py")),
        (2, "base_sha256", good["patch"]["files"][0]["base_sha256"].clone()),
        (3, "renamed_from", json!("made/renamed.py")),
        (3, "renamed_from", json!("../old name.py")),
        (3, "renamed_from", json!("kept.py")),
        (4, "mode_before", json!("")),
        (4, "mode_after", json!("120000")),
        (4, "path", json!("kept.py")),
    ] {
        let (bench, patch) = bench(vec![])?;
        let mut wrong = good.clone();
        wrong["patch"]["files"][at][field] = value;
        wrong.as_object_mut().expect("an event").remove("digest");
        fs::write(&patch, wrong.to_string())?;
        let before = files(&bench)?;
        let ran = on(&bench, &["apply", &patch])?;
        assert_eq!(ran.code, Some(2), "{at} {field}: {ran:?}");
        assert_eq!(files(&bench)?, before);
    }
    Ok(())
}
