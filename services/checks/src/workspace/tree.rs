//! Folder trees: copied without following links, measured, and removed whatever their modes.

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt, lchown, symlink},
    path::Path,
};

use walkdir::WalkDir;

/// Copies the contents of `from` over those of `to`, replacing what is there. Links are copied as links, and never
/// followed on either side; what is neither file, folder nor link is left out.
pub(crate) fn copy(from: &Path, to: &Path, owner: Option<u32>) -> io::Result<()> {
    for entry in WalkDir::new(from).min_depth(1).follow_links(false) {
        let entry = entry?;
        let relative = entry.path().strip_prefix(from).map_err(io::Error::other)?;
        let target = to.join(relative);
        let kind = entry.file_type();
        if !kind.is_dir() && !kind.is_file() && !kind.is_symlink() {
            continue;
        }
        make_room(&target, kind.is_dir())?;
        if kind.is_dir() {
            if !target.exists() {
                fs::create_dir(&target)?;
            }
            fs::set_permissions(&target, entry.metadata()?.permissions())?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(entry.path())?, &target)?;
        } else {
            // Shares blocks where the file system can.
            fs::copy(entry.path(), &target)?;
        }
        give(&target, owner)?;
    }
    Ok(())
}

/// Gives `path` itself, not what it may link to.
pub(crate) fn give(path: &Path, owner: Option<u32>) -> io::Result<()> {
    owner.map_or(Ok(()), |id| lchown(path, Some(id), Some(id)))
}

/// Bytes of all files below `path`.
pub(crate) fn bytes(path: &Path) -> u64 {
    let entries = WalkDir::new(path).follow_links(false).into_iter().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).filter(fs::Metadata::is_file).map(|found| found.len()).sum()
}

/// Removes `path` and all below it, opening folders up that were made unreadable.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(path);
            fs::remove_dir_all(path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn open_up(path: &Path) {
    // A folder has to be opened before its contents are listed, so it cannot be one pass of a walker.
    let mut next = vec![path.to_owned()];
    while let Some(folder) = next.pop() {
        if fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).is_err() {
            continue;
        }
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        next.extend(
            entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()),
        );
    }
}

/// Takes away what is at `target`, unless both it and what comes are folders.
fn make_room(target: &Path, folder: bool) -> io::Result<()> {
    match fs::symlink_metadata(target) {
        Ok(found) if found.is_dir() && folder => Ok(()),
        Ok(found) if found.is_dir() => fs::remove_dir_all(target),
        Ok(_) => fs::remove_file(target),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_replaces_links_instead_of_writing_through_them() {
        let folder = tempfile::tempdir().unwrap();
        let [outside, from, to] = ["outside", "from", "to"].map(|name| folder.path().join(name));
        for path in [&outside, &from, &to] {
            fs::create_dir(path).unwrap();
        }
        fs::write(outside.join("kept.py"), "kept").unwrap();
        symlink(&outside, to.join("package")).unwrap();
        symlink(outside.join("kept.py"), to.join("file.py")).unwrap();
        fs::create_dir(from.join("package")).unwrap();
        fs::write(from.join("package/kept.py"), "new").unwrap();
        fs::write(from.join("file.py"), "new").unwrap();
        copy(&from, &to, None).unwrap();
        assert_eq!(fs::read_to_string(outside.join("kept.py")).unwrap(), "kept");
        assert_eq!(fs::read_to_string(to.join("package/kept.py")).unwrap(), "new");
        assert_eq!(fs::read_to_string(to.join("file.py")).unwrap(), "new");
    }
}
