//! One file of a patch in the workspace: how it stands there, and what puts its change in or takes it out.

use std::io::ErrorKind;

use reweave_core::{
    EvidenceKind, FileChange, FileKind, Mode, Modes, Refusal, RefusalCode, RelativePath, Sha256, limits,
};
use reweave_syntax::patch::re_anchor::{self, Place};

use super::{
    Error,
    transaction::{Change, Workspace},
};

/// How the places that one change speaks of stand in the workspace.
#[derive(Debug)]
pub(super) struct Present {
    /// Where the file is before the change; none if it is not there, or should not be.
    old: Option<Standing>,
    /// Where it is afterwards.
    new: Option<Standing>,
    /// A symbolic link where a file is to be made, removed or renamed: what it leads to is another file.
    link: Option<RelativePath>,
}

/// A file that is there.
#[derive(Clone, Debug)]
struct Standing {
    text: String,
    mode: Mode,
}

/// What takes a change out again.
#[derive(Debug)]
pub(super) struct Reversal {
    pub(super) changes: Vec<Change>,
    /// Where the reverse edits stand, if the file had changed since.
    pub(super) moved: Vec<Place>,
}

impl Present {
    pub(super) fn read(workspace: &Workspace, file: &FileChange) -> Result<Self, Error> {
        let old = file.path_before().map(|path| standing(workspace, path)).transpose()?.flatten();
        let new = match file.path_after() {
            after if after == file.path_before() => old.clone(),
            after => after.map(|path| standing(workspace, path)).transpose()?.flatten(),
        };
        let moves = file.path_before() != file.path_after();
        let paths = file.path_before().into_iter().chain(file.path_after()).filter(|_| moves);
        let link = paths.filter(|path| workspace.is_link(path.as_str())).map(RelativePath::clone).next();
        Ok(Self { old, new, link })
    }

    /// The text that the edits of `file` are to be made in; empty where there is none.
    pub(super) fn text(&self) -> &str {
        self.old.as_ref().map_or("", |old| &old.text)
    }

    /// Whether everything is as the change expects it.
    pub(super) fn is_before(&self, file: &FileChange) -> bool {
        let old = holds(&self.old, file.base_sha256, file.modes.before);
        match file.kind {
            FileKind::Created | FileKind::Deleted | FileKind::Renamed { .. } if self.link.is_some() => false,
            FileKind::Edited | FileKind::Deleted => old,
            FileKind::Created => self.new.is_none(),
            FileKind::Renamed { .. } => old && self.new.is_none(),
        }
    }

    /// Whether everything is as the change leaves it.
    pub(super) fn is_after(&self, file: &FileChange) -> bool {
        let new = holds(&self.new, file.result_sha256, file.modes.after);
        match file.kind {
            FileKind::Edited | FileKind::Created => new,
            FileKind::Deleted => self.old.is_none(),
            FileKind::Renamed { .. } => new && self.old.is_none(),
        }
    }

    /// The file's change with what only the workspace knows, so that it can be taken out to the byte.
    pub(super) fn complete(&self, file: &mut FileChange) {
        file.original_code = self.text().to_owned();
        let before = file.modes.before.or(self.old.as_ref().map(|old| old.mode));
        file.modes = match file.kind {
            FileKind::Deleted => Modes { before, ..file.modes },
            FileKind::Edited | FileKind::Created | FileKind::Renamed { .. } => file.modes,
        };
    }

    /// What is not as `file` expects it, if anything is.
    pub(super) fn difference(&self, file: &FileChange) -> Option<String> {
        let (path, from) = (&file.path, file.path_before().unwrap_or(&file.path));
        match (&file.kind, &self.old, &self.new) {
            _ if self.is_before(file) => None,
            _ if self.link.is_some() => self
                .link
                .as_ref()
                .map(|link| format!("{link}: it is a symbolic link, which is not made, removed or renamed")),
            (FileKind::Created, _, _) => Some(format!("{path}: it is there, and the patch would make it")),
            (_, None, _) => Some(format!("{from}: it does not exist here")),
            (FileKind::Renamed { .. }, Some(_), Some(_)) => {
                Some(format!("{path}: it is there, and the patch would rename {from} to it"))
            }
            (_, Some(old), _) => match (digest(&old.text), file.modes.before) {
                (digest, Some(mode)) if digest == file.base_sha256 => {
                    Some(format!("{from}: its mode is {}, the patch is for {}", old.mode.as_str(), mode.as_str()))
                }
                (digest, _) => Some(format!("{from}: its SHA-256 is {digest}, the patch is for {}", file.base_sha256)),
            },
        }
    }

    /// Whether the edits can be looked for in what stands there now. Another mode has no other place.
    pub(super) fn may_be_moved(&self, file: &FileChange) -> bool {
        let said = file.modes.before;
        let old = self.old.as_ref().is_some_and(|old| said.is_none_or(|mode| mode == old.mode));
        match file.kind {
            FileKind::Edited => old,
            FileKind::Renamed { .. } => old && self.link.is_none() && self.new.is_none(),
            FileKind::Created | FileKind::Deleted => self.is_before(file),
        }
    }

