//! Where things lie in the repository and below `.reweave/`.

use std::path::{Path, PathBuf};

/// The repository's root and the folder for everything that is fetched or made.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// The repository.
    pub(crate) root: PathBuf,
    /// `.reweave/`.
    pub(crate) made: PathBuf,
}

impl Layout {
    /// Of the repository this program was started from.
    pub(crate) fn of_this_repository() -> Self {
        // Cargo sets it at run time too; the compiled-in one would be wrong after the folder was moved.
        let manifest = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
        Self::at(Path::new(&manifest).parent().expect("xtask lies below the root"))
    }

    /// Of a repository at `root`.
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), made: root.join(".reweave") }
    }

    /// The compiler of protocol buffers and its includes.
    pub(crate) fn protoc(&self) -> PathBuf {
        self.made.join("protoc")
    }

    /// The private Python environment.
    pub(crate) fn venv(&self) -> PathBuf {
        self.made.join("venv")
    }

    /// The programs of the private Python environment: pytest, ruff, python.
    pub(crate) fn tools(&self) -> PathBuf {
        self.venv().join("bin")
    }

    /// The unpacked Pulsar server.
    pub(crate) fn pulsar(&self) -> PathBuf {
        self.made.join("pulsar")
    }

    /// The libraries and headers of libtorch.
    pub(crate) fn libtorch(&self) -> PathBuf {
        self.made.join("libtorch")
    }

    /// Folders of models, fetched or made.
    pub(crate) fn models(&self) -> PathBuf {
        self.made.join("models")
    }

    /// The encoder that makes vectors of texts.
    pub(crate) fn encoder(&self) -> PathBuf {
        self.models().join("all-MiniLM-L6-v2")
    }

    /// The Python environment with torch and transformers.
    pub(crate) fn reference(&self) -> PathBuf {
        self.made.join("reference")
    }

    /// Verified archives that are not unpacked yet.
    pub(crate) fn downloads(&self) -> PathBuf {
        self.made.join("downloads")
    }

    /// Output of the commands that set-up ran.
    pub(crate) fn logs(&self) -> PathBuf {
        self.made.join("logs")
    }

    /// The committed example inputs.
    pub(crate) fn examples(&self) -> PathBuf {
        self.root.join("examples")
    }
}
