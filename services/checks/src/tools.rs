//! Finds the programs of checks, and what has to be shown so that they run: a tool may live under somebody's home, be a
//! link, or a script of an interpreter that lives elsewhere.

use std::{
    collections::BTreeSet,
    fs,
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use reweave_core::{CheckName, EvidenceKind, Refusal, RefusalCode};

use crate::{
    config::Config,
    sandbox::{plan::Bind, root::SYSTEM},
};

/// Links and interpreters that are followed from a program at most.
const HOPS_MAX: usize = 16;
/// Subfolders of a tool's own folder that it may need.
const PARTS: [&str; 6] = ["bin", "lib", "lib64", "libexec", "share", "include"];

/// The tools of one workspace.
#[derive(Clone, Debug)]
pub(crate) struct Toolbox {
    /// The workspace's own virtual environment.
    venv: Option<PathBuf>,
    tool_paths: Vec<PathBuf>,
    path: Vec<PathBuf>,
    read_paths: Vec<PathBuf>,
}

/// A program that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The program as the command names it.
    pub(crate) program: PathBuf,
    /// Folders and files to show read-only.
    pub(crate) shown: BTreeSet<PathBuf>,
    /// What `PATH` is for the command.
    pub(crate) path: Vec<PathBuf>,
    /// The workspace's own virtual environment.
    pub(crate) venv: Option<PathBuf>,
}

impl Found {
    /// What to show, each path under the name it was found by and under its real one, and `more`.
    pub(crate) fn binds(&self, more: Bind) -> Vec<Bind> {
        let mut binds = vec![more];
        for path in &self.shown {
            let Ok(real) = fs::canonicalize(path) else { continue };
            binds.push(Bind { from: real.clone(), to: path.clone() });
            binds.push(Bind { from: real.clone(), to: real });
        }
        // Folders before what lies in them, or they would hide it.
        binds.sort_by(|a, b| a.to.cmp(&b.to));
        binds.dedup();
        binds
    }
}

impl Toolbox {
    pub(crate) fn new(config: &Config, workspace: Option<&Path>) -> Self {
        let venv = workspace.map(|path| path.join(".venv")).filter(|path| path.join("bin").is_dir());
        Self {
            venv,
            tool_paths: config.tool_paths.clone(),
            path: config.path.clone(),
            read_paths: config.read_paths.clone(),
        }
    }

    /// Where programs are looked for, in this order.
    fn folders(&self) -> impl Iterator<Item = PathBuf> {
        let venv = self.venv.iter().map(|venv| venv.join("bin"));
        venv.chain(self.tool_paths.iter().cloned()).chain(self.path.iter().cloned())
    }

    /// Finds `program`, which with a `/` in it is a path in the workspace or of the machine.
    pub(crate) fn find(&self, program: &str) -> Option<Found> {
        let located = if program.contains('/') {
            let path = PathBuf::from(program);
            // What is in the workspace is looked for when it is started, in the copy.
            (path.is_relative() || runnable(&path)).then_some(path)?
        } else {
            self.folders().map(|folder| folder.join(program)).find(|path| runnable(path))?
        };
        let mut exposure = Exposure { toolbox: self, shown: self.read_paths.iter().cloned().collect(), hops: 0 };
        exposure.program(&located);
        for folder in self.venv.iter().map(|venv| venv.join("bin")).chain(self.tool_paths.iter().cloned()) {
            exposure.folder_with_programs(&folder);
        }
        let shown = exposure.shown;
        Some(Found { path: self.search_path(&located), program: located, shown, venv: self.venv.clone() })
    }

    /// The refusal for a program that is nowhere.
    pub(crate) fn missing(&self, name: &CheckName, program: &str) -> Refusal {
        let folders = self.folders().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ");
        let install = match program {
            "pytest" | "ruff" => format!("python3 -m venv .venv && .venv/bin/pip install {program}"),
            _ => format!("install `{program}`, or add its folder to checks.tool_paths"),
        };
        Refusal::new(
            RefusalCode::CheckToolMissing,
            format!("the check `{name}` needs `{program}`, which was not found"),
        )
        .with(EvidenceKind::Tool, format!("looked for `{program}` in {folders}"))
        .next(install)
    }

