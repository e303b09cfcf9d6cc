//! The CPU part of libtorch that services/network is linked with (`.cargo/config.toml` points there).

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::wheel::{self, Wheels};
use super::{Artefact, venv};
use crate::layout::Layout;
use crate::process;
use crate::progress::Step;
use crate::sha256;

/// Needs Python to be unpacked; 530 MB are fetched and 460 MB kept.
pub(super) const LIBTORCH: Artefact =
    Artefact { name: "libtorch 2.11.0 for the CPU", missing: venv::missing_python, ready, make };

pub(super) const WHEELS: Wheels = Wheels { stem: "libtorch", text: include_str!("../../requirements/libtorch.txt") };
/// The crate `tch` refuses to be built against any other.
const VERSION: &str = "2.11.0";
/// What is taken out of torch's own wheel. Without `libtorch_cuda.so` nothing else of CUDA is needed; where that is on the
/// library path, it is loaded at run time.
const FROM_TORCH: &[(&str, &str)] = &[
    ("torch/include/", "include/"),
    ("torch/lib/libc10.so", "lib/libc10.so"),
    ("torch/lib/libtorch_cpu.so", "lib/libtorch_cpu.so"),
    ("torch/lib/libtorch.so", "lib/libtorch.so"),
    ("torch/lib/libgomp", "lib/libgomp"),
];
/// `libtorch_cpu.so` of this build does not load without these two, even where there is no device.
const FROM_CUDA: &[(&str, &[(&str, &str)])] = &[
    ("nvidia_cuda_runtime", &[("nvidia/cu13/lib/libcudart.so.13", "lib/libcudart.so.13")]),
    ("nvidia_cuda_cupti", &[("nvidia/cu13/lib/libcupti.so.13", "lib/libcupti.so.13")]),
];

fn ready(layout: &Layout) -> bool {
    let stamped = fs::read_to_string(layout.libtorch().join("unpacked-from.sha256"));
    stamped.is_ok_and(|found| found == sha256::of_text(WHEELS.text))
}

fn make(layout: &Layout, name: &'static str) -> anyhow::Result<()> {
    let step = Step::begin(name);
    let wheels = WHEELS.download(layout, &step)?;
    step.say("unpacking");
    let partial = process::partial(&layout.libtorch())?;
    wheel::unpack(layout, &wheels, "torch", &partial, FROM_TORCH)?;
    for (stem, pairs) in FROM_CUDA {
        wheel::unpack(layout, &wheels, stem, &partial, pairs)?;
    }
    link_gomp(&partial.join("lib"))?;
    fs::write(partial.join("build-version"), VERSION)?;
    fs::write(partial.join("unpacked-from.sha256"), sha256::of_text(WHEELS.text))?;
    process::settle(&partial, &layout.libtorch())?;
    process::remove(&wheels)?;
    step.done();
    Ok(())
}

/// The linker looks for `libgomp.so`; the wheel has it with a version, and on some platforms a digest, in its name.
fn link_gomp(lib: &Path) -> anyhow::Result<()> {
    let entries = fs::read_dir(lib).with_context(|| format!("reading {}", lib.display()))?;
    let versioned = entries.flatten().map(|entry| entry.file_name()).find(|name| is_gomp(&name.to_string_lossy()));
    let versioned = versioned.context("torch's wheel holds no libgomp")?;
    std::os::unix::fs::symlink(&versioned, lib.join("libgomp.so")).context("linking libgomp.so")
}

fn is_gomp(name: &str) -> bool {
    name.starts_with("libgomp") && name.contains(".so.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_without_the_stamp_of_these_wheels_are_unpacked_again() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path());
        fs::create_dir_all(layout.libtorch().join("lib")).unwrap();
        assert!(!ready(&layout));
        let stamp = layout.libtorch().join("unpacked-from.sha256");
        fs::write(&stamp, "other wheels").unwrap();
        assert!(!ready(&layout));
        fs::write(&stamp, sha256::of_text(WHEELS.text)).unwrap();
        assert!(ready(&layout));
    }

    #[test]
    fn the_openmp_library_is_found_under_either_name() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("libgomp-947d5fa1.so.1.0.0"), "library").unwrap();
        link_gomp(folder.path()).unwrap();
        assert_eq!(fs::read(folder.path().join("libgomp.so")).unwrap(), b"library");
        assert!(is_gomp("libgomp.so.1") && !is_gomp("libgomp.so"));
    }
}
