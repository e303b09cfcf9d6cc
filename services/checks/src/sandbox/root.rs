//! The root that a command sees: system folders, its tools and devices read-only, the workspace and one bounded
//! temporary file system to write to, and nothing else of the machine.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
};

use nix::{
    mount::{MntFlags, MsFlags, mount, umount2},
    sys::statvfs::{FsFlags, statvfs},
    unistd::pivot_root,
};

use super::plan::{Bind, Plan};
use crate::workspace::tree;

/// System folders, shown when they exist.
pub(crate) const SYSTEM: [&str; 7] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
/// What of `/etc` programs need to run; the rest may hold secrets.
pub(crate) const ETC: [&str; 12] = [
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/pki/tls/certs",
    "/etc/ssl/certs",
    "/etc/timezone",
];
/// Where the bounded temporary files are; `/dev/shm` is a part of it.
pub(crate) const TEMPORARY: &str = "/tmp";
/// The command's home, below [`TEMPORARY`].
pub(crate) const HOME: &str = "/tmp/home";

const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];
const OLD: &str = "/.machine";
const SCRATCH: &str = "/.scratch";
const LAYERS: &str = "/.layers";

/// A step that failed.
#[derive(Debug, thiserror::Error)]
#[error("{step}")]
pub(crate) struct Error {
    pub(crate) step: String,
    #[source]
    pub(crate) source: io::Error,
}

trait Step<T> {
    fn step(self, step: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> Step<T> for Result<T, E> {
    fn step(self, step: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| Error { step: step(), source: source.into() })
    }
}

/// Builds the root and moves into it. The process must be the first of its process namespace and own its mounts.
pub(crate) fn enter(plan: &Plan, overlay: bool, owner: Option<u32>) -> Result<(), Error> {
    nix::sys::stat::umask(nix::sys::stat::Mode::empty());
    pivot(&plan.folder.join("root"))?;
    show_system()?;
    show_devices()?;
    filesystem("proc", "/proc", MsFlags::MS_NODEV | MsFlags::MS_NOEXEC, "")?;
    temporary(plan, owner)?;
    workspace(plan, overlay, owner)?;
    for bind in &plan.shown {
        show(&old(&bind.from), &bind.to, true)?;
    }
    for bind in &plan.written {
        show(&old(&bind.from), &bind.to, false)?;
    }
    accounts(owner)?;
    close(plan)
}

fn pivot(root: &Path) -> Result<(), Error> {
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>).step(|| "making the mounts private".into())?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    let options = Some("size=4m,nr_inodes=16k,mode=755");
    mount(Some("tmpfs"), root, Some("tmpfs"), flags, options).step(|| "mounting a root".into())?;
    let below = root.join(OLD.trim_start_matches('/'));
    folder(&below)?;
    pivot_root(root, &below).step(|| "changing the root".into())?;
    std::env::set_current_dir("/").step(|| "moving into the root".into())
}

fn show_system() -> Result<(), Error> {
    for path in SYSTEM.iter().chain(&ETC).map(Path::new) {
        let from = old(path);
        match fs::symlink_metadata(&from) {
            Ok(found) if found.is_symlink() => {
                let target = fs::read_link(&from).step(|| format!("reading {}", path.display()))?;
                parent(path)?;
                symlink(target, path).step(|| format!("linking {}", path.display()))?;
            }
            Ok(_) => show(&from, path, true)?,
            Err(_) => {}
        }
    }
    Ok(())
}

fn show_devices() -> Result<(), Error> {
    for device in DEVICES.map(|name| Path::new("/dev").join(name)) {
        show(&old(&device), &device, false)?;
    }
    for (name, target) in [("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")] {
        let link = Path::new("/dev").join(name);
        symlink(target, &link).step(|| format!("linking {}", link.display()))?;
    }
    Ok(())
}

/// One file system of bounded size holds everything that is written: temporary files, shared memory, changed files.
fn temporary(plan: &Plan, owner: Option<u32>) -> Result<(), Error> {
    let options = format!("size={},nr_inodes=256k,mode=755", plan.bounds.disk_bytes);
    filesystem("tmpfs", SCRATCH, MsFlags::MS_NODEV, &options)?;
    for (name, to) in [("tmp", TEMPORARY), ("shm", "/dev/shm")] {
        let from = Path::new(SCRATCH).join(name);
        folder(&from)?;
        fs::set_permissions(&from, fs::Permissions::from_mode(0o1777)).step(|| format!("opening up {to}"))?;
        show(&from, Path::new(to), false)?;
    }
    owned_folder(Path::new(HOME), owner)
}