    /// What takes `file` out again; nothing if everything is as it was before.
    pub(super) fn reversal(&self, file: &FileChange) -> Result<Option<Reversal>, Error> {
        if self.is_before(file) {
            return Ok(None);
        }
        if digest(&file.original_code) != file.base_sha256 {
            let what = "it no longer holds the text from before, which is needed to restore it";
            return Err(super::unusable(&file.path, &what));
        }
        if self.is_after(file) {
            return Ok(Some(self.without(file, file.original_code.clone(), Vec::new())));
        }
        let kept = match (&file.kind, &self.old, &self.new) {
            (FileKind::Edited, _, Some(new)) | (FileKind::Renamed { .. }, None, Some(new)) => new,
            (FileKind::Edited, _, None) => return Err(conflict(file, "is not there any more")),
            (FileKind::Created, _, None) => return Ok(None),
            (FileKind::Created, _, Some(_)) => {
                return Err(conflict(file, "was changed since the patch made it; removing it would lose that"));
            }
            (FileKind::Deleted, _, _) => return Err(conflict(file, "is there again, and is another file")),
            (FileKind::Renamed { .. }, _, _) => return Err(conflict(file, "is not where the patch put it")),
        };
        let (result, edits) = (file.edits.apply(&file.original_code), file.edits.reverse(&file.original_code));
        let stale = re_anchor::Stale { path: &file.path, base: &result, edits: &edits, present: &kept.text };
        let moved = re_anchor::change(stale)?;
        Ok(Some(self.without(file, moved.change.generated_code, moved.places)))
    }

    fn without(&self, file: &FileChange, text: String, moved: Vec<Place>) -> Reversal {
        let path = file.path.to_string();
        let found = self.new.as_ref().map(|new| digest(&new.text));
        let removed = Change::removed(&path, found);
        let changes = match &file.kind {
            FileKind::Edited => vec![Change::written(&path, found, text).with_mode(file.modes.before)],
            FileKind::Created => vec![removed],
            FileKind::Deleted => vec![Change::written(&path, None, text).with_mode(file.modes.before)],
            FileKind::Renamed { from } => {
                let back = Change::written(from.as_str(), None, text).with_mode(file.modes.before);
                vec![back.like(&path), removed]
            }
        };
        Reversal { changes, moved }
    }
}

/// What puts `file` into a workspace where everything is as it expects.
pub(super) fn changes(file: &FileChange) -> Vec<Change> {
    let (path, before) = (file.path.as_str(), Some(file.base_sha256));
    let text = || file.edits.apply(&file.original_code);
    match &file.kind {
        FileKind::Edited => vec![Change::written(path, before, text()).with_mode(file.modes.after)],
        FileKind::Created => vec![Change::written(path, None, text()).with_mode(file.modes.after)],
        FileKind::Deleted => vec![Change::removed(path, before)],
        FileKind::Renamed { from } => {
            let there = Change::written(path, None, text()).with_mode(file.modes.after);
            vec![there.like(from.as_str()), Change::removed(from.as_str(), before)]
        }
    }
}

/// The text of a file, if it is there.
pub(super) fn read(workspace: &Workspace, path: &RelativePath) -> Result<Option<String>, Error> {
    let stale = |what: &str| {
        let reason = format!("`{path}` {what}, so it is not the file the patch was made for");
        Error::from(Refusal::new(RefusalCode::StaleBase, reason).next("run the spec again"))
    };
    match workspace.read(path.as_str()) {
        Ok(None) => Ok(None),
        Ok(Some(bytes)) if bytes.len() > limits::SOURCE_BYTES_MAX => Err(stale("is larger than a source may be")),
        Ok(Some(bytes)) => String::from_utf8(bytes).map(Some).map_err(|_| stale("is not UTF-8 text")),
        // What leads outside is refused by the opened folder itself, without an error of the system.
        Err(error) if error.kind() == ErrorKind::PermissionDenied && error.raw_os_error().is_none() => {
            let reason = format!("`{path}` leads outside the workspace");
            Err(Refusal::new(RefusalCode::PathOutside, reason).with(EvidenceKind::Error, error.to_string()).into())
        }
        Err(source) => Err(Error::Io { what: format!("read {path}"), source }),
    }
}

fn standing(workspace: &Workspace, path: &RelativePath) -> Result<Option<Standing>, Error> {
    let Some(text) = read(workspace, path)? else { return Ok(None) };
    let mode = workspace.mode(path.as_str()).map_err(Error::io(format!("read the mode of {path}")))?;
    Ok(Some(Standing { text, mode }))
}

/// Whether a file is there with this text and, if one is said, this mode.
fn holds(standing: &Option<Standing>, sha256: Sha256, mode: Option<Mode>) -> bool {
    standing.as_ref().is_some_and(|it| digest(&it.text) == sha256 && mode.is_none_or(|mode| mode == it.mode))
}

fn digest(text: &str) -> Sha256 {
    Sha256::of(text.as_bytes())
}

fn conflict(file: &FileChange, what: &str) -> Error {
    Refusal::new(RefusalCode::StaleBase, format!("`{}` {what}", file.path))
        .next(format!("look at {}, and undo by hand what the patch did to it", file.path))
        .into()
}
