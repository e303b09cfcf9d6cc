//! Finds the Postgres server's programs; the tests start one of their own.

use std::fs;
use std::path::{Path, PathBuf};

use super::Artefact;
use crate::environment::{Missing, program};
use crate::layout::Layout;

/// It is never installed from here: a database server is the distribution's matter.
pub(super) const POSTGRES: Artefact =
    Artefact { name: "Postgres server", missing, ready: |_| programs().is_some(), make: |_, _| Ok(()) };

/// Where Debian puts each version, in a folder that is not on `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The folder with `initdb` and `postgres`, the newest version first.
pub(crate) fn programs() -> Option<PathBuf> {
    newest(Path::new(DEBIAN)).or_else(|| Some(program("initdb")?.parent()?.to_owned()).filter(|folder| whole(folder)))
}

fn newest(versions: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(versions).ok()?.flatten();
    let numbered = entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())));
    let whole = numbered.map(|(version, path)| (version, path.join("bin"))).filter(|(_, folder)| whole(folder));
    whole.max_by_key(|(version, _)| *version).map(|(_, folder)| folder)
}

fn whole(folder: &Path) -> bool {
    folder.join("initdb").is_file() && folder.join("postgres").is_file()
}

fn missing(_: &Layout) -> Vec<Missing> {
    if programs().is_some() {
        return Vec::new();
    }
    let command = "sudo apt-get install postgresql".to_owned();
    vec![Missing { what: "Postgres server".into(), needed_for: "the tests of the ledger", command }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_whole_version_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        for (version, programs) in
            [("9", &["initdb", "postgres"][..]), ("15", &["initdb", "postgres"]), ("17", &["psql"])]
        {
            let bin = folder.path().join(version).join("bin");
            fs::create_dir_all(&bin).unwrap();
            for program in programs {
                fs::write(bin.join(program), "").unwrap();
            }
        }
        assert_eq!(newest(folder.path()), Some(folder.path().join("15/bin")));
        assert_eq!(newest(&folder.path().join("none")), None);
    }
}
