//! Every step of a commit at which a process may end, and what the next command finds.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
};

use tempfile::TempDir;

use super::*;

/// A folder with three files, one of them below another folder, and one that may be run.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    fs::write(folder.path().join("one.py"), "1\n").unwrap();
    fs::write(folder.path().join("sub/two.py"), "2\n").unwrap();
    fs::write(folder.path().join("tool.py"), "t\n").unwrap();
    fs::set_permissions(folder.path().join("tool.py"), fs::Permissions::from_mode(0o750)).unwrap();
    folder
}

/// One file replaced, one made, one removed, and one renamed.
fn changes() -> Vec<Change> {
    let digest = |text: &str| Some(Sha256::of(text.as_bytes()));
    vec![
        Change::written("one.py", digest("1\n"), "one\n".to_owned()),
        Change::written("new/three.py", None, "three\n".to_owned()),
        Change::removed("sub/two.py", digest("2\n")),
        Change::written("new/tool.py", None, "t\n".to_owned()).like("tool.py"),
        Change::removed("tool.py", digest("t\n")),
    ]
}

/// Every file outside of our own folder, with its text.
fn files(folder: &TempDir) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.path().to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with(FOLDER) {
                open.push(path);
            } else if path.is_file() {
                let name = path.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

fn named(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn before() -> BTreeMap<String, String> {
    named(&[("one.py", "1\n"), ("sub/two.py", "2\n"), ("tool.py", "t\n")])
}

fn after() -> BTreeMap<String, String> {
    named(&[("one.py", "one\n"), ("new/three.py", "three\n"), ("new/tool.py", "t\n")])
}

/// Does the first `steps` steps of a commit and no more, as a process that is killed then.
fn killed_after(folder: &TempDir, steps: usize) {
    let (workspace, _) = Workspace::open(folder.path()).unwrap();
    let changes = changes();
    workspace.make_folder().unwrap();
    let journal = workspace.journal(&changes).unwrap();
    let mut work: Vec<Box<dyn Fn()>> = vec![
        Box::new(|| workspace.write_journal(&journal).unwrap()),
        Box::new(|| workspace.prepare(&journal, &changes).unwrap()),
    ];
    for step in &journal.steps {
        work.push(Box::new(|| workspace.swap(step).unwrap()));
    }
    work.push(Box::new(|| workspace.settle(&journal).unwrap()));
    work.push(Box::new(|| discard(&workspace.root, &journal.steps[0].old)));
    assert!(steps <= work.len());
    work.iter().take(steps).for_each(|step| step());
}

#[test]
fn a_kill_at_any_step_leaves_all_files_or_none_to_the_next_command() {
    let settled = 2 + changes().len() + 1;
    for steps in 0..=settled + 1 {
        let folder = folder();
        killed_after(&folder, steps);
        let (_, said) = Workspace::open(folder.path()).unwrap();
        let expected = if steps < settled { before() } else { after() };
        assert_eq!(files(&folder), expected, "after {steps} steps: {said:?}");
        assert_eq!(said.len(), steps.saturating_sub(2).min(5) * usize::from(steps < settled), "{steps}: {said:?}");
        let (workspace, said) = Workspace::open(folder.path()).unwrap();
        assert_eq!(said, [] as [String; 0], "what was put back is not put back twice");
        if steps < settled {
            workspace.commit(&changes()).unwrap();
            assert_eq!(files(&folder), after());
        }
    }
}

#[test]
fn a_kill_while_a_file_is_being_written_leaves_nothing_of_it() {
    let folder = folder();
    killed_after(&folder, 1);
    let journal: Journal = serde_json::from_slice(&fs::read(folder.path().join(JOURNAL)).unwrap()).unwrap();
    fs::write(folder.path().join(&journal.steps[0].new), "on").unwrap();
    Workspace::open(folder.path()).unwrap();
    assert_eq!(files(&folder), before());
}

#[test]
fn what_somebody_wrote_after_the_kill_is_left_alone() {
    let folder = folder();
    killed_after(&folder, 4);
    fs::write(folder.path().join("one.py"), "mine\n").unwrap();
    let (_, said) = Workspace::open(folder.path()).unwrap();
    let found = files(&folder);
    assert_eq!((found["one.py"].as_str(), found["sub/two.py"].as_str()), ("mine\n", "2\n"), "{said:?}");
    assert!(!found.contains_key("new/three.py"), "{found:?}");
    assert!(said.iter().any(|line| line.starts_with("left one.py alone")), "{said:?}");
    let kept = found.iter().find(|(name, _)| name.ends_with(".old")).expect("the original is kept");
    assert_eq!(kept.1, "1\n");
}

#[test]
fn what_cannot_be_put_back_is_said_until_somebody_has_seen_to_it() {
    let folder = folder();
    killed_after(&folder, 3);
    let old = files(&folder).into_keys().find(|name| name.ends_with(".old")).unwrap();
    fs::remove_file(folder.path().join(old)).unwrap();
    for _ in 0..2 {
        let error = Workspace::open(folder.path()).unwrap_err();
        assert!(matches!(&error, Error::Unrecovered { path, .. } if path == "one.py"), "{error}");
        assert!(error.to_string().contains(JOURNAL), "{error}");
    }
    fs::remove_file(folder.path().join(JOURNAL)).unwrap();
    assert!(Workspace::open(folder.path()).is_ok());
}

#[test]
fn a_file_that_was_changed_since_stops_all_of_them() {
    let folder = folder();
    fs::write(folder.path().join("sub/two.py"), "other\n").unwrap();
    let (workspace, _) = Workspace::open(folder.path()).unwrap();
    let error = workspace.commit(&changes()).unwrap_err();
    assert!(matches!(&error, Error::ChangedMeanwhile(path) if path == "sub/two.py"), "{error}");
    assert_eq!(files(&folder), named(&[("one.py", "1\n"), ("sub/two.py", "other\n"), ("tool.py", "t\n")]));
    assert!(!folder.path().join(JOURNAL).exists());
}

#[test]
fn a_name_in_the_way_stops_all_of_them() {
    let folder = folder();
    let (workspace, _) = Workspace::open(folder.path()).unwrap();
    let taken = workspace.journal(&changes()).unwrap().steps[1].new.clone();
    fs::create_dir_all(folder.path().join(&taken)).unwrap();
    assert!(matches!(workspace.commit(&changes()), Err(Error::Io { .. })));
    assert_eq!(files(&folder), before());
}

#[test]
fn a_second_command_waits_and_gives_up_when_the_first_does_not_end() {
    let folder = folder();
    let (workspace, _) = Workspace::open(folder.path()).unwrap();
    workspace.make_folder().unwrap();
    let refused = workspace.locked(|_| {
        let (mut second, _) = Workspace::open(folder.path())?;
        second.lock_wait_max = Duration::from_millis(50);
        second.commit(&changes())
    });
    assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
    assert_eq!(files(&folder), before());
}

#[test]
fn a_link_is_followed_and_stays_and_the_mode_is_kept() {
    let folder = folder();
    symlink("one.py", folder.path().join("link.py")).unwrap();
    fs::set_permissions(folder.path().join("one.py"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut changes = changes();
    changes[0].path = "link.py".into();
    let (workspace, _) = Workspace::open(folder.path()).unwrap();
    workspace.commit(&changes).unwrap();
    assert!(folder.path().join("link.py").is_symlink());
    assert_eq!(fs::read_to_string(folder.path().join("one.py")).unwrap(), "one\n");
    assert_eq!(fs::metadata(folder.path().join("one.py")).unwrap().permissions().mode() & 0o777, 0o755);
    let twice = [Change::removed("one.py", None), Change::removed("link.py", None)];
    assert!(matches!(workspace.commit(&twice), Err(Error::Record(_))));
}

fn mode(folder: &TempDir, name: &str) -> u32 {
    fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_renamed_file_keeps_its_permissions_and_a_new_mode_keeps_who_may_read() {
    let folder = folder();
    let (workspace, _) = Workspace::open(folder.path()).unwrap();
    workspace.commit(&changes()).unwrap();
    assert_eq!((mode(&folder, "new/tool.py"), mode(&folder, "new/three.py")), (0o750, 0o644));
    let digest = Some(Sha256::of(b"t\n"));
    for (said, expected) in [(Mode::Plain, 0o640), (Mode::Executable, 0o750)] {
        let change = Change::written("new/tool.py", digest, "t\n".to_owned()).with_mode(Some(said));
        workspace.commit(&[change]).unwrap();
        assert_eq!(mode(&folder, "new/tool.py"), expected);
    }
}

#[test]
fn a_mode_that_changed_alone_is_put_back_after_a_kill() {
    let folder = folder();
    let change = [Change::written("one.py", Some(Sha256::of(b"1\n")), "1\n".into()).with_mode(Some(Mode::Executable))];
    let (workspace, _) = Workspace::open(folder.path()).unwrap();
    workspace.make_folder().unwrap();
    let journal = workspace.journal(&change).unwrap();
    workspace.write_journal(&journal).unwrap();
    workspace.prepare(&journal, &change).unwrap();
    workspace.swap_all(&journal).unwrap();
    assert_eq!(mode(&folder, "one.py"), 0o755);
    Workspace::open(folder.path()).unwrap();
    assert_eq!((mode(&folder, "one.py"), files(&folder)), (0o644, before()));
}

#[test]
fn a_journal_that_cannot_be_read_stops_every_command() {
    let folder = folder();
    fs::create_dir(folder.path().join(FOLDER)).unwrap();
    fs::write(folder.path().join(JOURNAL), "{").unwrap();
    assert!(matches!(Workspace::open(folder.path()), Err(Error::Record(_))));
}