fn workspace(plan: &Plan, overlay: bool, owner: Option<u32>) -> Result<(), Error> {
    let at = &plan.workspace.at;
    let pristine = Path::new(LAYERS).join("pristine");
    let replaced = Path::new(LAYERS).join("replaced");
    show(&old(&plan.workspace.pristine), &pristine, true)?;
    show(&old(&plan.workspace.replaced), &replaced, true)?;
    let upper = Path::new(SCRATCH).join("upper");
    owned_folder(&upper, owner)?;
    folder(at)?;
    if overlay {
        let work = Path::new(SCRATCH).join("work");
        owned_folder(&work, owner)?;
        // `userxattr` is what an overlay needs inside a user namespace, and does no harm outside.
        let options = format!(
            "lowerdir={}:{},upperdir={},workdir={},userxattr",
            replaced.display(),
            pristine.display(),
            upper.display(),
            work.display()
        );
        let flags = MsFlags::MS_NODEV | MsFlags::MS_NOSUID;
        mount(Some("overlay"), at, Some("overlay"), flags, Some(options.as_str()))
            .step(|| "laying the workspace over the pristine copy".into())
    } else {
        let copied = tree::copy(&pristine, &upper, owner).and_then(|()| tree::copy(&replaced, &upper, owner));
        copied.step(|| "copying the workspace".into())?;
        show(&upper, at, false)
    }
}

/// User and group names for the few programs that ask who they are.
fn accounts(owner: Option<u32>) -> Result<(), Error> {
    let id = owner.unwrap_or(super::namespaces::INNER_ID);
    let passwd = format!("root:x:0:0:root:/:/bin/false\nreweave:x:{id}:{id}:reweave:{HOME}:/bin/sh\n");
    fs::write("/etc/passwd", passwd).step(|| "writing /etc/passwd".into())?;
    fs::write("/etc/group", format!("root:x:0:\nreweave:x:{id}:\n")).step(|| "writing /etc/group".into())?;
    fs::write("/etc/hosts", "127.0.0.1 localhost\n").step(|| "writing /etc/hosts".into())
}

/// Takes the machine and the layers out of sight.
fn close(plan: &Plan) -> Result<(), Error> {
    for path in [OLD, "/.layers/pristine", "/.layers/replaced", SCRATCH] {
        umount2(path, MntFlags::MNT_DETACH).step(|| format!("unmounting {path}"))?;
    }
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(None::<&str>, "/", None::<&str>, flags, None::<&str>).step(|| "making the root read-only".into())?;
    let at = &plan.workspace.at;
    std::env::set_current_dir(at).step(|| format!("entering {}", at.display()))
}

/// Shows what is at `from` at `to`, whose folders are made.
fn show(from: &Path, to: &Path, read_only: bool) -> Result<(), Error> {
    let step = || format!("showing {}", to.display());
    let folder_like = fs::metadata(from).step(step)?.is_dir();
    if folder_like {
        folder(to)?;
    } else {
        parent(to)?;
        File::options().create(true).append(true).open(to).step(step)?;
    }
    mount(Some(from), to, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>).step(step)?;
    if read_only {
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | locked_flags(to)?;
        mount(None::<&str>, to, None::<&str>, flags, None::<&str>).step(step)?;
    }
    Ok(())
}

/// Flags that a user namespace may not take off a mount it inherited, so that a remount has to repeat them.
fn locked_flags(path: &Path) -> Result<MsFlags, Error> {
    let found = statvfs(path).step(|| format!("looking at {}", path.display()))?.flags();
    let pairs = [
        (FsFlags::ST_NOSUID, MsFlags::MS_NOSUID),
        (FsFlags::ST_NODEV, MsFlags::MS_NODEV),
        (FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
        (FsFlags::ST_NOATIME, MsFlags::MS_NOATIME),
        (FsFlags::ST_NODIRATIME, MsFlags::MS_NODIRATIME),
        (FsFlags::ST_RELATIME, MsFlags::MS_RELATIME),
    ];
    Ok(pairs.iter().filter(|(seen, _)| found.contains(*seen)).fold(MsFlags::MS_NOSUID, |all, (_, flag)| all | *flag))
}

fn filesystem(kind: &str, at: &str, flags: MsFlags, options: &str) -> Result<(), Error> {
    folder(Path::new(at))?;
    let flags = flags | MsFlags::MS_NOSUID;
    mount(Some(kind), at, Some(kind), flags, Some(options)).step(|| format!("mounting {kind} at {at}"))
}

fn owned_folder(path: &Path, owner: Option<u32>) -> Result<(), Error> {
    folder(path)?;
    match owner {
        Some(id) => chown(path, Some(id), Some(id)).step(|| format!("giving away {}", path.display())),
        None => Ok(()),
    }
}

fn folder(path: &Path) -> Result<(), Error> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(path);
    made.step(|| format!("making the folder {}", path.display()))
}

fn parent(path: &Path) -> Result<(), Error> {
    path.parent().map_or(Ok(()), folder)
}

fn old(path: &Path) -> PathBuf {
    Path::new(OLD).join(path.strip_prefix("/").unwrap_or(path))
}

/// Every bind that the command reads, for rules that go by path.
pub(crate) fn readable(shown: &[Bind]) -> impl Iterator<Item = PathBuf> {
    let system = SYSTEM.iter().chain(&ETC).map(PathBuf::from);
    system.chain(shown.iter().map(|bind| bind.to.clone()))
}