    /// Folders that are shown anyway, and those of the tools.
    fn search_path(&self, program: &Path) -> Vec<PathBuf> {
        let own = program.parent().filter(|_| program.is_absolute()).map(Path::to_owned);
        let system = self.path.iter().filter(|folder| in_system(folder)).cloned();
        let usual = ["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from);
        let venv = self.venv.iter().map(|venv| venv.join("bin"));
        let mut all: Vec<PathBuf> = Vec::new();
        for folder in venv.chain(self.tool_paths.iter().cloned()).chain(own).chain(system).chain(usual) {
            if !all.contains(&folder) {
                all.push(folder);
            }
        }
        all
    }
}

/// Collects what one program needs to be shown.
struct Exposure<'a> {
    toolbox: &'a Toolbox,
    shown: BTreeSet<PathBuf>,
    hops: usize,
}

impl Exposure<'_> {
    /// The program's folder, those of what it links to, and those of its interpreter.
    fn program(&mut self, program: &Path) {
        let mut reached = program.to_owned();
        while self.hops < HOPS_MAX {
            self.hops += 1;
            if let Some(folder) = reached.parent().filter(|_| reached.is_absolute()) {
                self.folder_with_programs(folder);
            }
            match fs::read_link(&reached) {
                Ok(target) => reached = reached.parent().map_or(target.clone(), |folder| folder.join(&target)),
                Err(_) => break,
            }
        }
        if self.hops < HOPS_MAX
            && let Some(interpreter) = interpreter(&reached)
            && let Some(located) = self.locate(&interpreter)
        {
            self.program(&located);
        }
    }

    fn locate(&self, interpreter: &Interpreter) -> Option<PathBuf> {
        match interpreter {
            Interpreter::At(path) => Some(path.clone()),
            Interpreter::Named(name) => {
                self.toolbox.folders().map(|folder| folder.join(name)).find(|path| runnable(path))
            }
        }
    }

    /// What belongs to the programs of one folder: the folder, and libraries beside it.
    fn folder_with_programs(&mut self, folder: &Path) {
        let named = folder;
        let Ok(folder) = fs::canonicalize(named) else { return };
        if in_system(&folder) {
            return;
        }
        if folder != named && !in_system(named) {
            // Under its other name, too: scripts and settings may hold that one.
            let environment = named.parent().filter(|home| home.join("pyvenv.cfg").is_file());
            self.shown.insert(environment.unwrap_or(named).to_owned());
        }
        if self.shown.contains(&folder) {
            return;
        }
        let home = folder.parent().map(Path::to_owned);
        match (folder.file_name().and_then(|name| name.to_str()), home) {
            // pyenv, rbenv and their like: scripts that choose among versions kept beside them.
            (Some("shims"), Some(home)) if home.join("versions").is_dir() => drop(self.shown.insert(home)),
            (Some("bin" | "sbin"), Some(home)) => self.installation(&home, folder),
            _ => drop(self.shown.insert(folder)),
        }
    }

    fn installation(&mut self, home: &Path, folder: PathBuf) {
        self.shown.insert(folder);
        if let Ok(settings) = fs::read_to_string(home.join("pyvenv.cfg")) {
            self.shown.insert(home.to_owned());
            let base = settings.lines().find_map(|line| line.split_once('=').filter(|(key, _)| key.trim() == "home"));
            if let Some((_, base)) = base.filter(|_| self.hops < HOPS_MAX) {
                self.hops += 1;
                self.folder_with_programs(Path::new(base.trim()));
            }
            return;
        }
        // A `bin` right in somebody's home has the home beside it, which is not shown.
        let parts: &[&str] = if personal(home) { &["bin", "lib"] } else { &PARTS };
        self.shown.extend(parts.iter().map(|part| home.join(part)).filter(|path| path.is_dir()));
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Interpreter {
    At(PathBuf),
    /// By `env`, through `PATH`.
    Named(String),
}

/// What the first line of a script names.
fn interpreter(program: &Path) -> Option<Interpreter> {
    let mut start = Vec::new();
    fs::File::open(program).ok()?.take(512).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split_ascii_whitespace();
    let path = words.next()?;
    if Path::new(path).file_name()? == "env" {
        let name = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
        return Some(Interpreter::Named(name.to_owned()));
    }
    Some(Interpreter::At(path.into()))
}

fn runnable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn in_system(path: &Path) -> bool {
    SYSTEM.iter().any(|system| path.starts_with(system))
}

/// A home, or the `.local` of one, which holds much besides programs.
fn personal(folder: &Path) -> bool {
    let homes = ["/root", "/home"].map(Path::new);
    folder.ends_with(".local") || folder == homes[0] || folder.parent() == Some(homes[1]) || folder.parent().is_none()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A folder of programs: each a path and its content.
    fn installed(programs: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for (path, content) in programs {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        (folder, root)
    }

    fn toolbox(tool_paths: &[PathBuf]) -> Toolbox {
        Toolbox { venv: None, tool_paths: Vec::new(), path: tool_paths.to_vec(), read_paths: Vec::new() }
    }

    fn shown(toolbox: &Toolbox, program: &str, root: &Path) -> Vec<String> {
        let found = toolbox.find(program).unwrap();
        let relative = |path: &PathBuf| path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        found.shown.iter().map(relative).collect()
    }

    #[test]
    fn a_virtual_environment_is_shown_with_the_python_it_was_made_from() {
        let (_folder, root) = installed(&[("python/bin/python3", ""), ("python/lib/os.py", ""), ("venv/lib/x.py", "")]);
        fs::create_dir(root.join("venv/bin")).unwrap();
        let home = root.join("python/bin");
        fs::write(root.join("venv/pyvenv.cfg"), format!("home = {}\nversion = 3\n", home.display())).unwrap();
        symlink(home.join("python3"), root.join("venv/bin/python")).unwrap();
        let script = format!("#!{}\nimport x\n", root.join("venv/bin/python").display());
        let (_other, programs) = installed(&[("tool", &script)]);
        let found = toolbox(std::slice::from_ref(&programs)).find("tool").unwrap();
        for path in ["python/bin", "python/lib", "venv", "venv/bin"] {
            assert!(found.shown.contains(&root.join(path)), "{path}: {:?}", found.shown);
        }
        assert!(found.shown.contains(&programs));
    }

    #[test]
    fn a_program_is_shown_with_the_libraries_beside_it_and_nothing_else() {
        let (_folder, root) = installed(&[("bin/tool", ""), ("lib/a", ""), ("secrets/key", "")]);
        assert_eq!(shown(&toolbox(&[root.join("bin")]), "tool", &root), ["bin", "lib"]);
    }

    #[test]
    fn a_script_that_chooses_among_versions_is_shown_with_all_of_them() {
        let (_folder, root) = installed(&[("shims/python", "#!/bin/sh\n"), ("versions/3/bin/python", "")]);
        assert_eq!(shown(&toolbox(&[root.join("shims")]), "python", &root), [""]);
    }

    #[test]
    fn an_interpreter_by_name_is_found_where_programs_are() {
        let (_folder, root) = installed(&[("a/tool", "#!/usr/bin/env -S X=1 lang -x\n"), ("b/lang", "")]);
        assert_eq!(shown(&toolbox(&[root.join("a"), root.join("b")]), "tool", &root), ["a", "b"]);
    }

    #[test]
    fn links_in_a_circle_and_interpreters_of_themselves_end() {
        let (_folder, root) = installed(&[("bin/real", "")]);
        symlink("b", root.join("bin/a")).unwrap();
        symlink("a", root.join("bin/b")).unwrap();
        assert_eq!(toolbox(&[root.join("bin")]).find("a"), None);
        let own = root.join("bin/own");
        fs::write(&own, format!("#!{}\n", own.display())).unwrap();
        fs::set_permissions(&own, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(shown(&toolbox(&[root.join("bin")]), "own", &root), ["bin"]);
    }

    #[test]
    fn what_is_not_executable_or_not_there_is_not_found() {
        let (_folder, root) = installed(&[("bin/folder/x", "")]);
        fs::write(root.join("bin/plain"), "").unwrap();
        for program in ["folder", "plain", "absent"] {
            assert_eq!(toolbox(&[root.join("bin")]).find(program), None, "{program}");
        }
    }
}
