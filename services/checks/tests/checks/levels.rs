//! The same holds on machines that give less: this suite again, without some protections, and on a full disk.

use std::process::Command;

use crate::kit::Kit;

/// Set for the suite that a test of this module starts.
const DISABLED: &str = "REWEAVE_TEST_DISABLED";
const FULL: &str = "REWEAVE_TEST_FULL";

#[test]
fn commands_are_held_without_overlays() {
    again("overlay", &[]);
}

#[test]
fn commands_are_held_without_namespaces() {
    // As root, commands run as another user of the machine, who cannot come to tools below somebody's home.
    let skip: &[&str] = if nix::unistd::geteuid().is_root() { &["--skip", "pytest::"] } else { &[] };
    again("namespaces,overlay", skip);
}

#[test]
fn a_full_disk_is_refused_with_its_own_code() {
    let folder = tempfile::tempdir().unwrap();
    let mut unshare = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        unshare.arg("--map-root-user");
    }
    let script = "mount -t tmpfs -o size=256k none \"$0\" && exec \"$1\" --exact levels::with_a_full_disk";
    let own = std::env::current_exe().unwrap();
    let tried = unshare.args(["--mount", "sh", "-c", script]).arg(folder.path()).arg(own).env(FULL, folder.path());
    assert_success(tried);
}

/// The part of the test above that runs where the disk is small; by itself it has nothing to do.
#[tokio::test]
async fn with_a_full_disk() {
    let Some(full) = std::env::var_os(FULL) else { return };
    let mut kit = Kit::new(&[("large", &"x".repeat(1 << 20))]);
    kit.config.work_folder = full.into();
    let error = kit.session().await.error().await;
    assert_eq!(error.code, "service.resource_exhausted", "{error:?}");
    assert_eq!(std::fs::read_dir(&kit.config.work_folder).unwrap().count(), 0);
}

fn again(disabled: &str, skip: &[&str]) {
    if std::env::var_os(DISABLED).is_some() {
        return;
    }
    let own = std::env::current_exe().unwrap();
    assert_success(Command::new(own).args(["--skip", "levels::"]).args(skip).env(DISABLED, disabled));
}

fn assert_success(command: &mut Command) {
    let output = command.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
}
