//! The compiler of protocol buffers that the pulsar crate's build script calls (`.cargo/config.toml` points there).

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};

use super::Artefact;
use crate::layout::Layout;
use crate::process;
use crate::progress::Step;
use crate::sha256;

/// It comes with a crate, so cargo has fetched it, for every platform, before this runs.
pub(super) const PROTOC: Artefact = Artefact { name: "protoc 36.2", missing: |_| Vec::new(), ready, make };

/// SHA-256 of the program in `protoc-bin-vendored` 3.3.0, by platform.
const SHA256: &[(&str, &str)] = &[
    ("x86_64", "f6ee22d65361338459208da8bff801c9ca689741cba9187b34990dd45198f864"),
    ("aarch64", "cb89a125fd3d6c1ee86ee65a2bcbd7c3ac7c3fab1a806e0c466f162882053cb7"),
];

fn ready(layout: &Layout) -> bool {
    layout.protoc().join("include/google/protobuf/any.proto").is_file()
        && verify(&layout.protoc().join("bin/protoc")).is_ok()
}

fn make(layout: &Layout, name: &'static str) -> anyhow::Result<()> {
    let step = Step::begin(name);
    let partial = process::partial(&layout.protoc())?;
    let program = protoc_bin_vendored::protoc_bin_path().context("no protoc for this platform")?;
    fs::create_dir_all(partial.join("bin"))?;
    fs::copy(&program, partial.join("bin/protoc")).with_context(|| format!("copying {}", program.display()))?;
    verify(&partial.join("bin/protoc"))?;
    process::copy_folder(&protoc_bin_vendored::include_path()?, &partial.join("include"))?;
    process::settle(&partial, &layout.protoc())?;
    step.done();
    Ok(())
}

fn verify(program: &Path) -> anyhow::Result<()> {
    let found = sha256::of_file(program)?;
    let known = SHA256.iter().find(|(platform, _)| *platform == std::env::consts::ARCH);
    let (_, wanted) = known.with_context(|| format!("no protoc is pinned for {}", std::env::consts::ARCH))?;
    ensure!(found == *wanted, "{} has SHA-256 {found}, not {wanted}", program.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_protoc_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path());
        assert!(!ready(&layout));
        make(&layout, "protoc").unwrap();
        assert!(ready(&layout));
        let program = layout.protoc().join("bin/protoc");
        fs::OpenOptions::new().write(true).open(&program).unwrap().set_len(1000).unwrap();
        assert!(!ready(&layout));
        make(&layout, "protoc").unwrap();
        assert!(ready(&layout));
    }
}
